"""What a file is, which columns it has, and what lies in a folder."""

import csv
import json
import os
import re
from collections.abc import Iterable, Iterator
from enum import StrEnum
from itertools import islice
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from schemas.errors import SourceError

SNIFFED_LINES = 1000
MAX_CELL = 1 << 27
BOM = b"\xef\xbb\xbf"
LINE = re.compile(r"[^\r\n]*(?:\r\n|\r|\n)|[^\r\n]+")
LONE_SURROGATE = re.compile("[\ud800-\udfff]")


class Format(StrEnum):
    """How a table is written in a file."""

    PARQUET = "Parquet"
    JSONL = "JSON Lines"
    JSON = "JSON"
    CSV = "CSV"
    TSV = "TSV"


SUFFIXES = {
    ".parquet": Format.PARQUET,
    ".pq": Format.PARQUET,
    ".jsonl": Format.JSONL,
    ".ndjson": Format.JSONL,
    ".json": Format.JSON,
    ".csv": Format.CSV,
    ".tsv": Format.TSV,
    ".tab": Format.TSV,
}


def format_of(path: Path) -> Format | None:
    """The format of a table, by its suffix; `.json` that is JSON Lines is known by its first lines."""
    format = SUFFIXES.get(path.suffix.lower())
    return Format.JSONL if format is Format.JSON and _has_lines(path) else format


def _has_lines(path: Path) -> bool:
    """True where lines are objects of their own, one damaged line or another not counted."""
    with path.open("rb") as file:
        lines = [line.removeprefix(BOM).strip() for line in islice((line for line in file if line.strip()), 10)]
    opening = [line for line in lines if line.startswith(b"{")]
    return len(opening) > 1 and lines[0] in opening and lines[0] != b"{" and any(_is_object(line) for line in opening)


def _is_object(line: bytes) -> bool:
    try:
        return isinstance(json.loads(line), dict)
    except (ValueError, RecursionError):
        return False


def columns_of(path: Path, format: Format) -> tuple[str, ...]:
    """The columns of a table, in order of appearance (JSON Lines: of its first 1,000 lines).

    Raises: SourceError where the file cannot be read at all.
    """
    match format:
        case Format.PARQUET:
            return tuple(open_parquet(path).schema_arrow.names)
        case Format.JSONL:
            with path.open("rb") as file:
                return _keys(_objects(path, islice(file, SNIFFED_LINES)))
        case Format.JSON:
            return _keys(value for _, value in json_rows(load_json(path), path))
        case Format.CSV | Format.TSV:
            return tuple(next(csv_lines(path, format), (0, []))[1])


def _objects(path: Path, lines: Iterable[bytes]) -> Iterator[Any]:
    for number, line in enumerate(lines, 1):
        try:
            yield json.loads(line.decode("utf-8-sig"))
        except UnicodeDecodeError as error:
            raise not_utf8(path, error, number) from error
        except (ValueError, RecursionError):
            continue


def _keys(rows: Iterable[Any]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(key for row in rows if isinstance(row, dict) for key in row))


def open_parquet(path: Path) -> pq.ParquetFile:
    """The opened file.

    Raises: SourceError where it is no Parquet file.
    """
    try:
        return pq.ParquetFile(path)
    except (pa.ArrowException, OSError) as error:
        raise SourceError(f"{path} is not readable as Parquet: {brief(error)}. Fetch it again, or take it out of the folder.") from error


def load_json(path: Path) -> Any:
    """The value of a whole JSON file; NaN reads as null.

    Raises: SourceError with the line where it breaks.
    """
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise not_utf8(path, error) from error
    try:
        value = json.loads(text, parse_constant=no_number)
    except json.JSONDecodeError as error:
        raise SourceError(f"{path} is not JSON: line {error.lineno}, {error.msg}. Fetch it again, or mend that line.") from error
    except (ValueError, RecursionError) as error:
        raise SourceError(f"{path} cannot be read as JSON: {brief(error)}. Fetch it again, or mend it.") from error
    return value


def no_number(_: str) -> None:
    """What NaN and Infinity in JSON read as: null."""


def json_rows(value: Any, path: Path) -> Iterator[tuple[str, Any]]:
    """Each row of a whole JSON file with its key ('' if none): a list, a dict of rows by id, or a dict of columns.

    Raises: SourceError where it has none of these shapes.
    """
    if isinstance(value, list):
        yield from (("", row) for row in value)
        return
    if not isinstance(value, dict):
        raise SourceError(f"{path} holds {type(value).__name__}, not a list or an object of rows. Point to a table.")
    inner = list(value.values())
    if inner and all(isinstance(column, list) for column in inner) and len({len(column) for column in inner}) == 1:
        for cells in zip(*inner, strict=True):
            yield "", dict(zip(value, cells, strict=True))
    elif inner and all(isinstance(column, dict) for column in inner):
        if _is_by_column(value):
            for key in inner[0]:
                yield key, {name: column.get(key) for name, column in value.items()}
        else:
            yield from value.items()
    else:
        yield "", value


def _is_by_column(value: dict[str, dict[str, Any]]) -> bool:
    """pandas writes {column: {"0": cell, "1": cell}}; rows by id have words as inner keys."""
    first = next(iter(value.values()))
    return bool(first) and all(key.isdigit() for key in first) and not all(key.isdigit() for key in value)


def csv_lines(path: Path, format: Format, start: int = 0, stop: int = -1) -> Iterator[tuple[int, list[str]]]:
    """Each record of a CSV or TSV file between two bytes, with the number of its last line from there; cells are text, never null.

    Raises: SourceError with the line where it breaks.
    """
    for line, cells, _ in _csv_records(path, format, start, stop):
        if cells:
            yield line, cells


def csv_offsets(path: Path, format: Format) -> Iterator[int]:
    """Where each record begins, in bytes, the header among them; quotes may hold line breaks."""
    offset = 0
    for _, cells, end in _csv_records(path, format, 0, -1):
        if cells:
            yield offset
        offset = end


def _csv_records(path: Path, format: Format, start: int, stop: int) -> Iterator[tuple[int, list[str], int]]:
    csv.field_size_limit(MAX_CELL)
    end = start

    def lines() -> Iterator[str]:
        nonlocal end
        with path.open("rb") as file:
            file.seek(start)
            while stop < 0 or end < stop:
                line = file.readline()
                if not line:
                    return
                try:
                    text = line.decode("utf-8-sig" if not end else "utf-8")
                except UnicodeDecodeError as error:
                    raise not_utf8(path, error, at=end + error.start) from error
                end += len(line)
                yield from LINE.findall(text) if "\r" in text else (text,)

    reader = csv.reader(lines(), delimiter="\t" if format is Format.TSV else ",", strict=True)
    try:
        for cells in reader:
            yield reader.line_num, cells, end
    except csv.Error as error:
        at = f"line {reader.line_num}{' of the part' if start else ''}, {error}"
        raise SourceError(f"{path} is not {format}: {at}. Mend the quotes there, or write the table as JSON Lines.") from error


def not_utf8(path: Path, error: UnicodeDecodeError, line: int = 0, at: int | None = None) -> SourceError:
    """The error of a file in another encoding."""
    at_byte = error.start if at is None else at
    where = f"line {line}" if line else f"byte {at_byte}"
    return SourceError(f"{path} is not UTF-8: byte 0x{error.object[error.start]:02x} at {where}. Convert the file to UTF-8.")


def check_name(path: Path) -> None:
    """Raises: SourceError where a file's name is not UTF-8, and so could stand in no table."""
    try:
        str(path).encode()
    except UnicodeEncodeError:
        raise SourceError(f"{os.fsencode(path).decode(errors='replace')!r} has a name that is not UTF-8. Rename it.") from None


def brief(error: BaseException) -> str:
    """The first line of an error's message, without its full stop."""
    return (str(error).splitlines() or [type(error).__name__])[0].rstrip(". ")


def describe(path: Path, shown: int = 6) -> str:
    """What lies at a path: the first few files, tables with their columns."""
    if path.is_file():
        return _described(path, path.name)
    inside = (item for item in sorted(path.rglob("*")) if item.is_file())
    files = [item for item in inside if not any(part.startswith(".") for part in item.relative_to(path).parts)]
    files.sort(key=lambda item: item.suffix.lower() not in SUFFIXES)
    told = [_described(item, item.relative_to(path).as_posix()) for item in files[:shown]]
    more = [f"{len(files) - shown} more"] if len(files) > shown else []
    return ", ".join(told + more) or "nothing"


def _described(path: Path, name: str) -> str:
    try:
        format = format_of(path)
        columns = columns_of(path, format) if format else ()
    except SourceError as error:
        return f"{name} (unreadable: {str(error).removeprefix(f'{path} ').partition('. ')[0]})"
    listed = ", ".join(columns[:12]) + (", …" if len(columns) > 12 else "")
    return f"{name} (columns {listed})" if listed else name
