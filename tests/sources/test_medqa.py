"""MedQA: one JSON Lines format in several places."""

from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from schemas.errors import SourceError
from sources.medqa import SOURCE
from tests.fixtures.upstream import by_id, real, rows_of, write_lines, write_parquet


def question(letter: str, answer: str, count: int = 4) -> dict[str, Any]:
    options = {"A": "Aspirin", "B": "Heparin", "C": "Warfarin", "D": "Alteplase", "E": "Digoxin"}
    shown = dict(list(options.items())[:count])
    return {
        "question": "Which drug is a direct thrombolytic?",
        "answer": answer,
        "options": shown,
        "meta_info": "step1",
        "answer_idx": letter,
    }


def test_rows_are_known_by_their_line(tmp_path: Path) -> None:
    write_lines(tmp_path / "phrases_no_exclude_train.jsonl", [question("D", "Alteplase"), "", question("A", "Aspirin")])
    rows = by_id(rows_of(SOURCE, tmp_path))
    assert list(rows) == ["phrases_no_exclude_train:0", "phrases_no_exclude_train:2"]
    assert rows["phrases_no_exclude_train:0"].gold == {"index": 3}
    assert rows["phrases_no_exclude_train:0"].subject == "step1"


def test_the_three_splits_have_their_own_files(tmp_path: Path) -> None:
    folder = tmp_path / "questions" / "US" / "4_options"
    for name, count in (("train", 3), ("dev", 2), ("test", 1)):
        write_lines(folder / f"phrases_no_exclude_{name}.jsonl", [question("D", "Alteplase")] * count)
    assert [len(rows_of(SOURCE, tmp_path, split)) for split in ("train", "validation", "test")] == [3, 2, 1]


def test_five_options_are_read_from_upstreams_folder(tmp_path: Path) -> None:
    write_lines(tmp_path / "questions" / "US" / "train.jsonl", [question("E", "Digoxin", 5)])
    (row,) = rows_of(SOURCE, tmp_path)
    assert len(row.options) == 5
    assert "five options" in SOURCE.layout_for(tmp_path, "train").name


def test_parquet_options_that_a_row_lacks_are_left_out(tmp_path: Path) -> None:
    write_parquet(tmp_path / "train-00000.parquet", [question("E", "Digoxin", 5), question("B", "Heparin", 4)])
    five, four = rows_of(SOURCE, tmp_path)
    assert (len(five.options), len(four.options)) == (5, 4)
    assert four.options[four.gold["index"]] == "Heparin"


def test_a_letter_that_contradicts_the_answers_text_is_a_fault(tmp_path: Path) -> None:
    write_lines(tmp_path / "phrases_no_exclude_train.jsonl", [question("B", "Alteplase")])
    (row,) = rows_of(SOURCE, tmp_path)
    assert row.fault == "gold contradicts itself"
    assert "Alteplase" in row.detail


def test_a_split_that_is_not_there_names_what_is(tmp_path: Path) -> None:
    write_lines(tmp_path / "phrases_no_exclude_test.jsonl", [question("B", "Heparin")])
    with pytest.raises(SourceError, match=r"train split fits .* phrases_no_exclude_test\.jsonl \(columns question, answer"):
        SOURCE.parts(tmp_path, "train")


def test_real_rows_read_without_a_fault() -> None:
    rows = by_id(rows_of(SOURCE, real("medqa"), "test"))
    assert Counter(row.fault for row in rows.values()) == {"": 783}
    known = rows["phrases_no_exclude_test:0"]
    assert known.options[known.gold["index"]] == "Tell the attending that he cannot fail to disclose this mistake"
