from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.training.pack import packs_of


@settings(max_examples=80, deadline=None)
@given(st.lists(st.integers(1, 40), max_size=60), st.integers(10, 40))
def test_packs_hold_every_row_that_fits_once_and_are_never_too_long(lengths: list[int], most: int) -> None:
    packs = list(packs_of(lengths, most))
    assert sorted(place for pack in packs for place in pack) == [place for place, length in enumerate(lengths) if length <= most]
    assert all(sum(lengths[place] for place in pack) <= most for pack in packs)


def test_short_rows_fill_what_long_ones_leave() -> None:
    assert list(packs_of([6, 9, 3, 1, 1], 10)) == [[0, 2, 4], [1, 3]]


def test_a_window_is_packed_whatever_comes_behind_it() -> None:
    lengths = [number % 7 + 1 for number in range(1500)]
    few, many = list(packs_of(lengths[:1024], 16)), list(packs_of(lengths, 16))
    assert many[: len(few)] == few
