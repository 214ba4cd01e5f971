"""Guess: an answer drawn at random among those that a question leaves open, as a check of the scorers."""

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from pipeline.fingerprint import stable_seed
from pipeline.models.generate import Completion
from pipeline.prompts import LETTERS
from pipeline.trace_rows import trace_row
from schemas.example import AnswerType, Chosen
from schemas.trace import Trace


@dataclass(frozen=True)
class GuessRecipe:
    """What the guesser is called, how often it guesses, and by which seed."""

    teacher: str
    samples: int
    seed: int


def guess(chosen: pa.Table, recipe: GuessRecipe) -> dict[str, pa.Table]:
    """`traces`: for each question so many guesses, in order. A question without possible answers gets no answer."""
    columns = [Chosen.id, Chosen.options, Chosen.answer_type]
    traces: list[dict[str, Any]] = []
    for row in chosen.select(columns).to_pylist():
        for index in range(recipe.samples):
            said = _drawn(row, random.Random(stable_seed(recipe.seed, row[Chosen.id]) + index))
            completion = Completion(f"\\boxed{{{said}}}" if said else "I do not know.", "stop", recipe.teacher, cost_nanousd=0)
            traces.append(trace_row(row[Chosen.id], recipe.teacher, index, None, completion))
    return {"traces": Trace.from_rows(traces)}


def _drawn(row: Mapping[str, Any], dice: random.Random) -> str:
    letters: Sequence[str] = LETTERS[: len(row[Chosen.options])]
    match row[Chosen.answer_type]:
        case AnswerType.MCQ:
            return dice.choice(letters)
        case AnswerType.MULTI:
            drawn = dice.randrange(1, 1 << len(letters))
            return ", ".join(letter for place, letter in enumerate(letters) if drawn >> place & 1)
        case AnswerType.YESNO:
            return dice.choice(("yes", "no"))
        case AnswerType.YESNOMAYBE:
            return dice.choice(("yes", "no", "maybe"))
        case _:
            return ""
