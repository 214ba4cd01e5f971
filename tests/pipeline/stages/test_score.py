"""Score: an answer beside its question, its verdict and its measures."""

import json
from typing import Any

import pytest

from pipeline.stages.judge import JudgeRecipe, judge
from pipeline.stages.score import ScoreRecipe, score
from pipeline.verify import gpt2
from pipeline.verify.answer import VERIFIER
from schemas.evaluation import Scored
from schemas.trace import Trace
from tests.fixtures.stage_rows import chosen, example, trace

OPEN = {"answer_type": "open", "options": [], "answer": "right lung", "gold_json": '{"values":["right lung","the right lung"]}'}


def scored(text: str, recipe: ScoreRecipe | None = None, **told: Any) -> dict[str, Any]:
    asked = chosen([example("1", **told)])
    said = Trace.from_rows([trace("1", text=text)])
    judged = judge(said, asked, JudgeRecipe("eval", VERIFIER))["judgements"]
    (row,) = Scored.conform(score(said, judged, asked, recipe or ScoreRecipe())["scored"]).to_pylist()
    return row


def test_a_row_holds_question_answer_and_verdict() -> None:
    row = scored("<think>\ngreen it is\n</think>\n\n\\boxed{B}")
    assert (row[Scored.verdict], row[Scored.extracted], row[Scored.gold], row[Scored.chance]) == ("correct", "B", "B", 0.5)
    assert row[Scored.response][row[Scored.start] : row[Scored.stop]] == "B"
    assert (row[Scored.question], row[Scored.row], row[Scored.options]) == ("Question 1?", "row 1", ["yellow", "green"])


def test_open_answers_are_measured_against_the_nearest_reference() -> None:
    found = json.loads(scored("the right lung", **OPEN)[Scored.measures_json])
    assert (found["exact"], found["f1"], found["bleu1"]) == (1.0, 1.0, 1.0)
    assert "gpt2_f1" not in found
    assert json.loads(scored("left lung", **OPEN)[Scored.measures_json])["f1"] == pytest.approx(0.5)


def test_tokens_of_gpt2_are_counted_where_its_vocabulary_is_installed() -> None:
    if not gpt2.version():
        pytest.skip(f"{gpt2.PACKAGE}, which ships GPT-2's vocabulary, is not installed")
    found = json.loads(scored("left lung", ScoreRecipe(gpt2=gpt2.version()), **OPEN)[Scored.measures_json])
    assert found["gpt2_f1"] == pytest.approx(0.5)


def test_another_kits_scores_stand_beside_ours_where_they_are_asked() -> None:
    refused = "I'm sorry, I can't help with that."
    assert scored(refused)[Scored.kit_json] == "{}"
    row = scored(refused, ScoreRecipe(kit="medevalkit"), options=["Acute appendicitis", "Diverticulitis", "Crohn disease"])
    assert row[Scored.verdict] == "refused"
    assert set(json.loads(row[Scored.kit_json])) == {"multi_choice"}
    yes = {"answer_type": "yesno", "options": [], "answer": "no", "gold_json": '{"value":"no"}'}
    assert json.loads(scored("I do not know", ScoreRecipe(kit="medevalkit"), **yes)[Scored.kit_json]) == {"closed": 1.0}
