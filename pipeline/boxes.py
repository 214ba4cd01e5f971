"""Golds of boxes as text, and in the pixels of a smaller copy of their image."""

import json
from collections.abc import Mapping
from typing import Any

from pipeline.fingerprint import canonical_json
from pipeline.images.bound import bounded_size


def box_text(gold: Mapping[str, Any]) -> str:
    """Boxes as MedMO writes them: each label once, then its boxes; `Fracture <box>[[156, 516, 231, 607]]</box>`."""
    labels = gold.get("labels") or [""] * len(gold["boxes"])
    by_label: dict[str, list[Any]] = {}
    for label, box in zip(labels, gold["boxes"], strict=True):
        by_label.setdefault(label, []).append(list(box))
    return "\n".join(f"{label} <box>{json.dumps(boxes)}</box>".strip() for label, boxes in by_label.items())


def within(gold_json: str, max_pixels: int) -> tuple[str, str] | None:
    """The gold, and its text, in whole pixels of the copy that has at most so many pixels; None where the image stays as it is.

    A gold that does not say its image's width and height stays too.
    """
    gold = json.loads(gold_json)
    width, height = int(gold.get("width") or 0), int(gold.get("height") or 0)
    if not width or not height or width * height <= max_pixels or gold.get("frame", "pixel") != "pixel":
        return None
    across, down = bounded_size(width, height, max_pixels)
    moved = [_moved(box, across / width, down / height) for box in gold["boxes"]]
    gold |= {"boxes": moved, "width": across, "height": down}
    return canonical_json(gold), box_text(gold)


def _moved(box: list[float], right: float, down: float) -> list[int]:
    """A box in other pixels; one that would shrink to nothing keeps a pixel."""
    left, top = round(box[0] * right), round(box[1] * down)
    return [left, top, max(round(box[2] * right), left + 1), max(round(box[3] * down), top + 1)]
