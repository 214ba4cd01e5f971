"""Measures beside the verdict: texts by their nearest reference, labels by set, boxes by overlap."""

from typing import Any

import pytest

from pipeline.verify.measures import summarise_measures
from pipeline.verify.score import score_rows


def measured(task: str, gold: Any, response: str, **told: Any) -> dict[str, Any]:
    (result,) = score_rows([{"task": task, "gold": gold, "response": response, **told}])
    return result["measures"]


def means(*rows: dict[str, Any]) -> dict[str, dict[str, float]]:
    return summarise_measures(score_rows(rows))


@pytest.mark.parametrize(
    ("response", "exact", "f1", "bleu1", "rouge_l"),
    [
        (r"\boxed{LLL}", 1.0, 1.0, 1.0, 1.0),
        (r"<think>the left lower lobe</think>\boxed{lobe left}", 0.0, 0.8, pytest.approx(0.6065, abs=1e-4), 0.4),
        (r"<think>left lower lobe</think>", 0.0, 0.0, 0.0, 0.0),
        ("I cannot answer that. " * 3, 0.0, 0.0, 0.0, 0.0),
    ],
)
def test_a_text_is_measured_against_its_nearest_reference(response: str, exact: float, f1: float, bleu1: float, rouge_l: float) -> None:
    told = measured("text", ["left lower lobe", "LLL"], response)
    assert told == {"exact": exact, "f1": f1, "bleu1": bleu1, "rouge_l": rouge_l}


def test_labels_are_counted_each() -> None:
    told = measured("labels", ["edema", "mass, left"], r"\boxed{Edema; effusion}", labels=["edema", "effusion", "mass, left"])
    assert told == {"f1": 0.5, "found": ["edema"], "wrong": ["effusion"], "missed": ["mass left"]}
    assert measured("labels", ["edema"], "I do not know")["missed"] == ["edema"]
    assert measured("labels", [], r"\boxed{none}")["f1"] == 1.0


def test_macro_f1_is_over_the_labels_that_golds_name() -> None:
    rows = [("edema", "edema"), ("edema", "mass"), ("mass", "mass"), ("mass", "what")]
    found = means(*({"task": "labels", "gold": [gold], "response": f"\\boxed{{{said}}}"} for gold, said in rows))["labels"]
    assert found["macro_f1"] == pytest.approx((2 / 3 + 1 / 2) / 2)
    assert found["micro_f1"] == pytest.approx(0.5)
    assert found["f1"] == 0.5


@pytest.mark.parametrize(
    ("response", "iou", "f1"),
    [
        ("<box>[[0,0,80,100]]</box>", 0.4, pytest.approx(2 / 3)),
        ("<box>[[0,0,80,100],[200,200,300,300]]</box>", 0.9, 1.0),
        ("<box>[[0,0,40,100],[200,200,300,300]]</box>", 0.7, 0.5),
        ("There is none.", 0.0, 0.0),
        ("x <box>[[200,200,300,300]]</box> y <box>[[0,0,80,100]]</box>", 0.0, 0.0),
    ],
)
def test_boxes_are_measured_by_overlap_whatever_the_verdict(response: str, iou: float, f1: float) -> None:
    gold = [{"label": "x", "box": [0, 0, 100, 100]}, {"label": "y", "box": [200, 200, 300, 300]}]
    assert measured("boxes", gold, response, iou=0.9) == {"mean_iou": pytest.approx(iou), "f1@0.5": f1}


def test_tasks_whose_verdict_says_all_have_no_measure() -> None:
    assert measured("yesno", "yes", "Yes.") == {}
    assert means({"task": "yesno", "gold": "yes", "response": "Yes."}) == {}
