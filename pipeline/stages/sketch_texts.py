"""Sketch texts: the words of every example as they are compared across all sources."""

from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from pipeline.texts.minhash import runs_of, sketches_of
from pipeline.texts.questions import Question
from schemas.example import Example
from schemas.similar import TextSketch


@dataclass(frozen=True)
class SketchTextsRecipe:
    """Which sketch."""

    sketch_version: int


def sketch_texts(examples: pa.Table, recipe: SketchTextsRecipe) -> dict[str, pa.Table]:
    """`sketches`: one row an example, in order."""
    columns = (examples[name].to_pylist() for name in (Example.id, Example.question, Example.context, Example.options))
    keys = sketches_of(
        runs_of([Question(id, asked, context, tuple(options)) for id, asked, context, options in zip(*columns, strict=True)])
    )
    bounds = np.arange(len(keys) + 1, dtype=np.int32) * keys.shape[1]
    least = pa.ListArray.from_arrays(pa.array(bounds), pa.array(keys.ravel(), pa.uint64()))
    ids = examples[Example.id].combine_chunks()
    return {"sketches": TextSketch.conform(pa.table({TextSketch.id: ids, TextSketch.least: least}), "sketches")}
