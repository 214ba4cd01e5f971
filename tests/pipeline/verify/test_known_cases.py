"""Sixty-four awkward outputs with the verdict that is right, most of which some published scorer gets wrong."""

import json

import pytest

from pipeline.verify.answer import Gold, Judged, Policy, verify
from schemas.example import AnswerType
from schemas.trace import Verdict

OPTIONS = ("Acute appendicitis", "Diverticulitis", "Crohn disease", "Ulcerative colitis")
TEN = (*OPTIONS, "Volvulus", "Intussusception", "Ileus", "Hernia", "Infarction", "Abscess")
C = Gold(AnswerType.MCQ, OPTIONS, indexes=(2,))
C_OF_TEN = Gold(AnswerType.MCQ, TEN, indexes=(2,))
A = Gold(AnswerType.MCQ, OPTIONS, indexes=(0,))
D = Gold(AnswerType.MCQ, OPTIONS, indexes=(3,))
AC = Gold(AnswerType.MULTI, OPTIONS, indexes=(0, 2))
YES = Gold(AnswerType.YESNO, values=("yes",))
NO = Gold(AnswerType.YESNO, values=("no",))
AGE = Gold(AnswerType.DATE, weeks_days=(17, 4))
DAY = Gold(AnswerType.DATE, date=(2023, 11, 24))
RIGHT, WRONG, NONE = Verdict.CORRECT, Verdict.INCORRECT, Verdict.NO_ANSWER


def number(value: str, low: str = "", high: str = "", unit: str = "") -> Gold:
    return Gold.from_json("numeric", (), json.dumps({"value": value, "low": low or value, "high": high or value, "unit": unit}))


def labels(*values: str) -> Gold:
    return Gold(AnswerType.LABEL_SET, values=values)


def boxes(*values: tuple[float, float, float, float], width: int = 1000, height: int = 1000, frame: str = "pixel") -> Gold:
    return Gold(AnswerType.BBOX, boxes=values, width=width, height=height, frame=frame)


CREATININE = number("25.0", "23.75", "26.25", "mL/min/1.73 m^2")
TWELVE = number("12.1", "11.495", "12.705")
CASES = [
    ("01 box after a thought", r"<think>x</think> The answer is \boxed{C}", C, RIGHT),
    ("02 text command", r"\boxed{\text{C}}", C, RIGHT),
    ("03 mathrm", r"\boxed{\mathrm{C}}", C, RIGHT),
    ("03 textbf", r"\boxed{\textbf{C}}", C, RIGHT),
    ("04 parentheses", r"\boxed{(C)}", C, RIGHT),
    ("05 letter, point, text", r"\boxed{C. Crohn disease}", C, RIGHT),
    ("05 letter, colon, text", r"\boxed{C: Crohn disease}", C, RIGHT),
    ("06 option text", r"\boxed{Crohn disease}", C, RIGHT),
    ("07 possessive", r"\boxed{Crohn's disease}", C, RIGHT),
    ("08 small letter", r"\boxed{c}", C, RIGHT),
    ("09 last box", r"First \boxed{A}, but on reflection \boxed{C}.", C, RIGHT),
    ("10 tempting first box", r"\boxed{C} is tempting, but final: \boxed{A}", C, WRONG),
    ("11 box in the thought", r"<think>maybe \boxed{C}</think> I cannot determine.", C, Verdict.REFUSED),
    ("13 space before the brace", r"The answer is \boxed {C}", C, RIGHT),
    ("14 fbox", r"\fbox{C}", C, RIGHT),
    ("15 two letters", r"\boxed{B, C}", C, Verdict.AMBIGUOUS),
    ("15 two letters with and", r"\boxed{B and C}", C, Verdict.AMBIGUOUS),
    ("16 not A but C", "The answer is not A but C.", C, RIGHT),
    ("17 an article", "The answer is A bit unclear, but I choose C.", C, RIGHT),
    ("18 a note behind", "Answer: C\nNote that A is a common distractor.", C, RIGHT),
    ("19 a doubt first", "Answer: A? No.\nAnswer: C", C, RIGHT),
    ("20 bold key", "**Answer**: C", C, RIGHT),
    ("21 pronoun I", "I think the diagnosis is Crohn disease.", C_OF_TEN, RIGHT),
    ("22 negated option", "It is not Diverticulitis; this is Crohn disease.", C, RIGHT),
    (
        "23 only denials",
        "Acute appendicitis is unlikely. Diverticulitis is unlikely. Ulcerative colitis is unlikely.",
        C,
        NONE,
    ),
    ("24 letter against text", r"\boxed{C. Diverticulitis}", C, Verdict.CONFLICT),
    ("25 refusal", "I'm sorry, I can't help with that.", C, Verdict.REFUSED),
    ("26 empty", "", C, NONE),
    ("27 none of the above", "None of the above.", C, NONE),
    ("28 vitamin C", "Give vitamin C to the patient.", C, NONE),
    ("28 hepatitis C", "The patient has hepatitis C.", C, NONE),
    ("29 Chinese", "答案是C", C, RIGHT),
    ("30 full width", "答案：Ｃ", C, RIGHT),
    ("31 option C", "Option C.", C, RIGHT),
    ("32 answer tag with newlines", "<answer>\nC. Crohn disease\n</answer>", C, RIGHT),
    ("33 formula in the box", r"reasoning with \boxed{\langle H\rangle \ll \Delta E} … **Answer: D**", D, RIGHT),
    ("34 seems to be", "Answer seems to be A.\n\nAnswer: A", A, RIGHT),
    ("35 German", "Antwort: C", C, RIGHT),
    ("36 nodular", "There is nodular opacity", NO, NONE),
    ("37 yes with more", "Yes, there is an abnormality.", YES, RIGHT),
    ("38 yes, no pneumothorax", "Yes, no pneumothorax is seen", YES, RIGHT),
    ("39 do not know", "I do not know", NO, NONE),
    ("40 normal", "The image is normal", NO, NONE),
    ("40 not visible", "Not visible", NO, NONE),
    ("41 notice", "Yes … a death notice and an emblem", YES, RIGHT),
    ("42 AC", r"\boxed{AC}", AC, RIGHT),
    ("42 C, A", r"\boxed{C, A}", AC, RIGHT),
    ("42 A and C", r"\boxed{A and C}", AC, RIGHT),
    ("43 one of two", r"\boxed{A}", AC, WRONG),
    ("43 one too many", r"\boxed{A,B,C}", AC, WRONG),
    ("44 set of labels", r"\boxed{Edema and pneumonia}", labels("pneumonia", "edema"), RIGHT),
    ("45 and with comma", r"\boxed{pneumonia and edema, effusion}", labels("pneumonia", "edema", "effusion"), RIGHT),
    ("46 unit with a number in it", r"\boxed{25.1 mL/min/1.73 m^2}", CREATININE, RIGHT),
    ("47 percent", "53.1%", number("53.1", "50.445", "55.755", "%"), RIGHT),
    ("48 thousands", "1,250", number("1250"), RIGHT),
    ("49 out of", "3 out of 5", number("3"), RIGHT),
    ("49 a list", "3, 4, 5", number("3"), Verdict.AMBIGUOUS),
    ("50 negative limits", "-9.8", number("-10", "-9.5", "-10.5"), RIGHT),
    ("51 between", "between 10 and 14", TWELVE, Verdict.AMBIGUOUS),
    ("51 range", "10-14", TWELVE, Verdict.AMBIGUOUS),
    ("52 about", "≈ 12.1", TWELVE, RIGHT),
    ("52 scientific", "1.21e1", TWELVE, RIGHT),
    ("52 full stop", "12.1.", TWELVE, RIGHT),
    ("53 not an integer", "4.2", number("4"), WRONG),
    ("54 17w4d", "17w4d", AGE, RIGHT),
    ("54 tuple", "('17 weeks', '4 days')", AGE, RIGHT),
    ("54 words", "17 weeks and 4 days", AGE, RIGHT),
    ("55 ISO", "2023-11-24", DAY, RIGHT),
    ("55 in words", "November 24, 2023", DAY, RIGHT),
    ("55 day first", "24/11/2023", DAY, WRONG),
    (
        "56 resized input",
        '[{"bbox_2d": [112, 112, 560, 560], "label": "x"}]',
        boxes((200, 200, 1000, 1000), width=2000, height=2000, frame="1120x1120"),
        RIGHT,
    ),
    (
        "57 two boxes in one tag",
        "<box>[[156, 516, 231, 607], [240, 529, 296, 581]]</box>",
        boxes((156, 516, 231, 607), (240, 529, 296, 581)),
        RIGHT,
    ),
    ("58 floats and negatives", '[{"bbox_2d":[10.5,-2,30,40],"label":"x"}]', boxes((10.5, 0, 30, 40)), RIGHT),
    ("59 corners swapped", "<box>[[231,607,156,516]]</box>", boxes((156, 516, 231, 607)), RIGHT),
    ("60 one of three", "<box>[[0,0,10,10]]</box>", boxes((0, 0, 10, 10), (50, 50, 90, 90), (200, 200, 300, 300)), WRONG),
    ("60 the same ten times", f"<box>[{', '.join(['[0,0,10,10]'] * 10)}]</box>", boxes((0, 0, 10, 10)), WRONG),
    ("63 out of range", r"\boxed{E}", C, NONE),
    ("64 empty box", r"\boxed{}", A, NONE),
    ("64 question mark", r"\boxed{?}", A, NONE),
]


@pytest.mark.parametrize(("text", "gold", "right"), [case[1:] for case in CASES], ids=[case[0] for case in CASES])
def test_known_output_gets_its_verdict(text: str, gold: Gold, right: Verdict) -> None:
    assert verify(text, gold).verdict is right


def test_cut_off_in_the_box_is_truncated() -> None:
    assert verify(r"The answer is \boxed{C", C, finish_reason="length").verdict is Verdict.TRUNCATED


@pytest.mark.parametrize("text", [r"\fbox{C}", "The answer is not A but C.", "Answer: C", "答案是C"])
def test_train_takes_a_box_alone(text: str) -> None:
    assert verify(text, C, policy=Policy.TRAIN).verdict is Verdict.MALFORMED


@pytest.mark.parametrize(
    ("text", "gold", "right"), [case[1:] for case in CASES if r"\boxed" in case[1]], ids=[case[0] for case in CASES if r"\boxed" in case[1]]
)
def test_train_never_accepts_what_eval_rejects(text: str, gold: Gold, right: Verdict) -> None:
    judged = verify(text, gold, policy=Policy.TRAIN)
    assert judged.verdict is not RIGHT or right is RIGHT


def test_box_scores_are_not_full_for_a_part() -> None:
    part: Judged = verify("<box>[[0,0,10,10]]</box>", boxes((0, 0, 10, 10), (50, 50, 90, 90), (200, 200, 300, 300)))
    many = verify(f"<box>[{', '.join(['[0,0,10,10]'] * 10)}]</box>", boxes((0, 0, 10, 10)))
    assert part.score == pytest.approx(1 / 3)
    assert many.score == pytest.approx(1 / 10)
