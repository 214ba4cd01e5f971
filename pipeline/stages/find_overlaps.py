"""Find overlaps: a shard's examples that share a picture, a case or a question with one benchmark."""

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import pyarrow as pa

from pipeline.benchmark import Benchmark, Item, asked
from pipeline.fingerprint import digest_columns, fingerprint
from pipeline.texts.decide import THRESHOLDS, Thresholds
from schemas.example import Example
from schemas.graph import Finding
from schemas.image import ImageHash

KEPT_BENCHMARKS = 32


@dataclass(frozen=True)
class OverlapsRecipe:
    """The benchmark's name, and from where on two texts are the same."""

    benchmark: str
    limits: Thresholds = THRESHOLDS


def find_overlaps(
    examples: pa.Table, hashes: pa.Table, benchmark: pa.Table, benchmark_hashes: pa.Table, recipe: OverlapsRecipe
) -> dict[str, pa.Table]:
    """`findings`: every example beside each of the benchmark's rows that it may repeat, in the shard's order."""
    held = _opened(_Tables(benchmark, benchmark_hashes, recipe.limits))
    items = items_of(examples, hashes)
    sources = examples[Example.source].to_pylist()
    rows = []
    for met in held.find(items):
        ours, theirs = items[met.candidate].question, held.rows[met.benchmark].question
        rows.append(
            {
                Finding.id: ours.id,
                Finding.source: sources[met.candidate],
                Finding.benchmark: recipe.benchmark,
                Finding.row: theirs.id,
                Finding.kind: met.kind.value,
                Finding.rule: met.rule,
                Finding.score: met.score,
                Finding.found: met.decision.value,
                Finding.text: ours.stem,
                Finding.options: ours.options,
                Finding.spans: met.spans,
                Finding.image: met.image,
                Finding.benchmark_text: theirs.stem,
                Finding.benchmark_options: theirs.options,
                Finding.benchmark_spans: met.benchmark_spans,
                Finding.benchmark_image: met.benchmark_image,
            }
        )
    return {"findings": Finding.from_rows(rows)}


def items_of(examples: pa.Table, hashes: pa.Table, named: str = Example.id) -> list[Item]:
    """Examples as they are compared, each under its value of the column `named`."""
    pixels = dict(zip(hashes[ImageHash.digest].to_pylist(), hashes[ImageHash.pixels].to_pylist(), strict=True))
    return [_item(row, named, pixels) for row in examples.to_pylist()]


def _item(row: dict[str, Any], named: str, pixels: dict[str, str]) -> Item:
    columns = (Example.question, Example.context, Example.options, Example.answer_type, Example.answer)
    images = tuple(row[Example.images])
    return Item(
        asked(row[named], *(row[column] for column in columns)), images, tuple(pixels.get(one, "") for one in images), row[Example.group]
    )


class _Tables:
    """A benchmark's tables, known by their values."""

    def __init__(self, rows: pa.Table, hashes: pa.Table, limits: Thresholds) -> None:
        self.rows, self.hashes, self.limits = rows, hashes, limits
        self._key = fingerprint(digest_columns(rows).columns, digest_columns(hashes).columns, limits)

    def __hash__(self) -> int:
        return hash(self._key)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Tables) and self._key == other._key


@lru_cache(KEPT_BENCHMARKS)
def _opened(tables: _Tables) -> Benchmark:
    """The benchmark, made ready once a process: that takes as long as to hold a shard against it."""
    return Benchmark(items_of(tables.rows, tables.hashes, Example.row), tables.limits)
