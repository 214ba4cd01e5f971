"""MMLU's medical subjects: CSV without a header, Parquet, and JSON Lines of others."""

from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from schemas.errors import SourceError
from sources.mmlu_med import SOURCE
from tests.fixtures.upstream import by_id, real, rows_of, write_csv, write_lines, write_parquet

ROW = ["Which is a bone?", "Ulna", "Aorta", "None", "NA", "A"]


def test_the_first_line_is_a_question(tmp_path: Path) -> None:
    write_csv(tmp_path / "test" / "anatomy_test.csv", [ROW, [*ROW[:5], "C"]])
    first, second = rows_of(SOURCE, tmp_path)
    assert (first.row, first.question, first.options) == ("anatomy_test:0", "Which is a bone?", ("Ulna", "Aorta", "None", "NA"))
    assert second.options[second.gold["index"]] == "None"
    assert first.subject == "anatomy"


def test_a_cell_may_have_several_lines(tmp_path: Path) -> None:
    write_csv(tmp_path / "anatomy_test.csv", [['One\ntwo, "three"?', *ROW[1:]], ROW])
    first, second = rows_of(SOURCE, tmp_path)
    assert first.question == 'One\ntwo, "three"?'
    assert second.row == "anatomy_test:1"


def test_other_subjects_are_left_alone(tmp_path: Path) -> None:
    write_csv(tmp_path / "test" / "astronomy_test.csv", [ROW])
    with pytest.raises(SourceError, match=r"astronomy_test\.csv"):
        SOURCE.parts(tmp_path, None)


def test_the_splits_have_their_own_files(tmp_path: Path) -> None:
    write_csv(tmp_path / "val" / "anatomy_val.csv", [ROW] * 2)
    write_csv(tmp_path / "dev" / "anatomy_dev.csv", [ROW] * 3)
    assert [len(rows_of(SOURCE, tmp_path, split)) for split in ("validation", "dev")] == [2, 3]


def test_a_row_with_a_lost_cell_is_a_fault(tmp_path: Path) -> None:
    write_csv(tmp_path / "anatomy_test.csv", [ROW, ROW[:5]])
    _, row = rows_of(SOURCE, tmp_path)
    assert (row.row, row.fault, row.detail) == ("anatomy_test:1", "unreadable line", "line 2: 5 cells, not 6")


def test_hub_parquet_counts_the_gold_from_0_in_every_subject(tmp_path: Path) -> None:
    for subject in ("anatomy", "medical_genetics", "astronomy"):
        row: dict[str, Any] = {"question": "Which?", "subject": subject, "choices": ["a", "b", "c", "d"], "answer": 2}
        write_parquet(tmp_path / subject / "test-0.parquet", [row])
    rows = by_id(rows_of(SOURCE, tmp_path))
    assert [row.subject for row in rows.values()] == ["anatomy", "medical_genetics"]
    assert {row.gold["index"] for row in rows.values()} == {2}


def test_rows_of_other_subjects_are_counted_as_faults(tmp_path: Path) -> None:
    row = {"realidx": 7, "question": "Which?", "options": {"A": "a", "B": "b"}, "answer_idx": "B", "subject": "astronomy"}
    write_lines(tmp_path / "mmlu" / "test.jsonl", [row, row | {"realidx": 8, "subject": "anatomy"}])
    rows = by_id(rows_of(SOURCE, tmp_path))
    assert {id: row.fault for id, row in rows.items()} == {"7": "not a medical subject", "8": ""}


def test_it_is_a_benchmark_only() -> None:
    assert SOURCE.benchmark_only
    assert SOURCE.default_split == "test"


def test_real_csv_and_its_republication_hold_the_same_questions() -> None:
    rows = by_id(rows_of(SOURCE, real("mmlu")))
    again = by_id(rows_of(SOURCE, real("mmlu_medagents")))
    assert Counter(row.fault for row in rows.values()) == {"": 854}
    assert Counter(row.fault for row in again.values()) == {"": 854}
    known = rows["college_medicine_test:1"]
    assert known.options[known.gold["index"]] == "WG George"
    assert again["487"].options[again["487"].gold["index"]] == "18 gauge."
    assert Counter(row.subject for row in rows.values()) == Counter(row.subject for row in again.values())
