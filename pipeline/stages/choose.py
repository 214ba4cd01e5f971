"""Choose: which examples of a shard go on; the others are dropped with their reason."""

from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc

from schemas.example import Chosen, Dropped, Example
from schemas.graph import Rank


@dataclass(frozen=True)
class ChooseRecipe:
    """Nothing varies: what is dropped is decided by rank."""


def choose(examples: pa.Table, ranks: pa.Table, recipe: ChooseRecipe) -> dict[str, pa.Table]:
    """`chosen` and `dropped`, each in the shard's order; `ranks` has one row an example in the same order."""
    if not examples[Example.id].equals(ranks[Rank.id]):
        raise ValueError("examples and ranks are not in the same order")
    stays = pc.equal(ranks[Rank.reason], "")
    chosen = examples.append_column(Chosen.published_split, ranks[Rank.published_split]).filter(stays)
    goes = pc.invert(stays)
    dropped = pa.table(
        {
            Dropped.id: examples[Example.id].filter(goes),
            Dropped.source: examples[Example.source].filter(goes),
            Dropped.reason: ranks[Rank.reason].filter(goes),
            Dropped.evidence: ranks[Rank.evidence].filter(goes),
        }
    )
    return {"chosen": chosen, "dropped": dropped}
