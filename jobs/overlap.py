"""Comparing one file of questions with another as the command line does."""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import pyarrow as pa
import pyarrow.parquet as pq

from pipeline.overlap import Overlap, Pictures, find_overlaps
from pipeline.run_local import available_cpus
from pipeline.store import writing
from pipeline.texts.decide import Decision
from schemas.errors import SourceError, UsageError

_COLUMNS = ("id", "question", "options", "answer", "context", "image", "images")
_TEXTS = (str, int, float)
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

    `reports` also lists what only a person can decide. Raises: UsageError for a file of another kind; SourceError for what
    cannot be read; StoreError where `out` cannot be written.
    """
    if out is not None:
        _kind(out)
    read = _Count(_rows(candidates))
    held = list(_rows(benchmark))
    shown = [path for row in held for path in row["images"]]
    pictures = Pictures((path for row in _rows(candidates) for path in row["images"]), shown, available_cpus()) if shown else None
    found = list(find_overlaps(read, held, pictures=pictures))
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
    """The rows with their texts as texts and their `images` as paths that are there."""
    for number, row in enumerate(rows, 1):
        where = f"{path} row {number}"
        if not isinstance(row, Mapping):
            raise SourceError(f"{where} is {type(row).__name__}, not an object with id and question.")
        for name in ("id", "question"):
            if row.get(name) is None:
                raise SourceError(
                    f"{where} has no {name!r}: every row needs id and question; it has {', '.join(map(str, row)) or 'nothing'}."
                )
        for name in ("id", "question", "answer", "context"):
            if not isinstance(row.get(name), (*_TEXTS, type(None))):
                raise SourceError(f"{where}: {name} is {row[name]!r:.60}, not a text. Write one text there.")
        options = row.get("options")
        told = options.values() if isinstance(options, Mapping) else options or ()
        if isinstance(told, (*_TEXTS, bytes)) or not all(isinstance(one, _TEXTS) for one in told):
            raise SourceError(f"{where}: options is {options!r:.60}, neither a list of texts nor a mapping of letters to them.")
        texts = {name: _plain(row.get(name) or "") for name in ("question", "answer", "context")}
        id = str(row["id"]).encode("utf-8", "backslashreplace").decode()
        yield {**row, **texts, "id": id, "options": [_plain(one) for one in told], "images": _images(path, where, row)}


def _plain(text: str | float) -> str:
    """A value as text; halves of characters, which JSON lets through and UTF-8 does not, as question marks."""
    return str(text).encode("utf-8", "replace").decode()


def _images(path: Path, where: str, row: Mapping[str, Any]) -> list[Path]:
    """The picture files that a row names, beside the file of rows where they are relative."""
    given = row.get("images") or row.get("image") or []
    named = given if isinstance(given, list) else [given]
    if not all(isinstance(one, str) for one in named):
        raise SourceError(f"{where}: images is {given!r:.60}, not a path or a list of paths. Write the pictures to files and name them.")
    paths = [path.parent / one for one in named]
    absent = next((one for one in paths if not one.is_file()), None)
    if absent is not None:
        raise SourceError(f"{where}: the picture {absent} is not a file. Put it there, or take it out of the row.")
    return paths


def _json_rows(path: Path) -> Iterator[Any]:
    try:
        with path.open(encoding="utf-8-sig") as file:
            lead = file.read(1)
            while lead.isspace():
                lead = file.read(1)
            file.seek(0)
            if lead == "[":
                yield from _array(path, file.read())
                return
            for number, line in enumerate(file, 1):
                if line.strip():
                    try:
                        yield json.loads(line)
                    except (ValueError, RecursionError) as error:
                        raise SourceError(f"{path} line {number} is not JSON ({error}): one object a line is expected.") from error
    except UnicodeDecodeError as error:
        raise SourceError(f"{path} is not UTF-8 text (byte {error.start}: {error.reason}). Save it as UTF-8.") from error
    except OSError as error:
        raise SourceError(f"{path} cannot be read: {error.strerror or error}. Check the path and its permissions.") from error


def _array(path: Path, text: str) -> list[Any]:
    """The rows of a file that is one JSON list, or whose first line is a list."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise SourceError(f"{path} opens with a list and is not JSON ({error}): give one list of objects, or one object a line.") from error


def _parquet_rows(path: Path) -> Iterator[Any]:
    try:
        with pq.ParquetFile(path) as file:
            names = [name for name in _COLUMNS if name in file.schema_arrow.names]
            for batch in file.iter_batches(_BATCH_ROWS, columns=names):
                yield from batch.to_pylist()
    except (pa.ArrowException, OSError, UnicodeDecodeError) as error:
        told = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise SourceError(f"{path} cannot be read as Parquet ({told}): write it again.") from error


def _write(rows: list[dict[str, Any]], out: Path) -> None:
    with writing(out) as partial:
        if _kind(out) == "parquet":
            pq.write_table(pa.Table.from_pylist(rows, schema=_SCHEMA), partial)
        else:
            partial.write_text(
                "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8", errors="backslashreplace"
            )


_SPANS = pa.list_(pa.list_(pa.int64()))
_SCHEMA = pa.schema(
    [(name, pa.string()) for name in ("candidate_id", "benchmark_id")]
    + [("score", pa.float64())]
    + [(name, pa.string()) for name in ("rule", "decision", "candidate_text", "benchmark_text")]
    + [("candidate_spans", _SPANS), ("benchmark_spans", _SPANS)]
    + [(name, pa.string()) for name in ("candidate_image", "benchmark_image")]
)
