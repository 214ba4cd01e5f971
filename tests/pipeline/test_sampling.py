"""Sampling designs: nobody is asked for nothing, and what was asked early biases no pass rate."""

from collections import Counter
from fractions import Fraction
from math import comb

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.sampling import Cap, Design, order_of, read_method

DESIGNS = [
    Design((16,)),
    Design((4, 4, 8), 4),
    Design((1,) * 16, 3),
    Design((2, 6), 1),
    Design((4, 4, 8), 0, (Cap(0.0, 0.0, 4), Cap(0.9, 1.0, 6))),
    Design((4, 4, 8), 4, (Cap(0.0, 0.25, 7),)),
]
designs = st.builds(
    Design,
    st.lists(st.integers(1, 4), min_size=1, max_size=4).map(tuple),
    st.integers(0, 4),
    st.lists(st.builds(Cap, st.just(0.0), st.sampled_from([0.0, 0.5, 1.0]), st.integers(1, 9)), max_size=2).map(tuple),
)


def run(design: Design, draws: list[bool]) -> tuple[int, int]:
    """What a question ends with whose samples would come out so."""
    begun = design.rounds[0]
    limit = design.limit(sum(draws[:begun]))
    asked = begun
    for round in range(1, len(design.rounds)):
        more = design.more(round, sum(draws[:asked]), limit)
        asked += more
        if more < design.rounds[round]:
            break
    return asked, sum(draws[:asked])


def ends(design: Design) -> Counter[tuple[int, int]]:
    """Every way to end, with the number of orders of all draws that end so; each is as likely as the other given its counts."""
    most = sum(design.rounds)
    return Counter(run(design, [bool(word >> place & 1) for place in range(most)]) for word in range(1 << most))


def expected(design: Design, rate: Fraction) -> Fraction:
    """The expectation of the estimate, exactly, by the chance of every order of draws."""
    most = sum(design.rounds)
    total = Fraction(0)
    for word in range(1 << most):
        right = word.bit_count()
        sampled, correct = run(design, [bool(word >> place & 1) for place in range(most)])
        total += rate**right * (1 - rate) ** (most - right) * Fraction(design.estimate(sampled, correct)).limit_denominator(10**6)
    return total


@given(designs, st.sampled_from([Fraction(0), Fraction(1, 10), Fraction(1, 2), Fraction(9, 10), Fraction(1)]))
def test_the_estimate_has_no_bias_whatever_the_design(design: Design, rate: Fraction) -> None:
    if sum(design.rounds) <= 8:
        assert abs(expected(design, rate) - rate) < Fraction(1, 10**5)


@pytest.mark.parametrize("design", DESIGNS, ids=lambda design: design.method)
@pytest.mark.parametrize("rate", [0.05, 0.3, 0.8])
def test_the_mean_over_many_questions_is_their_pass_rate(design: Design, rate: float) -> None:
    drawn = np.random.default_rng(7).random((20_000, sum(design.rounds))) < rate
    estimates = np.array([design.estimate(*run(design, row)) for row in drawn.tolist()])
    assert abs(estimates.mean() - rate) < 4 * estimates.std() / len(estimates) ** 0.5


def test_correct_over_sampled_would_be_biased() -> None:
    design, rate = Design((1,) * 16, 1), 0.3
    drawn = np.random.default_rng(7).random((20_000, 16)) < rate
    counts = [run(design, row) for row in drawn.tolist()]
    assert np.mean([correct / sampled for sampled, correct in counts]) > rate + 0.1
    assert abs(np.mean([design.estimate(*found) for found in counts]) - rate) < 0.02


@given(st.integers(2, 5), st.integers(5, 30))
def test_one_by_one_until_some_are_correct_it_is_haldanes(wanted: int, sampled: int) -> None:
    assert Design((1,) * 30, wanted).estimate(sampled, wanted) == pytest.approx((wanted - 1) / (sampled - 1))


@given(st.integers(1, 64).flatmap(lambda n: st.tuples(st.just(n), st.integers(0, n))))
def test_of_a_fixed_number_it_is_the_share(counts: tuple[int, int]) -> None:
    sampled, correct = counts
    assert Design((sampled,)).estimate(sampled, correct) == correct / sampled


@given(designs)
def test_exactly_the_counts_that_can_come_have_an_estimate(design: Design) -> None:
    most = sum(design.rounds)
    if most > 8:
        return
    can_end = set(ends(design))
    for sampled in range(most + 2):
        for correct in range(sampled + 2):
            if (sampled, correct) in can_end:
                assert 0.0 <= design.estimate(sampled, correct) <= 1.0
            else:
                with pytest.raises(ValueError, match="is no end of"):
                    design.estimate(sampled, correct)


@given(designs)
def test_the_method_says_the_whole_design(design: Design) -> None:
    read = read_method(design.method, sum(design.rounds))
    assert read == (design if len(design.rounds) > 1 else Design(design.rounds))


@pytest.mark.parametrize("words", ["", "by eye", "rounds", "rounds 4 until", "rounds 4+4 cap 1", "rounds 4+4 until 4 or so"])
def test_other_words_name_no_design(words: str) -> None:
    with pytest.raises(ValueError, match="names no sampling design"):
        read_method(words, 4)


def test_a_question_goes_on_until_enough_are_correct_or_its_cap_is_reached() -> None:
    design = Design((4, 4, 8), 4, (Cap(0.0, 0.0, 6), Cap(0.75, 1.0, 4)))
    assert [design.limit(correct) for correct in range(5)] == [6, 16, 16, 4, 4]
    assert design.more(1, 1, 16) == 4
    assert design.more(1, 0, 6) == 2
    assert design.more(1, 3, 4) == 0
    assert design.more(2, 3, 16) == 8
    assert design.more(2, 4, 16) == 0


def test_a_thousand_samples_are_estimated_as_well() -> None:
    assert Design((256,) * 4, 100).estimate(1024, 0) == 0.0
    assert Design((1,) * 1024, 2).estimate(1024, 1) == pytest.approx(comb(1022, 0) / comb(1024, 1))


def within(design: Design, rate: Fraction, first: int) -> Fraction:
    """The expectation of pass@`first` as it is estimated, exactly; questions of which it is not told are put at 0, as they were wrong."""
    most = sum(design.rounds)
    total = Fraction(0)
    for word in range(1 << most):
        draws = [bool(word >> place & 1) for place in range(most)]
        told = design.pass_at(*run(design, draws))
        place = first.bit_length() - 1
        value = Fraction(told[place]).limit_denominator(10**6) if place < len(told) else Fraction(0)
        total += rate ** sum(draws) * (1 - rate) ** (most - sum(draws)) * value
    return total


@pytest.mark.parametrize(
    "design", [Design((8,)), Design((2, 2, 4), 1), Design((2, 2, 4), 2), Design((4, 4), 3)], ids=lambda one: one.method
)
@pytest.mark.parametrize("rate", [Fraction(0), Fraction(1, 5), Fraction(1, 2), Fraction(1)])
def test_pass_at_k_has_no_bias_from_stopping_early(design: Design, rate: Fraction) -> None:
    for first in (1, 2, 4, 8):
        assert abs(within(design, rate, first) - (1 - (1 - rate) ** first)) < Fraction(1, 10**4)


def test_pass_at_k_of_a_fixed_number_is_that_of_the_codex_paper() -> None:
    for correct in range(17):
        wanted = [1 - comb(16 - correct, first) / comb(16, first) for first in (1, 2, 4, 8, 16)]
        assert Design((16,)).pass_at(16, correct) == pytest.approx(wanted)


def test_pass_at_k_is_not_told_beyond_where_a_question_was_given_up() -> None:
    design = Design((4, 12), 0, (Cap(0.0, 0.0, 4),))
    assert design.pass_at(4, 0) == (0.0, 0.0, 0.0)
    assert len(design.pass_at(16, 1)) == 5


@settings(deadline=None, max_examples=25)
@given(designs)
def test_pass_at_k_begins_with_the_pass_rate_and_never_falls(design: Design) -> None:
    for sampled, correct in ends(design):
        told = design.pass_at(sampled, correct)
        assert told[0] == design.estimate(sampled, correct)
        assert list(told) == sorted(told)


@pytest.mark.parametrize("first", ["easy", "hard"])
def test_a_curriculum_goes_by_pass_rate_with_what_is_not_measured_last(first: str) -> None:
    rates = [0.0, 0.5, 1.0, None]
    keys = {rate: [order_of(rate, f"question {place}", first) for place in range(50)] for rate in rates}
    ordered = [0.0, 0.5, 1.0] if first == "hard" else [1.0, 0.5, 0.0]
    for before, after in zip(ordered, [*ordered[1:], None], strict=True):
        assert max(keys[before]) < min(keys[after])
    assert len(set(keys[0.5])) == 50
    assert max(keys[None]) < 1 << 53
