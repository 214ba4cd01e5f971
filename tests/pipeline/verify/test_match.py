"""Boxes matched one to one, as trying every assignment would."""

from itertools import permutations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.verify.gold import Gold
from pipeline.verify.match import assign, iou, match_boxes
from pipeline.verify.prose import text_scores
from pipeline.verify.regions import original, smart_resize


@settings(max_examples=200, deadline=None)
@given(st.integers(1, 4), st.integers(1, 4), st.data())
def test_assignment_is_the_best_of_all(rows: int, columns: int, data: st.DataObject) -> None:
    cell = st.sampled_from([0.0, 0.1, 0.3, 0.5, 0.7, 1.0])
    gain = [[data.draw(cell) for _ in range(columns)] for _ in range(rows)]
    pairs = assign(gain)
    assert len({row for row, _ in pairs}) == len({column for _, column in pairs}) == len(pairs)
    wide = gain if rows <= columns else [[gain[row][column] for row in range(rows)] for column in range(columns)]
    best = max(sum(wide[place][other] for place, other in enumerate(order)) for order in permutations(range(len(wide[0])), len(wide)))
    assert sum(gain[row][column] for row, column in pairs) == pytest.approx(best)


def test_iou_of_half_overlap() -> None:
    assert iou((0, 0, 10, 10), (5, 0, 15, 10)) == pytest.approx(1 / 3)
    assert iou((0, 0, 10, 10), (10, 0, 20, 10)) == 0.0


def test_greedy_pairs_do_not_win() -> None:
    matched = match_boxes([(0, 0, 10, 10), (0, 0, 10, 6)], [(0, 0, 10, 8), (0, 0, 10, 10)], 0.5)
    assert (matched.pairs, matched.f1, matched.recall) == (2, 1.0, 1.0)


def test_hundreds_of_boxes_are_matched() -> None:
    boxes = [(float(x), float(y), x + 5.0, y + 5.0) for x in range(0, 160, 10) for y in range(0, 160, 10)]
    assert match_boxes(boxes, list(reversed(boxes)), 0.5).mean_iou == pytest.approx(1.0)


@pytest.mark.parametrize(
    ("frame", "box"),
    [
        ("pixel", (100, 50, 200, 100)),
        ("norm1000", (50, 50, 100, 100)),
        ("1000x500", (50, 25, 100, 50)),
        ("qwen2.5", (70, 35, 140, 70)),
    ],
)
def test_every_frame_comes_to_the_same_pixels(frame: str, box: tuple[float, float, float, float]) -> None:
    gold = Gold.from_json("bbox", (), f'{{"boxes": [[100, 50, 200, 100]], "width": 2000, "height": 1000, "frame": "{frame}"}}')
    assert original(box, gold) == pytest.approx((100, 50, 200, 100), rel=0.02)


def test_smart_resize_keeps_sides_of_28_and_the_area() -> None:
    wide, high = smart_resize(2000, 1000)
    assert wide % 28 == high % 28 == 0
    assert wide * high <= 1_003_520
    assert smart_resize(280, 280) == (280, 280)


def test_text_scores_of_a_part() -> None:
    scores = text_scores("left lobe", ["the left lower lobe", "x"])
    assert (scores.exact, scores.f1, scores.rouge_l) == (0.0, pytest.approx(0.8), pytest.approx(0.8))
    assert scores.bleu1 == pytest.approx(0.6065, abs=1e-3)
    assert text_scores("Left lobe.", ["left lobe"]) == (1.0, 1.0, 1.0, 1.0)
