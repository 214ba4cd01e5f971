"""Reading upstream tables: which files, cut into parts, one record after another."""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple

import pyarrow as pa
from pydantic_core import from_json

from schemas.errors import SourceError
from sources.formats import (
    BOM,
    Format,
    brief,
    check_name,
    columns_of,
    csv_lines,
    csv_offsets,
    format_of,
    json_rows,
    load_json,
    no_number,
    not_utf8,
    open_parquet,
)
from sources.rows import Fault, text
from sources.source import Part, Row

PART_BYTES = 8 << 20
PART_ROWS = 8192
PART_GROUP_BYTES = 256 << 20
BATCH_ROWS = 256


class Record(NamedTuple):
    """One record of a table: its place ("file:index", from 0) or upstream's id, its key in a JSON object, its cells."""

    place: str
    cells: Mapping[str, Any] = {}
    key: str = ""
    fault: str = ""
    detail: str = ""


def located(path: Path, patterns: Sequence[str]) -> tuple[Path, ...]:
    """The file itself, or the files of a folder that match a pattern anywhere below it ("./…": directly in it)."""
    if path.is_file():
        return (path,)
    found: dict[Path, None] = {}
    for pattern in patterns:
        reach = pattern.removeprefix("./") if pattern.startswith("./") else f"**/{pattern}"
        found |= dict.fromkeys(item for item in sorted(path.glob(reach)) if item.is_file())
    for file in found:
        check_name(file)
    return tuple(found)


def home(path: Path) -> Path:
    """The folder that names are told relative to."""
    return path if path.is_dir() else path.parent


def find_tables(
    path: Path, split: str, *, patterns: Mapping[str, tuple[str, ...]], format: Format, needs: tuple[str, ...]
) -> tuple[Part, ...]:
    """The parts of the tables of a split that have the format and the columns; none where there are no such."""
    fitting = [
        file
        for file in located(path, patterns.get(split, ()))
        if format_of(file) is format and not set(needs).difference(columns_of(file, format))
    ]
    return tuple(part for file in fitting for part in cut(home(path), file))


def read_table(part: Part, *, row: Callable[[Record], Row], id: tuple[str, ...] = ()) -> Iterator[Row]:
    """Each record of a part as a row, known by its `id` columns where they are filled, else by its place."""
    return (to_row(record, row, id) for record in records(part))


def to_row(record: Record, row: Callable[[Record], Row], id: tuple[str, ...] = ()) -> Row:
    """A record as a row; one that cannot be read keeps its id, its fault and what was found."""
    if record.fault:
        return Row(record.place, fault=record.fault, detail=record.detail)
    try:
        record = _identified(record, id)
        return row(record)
    except Fault as fault:
        return Row(record.place, fault=fault.reason, detail=fault.detail)


def _identified(record: Record, id: tuple[str, ...]) -> Record:
    if len(id) == 1:
        place = text(record.cells.get(id[0]))
    else:
        parts = [text(record.cells.get(column)) for column in id] or [record.key]
        place = ":".join(parts) if all(parts) else ""
    return Record(place, record.cells, record.key) if place else record


def cut(root: Path, path: Path, part_bytes: int = PART_BYTES, part_rows: int = PART_ROWS) -> tuple[Part, ...]:
    """A table in parts: JSON Lines and CSV by bytes, Parquet by row groups, a JSON list by rows."""
    format = format_of(path)
    if format is Format.CSV or format is Format.TSV:
        return tuple(Part(root, (path,), start, stop, first=first) for start, stop, first in _record_ranges(path, format, part_rows))
    if format is Format.JSONL:
        return tuple(Part(root, (path,), start, stop, first=first) for start, stop, first in _line_ranges(path, part_bytes))
    if format is Format.PARQUET:
        return tuple(Part(root, (path,), start, stop) for start, stop in _group_ranges(path, part_rows))
    return (Part(root, (path,)),)


def _line_ranges(path: Path, part_bytes: int) -> Iterator[tuple[int, int, int]]:
    """Byte ranges of whole lines with the number of lines before each; the file is read once, a range at a time."""
    start = first = 0
    with path.open("rb") as file:
        while True:
            block = file.read(part_bytes)
            if len(block) == part_bytes:
                block += file.readline()
            stop = start + len(block)
            if block or not start:
                yield start, stop, first
            if len(block) < part_bytes or not block:
                return
            start, first = stop, first + block.count(b"\n")


def _record_ranges(path: Path, format: Format, part_rows: int) -> Iterator[tuple[int, int, int]]:
    """Byte ranges of a CSV file of at most so many records, the header before the first; a small file is one range."""
    start, first, count = 0, 0, -1
    for offset in csv_offsets(path, format):
        if count == first + part_rows:
            yield start, offset, first
            start, first = offset, count
        count += 1
    yield start, -1, first


def _group_ranges(path: Path, part_rows: int) -> Iterator[tuple[int, int]]:
    metadata = open_parquet(path).metadata
    start = rows = size = 0
    for index in range(metadata.num_row_groups):
        group = metadata.row_group(index)
        if index > start and (rows + group.num_rows > part_rows or size + group.total_byte_size > PART_GROUP_BYTES):
            yield start, index
            start, rows, size = index, 0, 0
        rows += group.num_rows
        size += group.total_byte_size
    yield start, metadata.num_row_groups


def records(part: Part, columns: Sequence[str] | None = None) -> Iterator[Record]:
    """The records of a part in order; of Parquet the named columns only.

    Raises: SourceError where the file cannot be read.
    """
    path = part.files[0]
    match format_of(path):
        case Format.PARQUET:
            return _parquet(path, part, columns)
        case Format.JSONL:
            return _json_lines(path, part)
        case Format.JSON:
            return _json(path, part)
        case Format.CSV | Format.TSV as format:
            return _csv(path, format, part)
        case None:
            raise SourceError(f"{path} is no table: known suffixes are .parquet, .jsonl, .json, .csv and .tsv. Convert or rename it.")


def _json_lines(path: Path, part: Part) -> Iterator[Record]:
    stem, index, at = path.stem, part.first, part.start
    with path.open("rb") as file:
        file.seek(at)
        while part.stop < 0 or at < part.stop:
            line = file.readline()
            if not line:
                break
            if line.strip():
                yield _json_line(path, f"{stem}:{index}", index, line)
            index += 1
            at += len(line)


_decode = json.JSONDecoder(parse_constant=no_number).decode


def _json_line(path: Path, place: str, index: int, line: bytes) -> Record:
    try:
        value = _json_value(line)
    except UnicodeDecodeError as error:
        raise not_utf8(path, error, index + 1) from error
    except (ValueError, RecursionError) as error:
        return Record(place, fault="unreadable line", detail=f"line {index + 1}: {brief(error)}")
    return object_record(place, value)


def _json_value(line: bytes) -> Any:
    """The value of a line, by pydantic's parser in half the time; Python's reads what that one refuses (NaN, half surrogates, a BOM), or says why."""
    try:
        return from_json(line, cache_strings="keys", allow_inf_nan=False)
    except ValueError:
        return _decode(line.removeprefix(BOM).decode())


def object_record(place: str, value: Any, key: str = "") -> Record:
    """The record of a JSON value, with a fault where it is no object."""
    if not isinstance(value, dict):
        return Record(place, fault="unreadable line", detail=f"{type(value).__name__}, not an object")
    return Record(place, value, key)


def _json(path: Path, part: Part) -> Iterator[Record]:
    rows = enumerate(json_rows(load_json(path), path))
    for index, (key, value) in islice(rows, part.start, None if part.stop < 0 else part.stop):
        yield object_record(f"{path.stem}:{index}", value, key)


def _csv(path: Path, format: Format, part: Part) -> Iterator[Record]:
    _, names = next(csv_lines(path, format), (0, []))
    lines = csv_lines(path, format, part.start, part.stop)
    if not part.start:
        next(lines, None)
    if len(set(names)) < len(names):
        twice = ", ".join(sorted({name for name in names if names.count(name) > 1}))
        raise SourceError(f"{path} names the column {twice} twice. Rename one of them.")
    for index, (line, cells) in enumerate(lines, part.first):
        place = f"{path.stem}:{index}"
        if len(cells) == len(names):
            yield Record(place, dict(zip(names, cells, strict=True)))
        else:
            yield Record(place, fault="unreadable line", detail=f"line {line}: {len(cells)} cells under {len(names)} columns")


def _parquet(path: Path, part: Part, columns: Sequence[str] | None) -> Iterator[Record]:
    file = open_parquet(path)
    stop = file.metadata.num_row_groups if part.stop < 0 else part.stop
    index = sum(file.metadata.row_group(group).num_rows for group in range(part.start))
    try:
        for batch in file.iter_batches(BATCH_ROWS, row_groups=list(range(part.start, stop)), columns=list(columns) if columns else None):
            for cells in batch.to_pylist():
                yield Record(f"{path.stem}:{index}", cells)
                index += 1
    except (pa.ArrowException, OSError, UnicodeDecodeError) as error:
        raise SourceError(f"{path} breaks off near row {index}: {brief(error)}. Fetch it again.") from error
