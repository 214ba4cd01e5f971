"""Measures of scored answers beside their verdicts: of texts, label sets and boxes, by row and over rows."""

import json
from collections import Counter
from collections.abc import Iterable, Mapping
from statistics import fmean
from typing import Any, NamedTuple

from pipeline.verify.fold import fold
from pipeline.verify.gold import Box, Gold, Judged
from pipeline.verify.match import match_boxes
from pipeline.verify.prose import text_scores
from pipeline.verify.regions import find_regions
from pipeline.verify.think import split_think
from pipeline.verify.words import labels_of
from schemas.example import AnswerType
from schemas.trace import Verdict

OVERLAP = 0.5
_BESIDE = 100
_READ = (Verdict.CORRECT, Verdict.INCORRECT)


class SaidBoxes(NamedTuple):
    """Boxes as read, their labels folded ([] where none was named or asked for), and which pairs with the gold's are of one label."""

    boxes: list[Box]
    labels: list[str]
    same: list[list[bool]] | None


def measure(response: str, gold: Gold, judged: Judged) -> dict[str, Any]:
    """What is measured of one response, by name; nothing for tasks whose verdict says it all.

    A text is the answer as read, else all that stands behind the thought; it is compared with the nearest reference.
    """
    match gold.answer_type:
        case AnswerType.OPEN:
            return text_scores(judged.extracted or split_think(response).answer, gold.values)._asdict()
        case AnswerType.LABEL_SET:
            return _labels(response, gold, judged)
        case AnswerType.BBOX:
            return _boxes(response, gold, judged)
        case _:
            return {}


def summarise_measures(results: Iterable[Mapping[str, Any]]) -> dict[str, dict[str, float]]:
    """Means over the rows by task. Of labels also macro F1, the mean over the labels that golds name, and micro F1."""
    numbers: dict[str, dict[str, list[float]]] = {}
    labels: dict[str, Counter[str]] = {name: Counter() for name in ("found", "wrong", "missed")}
    for result in results:
        for name, value in result.get("measures", {}).items():
            if name in labels:
                labels[name].update(value)
            else:
                numbers.setdefault(str(result["task"]), {}).setdefault(name, []).append(value)
    means = {task: {name: fmean(values) for name, values in found.items()} for task, found in numbers.items()}
    if "labels" in means:
        named = sorted(set(labels["found"]) | set(labels["missed"]))
        each = [_f1(*(labels[kind][name] for kind in ("found", "wrong", "missed"))) for name in named]
        means["labels"] |= {"macro_f1": fmean(each) if each else 0.0, "micro_f1": _f1(*(count.total() for count in labels.values()))}
    return means


def _labels(response: str, gold: Gold, judged: Judged) -> dict[str, Any]:
    right = {fold(label) for label in gold.values}
    said: set[str] = set()
    if judged.span is not None and judged.verdict in _READ and not judged.rule.endswith("_no_label"):
        said = labels_of(response[slice(*judged.span)], right | {fold(label) for label in gold.vocabulary})
    found, wrong, missed = sorted(said & right), sorted(said - right), sorted(right - said)
    both_empty = judged.verdict is Verdict.CORRECT and not right
    f1 = 1.0 if both_empty else _f1(len(found), len(wrong), len(missed))
    return {"f1": f1, "found": found, "wrong": wrong, "missed": missed}


def said_boxes(response: str, gold: Gold, judged: Judged) -> SaidBoxes:
    """The boxes that were read, in pixels of the original, and which of them may be which of the gold's: those of one label."""
    said = [tuple(box) for box in json.loads(judged.extracted)] if judged.extracted.startswith("[") else []
    if not gold.box_labels or judged.span is None:
        return SaidBoxes(said, [], None)
    # A label may stand before its tag.
    beside = find_regions(response[max(0, judged.span[0] - _BESIDE) : judged.span[1]])
    if beside is None or len(beside.labels) != len(said) or not any(beside.labels):
        return SaidBoxes(said, [], None)
    wanted = [fold(label) for label in gold.box_labels]
    labels = [fold(label) for label in beside.labels]
    return SaidBoxes(said, labels, [[label == other for other in wanted] for label in labels])


def _boxes(response: str, gold: Gold, judged: Judged) -> dict[str, Any]:
    said = said_boxes(response, gold, judged)
    matched = match_boxes(said.boxes, gold.boxes, OVERLAP, said.same)
    return {"mean_iou": matched.mean_iou, f"f1@{OVERLAP}": matched.f1}


def _f1(found: int, wrong: int, missed: int) -> float:
    return 2 * found / (2 * found + wrong + missed) if found + wrong + missed else 0.0
