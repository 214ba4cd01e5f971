"""Anyone's outputs, row by row."""

import json
from typing import Any

import pytest

from pipeline.verify.answer import Policy
from pipeline.verify.score import score_rows, summarise, wilson

ROWS: list[tuple[dict[str, Any], str]] = [
    ({"task": "mcq", "options": ["a1", "b1"], "gold": "B", "response": r"\boxed{B}"}, "correct"),
    ({"task": "mcq", "options": ["iron", "zinc"], "gold": "zinc", "response": "The answer is B."}, "correct"),
    ({"task": "multi", "options": ["a1", "b1", "c1"], "gold": ["A", "C"], "response": r"\boxed{A, C}"}, "correct"),
    ({"task": "yesno", "gold": "yes", "response": "Yes."}, "correct"),
    ({"task": "yesno", "gold": "maybe", "response": r"\boxed{no}"}, "incorrect"),
    ({"task": "labels", "gold": ["edema"], "labels": ["edema", "mass"], "response": r"\boxed{Edema}"}, "correct"),
    ({"task": "number", "gold": {"value": 25, "low": 23.75, "high": 26.25, "unit": "mL"}, "response": "25 mL"}, "correct"),
    ({"task": "number", "gold": 0.1, "response": "0.1"}, "correct"),
    ({"task": "date", "gold": "2020-03-04", "date_order": "dmy", "response": "04/03/2020"}, "correct"),
    ({"task": "date", "gold": {"weeks": 3, "days": 2}, "response": "3 weeks 2 days"}, "correct"),
    ({"task": "text", "gold": ["left lung"], "response": "The left lung."}, "correct"),
    ({"task": "text", "gold": "left lung", "response": "right lung"}, "incorrect"),
    ({"task": "boxes", "gold": [{"label": "x", "box": [0, 0, 100, 100]}], "image_size": [200, 100], "coord": "norm1000", "response": "<box>[[0,0,500,1000]]</box>"}, "correct"),
    ({"task": "boxes", "gold": [{"label": "x", "box": [0, 0, 100, 100]}], "iou": 0.9, "response": "<box>[[0,0,80,100]]</box>"}, "incorrect"),
    ({"task": "mcq", "options": ["a1", "b1"], "gold": "B", "response": "<think>", "finish_reason": "length"}, "truncated"),
]  # fmt: skip
MALFORMED: list[Any] = [
    "{", "[]", "3", '{"task": "mcq"}', {"task": "riddle", "gold": "x", "response": ""}, {"task": "mcq", "options": ["a"], "gold": "C", "response": ""},
    {"task": "mcq", "options": "ab", "gold": "A", "response": ""}, {"task": "yesno", "gold": "perhaps", "response": ""},
    {"task": "number", "gold": "x", "response": ""}, {"task": "mcq", "options": ["a", "b"], "gold": "A"}, {"task": "labels", "gold": "edema", "response": ""},
    {"task": "boxes", "gold": [[1, 2, 3, 4]], "response": ""}, {"task": "boxes", "gold": [{"box": [1, 2, 3, 4]}], "coord": "norm1000", "response": ""},
    {"task": "text", "gold": [], "response": ""}, {"task": "mcq", "options": ["aa", "aa"], "gold": "aa", "response": ""}, {"task": "date", "gold": 5, "response": ""},
    {"task": "number", "gold": True, "response": ""}, {"task": "boxes", "gold": None, "response": ""}, {"task": "mcq", "options": ["a", "b"], "gold": "A", "response": "", "finish_reason": 3},
]  # fmt: skip


def test_each_task_is_scored() -> None:
    results = list(score_rows([{"id": f"r{place}", **row} for place, (row, _) in enumerate(ROWS)]))
    assert [result["verdict"] for result in results] == [verdict for _, verdict in ROWS]
    assert set(results[0]) == {"id", "task", "verdict", "extracted", "rule", "span", "score", "measures"}
    json.dumps(results)


def test_the_span_says_where_the_answer_stands_in_the_response() -> None:
    for row in (
        {"task": "mcq", "options": ["a1", "b1"], "gold": "B", "response": r"<think>\boxed{A}</think> It is \boxed{B}."},
        ROWS[1][0],
    ):
        (result,) = score_rows([row])
        assert row["response"][slice(*result["span"])] == result["extracted"] == "B"


def test_lines_of_json_and_mappings_score_alike() -> None:
    rows = [row for row, _ in ROWS]
    assert list(score_rows([json.dumps(row) for row in rows])) == list(score_rows(rows))


@pytest.mark.parametrize("row", MALFORMED, ids=str)
def test_malformed_row_is_told_with_its_line_and_the_rest_is_scored(row: Any) -> None:
    first, second, third = score_rows([ROWS[0][0], row, ROWS[3][0]])
    assert first["verdict"] == third["verdict"] == "correct"
    assert second["line"] == 2
    assert second["error"].startswith("line 2: ")


def test_train_policy_takes_boxes_alone() -> None:
    assert [result["verdict"] for result in score_rows([ROWS[1][0]], Policy.TRAIN)] == ["malformed"]


def test_summary_counts_each_task_and_all() -> None:
    rates = summarise(score_rows([*(row for row, _ in ROWS), "{"]))
    accuracy = rates["all"][0]
    assert (accuracy.name, accuracy.hits, accuracy.total) == ("accuracy", 11, 15)
    assert accuracy.low < accuracy.share < accuracy.high
    assert {rate.name: rate.hits for rate in rates["mcq"]} == {"accuracy": 2, "unparsed": 0, "refused": 0, "truncated": 1}


def test_wilson_interval_of_known_counts() -> None:
    assert wilson(50, 100) == (pytest.approx(0.4038, abs=1e-4), pytest.approx(0.5962, abs=1e-4))
    assert wilson(0, 10)[0] == 0.0
    assert wilson(0, 0) == (0.0, 0.0)
