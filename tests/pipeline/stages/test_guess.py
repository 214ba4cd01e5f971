"""Guess: every possible answer as often as any other, and as often right as chance says."""

from collections import Counter
from typing import Any

import pytest

from pipeline.stages.guess import GuessRecipe, guess
from pipeline.stages.score import chance_of
from pipeline.verify.answer import Gold, verify
from schemas.example import Chosen
from schemas.trace import Trace, Verdict
from tests.fixtures.stage_rows import chosen, example

RECIPE = GuessRecipe("random", 600, 0)


def texts(**told: Any) -> list[str]:
    return guess(chosen([example("1", **told)]), RECIPE)["traces"][Trace.text].to_pylist()


@pytest.mark.parametrize(
    ("answer_type", "options", "gold"),
    [
        ("mcq", ["a1", "b1", "c1"], '{"index":2}'),
        ("mcq", ["a1", "b1", "c1", "d1", "e1"], '{"index":0}'),
        ("multi", ["a1", "b1", "c1"], '{"indexes":[0,2]}'),
        ("yesno", [], '{"value":"no"}'),
        ("yesnomaybe", [], '{"value":"maybe"}'),
    ],
)
def test_guesses_are_right_as_often_as_chance_says(answer_type: str, options: list[str], gold: str) -> None:
    said = texts(answer_type=answer_type, options=options, gold_json=gold)
    right = Gold.from_json(answer_type, options, gold)
    judged = Counter(verify(text, right).verdict for text in said)
    assert set(judged) == {Verdict.CORRECT, Verdict.INCORRECT}
    chance = chance_of(right)
    assert abs(judged[Verdict.CORRECT] / len(said) - chance) < 4 * (chance * (1 - chance) / len(said)) ** 0.5
    assert len(set(said)) == round(1 / chance)


def test_what_has_no_possible_answers_is_not_guessed() -> None:
    said = texts(answer_type="open", options=[], gold_json='{"values":["lung"]}')
    verdicts = {verify(text, Gold.from_json("open", [], '{"values":["lung"]}')).verdict for text in said}
    assert Verdict.CORRECT not in verdicts
    assert len(set(said)) == 1


def test_guesses_are_the_same_every_time_and_differ_by_question_and_seed() -> None:
    rows = chosen([example(id, options=["a1", "b1", "c1", "d1"]) for id in map(str, range(40))])
    once, again = (guess(rows, GuessRecipe("random", 1, 0))["traces"] for _ in range(2))
    assert once.equals(again)
    assert len(set(once[Trace.text].to_pylist())) == 4
    assert guess(rows, GuessRecipe("random", 1, 1))["traces"][Trace.text].to_pylist() != once[Trace.text].to_pylist()
    assert once[Trace.example].to_pylist() == rows[Chosen.id].to_pylist()
