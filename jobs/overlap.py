"""Comparing one file of questions with another as the command line does."""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import pyarrow as pa
import pyarrow.parquet as pq

from pipeline.overlap import Overlap, find_overlaps
from pipeline.texts.decide import Decision
from schemas.errors import SourceError, UsageError

_COLUMNS = ("id", "question", "options", "answer", "context")
_BATCH_ROWS = 4096


class Overlaps(NamedTuple):
    """How many rows were compared, the rows that were written, and how many candidates leak or can only be told by a person."""

    candidates: int
    benchmark: int
    rows: list[dict[str, Any]]
    leaked: int
    reported: int


def overlap(candidates: Path, benchmark: Path, out: Path | None = None, *, reports: bool = False) -> Overlaps:
    """The candidates that repeat a question of the benchmark, written to `out` (JSON Lines or Parquet) where it is given.

    `reports` also lists what only a person can decide. Raises: UsageError for a file of another kind; SourceError for a row without id or question.
    """
    if out is not None:
        _kind(out)
    read = _Count(_rows(candidates))
    held = list(_rows(benchmark))
    found = list(find_overlaps(read, held))
    rows = [_row(one) for one in found if reports or one.decision is Decision.LEAK]
    if out is not None:
        _write(rows, out)
    leaked = {one.candidate_id for one in found if one.decision is Decision.LEAK}
    return Overlaps(read.count, len(held), rows, len(leaked), len({one.candidate_id for one in found} - leaked))


class _Count:
    """Rows, counted as they go by."""

    def __init__(self, rows: Iterator[Mapping[str, Any]]) -> None:
        self._rows = rows
        self.count = 0

    def __iter__(self) -> Iterator[Mapping[str, Any]]:
        for row in self._rows:
            self.count += 1
            yield row


def _row(one: Overlap) -> dict[str, Any]:
    spans = {name: [list(span) for span in getattr(one, name)] for name in ("candidate_spans", "benchmark_spans")}
    return one._asdict() | {"decision": str(one.decision)} | spans


def _kind(path: Path) -> str:
    kind = {".jsonl": "jsonl", ".ndjson": "jsonl", ".json": "jsonl", ".parquet": "parquet"}.get(path.suffix.lower())
    if kind is None:
        raise UsageError(f"{path} is neither JSON Lines (.jsonl, .ndjson, .json) nor Parquet (.parquet): convert it or name it so.")
    return kind


def _rows(path: Path) -> Iterator[Mapping[str, Any]]:
    kind = _kind(path)
    if not path.is_file():
        raise SourceError(f"{path} is not a file: name a JSON Lines or Parquet file of questions.")
    return _checked(path, _parquet_rows(path) if kind == "parquet" else _json_rows(path))


def _checked(path: Path, rows: Iterator[Any]) -> Iterator[Mapping[str, Any]]:
    for number, row in enumerate(rows, 1):
        if not isinstance(row, Mapping):
            raise SourceError(f"{path} row {number} is {type(row).__name__}, not an object with id and question.")
        for name in ("id", "question"):
            if row.get(name) is None:
                raise SourceError(
                    f"{path} row {number} has no {name!r}: every row needs id and question; it has {', '.join(map(str, row)) or 'nothing'}."
                )
        for name in ("question", "context"):
            if not isinstance(row.get(name) or "", str):
                raise SourceError(f"{path} row {number} has the {name} {str(row[name])[:40]!r}: write a text.")
        if not isinstance(row.get("options") or [], (list, Mapping)):
            raise SourceError(
                f"{path} row {number} has the options {str(row['options'])[:40]!r}: write a list of texts, or a mapping of letters."
            )
        yield row


def _json_rows(path: Path) -> Iterator[Any]:
    with path.open(encoding="utf-8-sig") as file:
        for number, line in enumerate(file, 1):
            if line.strip():
                try:
                    yield json.loads(line)
                except ValueError as error:
                    raise SourceError(f"{path} line {number} is not JSON ({error}): one object a line is expected.") from error


def _parquet_rows(path: Path) -> Iterator[Any]:
    try:
        file = pq.ParquetFile(path)
    except (pa.ArrowInvalid, OSError) as error:
        raise SourceError(f"{path} cannot be read as Parquet ({error}): write it again.") from error
    with file:
        names = [name for name in _COLUMNS if name in file.schema_arrow.names]
        for batch in file.iter_batches(_BATCH_ROWS, columns=names):
            yield from batch.to_pylist()


def _write(rows: list[dict[str, Any]], out: Path) -> None:
    out.parent.mkdir(parents=True, exist_ok=True)
    half = out.with_name(f".{out.name}.half")
    if _kind(out) == "parquet":
        pq.write_table(pa.Table.from_pylist(rows, schema=_SCHEMA), half)
    else:
        half.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8")
    half.replace(out)


_SPANS = pa.list_(pa.list_(pa.int64()))
_SCHEMA = pa.schema(
    [(name, pa.string()) for name in ("candidate_id", "benchmark_id")]
    + [("score", pa.float64())]
    + [(name, pa.string()) for name in ("rule", "decision", "candidate_text", "benchmark_text")]
    + [("candidate_spans", _SPANS), ("benchmark_spans", _SPANS)]
)
