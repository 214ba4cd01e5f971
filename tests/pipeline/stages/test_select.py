"""Select: lower samples first, every trace with its reason."""

from typing import Any

import pytest

from pipeline.stages.select import SelectRecipe, select
from schemas.trace import Judgement, Selected, Trace
from tests.fixtures.stage_rows import judgement, trace

Told = tuple[str, int, str, str, bool]


def selected(*told: Told, limit: int = 16, need_thought: bool = True) -> list[dict[str, Any]]:
    traces = Trace.from_rows(trace(example, sample, text) for example, sample, text, _, _ in told)
    judgements = Judgement.from_rows(judgement(example, sample, verdict, thought=thought) for example, sample, _, verdict, thought in told)
    return select(traces, judgements, SelectRecipe(limit, need_thought))["selected"].to_pylist()


def reasons(rows: list[dict[str, Any]]) -> list[str]:
    assert all(row[Selected.kept] == (not row[Selected.reason]) for row in rows)
    return [row[Selected.reason] for row in rows]


def test_correct_traces_are_kept_and_others_have_their_verdict() -> None:
    rows = selected(("1", 0, "a", "correct", True), ("1", 1, "b", "incorrect", True), ("1", 2, "c", "malformed", False))
    assert reasons(rows) == ["", "incorrect", "malformed"]
    assert {(row[Selected.n_sampled], row[Selected.n_correct]) for row in rows} == {(3, 1)}


def test_the_limit_is_a_questions_own_and_takes_the_first_samples() -> None:
    told = [(example, sample, f"{sample}", "correct", True) for example in "12" for sample in range(3)]
    assert reasons(selected(*told, limit=2)) == ["", "", "over the limit"] * 2


def test_a_text_is_kept_once_a_question() -> None:
    rows = selected(("1", 0, "a", "correct", True), ("1", 1, "a", "correct", True), ("2", 0, "a", "correct", True))
    assert reasons(rows) == ["", "repeated text", ""]
    assert rows[0][Selected.n_correct] == 2


def test_a_wrong_text_does_not_keep_out_a_right_one() -> None:
    assert reasons(selected(("1", 0, "a", "incorrect", True), ("1", 1, "a", "correct", True))) == ["incorrect", ""]


def test_what_is_not_kept_takes_no_place_under_the_limit() -> None:
    rows = selected(("1", 0, "a", "correct", False), ("1", 1, "b", "incorrect", True), ("1", 2, "c", "correct", True), limit=1)
    assert reasons(rows) == ["no thought", "incorrect", ""]


@pytest.mark.parametrize(("need", "reason"), [(True, "no thought"), (False, "")])
def test_a_thought_may_be_asked_for(need: bool, reason: str) -> None:
    assert reasons(selected(("1", 0, "a", "correct", False), need_thought=need)) == [reason]


def test_an_answer_without_a_readable_verdict_and_one_lost_in_publishing_have_reasons_of_their_own() -> None:
    unread = {Judgement.rule: "judge_unreadable", Judgement.error: "no readable verdict"}
    judgements = [judgement("1", 0, "ambiguous", **unread), judgement("1", 1, published_start=None), judgement("1", 2)]
    traces = Trace.from_rows(trace("1", place, f"{place}") for place in range(3))
    rows = select(traces, Judgement.from_rows(judgements), SelectRecipe(9, need_thought=True))["selected"].to_pylist()
    assert reasons(rows) == ["judge unreadable", "other answer when published", ""]
    assert rows[0][Selected.n_correct] == 2


def test_there_is_a_row_a_trace_in_order() -> None:
    rows = selected(("2", 0, "a", "correct", True), ("1", 0, "a", "correct", True))
    assert [(row[Selected.id], row[Selected.example]) for row in rows] == [("2/0", "2"), ("1/0", "1")]
    assert selected() == []


def test_judgements_of_another_order_are_refused() -> None:
    traces = Trace.from_rows([trace("1"), trace("2")])
    with pytest.raises(ValueError, match="order"):
        select(traces, Judgement.from_rows([judgement("2"), judgement("1")]), SelectRecipe(1, False))


def diverse(texts: list[str], limit: int) -> list[str]:
    traces = Trace.from_rows(trace("1", place, text) for place, text in enumerate(texts))
    judgements = Judgement.from_rows(judgement("1", place) for place in range(len(texts)))
    return reasons(select(traces, judgements, SelectRecipe(limit, need_thought=True, diverse=1))["selected"].to_pylist())


def test_of_many_the_traces_least_like_each_other_stay() -> None:
    thoughts = [
        "A lobar shadow with an air bronchogram speaks for pneumonia.",
        "A lobar shadow with an air bronchogram speaks well for pneumonia.",
        "No shift of the trachea is seen, which leaves out a large effusion.",
    ]
    told = [f"<think>{thought}</think> \\boxed{{A}}" for thought in thoughts]
    assert diverse(told, 2) == ["", "over the limit", ""]
    assert diverse(told, 3) == ["", "", ""]
    assert diverse(told, 1) == ["", "over the limit", "over the limit"]


def test_diversity_looks_at_thoughts_not_at_the_answers_words() -> None:
    long = "The answer is the first of the four findings that were named above, which is to say"
    told = [
        f"<think>{thought}</think> {long} \\boxed{{A}}" for thought in ("one two three four", "one two three four five", "six seven eight")
    ]
    assert diverse(told, 2) == ["", "over the limit", ""]


def test_a_teacher_whose_traces_are_withheld_keeps_none_and_its_wrong_ones_keep_their_verdict() -> None:
    traces = Trace.from_rows(trace("1", place, f"{place}") for place in range(2))
    judgements = Judgement.from_rows([judgement("1", 0), judgement("1", 1, "incorrect")])
    rows = select(traces, judgements, SelectRecipe(9, need_thought=True, withheld="for rl alone"))["selected"].to_pylist()
    assert reasons(rows) == ["for rl alone", "incorrect"]
    assert {row[Selected.n_correct] for row in rows} == {1}
