r"""Outputs on questions after words, labels, free text and boxes written to mislead, in five languages, each labelled by reading."""

import json
from typing import Any

import pytest

from pipeline.verify.answer import Gold, Policy, verify
from schemas.trace import Verdict


def gold(kind: str, raw: dict[str, Any], options: tuple[str, ...] = ()) -> Gold:
    return Gold.from_json(kind, options, json.dumps(raw))


def cases(right: Gold, *texts: str) -> list[tuple[Gold, str]]:
    return [(right, text) for text in texts]


YES = gold("yesno", {"value": "yes"})
NO = gold("yesno", {"value": "no"})
MAYBE = gold("yesnomaybe", {"value": "maybe"}, ("yes", "no", "maybe"))
LABELS = gold("label_set", {"labels": ["Pneumonia", "Edema"], "vocabulary": ["Pneumonia", "Edema", "Effusion"]})
NONE = gold("label_set", {"labels": []})
LUNG = gold("open", {"values": ["left lung", "the left side of the chest"]})
GENE = gold("open", {"values": ["BRCA1"]})
VIRUS = gold("open", {"values": ["hepatitis C virus", "HCV"]})
BOXES = gold("bbox", {"boxes": [[10, 10, 110, 110]], "width": 1000, "height": 1000})
NAMED_BOXES = gold("bbox", {"boxes": [[0, 0, 50, 50], [100, 100, 150, 150]], "labels": ["nodule", "mass"], "width": 500, "height": 500})
RIGHT = [
    *cases(
        YES,
        r"\boxed{Yes, no doubt}", r"\boxed{yes} - there is no doubt.", "Yes. No pneumothorax is seen, but the heart is large.",
        r"\boxed{Yes, there is no normal lung left}", r"\boxed{是的}", "Oui, on voit une fracture.", "Ja, es gibt eine Fraktur.",
        "Die Antwort ist ja.", r"\boxed{\text{yes, there is.}}", "Answer: Yes, there is a fracture.",
        "Yes, it is abnormal. There is no doubt.", "**Yes**", "La respuesta es sí.", "La réponse est oui.", "答案是：是",
    ),
    *cases(
        NO,
        r"\boxed{No, nothing abnormal}", "La réponse est non.", "La respuesta es no.", "No. Yes-or-no questions need care.", "没有。",
        "No, the heart is not enlarged.", "Non, aucune fracture.", r"\boxed{no, it is not}", "答案：不是", "Die Antwort ist nein.",
    ),
    *cases(
        MAYBE,
        r"\boxed{maybe}", "The answer is maybe.", "Answer: maybe (more studies are needed)",
    ),
    *cases(
        LABELS,
        r"\boxed{1. Pneumonia, 2. Edema}", r"\boxed{Pneumonia and edema}", r"\boxed{pneumonia + edema}",
        "\\boxed{Pneumonia, Edema}\nThere is no effusion.", '{"answer": ["edema", "pneumonia"]}', r"\boxed{pneumonia;edema}",
        "Findings: pneumonia, edema", r"\boxed{\text{Edema and pneumonia}}", r"\boxed{Pneumonia\\Edema}",
    ),
    *cases(
        NONE,
        r"\boxed{no finding}", r"\boxed{normal}",
    ),
    *cases(
        LUNG,
        r"\boxed{Left lung.}", r"\boxed{\textit{left}\ lung}", "\\boxed{the left lung}\nThe right lung is clear.",
        "Answer: **left lung**", r"\boxed{left lung}. Actually, this is a common place for it.",
        "\\boxed{left lung}\nThe correct answer is the left lung.", r"It is not the right lung. \boxed{left lung}",
    ),
    *cases(
        GENE,
        r"\boxed{BRCA1}", r"\boxed{\textit{BRCA1}}", "The answer is BRCA1.", r"\boxed{brca1}",
    ),
    *cases(
        VIRUS,
        r"\boxed{HCV}", r"\boxed{Hepatitis C virus.}", r"\boxed{hepatitis-C virus}",
    ),
    *cases(
        BOXES,
        "<box>[[10, 10, 110, 110]]</box>", "Le résultat : <box>[[10,10,110,110]]</box>", r"\boxed{[10, 10, 110, 110]}",
        '{"bbox_2d": [10, 10, 110, 110], "label": "nodule"}',
    ),
    *cases(
        NAMED_BOXES,
        "nodule <box>[[0,0,50,50]]</box>, mass <box>[[100,100,150,150]]</box>",
    ),
]  # fmt: skip
WRONG = [
    *cases(
        YES,
        r"\boxed{yes - actually no}", "Yes… no.", r"\boxed{yes}. No, wait: no.", r"\boxed{yes} is wrong.",
        r"\boxed{Yes if contrast was given, no otherwise}", r"\boxed{¬yes}", r"\boxed{not yes}", r"\boxed{yes and no}",
        r"\boxed{yes → no}", "Yes, but actually not.", "Oui, enfin non.", "Sí. Perdón, no.", "Ja, eigentlich nein.", "是的，不对，不是。",
        "The answer is yes? No.", r"\boxed{yes?}", r"\boxed{nope}", r"\boxed{yes/no}", r"\boxed{yes} or \boxed{no}",
        "The answer is yes or no.", "Yes and no.", "Yesno", "I would not say yes.", "The answer is not a clear yes.",
        "The answer is: hardly yes", r"\boxed{yes} would be wrong.", "Oui et non.", "La réponse n'est pas oui.", "La respuesta no es sí.",
        "Die Antwort ist nicht ja.", "答案不是是。", "Yes - no, wait, the image is of a hand; no.",
    ),
    *cases(
        NO,
        r"\boxed{no - yes}", "No doubt about it: there is a fracture.", "No wait, yes.", r"\boxed{No, actually yes}", "Nein, doch: ja.",
        "There is no way to be sure.", r"\boxed{not no}", "Know that a fracture is there.", "No fracture? There is one: yes.", "Not no.",
        "The answer is not no.", r"\boxed{no?}", "No is not the answer.", "No, but then again yes.",
    ),
    *cases(
        MAYBE,
        r"\boxed{maybe yes}", r"\boxed{yes, maybe}", r"\boxed{maybe not}", "Maybe. Actually, yes.", "The answer is yes.",
    ),
    *cases(
        LABELS,
        r"\boxed{pneumonia, ¬edema}", r"\boxed{pneumonia, edema?}", r"\boxed{pneumonia or edema}", r"\boxed{pneumonia, no edema}",
        r"\boxed{pneumonia, edema} Correction: the answer is pneumonia, effusion.", r"\boxed{neither pneumonia nor edema}",
        r"\boxed{pneumonia without edema}", r"\boxed{pneumonia, edema (excluded)}", r"\boxed{pneumonia (possible), edema}",
        r"\boxed{pneumonia edema effusion}", r"\boxed{pneumonia, pulmonary edema ruled out}", r"\boxed{no pneumonia, no edema}",
        r"\boxed{pneumonia, edema, and maybe effusion}", r"\boxed{either pneumonia, edema}", r"\boxed{pneumonia vs edema}",
        r"\boxed{pneumonia, edema} is wrong.", r"not \boxed{pneumonia, edema}", r"\boxed{pneumonia \neq edema}",
        r"\boxed{pneumonia -> edema}",
    ),
    *cases(
        NONE,
        r"\boxed{abnormal}", r"\boxed{not normal}", r"\boxed{none?}", r"\boxed{no finding is normal}",
    ),
    *cases(
        LUNG,
        r"\boxed{¬left lung}", r"\boxed{≠ left lung}", r"\boxed{not left lung}", r"\boxed{no evidence of left lung}",
        r"\boxed{left lung?}", r"\boxed{left lung ✗}", r"\boxed{~~left lung~~}", r"not \boxed{left lung}",
        r"\boxed{left lung} No wait, the right lung.", r"\boxed{left lung}. Scratch that: both lungs.",
        r"\boxed{left lung} is incorrect.", r"\boxed{left lung}. The correct answer is the right lung.",
        r"\boxed{left lung}. En fait, c'est le poumon droit.", r"\boxed{left lung}. Eigentlich ist es die rechte Lunge.",
        r"\boxed{left lung}。不对，是右肺。", "The answer isn't: left lung", "Answer: left lung or right lung", "Is the answer left lung?",
        r"\boxed{left lung (absent)}", r"\boxed{left, lung?}", r"\boxed{left lung} → right lung", "The answer is not: left lung",
        "The answer cannot be left lung", r"\boxed{left lung}. Correction: right lung.", r"\boxed{left lung} (no)",
        r"\xcancel{\boxed{left lung}}", r"<s>\boxed{left lung}</s>",
    ),
    *cases(
        GENE,
        r"\boxed{BRCA2}", r"\boxed{BRCA1/2}", r"\boxed{BRCA1 or BRCA2}", r"\boxed{BRCA1-negative}", r"\boxed{BRCA1^{-}}",
        r"\boxed{anti-BRCA1}", r"\boxed{BRCA1+}", r"\boxed{BRCA11}",
    ),
    *cases(
        VIRUS,
        r"\boxed{HBV}", r"\boxed{no HCV}", r"\boxed{HCV-}", r"\boxed{HCV (-)}", r"\boxed{HCV⁻}",
        r"\boxed{\text{HCV}} \text{ is excluded}", r"\boxed{HCV}. I meant HBV.",
    ),
    *cases(
        BOXES,
        "<box>[[10, 10, 110, 110], [500, 500, 600, 600]]</box>",
        "<box>[[10, 10, 110, 110]]</box> Wait, the correct box is <box>[[500, 500, 600, 600]]</box>", "<box>[[10, 10, 110, NaN]]</box>",
        "<box>[[10, 10, 110]]</box>", "<think><box>[[10, 10, 110, 110]]</box></think>", "not <box>[[10, 10, 110, 110]]</box>",
        "<box>[[0.01, 0.01, 0.11, 0.11]]</box>", "There are boxes at 10, 10, 110, 110.",
    ),
    *cases(
        NAMED_BOXES,
        "nodule <box>[[0,0,50,50]]</box>", "mass <box>[[0,0,50,50]]</box>, nodule <box>[[100,100,150,150]]</box>",
        "<box>[[0,0,50,50],[0,0,50,50]]</box>", '{"bbox_2d": [0,0,50,50]}{"bbox_2d": [100,100,150,150]}',
        "no nodule <box>[[0,0,50,50]]</box>, mass <box>[[100,100,150,150]]</box>",
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
