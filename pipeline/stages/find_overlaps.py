"""Find overlaps: a shard's examples that share a picture, a case or a question with one benchmark."""

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from pipeline.benchmark import Benchmark, Item, Shown, asked
from pipeline.fingerprint import digest_columns, fingerprint
from pipeline.texts.decide import THRESHOLDS, Thresholds
from schemas.example import Example
from schemas.graph import Finding
from schemas.picture import HeldImage

KEPT_BENCHMARKS = 32
RULES = {"image": "bytes", "pixels": "pixels", "near": "picture"}


@dataclass(frozen=True)
class OverlapsRecipe:
    """The benchmark's name, which detector, and from where on two texts are the same."""

    benchmark: str
    detector_version: int
    limits: Thresholds = THRESHOLDS


def find_overlaps(examples: pa.Table, held: pa.Table, benchmark: pa.Table, recipe: OverlapsRecipe) -> dict[str, pa.Table]:
    """`findings`: every example beside each of the benchmark's rows that it may repeat, in the shard's order."""
    benchmark_held = _opened(_Tables(benchmark, recipe.limits))
    items = items_of(examples, held=held.filter(pc.equal(held[HeldImage.benchmark], recipe.benchmark)))
    sources = examples[Example.source].to_pylist()
    rows = []
    for met in benchmark_held.find(items):
        ours, theirs = items[met.candidate].question, benchmark_held.rows[met.benchmark].question
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


def items_of(examples: pa.Table, named: str = Example.id, held: pa.Table | None = None) -> list[Item]:
    """Examples as they are compared, each under its value of the column `named`; `held`: whose pictures the benchmark also holds."""
    shown = {row[HeldImage.digest]: _shown(row) for row in (held.to_pylist() if held is not None else ())}
    return [_item(row, named, shown) for row in examples.to_pylist()]


def _shown(row: dict[str, Any]) -> Shown:
    rule, score = RULES[row[HeldImage.kind]], 1 - row[HeldImage.distance] / 64
    return Shown(row[HeldImage.image], rule, score if rule == "picture" else 1.0)


def _item(row: dict[str, Any], named: str, shown: dict[str, Shown]) -> Item:
    columns = (Example.question, Example.context, Example.options, Example.answer_type, Example.answer)
    images = tuple(row[Example.images])
    held = tuple((digest, shown[digest]) for digest in dict.fromkeys(images) if digest in shown)
    return Item(asked(row[named], *(row[column] for column in columns)), images, held, row[Example.group])


class _Tables:
    """A benchmark's table, known by its values."""

    def __init__(self, rows: pa.Table, limits: Thresholds) -> None:
        self.rows, self.limits = rows, limits
        self._key = fingerprint(digest_columns(rows).columns, limits)

    def __hash__(self) -> int:
        return hash(self._key)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Tables) and self._key == other._key


@lru_cache(KEPT_BENCHMARKS)
def _opened(tables: _Tables) -> Benchmark:
    """The benchmark, made ready once a process: that takes as long as to hold a shard against it."""
    return Benchmark(items_of(tables.rows, Example.row), tables.limits)
