r"""Outputs on questions after numbers and dates written to mislead, in five languages, each labelled by reading."""

import json
from typing import Any

import pytest

from pipeline.verify.answer import Gold, Policy, verify
from schemas.trace import Verdict


def gold(kind: str, raw: dict[str, Any], options: tuple[str, ...] = ()) -> Gold:
    return Gold.from_json(kind, options, json.dumps(raw))


def cases(right: Gold, *texts: str) -> list[tuple[Gold, str]]:
    return [(right, text) for text in texts]


FIVE = gold("numeric", {"value": "5"})
DOSE = gold("numeric", {"value": "7.5", "low": "7.4", "high": "7.6", "unit": "mg"})
RISK = gold("numeric", {"value": "12.5", "low": "12", "high": "13", "unit": "%"})
SODIUM = gold("numeric", {"value": "140", "unit": "mmol/L"})
LACTATE = gold("numeric", {"value": "2.0", "low": "1.9", "high": "2.1", "unit": "mmol/L"})
SMALL = gold("numeric", {"value": "0.05"})
DAY = gold("date", {"value": "2023-03-04"})
WEEKS = gold("date", {"weeks": 17, "days": 4})
RIGHT = [
    *cases(
        FIVE,
        r"\boxed{+5}", r"\boxed{5.0}", r"\boxed{\text{Score} = 5}", r"\boxed{5 \text{ points}}", r"\boxed{2 + 3 = 5 \text{ points}}",
        "\\boxed{5}\n(1 for age, 4 for the rest)", r"\boxed{5} points out of 10.", "Therefore, the score is 5 (moderate risk).",
        "Le score est de 5 points.", "Die Antwort ist 5.", "La respuesta es 5 puntos.", "答案是5分。", r"\boxed{５}", "**Score: 5**",
        "Total = 2 + 3 = 5", "The CHA2DS2-VASc score is 5.", "Final answer: 5 points", r"The patient's score is \boxed{5}.",
    ),
    *cases(
        DOSE,
        r"\boxed{7,5 mg}", r"\boxed{7.5\,\text{mg of morphine}}", r"\boxed{0.0075 g}", r"\boxed{7.5 mg par jour}",
    ),
    *cases(
        RISK,
        r"\boxed{12.5\%}", r"\boxed{12.5 percent}", "The risk is 12.5%.", "Therefore, the 10-year risk is about 12.5% (intermediate).",
    ),
    *cases(
        SODIUM,
        r"\boxed{140\ mmol/L}", "The corrected sodium is 140 mmol/L.", r"\boxed{140\ \mathrm{mmol\,L^{-1}}}", r"\boxed{0.140 mol/L}",
    ),
    *cases(
        LACTATE,
        r"\boxed{2 mmol/l}", r"\boxed{2.0 mmol/L (elevated)}", "2.0 mmol/L",
    ),
    *cases(
        SMALL,
        r"\boxed{0.05}", r"\boxed{5\%}", r"\boxed{1/20}", r"\boxed{5\times10^{-2}}", r"\boxed{.05}",
    ),
    *cases(
        DAY,
        r"\boxed{\text{4 mars 2023}}", r"\boxed{Saturday, March 4, 2023}", r"\boxed{March 4, 2023 (2023-03-04)}",
        "\\boxed{03/04/2023}\nThe last period began on 05/28/2022.", "Das Datum ist der 4. März 2023.",
        "The estimated due date is March 4, 2023.", r"\boxed{3/4/2023}", "Therefore, the answer is 2023-03-04.", "El 4 de marzo de 2023",
        "Le 4 mars 2023", "答案是2023年3月4日。",
    ),
    *cases(
        WEEKS,
        r"\boxed{17 Wochen und 4 Tage}", r"\boxed{17 semaines et 4 jours}", r"\boxed{17周4天}",
        "The gestational age is 17 weeks and 4 days.", r"\boxed{17 weeks + 4 days}", r"\boxed{17w4d}", r"\boxed{17^{+4}}",
        "17 semanas y 4 días",
    ),
]  # fmt: skip
WRONG = [
    *cases(
        FIVE,
        r"\boxed{5}. Actually it is 6.", r"\boxed{5}. Hmm, the score should be 6.", r"\boxed{5} is wrong.", r"\boxed{\sim 5-6}",
        r"\boxed{5, 6}", r"\boxed{5 (6)}", r"\boxed{5^{2}}", r"\boxed{5_{2}}", r"\boxed{5 \cdot 10^{3}}", r"\boxed{5e3}",
        r"\boxed{5,000}", r"\boxed{5.000.000}", r"\boxed{5'000}", r"\boxed{1/5}", r"\boxed{5⁻¹}", r"\boxed{-5}", r"\boxed{minus 5}",
        r"\boxed{$5$ less than ten}", r"\boxed{log(5)}", r"\boxed{|5-10|}", r"\boxed{5 \text{ to } 6}", r"\boxed{5+}", r"\boxed{5++}",
        r"\boxed{≥5}", r"\boxed{5½}", r"\boxed{5:30}", r"\boxed{5万}", r"\boxed{٥٥}", r"\boxed{Ⅴ or 5}", "Step 5: add all points.",
        "There were 5 criteria, and the score is above that.", "La réponse n'est pas 5.", "Die Antwort ist nicht 5.", "答案不是5。",
        "The answer is 5? No, 6.", "5 is not the answer.", "It is not 5 but 6.", "The score is less than 5.", "The score is 5 or 6.",
        "The score is at most 5.", "The score would be 5 if she were older.", "The score cannot be 5.", "The score is between 4 and 5.",
        r"\boxed{5\times}", r"\boxed{5 -}", r"\boxed{ca. 5-6}", r"\boxed{5 out of 3}", r"\boxed{20\% of 25}", r"\boxed{5 fewer}",
        r"\boxed{\overline{5}}", r"\boxed{\sqrt[3]{5}}", r"\boxed{\binom{5}{2}}", r"\boxed{5 \bmod 3}", r"\boxed{5\text{k}}",
        r"\boxed{5\text{ hundred}}", r"\boxed{0x5}", r"\boxed{5A}", r"\boxed{5th}", r"\boxed{1.5}", r"\boxed{5.5}",
        r"\boxed{ 5 ; no, 6 }", r"\boxed{5} wait no \boxed{6}",
    ),
    *cases(
        DOSE,
        r"\boxed{7.5 g}", r"\boxed{7.5 mg/kg}", r"\boxed{7.5 mg twice daily}", r"\boxed{7.5 mg plus 2.5 mg}", r"\boxed{7.5 mcg}",
        r"\boxed{7.5 mg \to 10 mg}", r"\boxed{7.5 mg mal 2}", r"\boxed{15/2 mg}", r"\boxed{7.5 mg IV every 4 h}", r"\boxed{7.5 mg/mL}",
        r"\boxed{7.5 mg x 2}", r"\boxed{7.5-10 mg}", r"\boxed{7.5 mg (max)}", r"\boxed{up to 7.5 mg}", r"\boxed{7.5 ml}",
        r"\boxed{7.5 mg half}",
    ),
    *cases(
        RISK,
        r"\boxed{0.125\%}", r"\boxed{1.25\%}", r"\boxed{12.5‰}", r"\boxed{12.5 percentage points less}", r"\boxed{12.5 per mille}",
        r"\boxed{12.5\% \pm 3}", r"\boxed{12.5 mg}", r"\boxed{>12.5\%}", r"\boxed{12.5%-15%}",
    ),
    *cases(
        SODIUM,
        r"\boxed{140 mmol}", r"\boxed{140 mmol/mL}", r"\boxed{140 mg/dL}", r"\boxed{140 \mu mol/L}", r"\boxed{140-145 mmol/L}",
        r"\boxed{140/90}", r"\boxed{\approx 140 \pm 5}",
    ),
    *cases(
        SMALL,
        r"\boxed{0.5}", r"\boxed{0.05\%}", r"\boxed{< 0.05}", r"\boxed{p < 0.05}", r"\boxed{0,5}", r"\boxed{0.05 to 0.1}",
        r"\boxed{0.05^2}", r"\boxed{1-0.05}",
    ),
    *cases(
        DAY,
        r"\boxed{03/04/2023} Wait, the correct date is 03/05/2023.", r"\boxed{March 4, 2023}. Actually, March 5, 2023.",
        r"\boxed{not March 4, 2023}", r"\boxed{before March 4, 2023}", r"\boxed{March 4, 2023 ± 7 days}",
        r"\boxed{two days after March 4, 2023}", r"\boxed{March 4-5, 2023}", r"\boxed{≠ 2023-03-04}", r"\boxed{2023-03-04?}",
        r"\boxed{2023-04-03}", r"\boxed{March 4}", r"\boxed{week of March 4, 2023}", r"\boxed{no later than March 4, 2023}",
        r"\boxed{March 4, 2023 is wrong}", r"\boxed{March 4, 2023} is incorrect.", "It is not March 4, 2023.",
        "The date is before March 4, 2023.", "Two weeks after March 4, 2023.", r"\boxed{March 4, 20233}", r"\boxed{-2023-03-04}",
        r"\boxed{March 4, 2023 BC}", r"\boxed{2023-03-04 to 2023-03-11}",
    ),
    *cases(
        WEEKS,
        r"\boxed{17 weeks, 4 days} No wait: 18 weeks and 4 days.", r"\boxed{less than 17 weeks 4 days}", r"\boxed{-17 weeks 4 days}",
        r"\boxed{17 weeks, 4 days, 5 hours or more}", r"\boxed{17 weeks, 4 days?}", r"\boxed{not 17 weeks 4 days}",
        r"\boxed{17-18 weeks, 4 days}", r"\boxed{17 weeks 4 days ± 3 days}", r"\boxed{> 17 weeks 4 days}", r"\boxed{17 months 4 days}",
        r"\boxed{17 weeks 4 hours}", r"\boxed{17 weeks minus 4 days}", r"\boxed{17 - 4}",
    ),
]  # fmt: skip


@pytest.mark.parametrize(("right", "text"), RIGHT, ids=[f"{place} {case[1][:30]!r}" for place, case in enumerate(RIGHT)])
def test_what_a_reader_accepts_is_right(right: Gold, text: str) -> None:
    assert verify(text, right).verdict is Verdict.CORRECT
    boxed = "box" in text
    assert (verify(text, right, policy=Policy.TRAIN).verdict is Verdict.CORRECT) == boxed


@pytest.mark.parametrize(("right", "text"), WRONG, ids=[f"{place} {case[1][:30]!r}" for place, case in enumerate(WRONG)])
@pytest.mark.parametrize("policy", Policy)
def test_what_misleads_is_never_right(right: Gold, text: str, policy: Policy) -> None:
    assert verify(text, right, policy=policy).verdict is not Verdict.CORRECT
