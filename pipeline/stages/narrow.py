"""Narrow: a few of the chosen questions, the same for everyone who asks for so many."""

import hashlib
from dataclasses import dataclass

import pyarrow as pa

from schemas.example import Chosen


@dataclass(frozen=True)
class NarrowRecipe:
    """`last`: the highest place that goes on, as `place_of` gives it."""

    last: str


def place_of(id: str) -> str:
    """Where an example stands in an order that has nothing to do with its own hash, by which rows are capped (hex)."""
    return hashlib.sha256(f"pilot\0{id}".encode()).hexdigest()


def narrow(chosen: pa.Table, recipe: NarrowRecipe) -> dict[str, pa.Table]:
    """`chosen`: the questions up to that place, in the shard's order."""
    goes = [place_of(id) <= recipe.last for id in chosen[Chosen.id].to_pylist()]
    return {"chosen": chosen.filter(pa.array(goes, pa.bool_()))}
