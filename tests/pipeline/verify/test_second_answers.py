"""Outputs that give the right answer and then, in few words, another one."""

import pytest

from pipeline.verify.answer import Gold, Policy, verify
from schemas.trace import Verdict

OPTIONS = ("Metformin", "Insulin glargine", "Glipizide", "None of the above")
B = Gold.from_json("mcq", OPTIONS, '{"index": 1}')
AC = Gold.from_json("multi", OPTIONS, '{"indexes": [0, 2]}')
DOSE = Gold.from_json("numeric", (), '{"value": "5", "low": "4.75", "high": "5.25", "unit": "mg"}')
YES = Gold.from_json("yesno", (), '{"value": "yes"}')
DAY = Gold.from_json("date", (), '{"value": "2024-03-05"}')
CHOLERA = Gold.from_json("open", (), '{"values": ["cholera"]}')
BOTH = Gold.from_json("label_set", (), '{"labels": ["edema", "effusion"]}')
TURNS = [
    "Hold on, it should be C.", "It should be C.", "Rather, C.", "Or rather C.", "Make that C.", "Change that to C.", "Let me rethink. C.", "On second thoughts, C.",
    "Erratum: C.", "Edit: C", "I retract this. C.", "That's a typo, it's C.", "Ignore that. C.", "Not B, but C.", "Instead, C.", "Final: C", "So C.", "I was wrong: C.",
    "I stand corrected: C.", "Scratch this: C", "Cancel that, it's C.", "But C is better.", "However, C is the better choice.", "Hold on, it should be glipizide.",
    "Rather, glipizide.", "Make that metformin.", "Or metformin.", "And C.", "Also C.", "Non, plutôt C.", "Ou plutôt C.", "Mejor, C.", "Halt, es ist C.", "Quatsch, C.",
    "Besser: C.", "不，是C。", "修正：C。", "抱歉，是C。", "或者说C。",
]  # fmt: skip
KEEPS = [
    "Excluded: A, C, D.", "A and C are wrong.", "So C is wrong.", "No C.", "It's not C.", "Vitamin C.", "Hold on to the basal dose.", "Sorry for the delay.",
    "Or, in words, insulin glargine.", "So it is B.", "Let me re-examine C: it is wrong. So B.", "Final: B", "抱歉让您久等。", "不是C。", "Otherwise, glipizide would be reasonable.", "Update your records.",
    "\n\nA. Metformin\nB. Insulin glargine\nC. Glipizide",
]  # fmt: skip
OTHERS = [
    (DOSE, r"\boxed{5 mg}", ["Hold on, it should be 50 mg.", "Make that 7 mg.", "Rather, 7 mg.", "Or 7 mg.", "No, 7 mg.", "Edit: 7 mg", "Ou plutôt 7 mg."]),
    (YES, r"\boxed{yes}", ["Hold on, no.", "Rather, no.", "or maybe no.", "Otherwise no.", "Ou plutôt non.", "Edit: no"]),
    (DAY, r"\boxed{2024-03-05}", ["Hold on, 2024-03-06.", "Rather, 2024-03-06.", "Edit: 2024-03-06"]),
    (CHOLERA, r"\boxed{cholera}", ["Hold on, it is typhoid.", ". Rather, typhoid.", "or typhoid", "Make that typhoid.", "(or maybe typhoid)"]),
    (AC, r"\boxed{A, C}", ["Hold on, only A.", "Rather, B.", "or A, B", "plus B", "Also B.", "and D."]),
    (BOTH, r"\boxed{edema, effusion}", ["Rather, edema.", "Hold on, only edema.", "or pneumonia"]),
]  # fmt: skip


@pytest.mark.parametrize("turn", TURNS)
def test_a_letter_given_after_the_answer_leaves_it_open(turn: str) -> None:
    assert verify(f"The answer is B. {turn}", B).verdict is not Verdict.CORRECT
    assert verify(rf"\boxed{{B}}. {turn}", B, policy=Policy.TRAIN).verdict is Verdict.AMBIGUOUS


@pytest.mark.parametrize(
    "text",
    [
        r"\boxed{B} or C",
        r"\boxed{B} (or maybe C)",
        "The answer is B, er, C.",
        "The answer is B (or maybe C).",
        "The answer is B in children and C in adults.",
        "The answer is B but I'd also accept C.",
        "My answer: B (50 %), C (50 %)",
    ],
)
def test_a_letter_right_beside_the_answer_leaves_it_open(text: str) -> None:
    assert verify(text, B).verdict is Verdict.AMBIGUOUS


@pytest.mark.parametrize("turn", KEEPS)
def test_words_that_give_no_other_answer_leave_the_answer_right(turn: str) -> None:
    assert verify(f"The answer is B. {turn}", B).verdict is Verdict.CORRECT
    assert verify(rf"\boxed{{B}}. {turn}", B, policy=Policy.TRAIN).verdict is Verdict.CORRECT


@pytest.mark.parametrize(("right", "text", "turn"), [(right, text, turn) for right, text, turns in OTHERS for turn in turns])
def test_another_value_after_the_answer_leaves_it_open(right: Gold, text: str, turn: str) -> None:
    assert verify(text, right).verdict is Verdict.CORRECT
    assert verify(f"{text} {turn}", right).verdict is Verdict.AMBIGUOUS
    assert verify(f"{text} {turn}", right, policy=Policy.TRAIN).verdict is Verdict.AMBIGUOUS


@pytest.mark.parametrize(
    "text",
    [
        "B is wrong, so the incorrect answer is B.",
        "It is not A, so the wrong answer is B.",
        "The worst answer is B.",
        "Anything except B is correct.",
        "All but B is correct.",
    ],
)
def test_a_conclusion_may_deny_in_its_turn(text: str) -> None:
    assert verify(text, B).verdict is not Verdict.CORRECT


@pytest.mark.parametrize("text", ["I can't be sure, but the answer is B.", "It is not A, but the answer is B."])
def test_a_denial_ends_at_but(text: str) -> None:
    assert verify(text, B).verdict is Verdict.CORRECT


@pytest.mark.parametrize("text", ["I am unable to view images.", "I'm sorry, but I can't help with that.", "抱歉，我无法回答。"])
def test_a_refusal_of_an_open_question_is_a_refusal(text: str) -> None:
    assert verify(text, CHOLERA).verdict is Verdict.REFUSED
    assert verify(text, Gold.from_json("open", (), '{"values": ["cannot be determined"]}')).verdict is Verdict.INCORRECT


@pytest.mark.parametrize("text", ["Yes, probably not.", "Yes is the wrong answer.", "是，也不是"])
def test_a_yes_that_is_denied_at_once_is_not_right(text: str) -> None:
    assert verify(text, YES).verdict is not Verdict.CORRECT


@pytest.mark.parametrize("text", ["Yes, probably.", "Yes, that would be wrong to leave out.", "Yes, not seen before.", "是，也是。"])
def test_a_yes_with_a_remark_is_right(text: str) -> None:
    assert verify(text, YES).verdict is Verdict.CORRECT


def test_a_date_that_is_called_uncertain_is_ambiguous() -> None:
    assert verify(r"\boxed{March 5, 2024 (uncertain)}", DAY).verdict is Verdict.AMBIGUOUS
    assert verify(r"\boxed{due March 5, 2024}", DAY).verdict is Verdict.CORRECT


WITHDRAWALS = [
    "That is wrong.",
    "No, wait, that's incorrect.",
    "The answer is wrong.",
    "I take that back.",
    "Scratch that.",
    "\n\nSorry, this was not right.",
]


@pytest.mark.parametrize("said", WITHDRAWALS)
@pytest.mark.parametrize("policy", Policy)
def test_an_answer_withdrawn_right_behind_it_is_open_though_no_other_follows(said: str, policy: Policy) -> None:
    assert verify(rf"\boxed{{B}} {said}", B, policy=policy).verdict is Verdict.AMBIGUOUS
    assert verify(rf"\boxed{{5 mg}}. {said}", DOSE, policy=policy).verdict is Verdict.AMBIGUOUS


def test_an_answer_that_is_a_no_may_say_so_twice() -> None:
    no = Gold.from_json("yesno", (), '{"value": "no"}')
    assert verify(r"\boxed{no} That is not correct: it rises.", no).verdict is Verdict.CORRECT
    assert verify(r"\boxed{B} That is all. It is wrong to start with C.", B).verdict is Verdict.CORRECT
