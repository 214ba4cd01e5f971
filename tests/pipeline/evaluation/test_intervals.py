"""Intervals and tests against values that are known."""

import math
import random

import pytest

from pipeline.evaluation.intervals import holm, mcnemar, mean_share, paired_difference, pass_at
from pipeline.verify.score import wilson


def test_one_answer_a_question_gives_wilsons_interval() -> None:
    assert mean_share([1.0, 0.0, 1.0, 1.0]) == (0.75, *wilson(3, 4))


def test_nothing_has_no_share() -> None:
    assert mean_share([]) == (0.0, 0.0, 0.0)


def test_answers_that_agree_within_a_question_are_worth_no_more_than_the_question() -> None:
    once = mean_share([1.0] * 30 + [0.0] * 70)
    almost = mean_share([0.999] * 30 + [0.001] * 70)
    assert almost.high - almost.low == pytest.approx(once.high - once.low, rel=0.02)


def test_answers_that_vary_within_questions_narrow_the_interval() -> None:
    once = mean_share([1.0] * 50 + [0.0] * 50)
    often = mean_share([0.5, 0.25, 0.75, 0.5] * 25)
    assert often.high - often.low < (once.high - once.low) / 2


def test_the_interval_covers_the_truth_as_often_as_it_says() -> None:
    dice = random.Random(1)
    covered = 0
    for _ in range(400):
        rates = [sum(dice.random() < chance for _ in range(8)) / 8 for chance in (dice.betavariate(2, 3) for _ in range(60))]
        found = mean_share(rates)
        covered += found.low <= 0.4 <= found.high
    assert 0.92 <= covered / 400 <= 0.98


@pytest.mark.parametrize(
    ("sampled", "correct", "k", "expected"), [(4, 0, 2, 0.0), (4, 4, 1, 1.0), (4, 1, 1, 0.25), (4, 1, 2, 0.5), (5, 2, 3, 0.9)]
)
def test_pass_at_k_is_the_share_of_draws_that_hold_a_right_answer(sampled: int, correct: int, k: int, expected: float) -> None:
    assert pass_at(sampled, correct, k) == pytest.approx(expected)
    draws = math.comb(sampled, k)
    assert pass_at(sampled, correct, k) == pytest.approx(1 - math.comb(sampled - correct, k) / draws)


@pytest.mark.parametrize(("first", "second", "p"), [(0, 0, 1.0), (5, 5, 1.0), (0, 5, 0.0625), (1, 9, 0.021484375), (2, 10, 0.03857421875)])
def test_mcnemar_is_the_exact_binomial_test(first: int, second: int, p: float) -> None:
    assert mcnemar(first, second) == pytest.approx(p)
    assert mcnemar(second, first) == pytest.approx(p)


def test_mcnemar_does_not_overflow() -> None:
    assert 0 < mcnemar(100_000, 101_500) < 0.01


def test_the_paired_difference_is_the_second_less_the_first() -> None:
    found = paired_difference([0.0] * 50 + [1.0] * 50, [1.0] * 30 + [0.0] * 20 + [1.0] * 50)
    assert found.share == pytest.approx(0.3)
    assert 0.2 < found.low < 0.3 < found.high < 0.4
    assert found == paired_difference([0.0] * 50 + [1.0] * 50, [1.0] * 30 + [0.0] * 20 + [1.0] * 50)


def test_holm_raises_the_smallest_most_and_keeps_the_order() -> None:
    assert holm([0.04, 0.01, 0.03]) == pytest.approx([0.06, 0.03, 0.06])
    assert holm([0.9, 0.8]) == [1.0, 1.0]
