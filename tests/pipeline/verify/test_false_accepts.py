r"""Outputs that hold the right number or letter and yet do not give it as the answer."""

import pytest

from pipeline.verify.answer import Gold, Policy, verify
from schemas.example import AnswerType
from schemas.trace import Verdict

FOUR = ("Acute appendicitis", "Diverticulitis", "Crohn disease", "Ulcerative colitis")
B = Gold(AnswerType.MCQ, FOUR, indexes=(1,))
FIVE = Gold.from_json("numeric", (), '{"value": "5"}')
DOSE = Gold.from_json("numeric", (), '{"value": "5", "unit": "mg"}')
ONE = Gold.from_json("numeric", (), '{"value": "1"}')
PRESSURE = Gold.from_json("numeric", (), '{"value": "5", "unit": "mm Hg"}')
OTHER_VALUES = [
    "5 million", "5k", "5!", r"\sqrt{5}", "ln(5)", r"5\pi", r"x \neq 5", r"\frac{5}{a}", "1 = 5", "x != 5", "x >= 5", "x ≠ 5", "negative 5",
    "5x", "5^2", "5 thousand", "5 dozen", r"\log 5", "5 + x", "x = 2 or x = 5", "not x = 5", "5 criteria", "5i", "half of 5",
]  # fmt: skip
SAME_VALUES = [
    "5", "5.", "about 5", "approximately 5", r"\approx 5", "≈ 5", "= 5", "x = 5", "The answer is 5", "the answer: 5", "2 + 3 = 5", "score: 5",
    "5 points", "5 out of 9", "10/2", r"\frac{10}{2}", "Total score is 5", "$5$", "(5)", "**5**",
]  # fmt: skip
REJECTED = [
    r"\boxed{B} is incorrect; the correct answer is C.",
    r"\boxed{B} would be wrong. Final answer: C",
    r"The answer is not \boxed{B}",
    r"\boxed{B} fits. The correct answer is C because of the fever.",
    r"\boxed{B} was not correct.",
    r"\boxed{B}. The correct answer is C.",
    r"\boxed{B}. The final answer is: (D)",
]
KEPT = [
    r"\boxed{B}. The correct answer is B.",
    r"\boxed{B} is correct; the others are wrong.",
    r"\boxed{B}. The correct answer is B, since appendicitis (A) is too acute.",
    r"It is not A. The answer is \boxed{B}.",
    r"\boxed{B}" + "\nFinal answer: B",
]


@pytest.mark.parametrize("policy", Policy)
@pytest.mark.parametrize("inside", OTHER_VALUES)
def test_a_number_inside_another_value_is_not_right(inside: str, policy: Policy) -> None:
    assert verify(rf"\boxed{{{inside}}}", FIVE, policy=policy).verdict in (Verdict.AMBIGUOUS, Verdict.INCORRECT)


@pytest.mark.parametrize("inside", ["5 grains", "5 stone", "5 tablets", "5 mg/foo"])
def test_a_unit_that_is_not_known_is_not_right(inside: str) -> None:
    assert verify(rf"\boxed{{{inside}}}", DOSE).verdict in (Verdict.AMBIGUOUS, Verdict.INCORRECT)


@pytest.mark.parametrize("inside", SAME_VALUES)
def test_filler_words_do_not_hide_a_number(inside: str) -> None:
    assert verify(rf"\boxed{{{inside}}}", FIVE).verdict is Verdict.CORRECT


@pytest.mark.parametrize("inside", ["5 mm Hg", "5 (mmHg)", r"5\ \text{mmHg}", "5"])
def test_the_unit_asked_for_is_read_in_its_spellings(inside: str) -> None:
    assert verify(rf"\boxed{{{inside}}}", PRESSURE).verdict is Verdict.CORRECT


@pytest.mark.parametrize("inside", ["1/2", r"\frac{1}{2}", "1/9", "1 of 4"])
def test_a_part_is_not_its_first_number(inside: str) -> None:
    assert verify(rf"\boxed{{{inside}}}", ONE).verdict in (Verdict.AMBIGUOUS, Verdict.INCORRECT)


@pytest.mark.parametrize("text", REJECTED)
def test_a_box_that_the_text_rejects_is_not_right(text: str) -> None:
    assert verify(text, B).verdict is not Verdict.CORRECT
    assert verify(text, B, policy=Policy.TRAIN).verdict is not Verdict.CORRECT


@pytest.mark.parametrize("text", KEPT)
def test_a_box_that_the_text_confirms_is_right(text: str) -> None:
    assert verify(text, B).verdict is Verdict.CORRECT


def test_a_number_said_again_is_right_and_another_takes_it_back() -> None:
    assert verify(r"\boxed{5}. The final answer is 5.", FIVE).verdict is Verdict.CORRECT
    assert (
        verify(r"\boxed{-5}. The final answer is -5 points.", Gold.from_json("numeric", (), '{"value": "-5"}')).verdict is Verdict.CORRECT
    )
    assert verify(r"\boxed{5}. The correct answer is 6.", FIVE).verdict is Verdict.AMBIGUOUS
