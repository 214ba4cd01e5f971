"""Judge: one verdict a trace in order; a broken gold is an exception and never a wrong answer."""

from typing import Any

import pyarrow as pa
import pytest

from pipeline.stages.judge import JudgeRecipe, judge
from pipeline.verify.think import published_trace
from schemas.trace import Judgement, Trace
from tests.fixtures.stage_rows import chosen, example, trace

RECIPE = JudgeRecipe("train", "v")


def judged(traces: list[dict[str, Any]], *rows: dict[str, Any], recipe: JudgeRecipe = RECIPE) -> list[dict[str, Any]]:
    table: pa.Table = judge(Trace.from_rows(traces), chosen(rows or [example("1")]), recipe)["judgements"]
    return table.to_pylist()


@pytest.mark.parametrize(
    ("text", "finish_reason", "verdict"),
    [
        ("<think>why</think>\n\\boxed{B}", "stop", "correct"),
        ("<think>why</think>\n\\boxed{A}", "stop", "incorrect"),
        ("<think>why</think>\n", "stop", "no_answer"),
        ("<think>why", "length", "truncated"),
        ("", "refused", "refused"),
        ("The answer is B.", "stop", "malformed"),
    ],
)
def test_a_verdict_says_what_became_of_the_answer(text: str, finish_reason: str, verdict: str) -> None:
    (row,) = judged([trace("1", text=text, finish_reason=finish_reason)])
    assert row[Judgement.verdict] == verdict


def test_there_is_one_verdict_a_trace_in_order() -> None:
    traces = [trace("2", 1, "\\boxed{A}"), trace("1", 0, "\\boxed{B}"), trace("2", 0, "\\boxed{B}")]
    rows = judged(traces, example("1"), example("2"))
    assert [(row[Judgement.id], row[Judgement.example], row[Judgement.sample]) for row in rows] == [
        ("2/1", "2", 1),
        ("1/0", "1", 0),
        ("2/0", "2", 0),
    ]
    assert [row[Judgement.verdict] for row in rows] == ["incorrect", "correct", "correct"]
    assert [row[Judgement.extracted] for row in rows] == ["A", "B", "B"]


def test_each_question_is_judged_by_its_own_gold() -> None:
    rows = judged(
        [trace("1", 0, "\\boxed{yes}"), trace("2", 0, "\\boxed{yes}")],
        *(example(id, answer_type="yesno", options=[], gold_json=f'{{"value":"{gold}"}}') for id, gold in (("1", "yes"), ("2", "no"))),
    )
    assert [row[Judgement.verdict] for row in rows] == ["correct", "incorrect"]


def test_the_policy_decides_whether_prose_counts() -> None:
    prose = [trace("1", 0, "<think>why</think>\nThe answer is B.")]
    assert judged(prose)[0][Judgement.verdict] == "malformed"
    assert judged(prose, recipe=JudgeRecipe("eval", "v"))[0][Judgement.verdict] == "correct"


@pytest.mark.parametrize(
    "text",
    [
        "<think>why</think>\n\\boxed{B}",
        "<think>not \\boxed{A}</think> It is \\boxed{B}, no doubt. \\boxed{B}<|im_end|>",
        "  why </think> <image> It is \\boxed{B}.",
        "<|channel|>analysis<|message|>why<|end|><|start|>assistant<|channel|>final<|message|>\\boxed{B}<|return|>",
        "◁think▷why <image>◁/think▷ \\boxed{B} \n",
        "\\boxed{B}",
    ],
)
def test_the_span_finds_the_answer_in_the_trace_and_in_what_is_published(text: str) -> None:
    (row,) = judged([trace("1", text=text)])
    assert row[Judgement.verdict] == "correct"
    assert text[row[Judgement.start] : row[Judgement.stop]] == row[Judgement.extracted] == "B"
    assert published_trace(text)[row[Judgement.published_start] : row[Judgement.published_stop]] == "B"


def test_an_answer_that_reads_otherwise_once_published_has_no_place_there() -> None:
    told = example("1", answer_type="open", options=[], gold_json='{"values":["a <image> b"]}')
    (row,) = judged([trace("1", text="<think>why</think> \\boxed{a <image> b}")], told)
    assert (row[Judgement.verdict], row[Judgement.stop] is None, row[Judgement.published_start]) == ("correct", False, None)


def test_no_answer_has_no_span() -> None:
    (row,) = judged([trace("1", text="<think>why</think> I do not know.")])
    assert [row[name] for name in (Judgement.start, Judgement.stop, Judgement.published_start, Judgement.published_stop)] == [None] * 4


@pytest.mark.parametrize(
    ("text", "verdict"),
    [
        ("<think>why</think>\n\\boxed{B}", "correct"),
        ("<think>why</think>\n$\\boxed{B}$.<|im_end|>", "correct"),
        ("<think>why</think>\n\\boxed{B} But wait", "truncated"),
        ("<think>why</think>\n\\boxed{B} or \\boxed{", "truncated"),
        ("<think>why \\boxed{B}", "truncated"),
    ],
)
def test_an_aborted_answer_counts_only_where_it_ends_in_its_box(text: str, verdict: str) -> None:
    (row,) = judged([trace("1", text=text, finish_reason="other")])
    assert row[Judgement.verdict] == verdict
    assert ("truncated" in row[Judgement.flags]) == (verdict == "truncated")


def test_whether_there_was_a_thought_is_told() -> None:
    rows = judged(
        [trace("1", 0, "<think>why</think>\\boxed{B}"), trace("1", 1, "\\boxed{B}"), trace("1", 2, "<think>\n</think>\\boxed{B}")]
    )
    assert [row[Judgement.thought] for row in rows] == [True, False, False]


@pytest.mark.parametrize(
    ("text", "finish_reason", "flags", "boxes"),
    [
        ("<think>why</think>\n\\boxed{B}", "stop", [], 1),
        ("<think>perhaps \\boxed{A}</think>\n\\boxed{B} or \\boxed{A}", "stop", [], 2),
        ("\\boxed{B}", "stop", ["no_thought"], 1),
        ("<think>why", "length", ["truncated"], 0),
        ("<think>As an AI language model, the given answer is B.</think>\\boxed{B}", "stop", ["identity", "leaks_answer"], 1),
        ("<think>The caption says so.</think>\\boxed{B}", "stop", ["image_blind"], 1),
        ("<think>" + "It may be so, or it may not be so. " * 40 + "</think>\\boxed{B}", "stop", ["looping"], 1),
        ("<think>The left lung 左肺下叶有病灶 is the site.</think>\\boxed{B}", "stop", ["mixed_language"], 1),
    ],
)
def test_what_is_odd_about_a_trace_is_told_and_moves_no_verdict(text: str, finish_reason: str, flags: list[str], boxes: int) -> None:
    (row,) = judged([trace("1", text=text, finish_reason=finish_reason)])
    told = set(row[Judgement.flags])
    assert (told, row[Judgement.boxes]) == (set(flags), boxes)
    if boxes == 1:
        assert row[Judgement.verdict] == "correct"


def test_a_gold_that_is_its_own_completion_is_right() -> None:
    (row,) = judged([trace("1", 0, "B", teacher="")])
    assert (row[Judgement.verdict], row[Judgement.extracted], row[Judgement.rule]) == ("correct", "B", "gold")
    assert (row[Judgement.start], row[Judgement.stop], row[Judgement.published_stop]) == (0, 1, 1)


@pytest.mark.parametrize("gold", ['{"index":7}', "{}", '{"index":"B"}', "not json"])
def test_a_broken_gold_is_an_exception(gold: str) -> None:
    with pytest.raises(Exception):  # noqa: B017
        judged([trace("1", 0, "\\boxed{B}")], example("1", gold_json=gold))


def test_a_trace_of_no_question_is_an_exception() -> None:
    with pytest.raises(KeyError):
        judged([trace("9")])


def test_no_trace_gives_no_verdict() -> None:
    assert judged([]) == []
