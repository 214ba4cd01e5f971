"""Traces that others published, through a whole build: judged, deduplicated, merged and proved like any."""

import json
from collections import Counter
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from jobs import inputs
from jobs.build import Options, build
from pipeline.publish.audit import audit
from pipeline.publish.exports.write import export
from schemas.errors import ManifestError
from schemas.manifest import read_manifest
from tests.fixtures.local_build import write_rows

MANIFEST = """
name = "again"
[[source]]
name = "octo"
kind = "traces"
path = "octo.jsonl"
license = "CC-BY-4.0"
[[source]]
name = "other"
kind = "traces"
path = "other.jsonl"
license = "CC-BY-4.0"
[[teacher]]
name = "published"
model = "imported"
"""


def row(number: int, *said: str) -> dict[str, object]:
    right = "AB"[number % 2]
    responses = [f"<think>\nCase {number}, read {place}.\n</think>\n\n\\boxed{{{letter}}}" for place, letter in enumerate(said)]
    return {
        "id": f"o{number}",
        "question": f"What is case {number}?",
        "options": [f"Cyst {number}", f"Stone {number}"],
        "answer": right,
        "responses": responses,
    }


@pytest.fixture
def corpus(tmp_path: Path) -> Path:
    (tmp_path / "m.toml").write_text(MANIFEST)
    write_rows(tmp_path / "octo.jsonl", [row(0, "A", "B", "A"), row(1, "A"), row(2)])
    write_rows(tmp_path / "other.jsonl", [row(0, "A"), row(3, "B", "B")])
    built = build(inputs.open_manifest(tmp_path / "m.toml"), Options(tmp_path / "store", tmp_path / "out", workers=0))
    assert not built.errors
    return tmp_path / "out"


def rows_of(corpus: Path, config: str) -> list[dict[str, object]]:
    path = corpus / f"data/{config}/train-all.parquet"
    return pq.read_table(path).to_pylist() if path.exists() else []


def test_published_traces_are_judged_anew_and_the_wrong_ones_rejected(corpus: Path) -> None:
    kept, rejected = rows_of(corpus, "sft"), rows_of(corpus, "rejected")
    assert Counter((one["source"], one["source_row"]) for one in kept) == {("octo", "o0"): 2, ("other", "o3"): 2}
    assert [(one["source_row"], one["verdict"]) for one in rejected] in (
        [("o0", "incorrect"), ("o1", "incorrect")],
        [("o1", "incorrect"), ("o0", "incorrect")],
    )
    assert {one["teacher"] for one in kept} == {"published"}
    assert {(one["pass_rate"], one["pass_rate_method"]) for one in kept} == {(None, "imported")}
    assert {one["source_row"] for one in rows_of(corpus, "rl")} == {"o0", "o1", "o2", "o3"}


def test_what_two_sets_share_stands_once_and_is_counted(corpus: Path) -> None:
    told = json.loads((corpus / "lock.json").read_text())["tallies"]
    assert ["choose", "other", "duplicate question", 1] in told


def test_the_corpus_is_proved_and_goes_out_again_in_the_layout_it_came_in(corpus: Path, tmp_path: Path) -> None:
    found = audit(corpus)
    assert not found.failed, [check for check in found.checks if check.examples]
    out = export(corpus, "octomed", tmp_path / "octomed").out
    again = {one["question"]: one["responses"] for one in pq.read_table(out / "data/train-all.parquet").to_pylist()}
    assert {question: len(responses) for question, responses in again.items()} == {"What is case 0?": 2, "What is case 3?": 2}


def test_direct_answers_are_judged_published_with_a_direct_prompt_and_come_back_from_an_export(tmp_path: Path) -> None:
    manifest = MANIFEST.partition('[[source]]\nname = "other"')[0] + '[[teacher]]\nname = "published"\nmodel = "imported"\n'
    (tmp_path / "m.toml").write_text(manifest)
    asked = [row(0, "A"), row(1), row(2), row(3)]
    asked[1]["responses"], asked[2]["responses"] = (
        ["B", "A", "stone 1"],
        ["<think>\n\n</think>\n\nCyst 2", "It is the first, since\nthe others fall away."],
    )
    asked[3] |= {"options": [], "answer": "Gout", "responses": ["gout", "lupus"]}
    write_rows(tmp_path / "octo.jsonl", asked)
    built = build(inputs.open_manifest(tmp_path / "m.toml"), Options(tmp_path / "store", tmp_path / "out", workers=0))
    assert not built.errors
    kept, rejected = (rows_of(tmp_path / "out", config) for config in ("sft", "rejected"))
    told = {(one["source_row"], one["response"], str(one["prompt_name"]).partition(".")[0]) for one in kept if one["source_row"] != "o0"}
    assert told == {("o1", "B", "direct"), ("o1", "stone 1", "direct"), ("o2", "Cyst 2", "direct"), ("o3", "gout", "direct")}
    assert {(one["source_row"], one["verdict"]) for one in rejected} == {("o1", "incorrect"), ("o2", "malformed"), ("o3", "incorrect")}
    found = audit(tmp_path / "out")
    assert not found.failed, [check for check in found.checks if check.examples]

    out = export(tmp_path / "out", "octomed", tmp_path / "octomed").out
    (tmp_path / "again.toml").write_text(manifest.replace('"octo.jsonl"', f'"{out}"'))
    built = build(inputs.open_manifest(tmp_path / "again.toml"), Options(tmp_path / "store", tmp_path / "again", workers=0))
    assert not built.errors
    assert sorted(str(one["response"]) for one in rows_of(tmp_path / "again", "sft")) == sorted(str(one["response"]) for one in kept)
    assert not rows_of(tmp_path / "again", "rejected")


NAMED = "seen as Mrs. Ada Byron was"


@pytest.mark.parametrize(
    ("policy", "questions", "responses", "counted"),
    [
        ("report", {"o0", "o1"}, {NAMED}, 1),
        ("mask", {"o0", "o1"}, {"seen as Mrs. [REDACTED:name] was"}, 0),
        ("drop", {"o1"}, set[str](), 0),
    ],
)
def test_names_in_published_traces_are_reported_masked_or_left_out(
    tmp_path: Path, policy: str, questions: set[str], responses: set[str], counted: int
) -> None:
    first = MANIFEST.partition('[[source]]\nname = "other"')[0]
    teacher = '[[teacher]]\nname = "published"\nmodel = "imported"\n'
    (tmp_path / "m.toml").write_text(f'{first}{teacher}[privacy]\nidentifiers = "{policy}"\n')
    told = row(0, "A", "B")
    told["responses"] = [str(one).replace("read", f"{NAMED}, read") for one in told["responses"]]  # type: ignore[attr-defined]
    write_rows(tmp_path / "octo.jsonl", [told, row(1, "B")])
    built = build(inputs.open_manifest(tmp_path / "m.toml"), Options(tmp_path / "store", tmp_path / "out", workers=0))
    assert not built.errors
    out = tmp_path / "out"
    assert {str(one["source_row"]) for one in rows_of(out, "rl")} == questions
    said = [str(one["response"]) for config in ("sft", "rejected") for one in rows_of(out, config) if one["source_row"] == "o0"]
    assert {text.partition(", ")[2].partition(", read")[0] for text in said} == responses
    assert [config for config in ("sft", "rejected") for one in rows_of(out, config) if one["source_row"] == "o0"] == (
        ["sft", "rejected"] if responses else []
    )
    found = audit(out)
    assert not found.failed
    (check,) = [check for check in found.checks if check.name == "identifiers"]
    assert check.counts.get("octo: name", 0) == 2 * counted
    assert "| `name` | 1 |" in (out / "README.md").read_text()


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ("samples = 4", r'model = "imported" asks no one, and takes no samples'),
        ("temperature = 0.5", r"takes no temperature"),
    ],
)
def test_an_imported_teacher_takes_no_sampling(more: str, said: str) -> None:
    with pytest.raises(ManifestError, match=said):
        read_manifest(MANIFEST + more, "m.toml")


def test_a_source_of_traces_needs_a_path_and_a_licence_and_maps_no_columns() -> None:
    with pytest.raises(ManifestError, match="a source of traces needs path, license"):
        read_manifest('name = "a"\n[[source]]\nname = "x"\nkind = "traces"\n', "m.toml")
    with pytest.raises(ManifestError, match="a source of traces takes no question"):
        read_manifest('name = "a"\n[[source]]\nname = "x"\nkind = "traces"\npath = "x"\nlicense = "MIT"\nquestion = "q"\n', "m.toml")
