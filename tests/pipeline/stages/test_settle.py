from pipeline.models.generate import MISSING_TEXT, NOT_ASKED, Completion
from pipeline.stages.settle import SettleRecipe, settle
from pipeline.verify.ask_judge import Item, ask_judge
from schemas.corpus import BUDGET
from schemas.example import Chosen, Dropped
from schemas.trace import Judgement, Trace
from tests.fixtures.asking import FakeGenerate
from tests.fixtures.stage_rows import chosen, example, judgement, trace

ROWS = [example("11"), example("12"), example("13")]
GONE = Dropped.from_rows([{Dropped.id: "16", Dropped.source: "a", Dropped.reason: "row cap", Dropped.evidence: "3"}])
MISSING = Completion(MISSING_TEXT, NOT_ASKED)


def test_a_question_of_which_one_answer_is_missing_is_dropped_for_the_budget() -> None:
    traces = Trace.from_rows([trace("11"), trace("12", 0), trace("12", 1, "", **{Trace.finish_reason: NOT_ASKED})])
    made = settle(chosen(ROWS), GONE, traces, SettleRecipe())
    assert made["chosen"][Chosen.id].to_pylist() == ["11", "13"]
    assert made["dropped"].select([Dropped.id, Dropped.reason]).to_pylist() == [
        {Dropped.id: "16", Dropped.reason: "row cap"},
        {Dropped.id: "12", Dropped.reason: BUDGET},
    ]


def test_a_question_of_which_the_judge_was_not_asked_is_dropped_and_one_that_it_answered_unreadably_is_not() -> None:
    unread, missing = (
        ask_judge([Item("q", ("r",), "a")], FakeGenerate(lambda request, sample, said=said: said), "m")[0].reason
        for said in (Completion("not asked", "stop"), MISSING)
    )
    told = [judgement("11", **{Judgement.error: unread}), judgement("12", **{Judgement.error: missing}), judgement("13")]
    made = settle(chosen(ROWS), GONE, Trace.empty(), SettleRecipe(), Judgement.from_rows(told))
    assert made["chosen"][Chosen.id].to_pylist() == ["11", "13"]
