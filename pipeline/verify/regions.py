"""Boxes in an answer: read in each form that models write, brought to the original's pixels, matched with the gold."""

import json
import math
import re
from typing import Any, NamedTuple

from pipeline.verify.fold import fold
from pipeline.verify.gold import Box, Gold, Reading
from pipeline.verify.match import match_boxes
from schemas.trace import Verdict

MOST_BOXES = 256
LARGEST = 1_000_000
_NUMBER = r"[+-]?\d{1,6}(?:\.\d{0,6})?"
_FOUR = re.compile(rf"[\[(]\s*({_NUMBER})\s*,\s*({_NUMBER})\s*,\s*({_NUMBER})\s*,\s*({_NUMBER})\s*[\])]")
_CLOSED = re.compile(r"\d\s*[\])]")
_STARTED = re.compile(rf"<\|box_start\|>\s*\(({_NUMBER}),\s*({_NUMBER})\)\s*,\s*\(({_NUMBER}),\s*({_NUMBER})\)\s*<\|box_end\|>")
_BEFORE = re.compile(r"([^\n,;:<>\[\]{}]{1,80})[:\s]*$")
_KEYS = ("bbox_2d", "bbox", "box", "box_2d")


class Regions(NamedTuple):
    """Boxes as written, the labels beside them ('' where none), where they stand, and whether all of it could be read."""

    boxes: list[Box]
    labels: list[str]
    start: int
    end: int
    whole: bool


def read_regions(content: str, gold: Gold, where: str) -> Reading:
    """Boxes of an image: correct where they match the gold one to one, scored by mean IoU over the larger number."""
    regions = find_regions(content)
    if regions is None:
        numbers = _FOUR.findall(content)
        if not numbers:
            return Reading(Verdict.NO_ANSWER, "", f"{where}_no_box", 0.0)
        regions = Regions([_corners(four) for four in numbers[: MOST_BOXES + 1]], [], 0, len(content), True)
    return judge_regions(regions, gold, where)


def judge_regions(regions: Regions, gold: Gold, where: str) -> Reading:
    """The verdict on boxes that were found."""
    if not regions.whole:
        return Reading(Verdict.MALFORMED, "", f"{where}_unreadable", 0.0)
    if len(regions.boxes) > MOST_BOXES:
        return Reading(Verdict.INCORRECT, f"{len(regions.boxes)} boxes", f"{where}_too_many", 0.0)
    if not regions.boxes:
        return Reading(Verdict.NO_ANSWER, "", f"{where}_empty", 0.0)
    said = [original(box, gold) for box in regions.boxes]
    extracted = json.dumps([[round(edge, 1) for edge in box] for box in said])
    kept = [box for box in said if box[2] > box[0] and box[3] > box[1]]
    if len(kept) < len(said):
        return Reading(Verdict.MALFORMED, extracted, f"{where}_no_area", 0.0)
    same = None
    if gold.box_labels and any(regions.labels):
        wanted = [fold(label) for label in gold.box_labels]
        same = [[fold(label) == other for other in wanted] for label in regions.labels]
    matched = match_boxes(said, gold.boxes, gold.iou, same)
    right = matched.pairs == len(said) == len(gold.boxes)
    return Reading(
        Verdict.CORRECT if right else Verdict.INCORRECT, extracted, f"{where}_boxes", 1.0 if right else min(matched.mean_iou, 0.999)
    )


def find_regions(text: str) -> Regions | None:
    """The last group of boxes in a text: `<box>` tags, `<|box_start|>` marks or JSON with `bbox_2d`; None where there is none."""
    if "<|box_start|>" in text:
        marks = list(_STARTED.finditer(text))
        whole = len(marks) == text.count("<|box_start|>")
        boxes = [_corners(mark.groups()) for mark in marks]
        return Regions(boxes, [""] * len(boxes), marks[0].start() if marks else 0, marks[-1].end() if marks else len(text), whole)
    if "<box>" in text:
        return _tagged(text)
    if any(f'"{key}"' in text for key in _KEYS):
        return _objects(text)
    return None


def _tagged(text: str) -> Regions:
    boxes: list[Box] = []
    labels: list[str] = []
    start = end = 0
    whole = True
    at = text.find("<box>")
    start = at
    while at >= 0 and len(boxes) <= MOST_BOXES:
        close = text.find("</box>", at)
        if close < 0:
            whole = False
            break
        content = text[at + 5 : close]
        label = _BEFORE.search(text, max(end, at - 100), at)
        fours = [_corners(four) for four in _FOUR.findall(content)]
        whole = whole and bool(fours or content.strip() in ("", "[]")) and len(fours) == len(_CLOSED.findall(content))
        boxes += fours
        labels += [label[1].strip(" *-.") if label else ""] * len(fours)
        end = close + len("</box>")
        at = text.find("<box>", end)
    return Regions(boxes, labels, start, end or len(text), whole)


def _objects(text: str) -> Regions:
    """By JSON: the last array or object that decodes and holds a box."""
    decoder = json.JSONDecoder()
    at = 0
    found: Regions | None = None
    for _ in range(64):
        opening = re.compile(r"[\[{]").search(text, at)
        if opening is None:
            break
        try:
            value, end = decoder.raw_decode(text, opening.start())
        except (ValueError, RecursionError):
            at = opening.start() + 1
            continue
        boxes, labels = _of_value(value)
        found = Regions(boxes, labels, opening.start(), end, True) if boxes else found
        at = end
    return found or Regions([], [], 0, len(text), False)


def _of_value(value: Any) -> tuple[list[Box], list[str]]:
    """Boxes and labels of a decoded value: an object, a list of them, or an object that holds such a list."""
    items = value if isinstance(value, list) else [value]
    boxes: list[Box] = []
    labels: list[str] = []
    for item in items[: MOST_BOXES + 1]:
        if not isinstance(item, dict):
            continue
        raw = next((item[key] for key in _KEYS if key in item), None)
        if raw is None:
            inner = next((part for part in item.values() if isinstance(part, list) and part and isinstance(part[0], dict)), [])
            more = _of_value(inner) if inner else ([], [])
            boxes, labels = boxes + more[0], labels + more[1]
        elif isinstance(raw, list) and len(raw) == 4 and _are_edges(raw):
            boxes.append(_corners(raw))
            labels.append(str(item.get("label") or ""))
        elif isinstance(raw, list) and all(isinstance(four, list) and len(four) == 4 for four in raw):
            fours = [_corners(four) for four in raw if _are_edges(four)]
            boxes += fours
            labels += [str(item.get("label") or "")] * len(fours)
    return boxes, labels


def _are_edges(four: list[Any]) -> bool:
    return all(isinstance(edge, (int, float)) and not isinstance(edge, bool) and -LARGEST < edge < LARGEST for edge in four)


def _corners(four: Any) -> Box:
    """Corners in order, however they were written."""
    left, top, right, bottom = (float(edge) for edge in four)
    return min(left, right), min(top, bottom), max(left, right), max(top, bottom)


def original(box: Box, gold: Gold) -> Box:
    """A box in the pixels of the original, clipped to it, from the frame that the model was asked for."""
    wide, high = _frame(gold)
    scale = (gold.width / wide if wide else 1.0), (gold.height / high if high else 1.0)
    left, top, right, bottom = box[0] * scale[0], box[1] * scale[1], box[2] * scale[0], box[3] * scale[1]
    if gold.width and gold.height:
        left, right = (min(max(edge, 0.0), float(gold.width)) for edge in (left, right))
        top, bottom = (min(max(edge, 0.0), float(gold.height)) for edge in (top, bottom))
    return left, top, right, bottom


def drawn(box: Box, gold: Gold) -> Box:
    """A box of the original in the frame that the model was asked for."""
    wide, high = _frame(gold)
    across, down = (wide / gold.width if wide else 1.0), (high / gold.height if high else 1.0)
    return box[0] * across, box[1] * down, box[2] * across, box[3] * down


def _frame(gold: Gold) -> tuple[float, float]:
    """Width and height of the plane that the model drew on; 0 where it is the original."""
    if gold.frame == "norm1000":
        return 1000.0, 1000.0
    if gold.frame == "qwen2.5":
        return smart_resize(gold.width, gold.height)
    wide, mark, high = gold.frame.partition("x")
    return (float(wide), float(high)) if mark and wide.isdigit() and high.isdigit() else (0.0, 0.0)


def smart_resize(width: int, height: int, factor: int = 28, least: int = 3136, most: int = 1_003_520) -> tuple[float, float]:
    """The picture that Qwen2.5-VL sees by default: sides of a multiple of 28, between 3,136 and 1,003,520 pixels."""
    wide, high = max(factor, round(width / factor) * factor), max(factor, round(height / factor) * factor)
    if wide * high > most:
        shrink = math.sqrt(width * height / most)
        wide, high = (max(factor, math.floor(side / shrink / factor) * factor) for side in (width, height))
    elif wide * high < least:
        grow = math.sqrt(least / (width * height))
        wide, high = (math.ceil(side * grow / factor) * factor for side in (width, height))
    return float(wide), float(high)
