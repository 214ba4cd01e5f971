"""What holds for every output: option order, text before the box, rendered golds, hostile text, determinism."""

import json
import re
import string

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from pipeline.verify.answer import Gold, Judged, Policy, verify
from schemas.example import AnswerType
from schemas.trace import Verdict

OPTIONS = ("Acute appendicitis", "Diverticulitis", "Crohn disease", "Ulcerative colitis", "None of the above")
GOLDS = (
    Gold.from_json("mcq", OPTIONS, '{"index": 2}'),
    Gold.from_json("multi", OPTIONS, '{"indexes": [0, 2]}'),
    Gold.from_json("yesno", (), '{"value": "yes"}'),
    Gold.from_json("yesnomaybe", ("yes", "no", "maybe"), '{"value": "maybe"}'),
    Gold.from_json("label_set", (), '{"labels": ["pneumonia", "edema"]}'),
    Gold.from_json("numeric", (), '{"value": "25.0", "low": "23.75", "high": "26.25", "unit": "mL/min"}'),
    Gold.from_json("date", (), '{"value": "2023-11-24"}'),
    Gold.from_json("date", (), '{"weeks": 17, "days": 4}'),
    Gold.from_json("open", (), '{"values": ["left lower lobe", "LLL"]}'),
    Gold.from_json("bbox", (), '{"boxes": [[10, 20, 300, 400]], "width": 500, "height": 500, "frame": "norm1000"}'),
)
RENDERED = (
    r"\boxed{C}",
    r"\boxed{A, C}",
    r"\boxed{yes}",
    r"\boxed{maybe}",
    r"\boxed{pneumonia, edema}",
    r"\boxed{25.0 mL/min}",
    r"\boxed{2023-11-24}",
    r"\boxed{(17 weeks, 4 days)}",
    r"\boxed{left lower lobe}",
    r"<box>[[20, 40, 600, 800]]</box>",
)
TEMPLATES = (
    r"\boxed{@}",
    r"\boxed{(@)}",
    r"<think>Hm, B or D?</think> So \boxed{\text{@}}.",
    "The answer is (@).",
    "**Answer: @**",
    "Answer: @\nThat is all.",
    "I choose @.",
    "It is not X. Therefore, option @ is the correct answer.",
    '{"answer_choice": "@"}',
    "<answer>@</answer>",
    "答案：@",
    "@",
    "(@)",
)
PIECES = st.sampled_from(
    [
        r"\boxed{", "}", "{", "\\", "<think>", "</think>", "<box>", "</box>", "[[1,2,3,4]]", '"bbox_2d": [', "]", "[", '"answer": "', "answer is ",
        "A", "I", "(C)", "not ", "or ", " and ", "\0", "\ud800", "\ufffd", "Ａ", "：", "答案", "<|channel|>", "final", "<|message|>", "1e999", "-", "...",
        "3/0", "(1,2", "\n", " ", "*", "$", "```json", "yes", "no", "weeks", "99 weeks 400 days", "31/02/2020", "%", "10-14", "option ", "\u202e",
        "\\frac{1}{0}", "9" * 50, "{" * 40, "(" * 40, "İ", "ﬁ", "́", "Question:", "wait", "\t", "<|box_start|>(1,2),(3,4)<|box_end|>",
    ]
)  # fmt: skip


@pytest.mark.parametrize(("gold", "text"), list(zip(GOLDS, RENDERED, strict=True)))
@pytest.mark.parametrize("policy", list(Policy))
def test_rendered_gold_is_correct(gold: Gold, text: str, policy: Policy) -> None:
    judged = verify(f"<think>Some thought about it.</think>\n\n{text}", gold, policy=policy)
    assert (judged.verdict, judged.score, judged.thought) == (Verdict.CORRECT, 1.0, True)


@settings(max_examples=80, deadline=None)
@given(order=st.permutations(range(5)), said=st.integers(0, 4), gold=st.integers(0, 4), template=st.sampled_from(TEMPLATES))
def test_verdict_does_not_depend_on_the_order_of_options(order: list[int], said: int, gold: int, template: str) -> None:
    plain = _answer(OPTIONS, said, gold, template)
    moved = tuple(OPTIONS[index] for index in order)
    assert _answer(moved, order.index(said), order.index(gold), template).verdict is plain.verdict
    assert plain.verdict is (Verdict.CORRECT if said == gold else Verdict.INCORRECT)


@settings(max_examples=60, deadline=None)
@given(order=st.permutations(range(5)), said=st.integers(0, 4), gold=st.integers(0, 4))
def test_letter_moved_against_its_text_is_never_correct(order: list[int], said: int, gold: int) -> None:
    other = order.index(said)
    text = f"\\boxed{{{string.ascii_uppercase[other]}. {OPTIONS[said]}}}"
    judged = verify(text, Gold(AnswerType.MCQ, OPTIONS, indexes=(gold,)))
    assert (judged.verdict is Verdict.CORRECT) == (other == said == gold)
    assert other == said or judged.verdict is Verdict.CONFLICT


def _answer(options: tuple[str, ...], said: int, gold: int, template: str) -> Judged:
    text = template.replace("@", string.ascii_uppercase[said])
    return verify(text, Gold(AnswerType.MCQ, options, indexes=(gold,)))


def _free_of_marks(text: str) -> bool:
    return not re.search(r"box|think|thought|reasoning|<|◁|channel|analysis", text, re.IGNORECASE)


@settings(max_examples=100, deadline=None)
@given(before=st.text(max_size=200).filter(_free_of_marks), place=st.integers(0, len(GOLDS) - 1), policy=st.sampled_from(Policy))
@example(before="The answer is B. I cannot answer. Question: what? {{{ \\", place=0, policy=Policy.EVAL)
@example(before="The answer is not", place=9, policy=Policy.EVAL)
@example(before="rather than", place=0, policy=Policy.TRAIN)
@example(before="\u2260", place=9, policy=Policy.TRAIN)
@example(before="~~", place=8, policy=Policy.EVAL)
@example(before="Answer: no. \\text{ $", place=2, policy=Policy.EVAL)
def test_text_before_the_last_box_changes_nothing(before: str, place: int, policy: Policy) -> None:
    alone = verify(RENDERED[place], GOLDS[place], policy=policy)
    after = verify(f"{before}\n{RENDERED[place]}", GOLDS[place], policy=policy)
    assert after._replace(span=None) == alone._replace(span=None)


@settings(max_examples=150, deadline=None)
@given(
    pieces=st.lists(st.one_of(PIECES, st.text(max_size=12)), max_size=30),
    policy=st.sampled_from(Policy),
    reason=st.sampled_from(["stop", "length"]),
)
def test_hostile_text_never_raises_and_verdicts_repeat(pieces: list[str], policy: Policy, reason: str) -> None:
    text = "".join(pieces)
    for gold in GOLDS:
        judged = verify(text, gold, policy=policy, finish_reason=reason)
        assert judged == verify(text, gold, policy=policy, finish_reason=reason)
        assert 0.0 <= judged.score <= 1.0
        assert (judged.score == 1.0) == (judged.verdict is Verdict.CORRECT)
        assert judged.span is None or 0 <= judged.span[0] <= judged.span[1] <= len(text)


@settings(max_examples=100, deadline=None)
@given(pieces=st.lists(st.one_of(PIECES, st.text(max_size=12)), max_size=20), reason=st.sampled_from(["stop", "length"]))
def test_train_accepts_nothing_that_eval_rejects(pieces: list[str], reason: str) -> None:
    text = "".join(pieces)
    for gold in GOLDS:
        if verify(text, gold, policy=Policy.TRAIN, finish_reason=reason).verdict is Verdict.CORRECT:
            assert verify(text, gold, policy=Policy.EVAL, finish_reason=reason).verdict is Verdict.CORRECT


@settings(max_examples=40, deadline=None)
@given(inner=st.text(alphabet="ABCDE ,.()", max_size=8))
def test_a_thought_that_never_ends_is_never_correct(inner: str) -> None:
    for gold in GOLDS:
        assert verify(f"<think>{inner} \\boxed{{C}} \\boxed{{yes}}", gold).verdict is Verdict.MALFORMED


def test_gold_survives_its_json() -> None:
    gold = Gold.from_json("mcq", list(OPTIONS), json.dumps({"index": 2}))
    assert gold == Gold(AnswerType.MCQ, OPTIONS, indexes=(2,))
