"""Gather: the rows of one shard from all sources, ordered by key and id, each id once."""

from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from schemas.example import Example, Reject
from schemas.image import Image


@dataclass(frozen=True)
class GatherRecipe:
    """Nothing varies."""


def gather(examples: pa.Table, images: pa.Table, recipe: GatherRecipe) -> dict[str, pa.Table]:
    """`examples` by key and id, `images` by digest (each once), `rejects`: repeats of a row within its source."""
    ordered = examples.sort_by([(Example.key, "ascending"), (Example.id, "ascending"), (Example.row, "ascending")]).combine_chunks()
    ids = ordered[Example.id].to_numpy()
    repeated = np.concatenate(([False], ids[1:] == ids[:-1]))
    kept = ordered.filter(pa.array(~repeated))
    rejects = [
        {
            Reject.source: row[Example.source],
            Reject.file: "",
            Reject.row: row[Example.row],
            Reject.reason: "repeated row",
            Reject.detail: row[Example.id],
        }
        for row in ordered.filter(pa.array(repeated)).select([Example.source, Example.row, Example.id]).to_pylist()
    ]
    return {"examples": kept, "images": _once(images), "rejects": Reject.from_rows(rejects)}


def _once(images: pa.Table) -> pa.Table:
    digests = images[Image.digest].to_numpy()
    _, first = np.unique(digests, return_index=True)
    return images.take(pa.array(first)).combine_chunks() if len(first) else Image.empty()
