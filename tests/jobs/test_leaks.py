"""Leaks in a build: found before anything is sampled, shown in the corpus, and decided anew without another search."""

from pathlib import Path

import pyarrow.parquet as pq
import pytest

from jobs.audit import audit
from schemas.errors import ManifestError
from tests.fixtures.local_build import Project, call, questions, ran, write_rows

CASE = (
    "A 63-year-old farmer comes to the clinic because of coughing blood at night and weight loss of 8 kg in three months. "
    "His chest radiograph shows a cavity in the right upper lobe. Which of the following is the most appropriate next test?"
)
REWORDED = (
    "For three months a farmer, aged 63, has been coughing blood at night and lost 8 kg of weight. The radiograph of his chest "
    "reveals a cavity in the right upper lobe. What test is most appropriate next?"
)
OPTIONS = {"a": "Sputum culture", "b": "Skin biopsy", "c": "Bone scan", "d": "Echocardiography"}
HELD = """
[[benchmark]]
name = "{name}"
kind = "table"
path = "{name}.jsonl"
question = "q"
options = ["a", "b", "c", "d"]
gold = {{ column = "key", as = "letter" }}
license = "CC0-1.0"
id = "n"
"""
KEEP = '\n[[overlap]]\nbenchmark = "exam"\nrow = "7"\ndecision = "keep"\nwhy = "Another farmer."\n'


def project(folder: Path, more: str = "", *, rows: int = 12, names: tuple[str, ...] = ("exam",)) -> Project:
    """One source whose first row a benchmark holds in other words; no teacher."""
    made = Project(folder)
    folder.mkdir(exist_ok=True)
    for name in names:
        write_rows(
            folder / f"{name}.jsonl",
            [{"q": CASE, "key": "A", "n": "7", **OPTIONS}, {"q": f"Who wrote {name}?", "key": "B", "n": "8", **OPTIONS}],
        )
    made.write(
        {"quiz": [{"q": REWORDED, "key": "A", **OPTIONS}, *questions(rows)]}, more="".join(HELD.format(name=name) for name in names) + more
    )
    text = made.manifest.read_text()
    made.manifest.write_text(text[: text.index("\n[[teacher]]")] + text[text.index("\n[[benchmark]]") :])
    return made


def dropped(folder: Path) -> int:
    return 13 - pq.read_table(folder / "data/rl").num_rows


def test_a_reworded_leak_is_left_out_and_shown_with_both_texts(tmp_path: Path) -> None:
    made = project(tmp_path / "p")
    assert made.build().errors == []
    (row,) = [row for row in pq.read_table(made.out / "overlaps.parquet").to_pylist() if row["decision"] == "leak"]
    assert (row["benchmark"], row["row"], row["kind"], row["why"]) == ("exam", "7", "question", "")
    assert (row["text"], row["benchmark_text"]) == (REWORDED, CASE)
    assert dropped(made.out) == 1
    card = (made.out / "README.md").read_text()
    assert "## Overlaps with benchmarks" in card
    assert f"| `exam` | `question` | `{row['rule']}` | `leak` | 1 | 1 | 0 |" in card
    checks = {check.name: check for check in audit(made.out, strict=True, benchmarks={"exam": tmp_path / "p/exam.jsonl"}).checks}
    assert {name for name, check in checks.items() if check.status != "ok"} == set()
    (tmp_path / "p/exam.jsonl").unlink()
    told = call("audit", str(made.out))
    assert (told.code, told.out.splitlines()[-1]) == (0, "The corpus is what it says; not checked: overlaps.")


def test_a_rule_changes_the_decision_and_the_search_is_not_made_again(tmp_path: Path) -> None:
    made = project(tmp_path / "p")
    made.build()
    project(tmp_path / "p", KEEP)
    again = made.build()
    assert not [step for step in ran(again) if step.startswith(("ingest", "hash_images", "find_"))]
    assert ran(again)["decide_overlaps"] == 1
    (row,) = [row for row in pq.read_table(made.out / "overlaps.parquet").to_pylist() if row["row"] == "7"]
    assert (row["found"], row["decision"], row["why"]) == ("leak", "report", "Another farmer.")
    assert dropped(made.out) == 0
    assert "- `keep` where benchmark `exam`, row `7`: Another farmer." in (made.out / "README.md").read_text()
    checks = {check.name: check for check in audit(made.out, strict=True, benchmarks={"exam": tmp_path / "p/exam.jsonl"}).checks}
    assert "kept by the manifest (1)" in checks["overlaps"].detail


def test_another_benchmark_is_searched_alone(tmp_path: Path) -> None:
    made = project(tmp_path / "p")
    made.build()
    project(tmp_path / "p", names=("exam", "other"))
    again = made.build()
    assert {step for step in ran(again) if step.startswith("find_overlaps")} == {"find_overlaps[other]"}


def test_a_row_more_searches_its_shard_and_a_changed_benchmark_all(tmp_path: Path) -> None:
    made = project(tmp_path / "p", rows=2500)
    first = made.build(until="find_overlaps")
    shards = len(first.execution.prefixes)
    assert shards > 2
    assert ran(first)["find_overlaps[exam]"] == shards
    project(tmp_path / "p", rows=2501)
    assert ran(made.build(until="find_overlaps"))["find_overlaps[exam]"] == 1
    write_rows(tmp_path / "p/exam.jsonl", [{"q": "Who wrote it?", "key": "B", "n": "8", **OPTIONS}])
    assert ran(made.build(until="find_overlaps"))["find_overlaps[exam]"] == shards


def test_a_corpus_is_the_same_however_many_workers_searched(tmp_path: Path) -> None:
    made = project(tmp_path / "p")
    made.build(0)
    one = (made.out / "overlaps.parquet").read_bytes()
    made.build(2, store=tmp_path / "other", out=tmp_path / "o2")
    assert (tmp_path / "o2/overlaps.parquet").read_bytes() == one


@pytest.mark.parametrize(
    ("rule", "said"),
    [
        ('decision = "keep"\nwhy = "x"', "say which findings"),
        ('decision = "keep"\nrow = "7"', "overlap.0.why is missing"),
        ('decision = "spare"\nrow = "7"\nwhy = "x"', "'keep' or 'drop'"),
        ('decision = "keep"\nbenchmark = "exams"\nwhy = "x"', "no benchmark is called exams, there are exam"),
        ('decision = "keep"\nsource = "quizz"\nwhy = "x"', "no source is called quizz, there are quiz"),
        ('decision = "keep"\nrows = "7"\nwhy = "x"', "unknown key overlap.0.rows, known here are decision, why, benchmark"),
    ],
)
def test_a_rule_that_cannot_be_meant_is_refused(tmp_path: Path, rule: str, said: str) -> None:
    with pytest.raises(ManifestError, match=said):
        project(tmp_path / "p", f"\n[[overlap]]\n{rule}\n").build()
