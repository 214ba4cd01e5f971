"""Whatever stands in a cell: a row or a fault comes out, never a crash."""

from pathlib import Path
from typing import Any

import pytest

from sources import by_name
from sources.source import Source
from tests.fixtures.upstream import rows_of, write_json, write_lines

VALUES: list[Any] = [None, "", " ", "x", 5, -1.5, True, [], {}, [None], ["A", 7], {"a": 1}, [[1]], [{"b": []}], {"bytes": None}, "9" * 5000]
ANSWERS = [{"aid": 1, "atext": "x"}, {"aid": 2, "atext": "y"}]
CASES: dict[str, tuple[str, dict[str, Any]]] = {
    "medmcqa": (
        "train.json",
        {"id": "1", "question": "Q", "opa": "a", "opb": "b", "opc": "c", "opd": "d", "cop": 1, "subject_name": "S"},
    ),
    "medqa": (
        "phrases_no_exclude_train.jsonl",
        {"question": "Q", "options": {"A": "a", "B": "b"}, "answer_idx": "A", "answer": "a", "meta_info": "step1"},
    ),
    "pubmedqa": ("ori_pqal.json", {"QUESTION": "Q", "CONTEXTS": ["c"], "final_decision": "yes"}),
    "headqa": ("HEAD_EN.json", {"qid": "1", "qtext": "Q", "ra": "1", "answers": ANSWERS, "image": ""}),
    "mmlu_med": (
        "test.jsonl",
        {"realidx": 1, "question": "Q", "options": {"A": "a", "B": "b"}, "answer_idx": "A", "subject": "anatomy"},
    ),
    "vqa_rad": (
        "VQA_RAD Dataset Public.json",
        {
            "qid": 1,
            "phrase_type": "freeform",
            "image_name": "1.jpg",
            "image_organ": "HEAD",
            "question": "Q",
            "answer": "yes",
            "answer_type": "CLOSED",
        },
    ),
}


def lay_out(root: Path, name: str, rows: list[Any]) -> None:
    file = root / CASES[name][0]
    if name == "pubmedqa":
        write_json(file, {str(index): row for index, row in enumerate(rows)})
    elif name == "headqa":
        write_json(file, {"exams": {"e": {"year": "2013", "category": "c", "data": rows}}})
    elif name == "vqa_rad":
        write_json(file, rows)
        (root / "1.jpg").write_bytes(b"\xff\xd8")
    else:
        write_lines(file, rows)


def spoiled(row: dict[str, Any]) -> list[Any]:
    """The row, then one with each field lost and with each field's value replaced by each awkward one."""
    lost = [{key: value for key, value in row.items() if key != name} for name in row]
    return [row, *lost, *(row | {name: value} for name in row for value in VALUES)]


@pytest.mark.parametrize("name", CASES)
def test_a_row_comes_out_for_every_row_that_goes_in(tmp_path: Path, name: str) -> None:
    rows = spoiled(CASES[name][1])
    lay_out(tmp_path, name, rows)
    source: Source = by_name(name)
    read = rows_of(source, tmp_path)
    assert len(read) == len(rows)
    assert read[0].fault == ""
    assert sum(row.fault == "" for row in read) < len(read)
    assert all(row.row for row in read)
    assert all(row.fault or (row.question and row.gold) for row in read)


@pytest.mark.parametrize("name", ["medmcqa", "headqa", "vqa_rad"])
def test_what_is_no_object_is_a_fault(tmp_path: Path, name: str) -> None:
    good = CASES[name][1]
    lay_out(tmp_path, name, [good, good, *VALUES])
    read = rows_of(by_name(name), tmp_path)
    faults = [row.fault for row in read]
    assert faults[:2] == ["", ""]
    assert set(faults[2:]) <= {"unreadable line", "missing field"}
    assert "unreadable line" in faults
