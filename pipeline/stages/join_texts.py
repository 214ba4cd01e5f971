"""Join texts: which questions are asked in nearly the same words, and what makes them two all the same."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa

from pipeline.golds import worded_gold
from pipeline.texts.differ import Told, against, apart, told_by
from pipeline.texts.index import Pairs
from pipeline.texts.minhash import runs_of, similarities
from pipeline.texts.questions import Question
from schemas.similar import PickedText, Similar, TextPair

_SIDES = ((Similar.id, Similar.source, Similar.row), (Similar.other, Similar.other_source, Similar.other_row))


@dataclass(frozen=True)
class JoinTextsRecipe:
    """From which similarity on texts are near, the sources in their order, whether words may be shown, and which comparison."""

    threshold: float
    sources: tuple[str, ...]
    shows_words: bool
    sketch_version: int
    differ_version: int


def join_texts(picked: pa.Table, pairs: pa.Table, recipe: JoinTextsRecipe) -> dict[str, pa.Table]:
    """`similar`: every pair at or above the threshold and none below, by example and other."""
    rows = picked.to_pylist()
    place = {row[PickedText.id]: at for at, row in enumerate(rows)}
    asked = [_asked(row) for row in rows]
    left, right = (np.array([place[id] for id in pairs[side].to_pylist()], np.int64) for side in (TextPair.one, TextPair.two))
    similarity = similarities(runs_of(asked), Pairs(left, right))
    told: dict[int, Told] = {}
    found: list[dict[str, Any]] = []
    for at in np.flatnonzero(similarity >= recipe.threshold - 1e-12).tolist():
        later, first = sorted((int(left[at]), int(right[at])), key=lambda one: _order(rows[one], recipe), reverse=True)
        ours, theirs = (_told(rows[one], asked[one], one, told) for one in (later, first))
        row: dict[str, Any] = {Similar.similarity: round(float(similarity[at]), 4)}
        for columns, one in zip(_SIDES, (later, first), strict=True):
            row |= dict(zip(columns, (rows[one][name] for name in (PickedText.id, PickedText.source, PickedText.row)), strict=True))
        row[Similar.against] = [str(one) for one in against(ours, theirs)]
        row[Similar.words] = apart(ours, theirs) if recipe.shows_words else []
        found.append(row)
    found.sort(key=lambda row: (row[Similar.id], row[Similar.other]))
    return {"similar": Similar.from_rows(found)}


def _order(row: dict[str, Any], recipe: JoinTextsRecipe) -> tuple[int, str]:
    """Who comes first keeps: the source that the manifest names first, then the lower id."""
    return recipe.sources.index(row[PickedText.source]), row[PickedText.id]


def _asked(row: dict[str, Any]) -> Question:
    return Question(row[PickedText.id], row[PickedText.question], row[PickedText.context], tuple(row[PickedText.options]))


def _told(row: dict[str, Any], asked: Question, place: int, known: dict[int, Told]) -> Told:
    if place not in known:
        gold = worded_gold(row[PickedText.answer_type], row[PickedText.gold_json], row[PickedText.options])
        known[place] = told_by(asked, gold)
    return known[place]
