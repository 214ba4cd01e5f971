"""Checking files against a source."""

from pathlib import Path

import pytest

from schemas.errors import SourceError
from sources import by_name
from sources.check import FaultCount, check
from tests.fixtures.upstream import real, write_lines

ROW = {"question": "Which?", "options": {"A": "x", "B": "y"}, "answer_idx": "B", "answer": "y"}


def lay_out(root: Path) -> Path:
    rows = [ROW | {"answer_idx": ""}, ROW, '{"cut', ROW | {"answer_idx": "D"}, ROW | {"answer_idx": None}]
    write_lines(root / "phrases_no_exclude_train.jsonl", rows)
    return root


def test_faults_are_counted_with_the_first_of_each(tmp_path: Path) -> None:
    found = check(by_name("medqa"), lay_out(tmp_path))
    assert (found.source, found.split, found.parts, found.rows, found.complete) == ("medqa", "train", 1, 5, True)
    assert found.faults[0] == FaultCount("no gold", 2, "phrases_no_exclude_train:0", "")
    assert [(fault.reason, fault.count) for fault in found.faults[1:]] == [("gold out of range", 1), ("unreadable line", 1)]
    assert found.first is not None
    assert found.first.row == "phrases_no_exclude_train:1"


def test_a_limit_ends_the_reading(tmp_path: Path) -> None:
    found = check(by_name("medqa"), lay_out(tmp_path), limit=1)
    assert (found.rows, found.complete, found.first) == (1, False, None)
    assert check(by_name("medqa"), tmp_path, limit=5).complete


def test_files_of_another_dataset_are_refused(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="pubmedqa: no layout"):
        check(by_name("pubmedqa"), lay_out(tmp_path))


def test_real_files_are_told_apart() -> None:
    assert check(by_name("headqa"), real("headqa")).faults[0].reason == "needs an image"
    with pytest.raises(SourceError, match="no layout"):
        check(by_name("headqa"), real("medqa"))
