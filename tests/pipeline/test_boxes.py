"""Boxes as text, and in the pixels of a smaller copy."""

import json

from pipeline.boxes import box_text, within

GOLD = {"boxes": [[100, 200, 300, 400], [0, 0, 50, 50], [1, 1, 2, 2]], "labels": ["mass", "mass", "nodule"], "width": 1024, "height": 1024}


def test_each_label_stands_once_before_its_boxes() -> None:
    assert box_text(GOLD) == "mass <box>[[100, 200, 300, 400], [0, 0, 50, 50]]</box>\nnodule <box>[[1, 1, 2, 2]]</box>"


def test_boxes_shrink_with_their_image_and_never_to_nothing() -> None:
    moved = within(json.dumps(GOLD), 512 * 512)
    assert moved is not None
    gold = json.loads(moved[0])
    assert (gold["width"], gold["height"]) == (512, 512)
    assert gold["boxes"] == [[50, 100, 150, 200], [0, 0, 25, 25], [0, 0, 1, 1]]
    assert moved[1].startswith("mass <box>[[50, 100, 150, 200]")


def test_an_image_within_the_bound_or_of_untold_size_keeps_its_boxes() -> None:
    assert within(json.dumps(GOLD), 1024 * 1024) is None
    assert within(json.dumps({"boxes": [[1, 2, 3, 4]]}), 4) is None
