"""Golds of a table's cells that are several: labels, and boxes in whatever frame and form they are written."""

import json
from collections.abc import Sequence
from typing import Any

from schemas.manifest_source import GoldColumn
from sources.rows import Fault, Gold, text
from sources.templates import boxes, label_set

# Rounding may carry an edge so far over the image's, as a share of it.
SLACK = 0.001


def gold_by_labels(value: Any, vocabulary: Sequence[str]) -> Gold:
    """The gold of labels in a list, in JSON, or in one text separated by `|`, `;` or commas.

    Raises: Fault where there is none, or one is unknown.
    """
    value = _parsed(value)
    if isinstance(value, (list, tuple)):
        return label_set([text(item) for item in value], vocabulary)
    said = text(value)
    if not said:
        raise Fault("no gold")
    mark = next((mark for mark in "|;," if mark in said), "|")
    # A label of the vocabulary may hold a comma itself.
    labels = [said] if said in vocabulary else [part.strip() for part in said.split(mark) if part.strip()]
    return label_set(labels, vocabulary)


def gold_by_boxes(value: Any, labels: Any, told: GoldColumn, size: tuple[int, int]) -> Gold:
    """The gold of a list of boxes, or of one; `labels`: one for each, or one for all.

    Raises: Fault where there is none, one has no area, leaves the image, or is not four numbers.
    """
    found = _parsed(value)
    if found is None or found == "":
        raise Fault("no gold")
    if not isinstance(found, (list, tuple)):
        raise Fault("boxes unreadable", str(found)[:80])
    listed = [found] if found and all(isinstance(edge, (int, float)) for edge in found) else list(found)
    names = _names(labels, len(listed))
    return boxes([(name, _pixels(box, told, size)) for name, box in zip(names, listed, strict=True)], *size)


def _names(labels: Any, count: int) -> list[str]:
    found = _parsed(labels)
    if not isinstance(found, (list, tuple)):
        return [text(found)] * count
    if len(found) != count:
        raise Fault("boxes unreadable", f"{len(found)} labels of {count} boxes")
    return [text(item) for item in found]


def _parsed(value: Any) -> Any:
    if not isinstance(value, str) or value.lstrip()[:1] != "[":
        return value
    try:
        return json.loads(value)
    except (ValueError, RecursionError):
        raise Fault("gold unreadable", value[:80]) from None


def _pixels(box: Any, told: GoldColumn, size: tuple[int, int]) -> tuple[float, float, float, float]:
    """Left, top, right and bottom of a box in pixels."""
    if (
        not isinstance(box, (list, tuple))
        or len(box) != 4
        or any(isinstance(edge, bool) or not isinstance(edge, (int, float)) for edge in box)
    ):
        raise Fault("boxes unreadable", str(box)[:80])
    left, top, right, bottom = (float(edge) for edge in box)
    if told.form == "corner_size":
        right, bottom = left + right, top + bottom
    elif told.form == "middle_size":
        left, top, right, bottom = left - right / 2, top - bottom / 2, left + right / 2, top + bottom / 2
    whole = {"pixels": size, "thousandths": (1000, 1000), "shares": (1, 1)}[told.frame]
    across, down = size[0] / whole[0], size[1] / whole[1]
    left, top, right, bottom = left * across, top * down, right * across, bottom * down
    if not (left < right and top < bottom):
        raise Fault("box without area", str(box)[:80])
    wide, high = size[0] * SLACK, size[1] * SLACK
    if left < -wide or top < -high or right > size[0] + wide or bottom > size[1] + high:
        raise Fault("box outside the image", f"{box} in {size[0]} by {size[1]}"[:80])
    return max(left, 0.0), max(top, 0.0), min(right, float(size[0])), min(bottom, float(size[1]))
