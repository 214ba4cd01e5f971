"""Pick shots: solved questions of a source that a teacher is shown before those it is asked."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from schemas.example import AnswerType, Chosen
from schemas.shot import SolvedQuestion

# Boxes say nothing without their picture.
_UNSHOWN = (AnswerType.BBOX,)


@dataclass(frozen=True)
class PickShotsRecipe:
    """So many of one source, and one more: the one that is asked is not shown itself."""

    source: str
    n: int


def find_shots(chosen: pa.Table, recipe: PickShotsRecipe) -> dict[str, pa.Table]:
    """`shots`: what of a shard could be picked, the first in order.

    That is questions of the source without images, that are not held out and hold no identifier of a person. What is
    chosen overlaps with no benchmark.
    """
    rows = [
        {name: row[name] for name in SolvedQuestion.columns}
        for row in chosen.to_pylist()
        if row[Chosen.source] == recipe.source
        and row[Chosen.published_split] == "train"
        and row[Chosen.answer]
        and row[Chosen.answer_type] not in _UNSHOWN
        and not row[Chosen.images]
        and not row[Chosen.identifiers]
    ]
    return {"shots": SolvedQuestion.from_rows(sorted(rows, key=_place)[: recipe.n + 1])}


def pick_shots(shots: pa.Table, recipe: PickShotsRecipe) -> dict[str, pa.Table]:
    """`shots`: the first of all shards, in order: the same while no question comes that stands before them."""
    rows = shots.select(list(SolvedQuestion.columns)).to_pylist()
    return {"shots": SolvedQuestion.from_rows(sorted(rows, key=_place)[: recipe.n + 1])}


def _place(row: Mapping[Any, Any]) -> str:
    return hashlib.sha256(f"shot\0{row[Chosen.id]}".encode()).hexdigest()
