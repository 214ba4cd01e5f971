"""Writing tables and archives as upstream does."""

import csv
import io
import json
import tarfile
import zipfile
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

# An archive's members bear no time of their own: a stand-in has the same bytes every time.
EPOCH = (2020, 1, 1, 0, 0, 0)


def lines(path: Path, rows: Iterable[Any]) -> None:
    """JSON Lines."""
    _make(path).write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8")


def whole(path: Path, value: Any) -> None:
    """A JSON file."""
    _make(path).write_text(json.dumps(value, ensure_ascii=False, indent=1), encoding="utf-8")


def table(path: Path, rows: Sequence[Sequence[object]]) -> None:
    """A CSV file, its header the first row where it has one."""
    with _make(path).open("w", encoding="utf-8", newline="") as file:
        csv.writer(file, lineterminator="\n").writerows(rows)


def parquet(path: Path, rows: Sequence[Mapping[str, Any]]) -> None:
    """A Parquet file."""
    pq.write_table(pa.Table.from_pylist([dict(row) for row in rows]), _make(path))


def zipped(path: Path, members: Mapping[str, bytes]) -> None:
    """A zip archive."""
    with zipfile.ZipFile(_make(path), "w") as archive:
        for name, content in members.items():
            archive.writestr(zipfile.ZipInfo(name, EPOCH), content)


def tarred(path: Path, members: Mapping[str, bytes]) -> None:
    """A gzipped tar archive."""
    with tarfile.open(_make(path), "w:gz") as archive:
        for name, content in members.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))


def files(folder: Path, members: Mapping[str, bytes]) -> None:
    """Files below a folder."""
    for name, content in members.items():
        _make(folder / name).write_bytes(content)


def _make(path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    return path
