"""Scan text: what identifies a person in a question, its context, its options, its gold and the traces published beside it."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from pipeline.texts.presidio import finder
from schemas.example import AnswerType, Example, Identified


@dataclass(frozen=True)
class ScanRecipe:
    """The rules that are applied; the spaCy pipeline that Presidio reads with beside them, and their versions ('' where it does not)."""

    scanner: int
    presidio: str = ""
    presidio_version: str = ""


def scan_text(examples: pa.Table, recipe: ScanRecipe) -> dict[str, pa.Table]:
    """`identified`: one row a finding, in the order of the examples. Where it is, never what it says."""
    rows: list[dict[str, Any]] = []
    find = finder(recipe.presidio)
    for row in examples.to_pylist():
        for column, place, text in _texts(row):
            for one in find(text):
                found: dict[str, Any] = {Identified.id: row[Example.id], Identified.source: row[Example.source]}
                found |= {Identified.column: column, Identified.place: place, Identified.kind: one.kind.value}
                rows.append(found | {Identified.start: one.start, Identified.stop: one.stop, Identified.fails: one.fails})
    return {"identified": Identified.from_rows(rows)}


def _texts(row: Mapping[str, Any]) -> Iterator[tuple[str, int, str]]:
    """What of an example a teacher or a judge is shown, or readers of imported traces: column, index in it, text."""
    yield Example.question, 0, row[Example.question]
    yield Example.context, 0, row[Example.context]
    for place, option in enumerate(row[Example.options]):
        yield Example.options, place, option
    if row[Example.answer_type] == AnswerType.OPEN:
        for place, text in enumerate(_strings(json.loads(row[Example.gold_json]))):
            yield Example.gold_json, place, text
    for place, trace in enumerate(row.get(Example.traces) or ()):
        yield Example.traces, place, trace


def _strings(value: Any) -> Iterator[str]:
    """The texts in a gold, in order."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, list | dict):
        for inner in value.values() if isinstance(value, dict) else value:
            yield from _strings(inner)
