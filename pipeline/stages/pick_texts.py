"""Pick texts: the examples whose words have to be compared, out of their shards."""

from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc

from schemas.example import Example
from schemas.similar import NearText, PickedText


@dataclass(frozen=True)
class PickTextsRecipe:
    """Nothing varies."""


def pick_texts(examples: pa.Table, near: pa.Table, recipe: PickTextsRecipe) -> dict[str, pa.Table]:
    """`picked`: the examples that `near` names, in order."""
    asked = examples.filter(pc.is_in(examples[Example.id], near[NearText.id].combine_chunks()))
    return {"picked": PickedText.conform(asked.select(list(PickedText.columns)), "picked")}
