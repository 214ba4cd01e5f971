"""Ask judge: a model's word can turn a wrong open answer right, and nothing else."""

from typing import Any

import pytest

from pipeline.stages.ask_judge import AskJudgeRecipe, ask_judge
from pipeline.verify.ask_judge import ATTEMPTS
from schemas.errors import TeacherError
from schemas.trace import JUDGE_UNREADABLE, MODEL_JUDGE, Judgement
from tests.fixtures.asking import FakeGenerate, text_of
from tests.fixtures.stage_rows import chosen, example, judgement

RECIPE = AskJudgeRecipe("j", "judge-model", 99, "p")
YES, NO = '{"correct": true, "reason": "same"}', '{"correct": false, "reason": "other side"}'


def opened(id: str, **told: Any) -> dict[str, Any]:
    """An open question."""
    return example(id, answer_type="open", options=[], answer="left lower lobe", gold_json='{"values":["left lower lobe","LLL"]}') | told


def doubted(id: str, sample: int = 0, verdict: str = "incorrect", extracted: str = "lower lobe, left") -> dict[str, Any]:
    """The verdict on an open answer."""
    return judgement(id, sample, verdict, **{Judgement.extracted: extracted, Judgement.rule: "box_differs", Judgement.flags: ["looping"]})


def asked(handle: FakeGenerate, judgements: list[dict[str, Any]], *rows: dict[str, Any]) -> list[dict[str, Any]]:
    return ask_judge(Judgement.from_rows(judgements), chosen(rows), RECIPE, handle)["judgements"].to_pylist()


def test_a_wrong_open_answer_that_the_judge_calls_right_is_right_by_its_word() -> None:
    before = [doubted("1"), doubted("1", 1, extracted="right lobe"), doubted("2", extracted="LUL")]
    handle = FakeGenerate({"<answer>lower lobe, left": YES, "<answer>right lobe": NO, "<answer>LUL": NO})
    after = asked(handle, before, opened("1"), opened("2"))
    assert after[0] == before[0] | {Judgement.verdict: "correct", Judgement.rule: MODEL_JUDGE}
    assert after[1:] == before[1:]


def test_the_judge_sees_the_case_the_question_every_reference_and_the_answer_alone() -> None:
    handle = FakeGenerate({"Question": NO})
    asked(handle, [doubted("1")], opened("1", context="A man of 50.", question="<image>Question 1?"))
    (request,) = handle.requests
    told = text_of(request)
    assert "<question>A man of 50.\n\nQuestion 1?</question>" in told
    assert "<reference>left lower lobe</reference>\n<reference>LLL</reference>\n<answer>lower lobe, left</answer>" in told
    assert (request.model, request.sampling.max_tokens, request.sampling.temperature) == ("judge-model", 99, 0.0)


@pytest.mark.parametrize("verdict", ["correct", "no_answer", "ambiguous", "conflict", "refused", "truncated", "malformed"])
def test_no_other_verdict_is_put_to_the_judge(verdict: str) -> None:
    handle = FakeGenerate({})
    before = [doubted("1", verdict=verdict)]
    assert asked(handle, before, opened("1")) == before
    assert handle.requests == []


def test_neither_questions_of_other_types_nor_missing_answers_are_put_to_the_judge() -> None:
    handle = FakeGenerate({})
    rows = [
        example("1"),
        example("2", answer_type="yesno", options=[], gold_json='{"value":"yes"}'),
        example("3", answer_type="numeric", options=[], gold_json='{"value":"4"}'),
    ]
    before = [doubted("1"), doubted("2"), doubted("3"), doubted("4", extracted="")]
    assert asked(handle, before, *rows, opened("4")) == before
    assert handle.requests == []


def test_the_same_answer_of_several_samples_is_asked_about_once() -> None:
    handle = FakeGenerate({"Question": YES})
    after = asked(handle, [doubted("1", place) for place in range(4)], opened("1"))
    assert [row[Judgement.rule] for row in after] == [MODEL_JUDGE] * 4
    assert len(handle.requests) == 1


def test_a_reply_that_cannot_be_read_is_asked_for_again() -> None:
    handle = FakeGenerate({"Question": ["Right!", YES]})
    assert asked(handle, [doubted("1")], opened("1"))[0][Judgement.verdict] == "correct"
    assert [request.samples for request in handle.requests] == [(0,), (1,)]


def test_an_answer_whose_replies_stay_unreadable_is_neither_right_nor_wrong_and_the_others_go_on() -> None:
    handle = FakeGenerate({"<answer>lower lobe, left": "Right!", "<answer>LLL": YES})
    first, second = asked(handle, [doubted("1"), doubted("1", 1, extracted="LLL")], opened("1"))
    assert (first[Judgement.verdict], first[Judgement.rule]) == ("ambiguous", JUDGE_UNREADABLE)
    assert first[Judgement.error] == "judge judge-model: no readable verdict in 3 replies, the last 'Right!'"
    assert (second[Judgement.verdict], second[Judgement.error]) == ("correct", "")
    assert len(handle.requests) == ATTEMPTS + 1


def test_a_judge_that_cannot_be_asked_fails_the_unit() -> None:
    class Dead(FakeGenerate):
        def __call__(self, *given: Any, **told: Any) -> Any:
            raise TeacherError("judge-model cannot be reached")

    with pytest.raises(TeacherError):
        asked(Dead({}), [doubted("1")], opened("1"))


def test_no_verdict_asks_nothing() -> None:
    handle = FakeGenerate({})
    assert asked(handle, [], opened("1")) == []
    assert handle.requests == []
