r"""Outputs on words, labels, numbers, dates, free text and boxes written to mislead, in five languages; each verdict was set before the code first read it."""

import json
from typing import Any

import pytest

from pipeline.verify.answer import Gold, Policy, verify
from schemas.trace import Verdict


def gold(kind: str, raw: dict[str, Any], options: tuple[str, ...] = ()) -> Gold:
    return Gold.from_json(kind, options, json.dumps(raw))


YES, NO = gold("yesno", {"value": "yes"}), gold("yesno", {"value": "no"})
RIGHT_WORDS = [
    (YES, r"\boxed{Yes, no doubt}"),
    (YES, r"\boxed{yes} - there is no doubt."),
    (YES, "Yes. No pneumothorax is seen, but the heart is large."),
    (YES, r"\boxed{Yes, there is no normal lung left}"),
    (YES, r"\boxed{是的}"),
    (YES, "Oui, on voit une fracture."),
    (YES, "Ja, es gibt eine Fraktur."),
    (YES, "Die Antwort ist ja."),
    (NO, r"\boxed{No, nothing abnormal}"),
    (NO, "La réponse est non."),
    (NO, "La respuesta es no."),
    (NO, "No. Yes-or-no questions need care."),
    (NO, "没有。"),
]
WRONG_WORDS = [
    (YES, r"\boxed{yes - actually no}"),
    (YES, "Yes… no."),
    (YES, r"\boxed{yes}. No, wait: no."),
    (YES, r"\boxed{yes} is wrong."),
    (YES, r"\boxed{Yes if contrast was given, no otherwise}"),
    (YES, r"\boxed{¬yes}"),
    (YES, r"\boxed{not yes}"),
    (YES, r"\boxed{yes and no}"),
    (YES, r"\boxed{yes → no}"),
    (YES, "Yes, but actually not."),
    (YES, "Oui, enfin non."),
    (YES, "Sí. Perdón, no."),
    (YES, "Ja, eigentlich nein."),
    (YES, "是的，不对，不是。"),
    (YES, "The answer is yes? No."),
    (NO, r"\boxed{no - yes}"),
    (NO, "No doubt about it: there is a fracture."),
    (NO, "No wait, yes."),
    (NO, r"\boxed{No, actually yes}"),
    (NO, "Nein, doch: ja."),
    (NO, "There is no way to be sure."),
    (NO, r"\boxed{not no}"),
]
LABELS = gold("label_set", {"labels": ["Pneumonia", "Edema"], "vocabulary": ["Pneumonia", "Edema", "Effusion"]})
RIGHT_LABELS = [
    (LABELS, r"\boxed{1. Pneumonia, 2. Edema}"),
    (LABELS, r"\boxed{Pneumonia and edema}"),
    (LABELS, r"\boxed{pneumonia + edema}"),
    (LABELS, r"\boxed{Pneumonia, Edema}" + "\nThere is no effusion."),
    (LABELS, '{"answer": ["edema", "pneumonia"]}'),
]
WRONG_LABELS = [
    (LABELS, r"\boxed{pneumonia, ¬edema}"),
    (LABELS, r"\boxed{pneumonia, edema?}"),
    (LABELS, r"\boxed{pneumonia or edema}"),
    (LABELS, r"\boxed{pneumonia, no edema}"),
    (LABELS, r"\boxed{pneumonia, edema} Correction: the answer is pneumonia, effusion."),
    (LABELS, r"\boxed{neither pneumonia nor edema}"),
    (LABELS, r"\boxed{pneumonia without edema}"),
    (LABELS, r"\boxed{pneumonia, edema (excluded)}"),
]
AGE = gold("numeric", {"value": "5"})
DOSE = gold("numeric", {"value": "7.5", "low": "7.4", "high": "7.6", "unit": "mg"})
RIGHT_NUMBERS = [
    (AGE, r"\boxed{+5}"),
    (AGE, r"\boxed{5.0}"),
    (AGE, r"\boxed{\text{Score} = 5}"),
    (AGE, r"\boxed{5 \text{ points}}"),
    (AGE, r"\boxed{2 + 3 = 5 \text{ points}}"),
    (AGE, r"\boxed{5}" + "\n(1 for age, 4 for the rest)"),
    (AGE, r"\boxed{5} points out of 10."),
    (AGE, "Therefore, the score is 5 (moderate risk)."),
    (AGE, "Le score est de 5 points."),
    (AGE, "Die Antwort ist 5."),
    (AGE, "La respuesta es 5 puntos."),
    (AGE, "答案是5分。"),
    (AGE, r"\boxed{５}"),
    (DOSE, r"\boxed{7,5 mg}"),
    (DOSE, r"\boxed{7.5\,\text{mg of morphine}}"),
    (DOSE, r"\boxed{0.0075 g}"),
    (DOSE, r"\boxed{7.5 mg par jour}"),
]
WRONG_NUMBERS = [
    (AGE, r"\boxed{5}. Actually it is 6."),
    (AGE, r"\boxed{5}. Hmm, the score should be 6."),
    (AGE, r"\boxed{5} is wrong."),
    (AGE, r"\boxed{\sim 5-6}"),
    (AGE, r"\boxed{5, 6}"),
    (AGE, r"\boxed{5 (6)}"),
    (AGE, r"\boxed{5^{2}}"),
    (AGE, r"\boxed{5_{2}}"),
    (AGE, r"\boxed{5 \cdot 10^{3}}"),
    (AGE, r"\boxed{5e3}"),
    (AGE, r"\boxed{5,000}"),
    (AGE, r"\boxed{5.000.000}"),
    (AGE, r"\boxed{5'000}"),
    (AGE, r"\boxed{1/5}"),
    (AGE, r"\boxed{5⁻¹}"),
    (AGE, r"\boxed{-5}"),
    (AGE, r"\boxed{minus 5}"),
    (AGE, r"\boxed{$5$ less than ten}"),
    (AGE, r"\boxed{log(5)}"),
    (AGE, r"\boxed{|5-10|}"),
    (AGE, r"\boxed{5 \text{ to } 6}"),
    (AGE, r"\boxed{5+}"),
    (AGE, r"\boxed{5++}"),
    (AGE, r"\boxed{≥5}"),
    (AGE, r"\boxed{5½}"),
    (AGE, r"\boxed{5:30}"),
    (AGE, r"\boxed{5万}"),
    (AGE, r"\boxed{٥٥}"),
    (AGE, r"\boxed{Ⅴ or 5}"),
    (AGE, "Step 5: add all points."),
    (AGE, "There were 5 criteria, and the score is above that."),
    (AGE, "La réponse n'est pas 5."),
    (AGE, "Die Antwort ist nicht 5."),
    (AGE, "答案不是5。"),
    (AGE, "The answer is 5? No, 6."),
    (DOSE, r"\boxed{7.5 g}"),
    (DOSE, r"\boxed{7.5 mg/kg}"),
    (DOSE, r"\boxed{7.5 mg twice daily}"),
    (DOSE, r"\boxed{7.5 mg plus 2.5 mg}"),
    (DOSE, r"\boxed{7.5 mcg}"),
    (DOSE, r"\boxed{7.5 mg \to 10 mg}"),
    (DOSE, r"\boxed{7.5 mg mal 2}"),
    (DOSE, r"\boxed{15/2 mg}"),  # a fraction, or a tablet of two drugs
]
DAY = gold("date", {"value": "2023-03-04"})
WEEKS = gold("date", {"weeks": 17, "days": 4})
RIGHT_DATES = [
    (DAY, r"\boxed{\text{4 mars 2023}}"),
    (DAY, r"\boxed{Saturday, March 4, 2023}"),
    (DAY, r"\boxed{March 4, 2023 (2023-03-04)}"),
    (DAY, r"\boxed{03/04/2023}" + "\nThe last period began on 05/28/2022."),
    (DAY, "Das Datum ist der 4. März 2023."),
    (WEEKS, r"\boxed{17 Wochen und 4 Tage}"),
    (WEEKS, r"\boxed{17 semaines et 4 jours}"),
    (WEEKS, r"\boxed{17周4天}"),
]
WRONG_DATES = [
    (DAY, r"\boxed{03/04/2023} Wait, the correct date is 03/05/2023."),
    (DAY, r"\boxed{March 4, 2023}. Actually, March 5, 2023."),
    (DAY, r"\boxed{not March 4, 2023}"),
    (DAY, r"\boxed{before March 4, 2023}"),
    (DAY, r"\boxed{March 4, 2023 ± 7 days}"),
    (DAY, r"\boxed{two days after March 4, 2023}"),
    (DAY, r"\boxed{March 4-5, 2023}"),
    (DAY, r"\boxed{≠ 2023-03-04}"),
    (DAY, r"\boxed{2023-03-04?}"),
    (WEEKS, r"\boxed{17 weeks, 4 days} No wait: 18 weeks and 4 days."),
    (WEEKS, r"\boxed{less than 17 weeks 4 days}"),
    (WEEKS, r"\boxed{-17 weeks 4 days}"),
    (WEEKS, r"\boxed{17 weeks, 4 days, 5 hours or more}"),
]
LUNG = gold("open", {"values": ["left lung", "the left side of the chest"]})
RIGHT_TEXTS = [
    (LUNG, r"\boxed{Left lung.}"),
    (LUNG, r"\boxed{\textit{left}\ lung}"),
    (LUNG, r"\boxed{the left lung}" + "\nThe right lung is clear."),
    (LUNG, "Answer: **left lung**"),
    (LUNG, r"\boxed{left lung}. Actually, this is a common place for it."),
    (LUNG, r"\boxed{left lung}" + "\nThe correct answer is the left lung."),
    (LUNG, r"It is not the right lung. \boxed{left lung}"),
]
WRONG_TEXTS = [
    (LUNG, r"\boxed{¬left lung}"),
    (LUNG, r"\boxed{≠ left lung}"),
    (LUNG, r"\boxed{not left lung}"),
    (LUNG, r"\boxed{no evidence of left lung}"),
    (LUNG, r"\boxed{left lung?}"),
    (LUNG, r"\boxed{left lung ✗}"),
    (LUNG, r"\boxed{~~left lung~~}"),
    (LUNG, r"not \boxed{left lung}"),
    (LUNG, r"\boxed{left lung} No wait, the right lung."),
    (LUNG, r"\boxed{left lung}. Scratch that: both lungs."),
    (LUNG, r"\boxed{left lung} is incorrect."),
    (LUNG, r"\boxed{left lung}. The correct answer is the right lung."),
    (LUNG, r"\boxed{left lung}. En fait, c'est le poumon droit."),
    (LUNG, r"\boxed{left lung}. Eigentlich ist es die rechte Lunge."),
    (LUNG, r"\boxed{left lung}。不对，是右肺。"),
    (LUNG, "The answer isn't: left lung"),
    (LUNG, "Answer: left lung or right lung"),
    (LUNG, "Is the answer left lung?"),
]
BOXES = gold("bbox", {"boxes": [[10, 10, 110, 110]], "width": 1000, "height": 1000})
RIGHT_BOXES = [
    (BOXES, "<box>[[10, 10, 110, 110]]</box>"),
    (BOXES, "Le résultat : <box>[[10,10,110,110]]</box>"),
    (BOXES, r"\boxed{[10, 10, 110, 110]}"),
    (BOXES, '{"bbox_2d": [10, 10, 110, 110], "label": "nodule"}'),
]
WRONG_BOXES = [
    (BOXES, "<box>[[10, 10, 110, 110], [500, 500, 600, 600]]</box>"),
    (BOXES, "<box>[[10, 10, 110, 110]]</box> Wait, the correct box is <box>[[500, 500, 600, 600]]</box>"),
    (BOXES, "<box>[[10, 10, 110, NaN]]</box>"),
    (BOXES, "<box>[[10, 10, 110]]</box>"),
    (BOXES, "<think><box>[[10, 10, 110, 110]]</box></think>"),
    (BOXES, "not <box>[[10, 10, 110, 110]]</box>"),
    (BOXES, "<box>[[0.01, 0.01, 0.11, 0.11]]</box>"),
    (BOXES, "There are boxes at 10, 10, 110, 110."),
]
RIGHT = [*RIGHT_WORDS, *RIGHT_LABELS, *RIGHT_NUMBERS, *RIGHT_DATES, *RIGHT_TEXTS, *RIGHT_BOXES]
WRONG = [*WRONG_WORDS, *WRONG_LABELS, *WRONG_NUMBERS, *WRONG_DATES, *WRONG_TEXTS, *WRONG_BOXES]


@pytest.mark.parametrize(("right", "text"), RIGHT, ids=[f"{place} {case[1][:30]!r}" for place, case in enumerate(RIGHT)])
def test_what_a_reader_accepts_is_right(right: Gold, text: str) -> None:
    assert verify(text, right).verdict is Verdict.CORRECT
    boxed = "box" in text
    assert (verify(text, right, policy=Policy.TRAIN).verdict is Verdict.CORRECT) == boxed


@pytest.mark.parametrize(("right", "text"), WRONG, ids=[f"{place} {case[1][:30]!r}" for place, case in enumerate(WRONG)])
@pytest.mark.parametrize("policy", Policy)
def test_what_misleads_is_never_right(right: Gold, text: str, policy: Policy) -> None:
    assert verify(text, right, policy=policy).verdict is not Verdict.CORRECT
