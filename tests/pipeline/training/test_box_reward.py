import itertools

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.training.box_reward import APART, FAR, box_reward, distance, giou

SIZE = (100.0, 80.0)
EDGE = st.integers(0, 80).map(float)
BOX = st.tuples(EDGE, EDGE, EDGE, EDGE).map(
    lambda box: (min(box[0], box[2]), min(box[1], box[3]), max(box[0], box[2]), max(box[1], box[3]))
)


def rewarded(said, right, missed=0.5, spare=0.5, same=None):
    return box_reward(said, right, SIZE, missed=missed, spare=spare, same=same)


def cost(one, other):
    return FAR * distance(one, other, *SIZE) + APART * (1 - giou(one, other))


@pytest.mark.parametrize(
    ("one", "other", "value"),
    [
        ((0, 0, 10, 10), (0, 0, 10, 10), 1.0),
        ((0, 0, 10, 10), (5, 0, 15, 10), 1 / 3),
        ((0, 0, 10, 10), (20, 0, 30, 10), -1 / 3),
        ((0, 0, 10, 10), (2, 2, 4, 4), 0.04),
        ((0, 0, 0, 0), (0, 0, 0, 0), 0.0),
    ],
)
def test_giou(one, other, value):
    assert giou(one, other) == pytest.approx(value)
    assert giou(other, one) == pytest.approx(value)


def test_the_right_boxes_are_worth_all_in_any_order():
    right = [(0, 0, 10, 10), (50, 40, 60, 60), (20, 20, 25, 30)]
    for said in itertools.permutations(right):
        assert rewarded(said, right) == 1.0


def test_nearer_boxes_are_worth_more():
    worth = [rewarded([(shift, 0, 10 + shift, 10)], [(0, 0, 10, 10)]) for shift in (0, 2, 5, 10, 40, 80)]
    assert worth == sorted(worth, reverse=True)
    assert len(set(worth)) == len(worth)


def test_what_is_missing_and_what_is_too_much_takes_off():
    right = [(0, 0, 10, 10), (50, 40, 60, 60)]
    assert rewarded(right[:1], right) == pytest.approx((1 - 0.5) / 2)
    assert rewarded([*right, (70, 0, 80, 10)], right) == pytest.approx((2 - 0.5) / 2)
    assert rewarded([right[0]] * 10, right[:1]) == 0.0
    assert (rewarded([], right), rewarded([], []), rewarded(right, [])) == (0.0, 1.0, 0.0)


def test_a_box_of_another_label_is_missing_and_too_much():
    right = [(0, 0, 10, 10), (50, 40, 60, 60)]
    assert rewarded(right, right, same=[[True, False], [False, True]]) == 1.0
    assert rewarded(right, right, same=[[True, False], [False, False]]) == 0.0
    assert rewarded(right, right, missed=0.1, spare=0.1, same=[[True, False], [False, False]]) == pytest.approx((1 - 0.2) / 2)


@given(st.lists(BOX, min_size=1, max_size=4), st.lists(BOX, min_size=1, max_size=4))
@settings(max_examples=150, deadline=None)
def test_boxes_are_matched_at_the_least_cost_of_all(said, right):
    shorter, longer = sorted((said, right), key=len)
    pairings = [list(zip(shorter, chosen, strict=True)) for chosen in itertools.permutations(longer, len(shorter))]
    least = min(sum(cost(one, other) for one, other in pairing) for pairing in pairings)
    possible = {
        round(
            sum((FAR * (1 - min(distance(*pair, *SIZE), 1.0)) + APART * (giou(*pair) + 1) / 2) / (FAR + APART) for pair in pairing)
            / len(right),
            9,
        )
        for pairing in pairings
        if sum(cost(one, other) for one, other in pairing) <= least + 1e-9
    }
    assert min(abs(min(rewarded(said, right, 0.0, 0.0), 1.0) - min(max(value, 0.0), 1.0)) for value in possible) < 1e-6


@given(st.lists(BOX, max_size=5), st.lists(BOX, max_size=5))
@settings(max_examples=100, deadline=None)
def test_lies_between_nothing_and_all(said, right):
    assert 0.0 <= rewarded(said, right) <= 1.0
