"""Questions in nearly the same words, in a build: listed beside the corpus, kept in one split, left out where the manifest says so."""

from pathlib import Path

import pyarrow.parquet as pq
import pytest

from jobs.audit import audit
from schemas.errors import ManifestError
from tests.fixtures.local_build import Project, questions, ran

OPTIONS = {"a": "Sputum culture", "b": "Skin biopsy", "c": "Bone scan", "d": "Echocardiography"}
CASE = (
    "A farmer of 63 years coughs blood at night and has lost weight; his chest film shows a cavity in the upper lobe. Which test is next?"
)
SAME = CASE.replace("Which test is next", "Which test is the next")
OTHER = CASE.replace("63", "23")


def project(folder: Path, more: str = "") -> Project:
    """Two sources; the second asks a question of the first in other grammar, and one with another age."""
    made = Project(folder)
    folder.mkdir(exist_ok=True)
    asked = [{"q": text, "key": "A", **OPTIONS} for text in (CASE, SAME, OTHER)]
    made.write({"quiz": [asked[0], *questions(6)], "exam": [*asked[1:], *questions(4, "exam")]})
    text = made.manifest.read_text()
    made.manifest.write_text(text[: text.index("\n[[teacher]]")] + more)
    return made


def pairs(made: Project) -> list[tuple[str, str, list[str]]]:
    rows = pq.read_table(made.out / "similar.parquet").to_pylist()
    return sorted((row["source"], row["other_source"], row["against"]) for row in rows)


def test_near_duplicates_are_listed_with_what_makes_them_two_and_all_stay(tmp_path: Path) -> None:
    made = project(tmp_path / "p", "\n[split]\nheldout = 0.4\n")
    assert made.build().errors == []
    assert pairs(made) == [("exam", "quiz", []), ("exam", "quiz", ["numbers"])]
    rows = [row for row in pq.read_table(made.out / "data/rl").to_pylist() if "farmer" in row["problem"]]
    assert len(rows) == 3
    (split,) = {path.name.split("-")[0] for path in (made.out / "data/rl").iterdir() if _holds(path, "farmer")}
    assert split in ("train", "heldout")
    assert "| `numbers` | 1 | 1 |" in (made.out / "README.md").read_text()
    assert {check.status for check in audit(made.out, strict=True).checks} == {"ok"}
    beside = made.out / "similar.parquet"
    pq.write_table(pq.read_table(beside).slice(1), (fewer := made.out.parent / "fewer.parquet"))
    beside.unlink()
    fewer.rename(beside)
    assert "lock tells of other pairs in nearly the same words (1)" in {check.detail for check in audit(made.out, strict=True).checks}


def _holds(path: Path, word: str) -> bool:
    return any(word in text for text in pq.read_table(path, columns=["problem"])["problem"].to_pylist())


def test_what_differs_in_grammar_alone_is_left_out_where_the_manifest_says_so(tmp_path: Path) -> None:
    made = project(tmp_path / "p")
    made.build()
    project(tmp_path / "p", '\n[texts]\nnear = "drop"\n')
    again = made.build()
    assert not [step for step in ran(again) if step.endswith("_texts")], "the decision needs no other search"
    rows = [row for row in pq.read_table(made.out / "data/rl").to_pylist() if "farmer" in row["problem"]]
    assert sorted(row["source"] for row in rows) == ["exam", "quiz"]
    assert "near duplicate" in (made.out / "README.md").read_text()


def test_none_is_looked_for_where_it_is_off(tmp_path: Path) -> None:
    made = project(tmp_path / "p", '\n[texts]\nnear = "off"\n')
    assert not [step for step in ran(made.build()) if step.endswith("_texts")]
    assert not (made.out / "similar.parquet").exists()


def test_a_row_more_sketches_its_shard_alone_and_the_corpus_is_the_same_with_any_workers(tmp_path: Path) -> None:
    made = project(tmp_path / "p")
    made.build(0)
    one = (made.out / "similar.parquet").read_bytes()
    made.build(2, store=tmp_path / "other", out=tmp_path / "o2")
    assert (tmp_path / "o2/similar.parquet").read_bytes() == one


def test_another_policy_is_refused_with_the_words_that_are_known(tmp_path: Path) -> None:
    made = project(tmp_path / "p", '\n[texts]\nnear = "merge"\n')
    with pytest.raises(ManifestError, match=r"texts\.near"):
        made.build()
