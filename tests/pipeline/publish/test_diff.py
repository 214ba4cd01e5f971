import json
from dataclasses import replace
from pathlib import Path

import pytest

from pipeline.publish import diff as differing
from pipeline.publish.diff import CountDiff, KeyDiff, RowsDiff, diff
from tests.fixtures.corpora import FACTS, MANIFEST, boxed, pictures, png, posed, question, rows_of_a_corpus, traced, write_corpus


@pytest.fixture
def old(tmp_path: Path) -> Path:
    return write_corpus(tmp_path / "old", tmp_path / "store")


def test_a_corpus_does_not_differ_from_its_rebuild(old: Path, tmp_path: Path):
    found = diff(old, write_corpus(tmp_path / "new", tmp_path / "store2"))
    assert found.same
    assert found.shards.identical == 7
    assert json.loads(json.dumps(found.to_json()))["same"] is True


def test_rows_are_counted_as_added_removed_and_changed_by_source(old: Path, tmp_path: Path):
    rows = rows_of_a_corpus()
    rows["rl-train"] = [rows["rl-train"][0] | {"domain": "heart"}, posed(question("q7", source="exam")), posed(question("q8"))]
    found = diff(old, write_corpus(tmp_path / "new", tmp_path / "store2", rows))
    assert found.rows == (RowsDiff("rl", "exam", 1, 0, 0), RowsDiff("rl", "quiz", 1, 1, 1))
    assert found.examples == {"rl added": ("q7", "q8"), "rl removed": ("q3",), "rl changed": ("q1",)}
    assert CountDiff("rl rows", "train", 2, 3) in found.counts
    assert found.shards.old_only == found.shards.new_only == ("data/rl/train-all.parquet",)


def test_a_row_that_changes_its_split_is_a_changed_row(old: Path, tmp_path: Path):
    rows = rows_of_a_corpus()
    rows["rl-train"].append(rows["rl-heldout"].pop())
    found = diff(old, write_corpus(tmp_path / "new", tmp_path / "store2", rows))
    assert found.rows == (RowsDiff("rl", "quiz", 0, 0, 1),)


def test_other_pixels_change_a_row(old: Path, tmp_path: Path):
    rows = rows_of_a_corpus()
    rows["rl-train"][0] |= {"images": pictures([png(1), png(9)])}
    assert diff(old, write_corpus(tmp_path / "new", tmp_path / "store2", rows)).rows == (RowsDiff("rl", "quiz", 0, 0, 1),)


def test_verdicts_and_reasons_are_counted(old: Path, tmp_path: Path):
    rows = rows_of_a_corpus()
    rows["rejected-train"][0] = traced(question("q1"), "I cannot say.", sample=1, verdict="refused")
    found = diff(old, write_corpus(tmp_path / "new", tmp_path / "store2", rows))
    assert set(found.counts) == {
        CountDiff("select of quiz", "incorrect", 2, 1),
        CountDiff("select of quiz", "refused", 0, 1),
        CountDiff("rejected reason", "incorrect", 2, 1),
        CountDiff("rejected reason", "refused", 0, 1),
        CountDiff("rejected verdict", "incorrect", 2, 1),
        CountDiff("rejected verdict", "refused", 0, 1),
    }


def test_manifest_keys_go_by_the_names_of_their_parts(old: Path, tmp_path: Path):
    text = MANIFEST.replace("samples = 2", "samples = 4").replace("heldout = 0.2", "heldout = 0.1") + '\n[[benchmark]]\nname = "medqa"\n'
    found = diff(old, write_corpus(tmp_path / "new", tmp_path / "store2", manifest_text=text))
    assert KeyDiff("teacher[r1].samples", 2, 4) in found.manifest
    assert KeyDiff("split.heldout", 0.2, 0.1) in found.manifest
    assert KeyDiff("benchmark[medqa].name", None, "medqa") in found.manifest
    assert found.rows == ()


def test_shards_of_one_digest_are_not_read(old: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    rows = rows_of_a_corpus() | {"sft-heldout": [traced(question("q9", split="heldout"), boxed("A"))]}
    new = write_corpus(tmp_path / "new", tmp_path / "store2", rows)
    read: list[str] = []
    tables = differing.CorpusShard.tables
    monkeypatch.setattr(differing.CorpusShard, "tables", lambda shard, columns=None: (read.append(shard.name), tables(shard, columns))[1])
    diff(old, new)
    assert read == ["data/sft/heldout-all.parquet"] * 2


def test_what_two_versions_were_made_of_is_told_though_their_rows_are_the_same(old: Path, tmp_path: Path):
    facts = {"quiz": replace(FACTS["quiz"], license="CC-BY-SA-4.0", revision="def456", files=(("quiz.jsonl", "1" * 64, 12),))}
    found = diff(old, write_corpus(tmp_path / "new", tmp_path / "store2", facts=facts))
    assert found.same
    assert found.made == (
        KeyDiff("source quiz.files.quiz.jsonl", "0" * 64, "1" * 64),
        KeyDiff("source quiz.license", "CC-BY-4.0", "CC-BY-SA-4.0"),
        KeyDiff("source quiz.revision", "abc123", "def456"),
    )
