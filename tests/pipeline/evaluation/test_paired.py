"""Two models on the same questions."""

import pytest

from pipeline.evaluation.paired import compare
from tests.fixtures.scored_rows import answered, question


def test_only_questions_that_both_were_put_are_compared() -> None:
    (found,) = compare(answered(question("1", "B"), question("2", "A")), answered(question("2", "B"), question("3", "B")))
    assert (found.questions, found.first, found.second) == (1, 0.0, 1.0)


def test_the_counts_are_of_questions_that_one_alone_gets_right() -> None:
    first = answered(*(question(str(place), "B" if place < 6 else "A") for place in range(10)))
    second = answered(*(question(str(place), "A" if place < 1 else "B") for place in range(10)))
    (found,) = compare(first, second)
    assert (found.first_only, found.second_only) == (1, 4)
    assert found.p == pytest.approx(0.375)
    assert found.difference.share == pytest.approx(0.3)
    assert found.p_holm == found.p


def test_several_benchmarks_are_corrected_for() -> None:
    first = [question(str(place), "A", benchmark=name) for name in "ab" for place in range(6)]
    second = [question(str(place), "B", benchmark=name) for name in "ab" for place in range(6)]
    found = compare(answered(*first), answered(*second))
    assert [one.p for one in found] == pytest.approx([0.03125, 0.03125])
    assert [one.p_holm for one in found] == pytest.approx([0.0625, 0.0625])


def test_nothing_in_common_gives_nothing() -> None:
    assert compare(answered(question("1", "B")), answered(question("2", "B"))) == []
