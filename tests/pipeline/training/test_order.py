from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.training.order import Group, Order

SIZES = st.lists(st.integers(1, 12), min_size=1, max_size=8)


def groups(sizes: list[int]) -> list[Group]:
    return [Group(0, number, rows, rows * 100) for number, rows in enumerate(sizes)]


@settings(max_examples=60, deadline=None)
@given(SIZES, st.integers(0, 2**31 - 1), st.integers(1, 1_500), st.integers(1, 3))
def test_every_epoch_shows_every_row_once(sizes: list[int], seed: int, window_bytes: int, epochs: int) -> None:
    order = Order(groups(sizes), seed=seed, epochs=epochs, window_bytes=window_bytes)
    rows = sum(sizes)
    everything = {(group, row) for group, size in enumerate(sizes) for row in range(size)}
    assert len(order) == rows * epochs
    for epoch in range(epochs):
        shown = [tuple(order[place]) for place in range(epoch * rows, (epoch + 1) * rows)]
        assert set(shown) == everything
        assert len(shown) == rows


@settings(max_examples=30, deadline=None)
@given(SIZES, st.integers(0, 99), st.integers(1, 1_500), st.randoms(use_true_random=False))
def test_a_place_holds_the_same_row_whenever_it_is_asked(sizes: list[int], seed: int, window_bytes: int, random) -> None:
    straight = Order(groups(sizes), seed=seed, epochs=2, window_bytes=window_bytes)
    rows = [straight[place] for place in range(len(straight))]
    places = list(range(len(rows)))
    random.shuffle(places)
    jumping = Order(groups(sizes), seed=seed, epochs=2, window_bytes=window_bytes)
    assert [jumping[place] for place in places] == [rows[place] for place in places]


@given(SIZES, st.integers(0, 99), st.integers(1, 1_500))
@settings(max_examples=30, deadline=None)
def test_no_more_row_groups_are_in_turn_than_a_window_holds(sizes: list[int], seed: int, window_bytes: int) -> None:
    order = Order(groups(sizes), seed=seed, window_bytes=window_bytes)
    last = {order[place].group: place for place in range(len(order))}
    first = {order[place].group: place for place in reversed(range(len(order)))}
    for place in range(len(order)):
        held = [group for group in last if first[group] <= place <= last[group]]
        assert sum(sizes[group] * 100 for group in held) <= max(window_bytes, max(sizes) * 100)


def test_seeds_and_epochs_differ() -> None:
    orders = [[Order(groups([9] * 6), seed=seed, epochs=2)[place] for place in range(108)] for seed in (0, 1)]
    assert orders[0] != orders[1]
    assert orders[0][:54] != orders[0][54:]


def test_the_last_batch_is_filled_from_what_would_come_next() -> None:
    order = Order(groups([5, 5]), seed=3, batch=8)
    longer = Order(groups([5, 5]), seed=3, epochs=2)
    assert (order.rows, len(order)) == (10, 16)
    assert [order[place] for place in range(16)] == [longer[place] for place in range(16)]
    with pytest.raises(IndexError):
        order[16]


def test_part_of_an_epoch_is_its_beginning() -> None:
    half, whole = (Order(groups([4, 4]), seed=1, epochs=epochs) for epochs in (0.5, 1))
    assert [half[place] for place in range(len(half))] == [whole[place] for place in range(4)]


def test_weights_say_how_often_an_epoch_shows_a_row() -> None:
    weights = [np.array([2.0, 0.0, 1.0]), np.array([0.5] * 400)]
    order = Order([Group(0, 0, 3, 300), Group(0, 1, 400, 400)], seed=0, epochs=2, weights=weights)
    shown = Counter(tuple(order[place]) for place in range(len(order)))
    assert (shown[0, 0], shown[0, 1], shown[0, 2]) == (4, 0, 2)
    halves = [shown[1, row] for row in range(400)]
    assert sum(halves) == pytest.approx(400, abs=60)
    assert len({row for row in range(400) if halves[row] == 1}) > 100, "each epoch draws its own half"
