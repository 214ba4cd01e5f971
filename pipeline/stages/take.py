"""Take: which questions of each benchmark are put, where only so many are asked for."""

from collections import defaultdict
from dataclasses import dataclass

import pyarrow as pa

from schemas.evaluation import Taken
from schemas.example import Example
from schemas.graph import SHARD


@dataclass(frozen=True)
class TakeRecipe:
    """How many questions of each benchmark; 0 takes them all."""

    max_rows: int = 0


def take(examples: pa.Table, recipe: TakeRecipe) -> dict[str, pa.Table]:
    """`taken`: one row an example, in order. Those with the lowest ids of their benchmark are taken, the same ones every time."""
    rows = examples.select([SHARD, Example.id, Example.source]).to_pylist()
    ids: defaultdict[str, list[str]] = defaultdict(list)
    for row in rows:
        ids[row[Example.source]].append(row[Example.id])
    taken = {id for each in ids.values() for id in (sorted(each)[: recipe.max_rows] if recipe.max_rows else each)}
    return {"taken": Taken.from_rows({SHARD: row[SHARD], Taken.id: row[Example.id], Taken.taken: row[Example.id] in taken} for row in rows)}
