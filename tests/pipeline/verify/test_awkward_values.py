"""Awkward outputs for numbers, dates, words, labels, free text and boxes."""

import json
from typing import Any

import pytest

from pipeline.verify.answer import Gold, GoldError, Policy, verify
from schemas.trace import Verdict

RIGHT, WRONG, NONE, MANY = Verdict.CORRECT, Verdict.INCORRECT, Verdict.NO_ANSWER, Verdict.AMBIGUOUS


def gold(kind: str, raw: dict[str, Any], options: tuple[str, ...] = ()) -> Gold:
    return Gold.from_json(kind, options, json.dumps(raw))


def number(value: str, low: str = "", high: str = "", unit: str = "") -> Gold:
    return gold("numeric", {"value": value, "low": low, "high": high, "unit": unit})


GFR = number("25.0", "23.75", "26.25", "mL/min/1.73 m^2")
DOSE = number("500", "475", "525", "mg")
PERCENT = number("53.1", "50.4", "55.8", "%")
PLAIN = number("25.0", "23.75", "26.25")
THREE = number("3")
RATIO = number("0.531", "0.504", "0.558")
NUMBERS = [
    (r"\boxed{25}", GFR, RIGHT), (r"\boxed{25.0}", GFR, RIGHT), (r"\boxed{23.75}", GFR, RIGHT), (r"\boxed{26.25}", GFR, RIGHT),
    (r"\boxed{26.26}", GFR, WRONG), (r"\boxed{25\ \text{mL/min/1.73 m}^2}", GFR, RIGHT), (r"\boxed{25.1\,\mathrm{mL/min}}", PLAIN, RIGHT),
    (r"\boxed{\approx 25.2}", PLAIN, RIGHT), (r"\boxed{GFR = 25.2}", PLAIN, RIGHT), (r"\boxed{x = 5 \cdot 5 = 25}", PLAIN, RIGHT),
    (r"\boxed{2.5 \times 10^{1}}", PLAIN, RIGHT), (r"\boxed{2.5e1}", PLAIN, RIGHT), (r"\boxed{2.5E+01}", PLAIN, RIGHT), (r"\boxed{\frac{50}{2}}", PLAIN, RIGHT),
    (r"\boxed{50/2}", PLAIN, RIGHT), (r"\boxed{25,0}", PLAIN, RIGHT), (r"\boxed{-25}", PLAIN, WRONG), (r"\boxed{−25}", PLAIN, WRONG),
    (r"\boxed{250}", PLAIN, WRONG), (r"\boxed{2.5}", PLAIN, WRONG), (r"\boxed{25, 26}", PLAIN, MANY), (r"\boxed{24-26}", PLAIN, MANY),
    (r"\boxed{24 to 26}", PLAIN, MANY), (r"\boxed{25 \pm 1}", PLAIN, MANY), (r"\boxed{25 ± 1}", PLAIN, MANY), (r"\boxed{>25}", PLAIN, MANY),
    (r"\boxed{< 25}", PLAIN, MANY), (r"\boxed{at least 25}", PLAIN, MANY), (r"\boxed{twenty-five}", PLAIN, NONE), (r"\boxed{}", PLAIN, NONE),
    (r"\boxed{unknown}", PLAIN, NONE), (r"\boxed{25.1.2}", PLAIN, NONE), (r"\boxed{3/0}", THREE, NONE), (r"\boxed{25 or 30}", PLAIN, MANY),
    (r"\boxed{500 mg}", DOSE, RIGHT), (r"\boxed{0.5 g}", DOSE, RIGHT), (r"\boxed{500000 mcg}", DOSE, RIGHT), (r"\boxed{500,000 µg}", DOSE, RIGHT),
    (r"\boxed{500 g}", DOSE, WRONG), (r"\boxed{500 mL}", DOSE, WRONG), (r"\boxed{500 mg/dL}", DOSE, WRONG), (r"\boxed{500}", DOSE, RIGHT),
    (r"\boxed{500 milligrams}", DOSE, RIGHT), (r"\boxed{53.1\%}", PERCENT, RIGHT), (r"\boxed{53.1}", PERCENT, RIGHT), (r"\boxed{0.531}", PERCENT, WRONG),
    (r"\boxed{53.1%}", RATIO, RIGHT), (r"\boxed{0.531%}", RATIO, WRONG), (r"\boxed{0.531}", RATIO, RIGHT), (r"\boxed{3}", THREE, RIGHT),
    (r"\boxed{3.0}", THREE, RIGHT), (r"\boxed{3 points}", THREE, RIGHT), (r"\boxed{3/5}", THREE, WRONG), (r"\boxed{3 out of 10}", THREE, RIGHT),
    (r"\boxed{2/3}", THREE, WRONG), (r"\boxed{3.4}", THREE, WRONG), (r"\boxed{1 250}", number("1250"), RIGHT), (r"\boxed{1{,}250}", number("1250"), RIGHT),
    (r"\boxed{1\,250}", number("1250"), RIGHT), (r"\boxed{1,250.5}", number("1250.5"), RIGHT), (r"\boxed{12,50}", number("12.5"), RIGHT),
    (r"\boxed{１２}", number("12"), RIGHT), (r"\boxed{1.5 m}", number("150", unit="cm"), RIGHT), (r"\boxed{2 h}", number("120", unit="min"), RIGHT),
    (r"\boxed{98 °F}", number("36.7", unit="°C"), WRONG), (r"\boxed{9" + "9" * 300 + "}", PLAIN, WRONG),
    ("The answer is 25.1 mL/min/1.73 m².", GFR, RIGHT), ("Answer: 25.1", PLAIN, RIGHT), ("So the GFR is about 25 mL/min.", PLAIN, RIGHT),
    ("First 10 + 15.\nTherefore, the result is 25.", PLAIN, RIGHT), ("Step 1: 3 mg.\nStep 2: 7 mg.", THREE, MANY), ("25", PLAIN, RIGHT),
    ("The score is 3.\nWait, actually the score is 4.", THREE, WRONG), ('{"answer": 25.1}', PLAIN, RIGHT), ('{"answer": "25.1 mL/min"}', PLAIN, RIGHT),
    ("<answer>25.1</answer>", PLAIN, RIGHT), ("I cannot calculate this.", PLAIN, Verdict.REFUSED), ("答案是25", PLAIN, RIGHT),
]  # fmt: skip
NUMBERS += [
    (r"\boxed{50000\%}", DOSE, WRONG),
    (r"\boxed{not 25}", PLAIN, MANY),
    (r"\boxed{25 or so}", PLAIN, MANY),
    (r"\boxed{25.1\ mL\cdot min^{-1}}", PLAIN, RIGHT),
    ("Therefore, the patient's creatinine clearance is approximately **25.1 mL/min**.", PLAIN, RIGHT),
    ("CrCl = (140-65)*70/(72*2.9) = 25.1 mL/min", PLAIN, RIGHT),
]
DAY = gold("date", {"value": "2023-03-04"})
DAY_FIRST = gold("date", {"value": "2023-03-04", "date_order": "dmy"})
AGE = gold("date", {"weeks": 17, "days": 4})
DATES = [
    (r"\boxed{2023-03-04}", DAY, RIGHT), (r"\boxed{03/04/2023}", DAY, RIGHT), (r"\boxed{3/4/2023}", DAY, RIGHT), (r"\boxed{04/03/2023}", DAY, WRONG),
    (r"\boxed{04/03/2023}", DAY_FIRST, RIGHT), (r"\boxed{03/04/2023}", DAY_FIRST, WRONG), (r"\boxed{March 4, 2023}", DAY, RIGHT),
    (r"\boxed{4 March 2023}", DAY, RIGHT), (r"\boxed{4th of March 2023}", DAY, RIGHT), (r"\boxed{Mar. 4th, 2023}", DAY, RIGHT),
    (r"\boxed{4 mars 2023}", DAY, RIGHT), (r"\boxed{4 de marzo de 2023}", DAY, RIGHT), (r"\boxed{4. März 2023}", DAY, RIGHT),
    (r"\boxed{2023年3月4日}", DAY, RIGHT), (r"\boxed{2023/03/04}", DAY, RIGHT), (r"\boxed{\text{March 4, 2023}}", DAY, RIGHT),
    (r"\boxed{March 2023}", DAY, NONE), (r"\boxed{03/04/23}", DAY, NONE), (r"\boxed{2023-02-30}", DAY, NONE), (r"\boxed{March 4, 2024}", DAY, WRONG),
    (r"\boxed{March 4, 2023 or March 5, 2023}", DAY, MANY), ("The due date is March 4, 2023.", DAY, RIGHT), ("Answer: 03/04/2023", DAY, RIGHT),
    (r"\boxed{17 weeks, 4 days}", AGE, RIGHT), (r"\boxed{(17, 4)}", AGE, RIGHT), (r"\boxed{17 weeks 4 days}", AGE, RIGHT), (r"\boxed{17w 4d}", AGE, RIGHT),
    (r"\boxed{17+4}", AGE, RIGHT), (r"\boxed{17 weeks}", AGE, WRONG), (r"\boxed{4 weeks, 17 days}", AGE, WRONG), (r"\boxed{17.4 weeks}", AGE, NONE),
    (r"\boxed{('17 weeks', '4 days')}", AGE, RIGHT), ("The answer is 17 weeks and 4 days.", AGE, RIGHT), (r"\boxed{123 days}", AGE, NONE),
]  # fmt: skip
YES, NO = gold("yesno", {"value": "yes"}), gold("yesno", {"value": "no"})
MAYBE = gold("yesnomaybe", {"value": "maybe"}, ("yes", "no", "maybe"))
WORDS = [
    (r"\boxed{Yes}", YES, RIGHT), (r"\boxed{yes.}", YES, RIGHT), (r"\boxed{\text{Yes}}", YES, RIGHT), (r"\boxed{YES}", YES, RIGHT), (r"\boxed{No}", YES, WRONG),
    (r"\boxed{no}", NO, RIGHT), (r"\boxed{Yes, it is}", YES, RIGHT), (r"\boxed{yes/no}", YES, MANY), (r"\boxed{yes or no}", YES, MANY), (r"\boxed{maybe}", YES, NONE),
    (r"\boxed{maybe}", MAYBE, RIGHT), (r"\boxed{C}", MAYBE, RIGHT), (r"\boxed{A}", MAYBE, WRONG), (r"\boxed{not yes}", YES, NONE), (r"\boxed{normal}", NO, NONE),
    ("Yes", YES, RIGHT), ("No.", NO, RIGHT), ("No, there is none.", NO, RIGHT), ("No fracture is seen.", NO, NONE), ("Yes there is a fracture.", YES, RIGHT),
    ("**Yes**, there is.", YES, RIGHT), ("The answer is yes.", YES, RIGHT), ("The answer is no.", YES, WRONG), ("Answer: No", NO, RIGHT), ("Oui.", YES, RIGHT),
    ("Non, il n'y en a pas.", NO, RIGHT), ("Sí, hay una fractura.", YES, RIGHT), ("Ja.", YES, RIGHT), ("Nein, nicht sichtbar.", NO, RIGHT), ("是的，可以看到。", YES, RIGHT),
    ("否", NO, RIGHT), ("Notice the opacity.", NO, NONE), ("Normal heart.", NO, NONE), ("I know nothing.", NO, NONE), ("Yes or no?", YES, NONE),
    ("Yes. So the answer is no.", YES, MANY), ("I am not sure, maybe no.", NO, NONE), ("Yesterday it was seen.", YES, NONE), ("No-one knows.", NO, NONE),
    ("Yes, wait, no.", YES, MANY), ('{"answer": "yes"}', YES, RIGHT), ("<answer>No</answer>", NO, RIGHT), ("The answer is not yes.", YES, NONE),
    ("Cannot be determined.", NO, Verdict.REFUSED), ("yes no", YES, MANY), ("答案是否", NO, RIGHT),
]  # fmt: skip
WORDS += [
    (r"\boxed{yes?}", YES, NONE),
    (r"\boxed{No, yes}", NO, MANY),
    ("Yes, no", YES, MANY),
    ("No, yes there is.", NO, MANY),
    ("Yes not really.", YES, NONE),
]
TWO = gold("label_set", {"labels": ["Pneumonia", "Edema"], "vocabulary": ["Pneumonia", "Edema", "Effusion", "Skin and bone lesion"]})
LESION = gold("label_set", {"labels": ["Skin and bone lesion", "Edema"]})
EMPTY = gold("label_set", {"labels": []})
LABELS = [
    (r"\boxed{pneumonia, edema}", TWO, RIGHT), (r"\boxed{Edema; Pneumonia}", TWO, RIGHT), (r"\boxed{pneumonia & edema}", TWO, RIGHT),
    (r"\boxed{\text{Pneumonia, Edema}}", TWO, RIGHT), (r"\boxed{[pneumonia, edema]}", TWO, RIGHT), (r'\boxed{["pneumonia", "edema"]}', TWO, RIGHT),
    (r"\boxed{pneumonia}", TWO, WRONG), (r"\boxed{pneumonia, edema, effusion}", TWO, WRONG), (r"\boxed{no pneumonia, edema}", TWO, WRONG),
    (r"\boxed{}", TWO, NONE), (r"\boxed{skin and bone lesion, edema}", LESION, RIGHT), (r"\boxed{edema and skin and bone lesion}", LESION, WRONG),
    (r"\boxed{none}", EMPTY, RIGHT), (r"\boxed{No finding}", EMPTY, RIGHT), (r"\boxed{edema}", EMPTY, WRONG), ("Answer: pneumonia, edema", TWO, RIGHT),
    ('{"answer": ["Pneumonia", "Edema"]}', TWO, RIGHT), ("- Pneumonia\n- Edema", TWO, RIGHT), ("<answer>edema, pneumonia</answer>", TWO, RIGHT),
]  # fmt: skip
LOBE = gold("open", {"values": ["left lower lobe", "LLL"]})
HALF = gold("open", {"values": [r"\frac{1}{2}"]})
OPEN = [
    (r"\boxed{left lower lobe}", LOBE, RIGHT), (r"\boxed{The left lower lobe.}", LOBE, RIGHT), (r"\boxed{LLL}", LOBE, RIGHT), (r"\boxed{\text{left lower lobe}}", LOBE, RIGHT),
    (r"\boxed{right lower lobe}", LOBE, WRONG), (r"\boxed{not left lower lobe}", LOBE, WRONG), (r"\boxed{}", LOBE, NONE), ("Left lower lobe", LOBE, RIGHT),
    ("The answer is the left lower lobe.", LOBE, RIGHT), ("The answer is right or left lower lobe.", LOBE, WRONG), ("I'm sorry, I can't.", LOBE, Verdict.REFUSED),
    (r"\boxed{0.5}", HALF, RIGHT), (r"\boxed{1/2}", HALF, RIGHT), (r"\boxed{\dfrac{1}{2}}", HALF, RIGHT), (r"\boxed{\frac12}", HALF, RIGHT), (r"\boxed{\frac{2}{4}}", HALF, RIGHT),
    (r"\boxed{\frac{12}{}}", HALF, WRONG), (r"\boxed{\frac{11}{2}}", HALF, WRONG), (r"\boxed{-\frac{1}{2}}", HALF, WRONG),
    (r"\boxed{5\text{ kg}}", gold("open", {"values": [r"5\text{ cm}"]}), WRONG), (r"\boxed{5\text{ cm}}", gold("open", {"values": ["5"]}), RIGHT),
    (r"\boxed{\frac{20}{764}}", gold("open", {"values": [r"\frac{207}{64}"]}), WRONG), (r"\boxed{.5}", gold("open", {"values": ["5"]}), WRONG),
    (r"\boxed{(6, 1)}", gold("open", {"values": ["(6,1)"]}), RIGHT), (r"\boxed{(1, 6)}", gold("open", {"values": ["(6,1)"]}), WRONG),
    (r"\boxed{<5}", gold("open", {"values": [">5"]}), WRONG), (r"\boxed{Na+}", gold("open", {"values": ["Na"]}), WRONG), (r"\boxed{α-blocker}", gold("open", {"values": ["alpha blocker"]}), RIGHT),
]  # fmt: skip
TWO_BOXES = gold("bbox", {"boxes": [[10, 10, 110, 110], [200, 200, 300, 300]], "width": 1000, "height": 500, "frame": "pixel"})
NORM = gold("bbox", {"boxes": [[100, 100, 500, 300]], "width": 1000, "height": 500, "frame": "norm1000"})
NAMED = gold("bbox", {"boxes": [[0, 0, 50, 50], [100, 100, 150, 150]], "labels": ["nodule", "mass"]})
BOXES = [
    ("<box>[[10,10,110,110],[200,200,300,300]]</box>", TWO_BOXES, RIGHT), ("<box>[[200,200,300,300],[12,8,108,112]]</box>", TWO_BOXES, RIGHT),
    ("<box>[[10,10,110,110]]</box>", TWO_BOXES, WRONG), ("<box>[[10,10,110,110],[10,10,110,110]]</box>", TWO_BOXES, WRONG),
    ("<box>[[10,10,110,110],[200,200,300,300],[0,0,5,5]]</box>", TWO_BOXES, WRONG), ("<box>[[110,110,10,10],[300,300,200,200]]</box>", TWO_BOXES, RIGHT),
    ('[{"bbox_2d": [10,10,110,110]}, {"bbox_2d": [200,200,300,300]}]', TWO_BOXES, RIGHT), ('```json\n[{"bbox_2d": [10,10,110,110], "label": "a"}, {"bbox_2d": [200,200,300,300]}]\n```', TWO_BOXES, RIGHT),
    ('{"objects": [{"bbox_2d": [10,10,110,110]}, {"bbox_2d": [200,200,300,300]}]}', TWO_BOXES, RIGHT), ('{"bbox_2d": [[10,10,110,110],[200,200,300,300]]}', TWO_BOXES, RIGHT),
    ("<|box_start|>(10,10),(110,110)<|box_end|><|box_start|>(200,200),(300,300)<|box_end|>", TWO_BOXES, RIGHT), (r"\boxed{[[10,10,110,110],[200,200,300,300]]}", TWO_BOXES, RIGHT),
    (r"\boxed{<box>[[10,10,110,110],[200,200,300,300]]</box>}", TWO_BOXES, RIGHT), ("<box>[[100,200,500,600]]</box>", NORM, RIGHT), ("<box>[[100,100,500,300]]</box>", NORM, WRONG),
    ("<box>[[10,10,10,110],[200,200,300,300]]</box>", TWO_BOXES, Verdict.MALFORMED), ("<box>[[10,10,110", TWO_BOXES, Verdict.MALFORMED), ("<box>[[10,10,110]]</box>", TWO_BOXES, Verdict.MALFORMED),
    ('[{"bbox_2d": [10,10,110', TWO_BOXES, Verdict.MALFORMED), ("<box></box>", TWO_BOXES, NONE), ("No box here.", TWO_BOXES, NONE), ("", TWO_BOXES, NONE),
    ('[{"bbox_2d": [0,0,1e999,5]}]', TWO_BOXES, Verdict.MALFORMED), ('[{"bbox_2d": [0,0,' + "9" * 400 + ',5]}]', TWO_BOXES, Verdict.MALFORMED),
    ('[{"bbox_2d":[0,0,50,50],"label":"nodule"},{"bbox_2d":[100,100,150,150],"label":"mass"}]', NAMED, RIGHT), ('[{"bbox_2d":[0,0,50,50],"label":"mass"},{"bbox_2d":[100,100,150,150],"label":"nodule"}]', NAMED, WRONG),
    ("nodule <box>[[0,0,50,50]]</box> mass <box>[[100,100,150,150]]</box>", NAMED, RIGHT), ("<box>[" + ",".join(["[0,0,5,5]"] * 300) + "]</box>", TWO_BOXES, WRONG),
    ("<think><box>[[10,10,110,110],[200,200,300,300]]</box></think>none", TWO_BOXES, NONE),
]  # fmt: skip
ALL = [*NUMBERS, *DATES, *WORDS, *LABELS, *OPEN, *BOXES]


@pytest.mark.parametrize(("text", "right", "verdict"), ALL, ids=[f"{place} {case[0][:30]!r}" for place, case in enumerate(ALL)])
def test_output_gets_its_verdict(text: str, right: Gold, verdict: Verdict) -> None:
    assert verify(text, right).verdict is verdict
    boxed = "\\boxed" in text or "box" in text
    train = verify(text, right, policy=Policy.TRAIN).verdict
    assert train is verdict if boxed and verdict in (RIGHT, WRONG) else train is not RIGHT


@pytest.mark.parametrize(
    ("kind", "raw"),
    [
        ("mcq", {"index": 5}), ("mcq", {}), ("mcq", {"index": "A"}), ("multi", {"indexes": []}), ("yesno", {"value": "maybe"}), ("yesno", {"value": "x"}),
        ("numeric", {"value": "x"}), ("numeric", {"value": "NaN"}), ("date", {"value": "soon"}), ("open", {"values": []}), ("bbox", {"boxes": []}),
        ("bbox", {"boxes": [[1, 2, 3]]}), ("bbox", {"boxes": [[1, 2, 3, 4]], "frame": "norm1000"}), ("nothing", {}),
    ],
)  # fmt: skip
def test_gold_that_does_not_fit_is_told(kind: str, raw: dict[str, Any]) -> None:
    with pytest.raises(GoldError):
        gold(kind, raw, ("a", "b"))


def test_scores_of_parts() -> None:
    assert verify(r"\boxed{pneumonia}", TWO).score == pytest.approx(2 / 3)
    assert verify(r"\boxed{right lower lobe}", LOBE).score == pytest.approx(2 / 3)
    assert verify("<box>[[10,10,110,110]]</box>", TWO_BOXES).score == pytest.approx(0.5)
