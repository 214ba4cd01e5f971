r"""Outputs that hold the right number or letter and yet do not give it as the answer."""

import pytest

from pipeline.verify.answer import Gold, Policy, verify
from schemas.example import AnswerType
from schemas.trace import Verdict

FOUR = ("Acute appendicitis", "Diverticulitis", "Crohn disease", "Ulcerative colitis")
B = Gold(AnswerType.MCQ, FOUR, indexes=(1,))
FIVE = Gold.from_json("numeric", (), '{"value": "5"}')
COUNT = Gold.from_json("numeric", (), '{"value": "5", "unit": "10^9/L"}')
HEAT = Gold.from_json("numeric", (), '{"value": "38", "low": "37.9", "high": "38.1", "unit": "°C"}')
FILTERED = Gold.from_json("numeric", (), '{"value": "25", "low": "24", "high": "26", "unit": "mL/min/1.73 m^2"}')
PULSE = Gold.from_json("numeric", (), '{"value": "72", "unit": "bpm"}')
TABLETS = Gold.from_json("numeric", (), '{"value": "5", "unit": "tablets"}')
DOSE = Gold.from_json("numeric", (), '{"value": "5", "unit": "mg"}')
ONE = Gold.from_json("numeric", (), '{"value": "1"}')
PRESSURE = Gold.from_json("numeric", (), '{"value": "5", "unit": "mm Hg"}')
OTHER_VALUES = [
    "5 million", "5k", "5!", r"\sqrt{5}", "ln(5)", r"5\pi", r"x \neq 5", r"\frac{5}{a}", "1 = 5", "x != 5", "x >= 5", "x ≠ 5", "negative 5",
    "5x", "5^2", "5 thousand", "5 dozen", r"\log 5", "5 + x", "x = 2 or x = 5", "not x = 5", "5i", "half of 5",
    "5 mmHg/", "5 mg/foo", "5 (thousand)", "5, not 6", "5 (in millions)", "5 more", "5 (uncorrected)", "5 halves", "5 pairs", "5 mg twice", "5 (x)",
    "5 x 10^9/L", "5 (six)", "5 mg plus ten", "5 mg or more", "5 mg per two tablets", "5 mg minimum", "5 μg hundred", "5 mg 六", "5万", "5 mil",
    "5 Millionen", "5 pro Kilo Salz", "5 mg nicht", "5 mg mehr", "5 por mil", "5 - 6", "5 -> 6", "5 → 6", "5; 6", "5 mg … 7 mg",
]  # fmt: skip
SAME_VALUES = [
    "5", "5.", "about 5", "approximately 5", r"\approx 5", "≈ 5", "= 5", "x = 5", "The answer is 5", "the answer: 5", "2 + 3 = 5", "score: 5",
    "5 points", "5 out of 9", "10/2", r"\frac{10}{2}", "Total score is 5", "$5$", "(5)", "**5**",
    "5 criteria", "5 risk factors", "5 points (high risk)", "5 (high risk)", "5, high risk", "5 - high risk", "5: moderate", "5°", r"5^\circ", r"5^{\circ}",
    "5 degrees", "5 mg daily", "5 mg of morphine", "5 mg/day", "5 mg once daily", "5 mg (oral)", "5 cm in diameter", "5 mg al día", "5 mg täglich",
    "5 mg par jour", "5 mg of morphine sulfate, given slowly", "5 cm left of the midline", "5 of 9", "5 of 9 points", "5 out of 9 (moderate risk)",
    "5 days of treatment", "5 years old", "5 mmHg (normal)", "5 criteria met", "5 per day",
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


@pytest.mark.parametrize(
    ("right", "inside"),
    [
        (COUNT, "5"), (COUNT, r"5 \times 10^9/L"), (COUNT, "5 x 10^9 / L"), (COUNT, "5×10⁹/L"), (COUNT, "5 x 10^9 cells/L"), (COUNT, "5000/µL"),
        (COUNT, "5000 cells/mm³"), (COUNT, "5 x 10^3/uL"), (COUNT, "5e9/L"), (COUNT, "5 x10^9"), (HEAT, "38 °C"), (HEAT, r"38^{\circ}C"),
        (HEAT, r"38^\circ \text{C}"), (HEAT, "38°"), (HEAT, "38 degrees Celsius"), (HEAT, "38 degrees"), (HEAT, "38 °C (fever)"), (FILTERED, "25 mL/min/1.73m²"),
        (FILTERED, r"25 \text{ mL/min/1.73 m}^2"), (FILTERED, "25 mL/min"), (FILTERED, "25 mL/min per 1.73 m^2"), (PULSE, "72 beats/min"),
        (PULSE, "72 beats per minute"), (PULSE, "72/min"), (PULSE, "72 bpm"), (TABLETS, "5 tablets"), (TABLETS, "5"), (DOSE, "5 mg daily"),
        (DOSE, "5 mg of morphine"), (DOSE, "5 milligrams (IV)"), (DOSE, "5 mg IV"), (DOSE, "0.005 g of morphine"), (DOSE, "5 mg po"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("policy", Policy)
def test_a_unit_and_what_describes_it_do_not_hide_a_number(right: Gold, inside: str, policy: Policy) -> None:
    assert verify(rf"\boxed{{{inside}}}", right, policy=policy).verdict is Verdict.CORRECT


@pytest.mark.parametrize(
    ("right", "inside"),
    [
        (COUNT, "5/L"), (COUNT, "5 x 10^6/L"), (COUNT, "5 x 10^9/mL"), (COUNT, "5 x 10^6"), (COUNT, "5000"), (COUNT, "5e3"), (HEAT, "38 °F"),
        (HEAT, "38 degrees Fahrenheit"), (HEAT, "38%"), (FILTERED, "25 mL/min/m^2"), (FILTERED, "25 mL"), (FILTERED, "25 L/min"), (PULSE, "72/h"),
        (PULSE, "72 beats per second"), (TABLETS, "5 mg"), (TABLETS, "5 L"), (DOSE, "5 mg weekly"), (DOSE, "5 mg hourly"), (DOSE, "5 mg/kg"),
        (DOSE, "5 mg twice daily"), (DOSE, "5 mg bid"), (DOSE, "5 mg every other day"), (DOSE, "5 mg three times a day"), (DOSE, "5 mg per tablet"),
        (DOSE, "5 mg or 10 mg"), (DOSE, "5 mg, then 10 mg"), (DOSE, "5 mg less"), (DOSE, "5 mg of 10% solution"), (DOSE, "5 mg is wrong"), (DOSE, "5 µg daily"),
        (DOSE, "5 of 9"), (FILTERED, "25 of 90"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("policy", Policy)
def test_another_unit_or_a_changing_word_is_not_right(right: Gold, inside: str, policy: Policy) -> None:
    assert verify(rf"\boxed{{{inside}}}", right, policy=policy).verdict in (Verdict.AMBIGUOUS, Verdict.INCORRECT)


@pytest.mark.parametrize("inside", ["1/2", r"\frac{1}{2}", "1/9"])
def test_a_part_is_not_its_first_number(inside: str) -> None:
    assert verify(rf"\boxed{{{inside}}}", ONE).verdict in (Verdict.AMBIGUOUS, Verdict.INCORRECT)


def test_part_of_a_whole_is_its_first_number_where_a_whole_number_is_asked() -> None:
    limits = Gold.from_json("numeric", (), '{"value": "3.1", "low": "2.9", "high": "3.3"}')
    assert verify(r"\boxed{3 of 5}", Gold.from_json("numeric", (), '{"value": "3"}')).verdict is Verdict.CORRECT
    assert verify(r"\boxed{3 of 5}", limits).verdict is Verdict.AMBIGUOUS
    assert verify(r"\boxed{3 of 5}", FIVE).verdict is Verdict.INCORRECT
    assert verify(r"\boxed{7 of 5}", Gold.from_json("numeric", (), '{"value": "7"}')).verdict is Verdict.INCORRECT


def test_an_exclamation_in_prose_is_none_of_maths() -> None:
    assert verify("The answer is 5!", FIVE).verdict is Verdict.CORRECT
    assert verify(r"\boxed{5!}", FIVE).verdict is Verdict.AMBIGUOUS
    assert verify(r"The answer is \boxed{5}!", FIVE).verdict is Verdict.CORRECT


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
