"""Duplicate clusters of anyone's images: a folder's files, or the rows of a Parquet file with an image column."""

import hashlib
import os
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import pyarrow as pa
import pyarrow.parquet as pq

from pipeline.images.clean import clean, known_elsewhere
from pipeline.images.cluster import Drawn, Member, cluster, sketch_of
from pipeline.images.confirm import Sketch
from pipeline.images.dicom import is_dicom
from pipeline.images.near import RADIUS, Candidate
from pipeline.images.nifti import is_nifti
from pipeline.images.phash import Hashes, perceptual_hashes
from pipeline.images.scaled import MAX_BYTES
from schemas.contract import Column, Contract
from schemas.errors import SourceError

_COLUMNS = ("image", "images", "bytes", "path", "image_path")
_AHEAD = 64


class DuplicateImage(Contract):
    """One image file or table cell with the cluster that it belongs to."""

    path = Column(
        "path",
        pa.string(),
        "File below the folder (bytes that are not UTF-8 as \\xNN), or the name in the table; FILE#row where there is none",
    )
    cluster = Column("cluster", pa.string(), "The keeper's sha256; null where the image does not decode", nullable=True)
    keeper = Column("keeper", pa.string(), "Path of the image kept of the cluster; null where it does not decode", nullable=True)
    distance = Column("distance", pa.int32(), "Bits of the 64-bit pHash to the keeper; null where it does not decode", nullable=True)
    reason = Column("reason", pa.string(), "'' for a keeper, same bytes, same picture; or why the image does not decode")


class Found(NamedTuple):
    """An image to be clustered: its name, and how its bytes are read when they are needed."""

    path: str
    read: Callable[[], bytes]


class _Seen(NamedTuple):
    digest: str
    size: int
    hashes: Hashes


def images_of(path: Path) -> list[Found]:
    """The images below a folder (every file, sorted), of one image file, or of a Parquet file's image column.

    Raises: SourceError where the path is not there or cannot be read, or where its table is broken or has no image column.
    """
    try:
        if path.is_dir():
            return [Found(name_of(file.relative_to(path)), partial(_file_bytes, file)) for file in sorted(_files(path))]
        if not path.is_file():
            raise SourceError(f"{path} is neither a folder nor a file. Give a folder of images or a Parquet file with an image column.")
        with path.open("rb") as file:
            table = file.read(4) == b"PAR1" or path.suffix.lower() == ".parquet"
    except OSError as error:
        raise SourceError(f"{path} cannot be read: {error.strerror or error}. Check the path and its permissions.") from error
    return _cells(path) if table else [Found(name_of(Path(path.name)), partial(_file_bytes, path))]


def name_of(path: Path) -> str:
    """A path as text; bytes that are not UTF-8 are written as \\xNN."""
    return path.as_posix().encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")


def _files(folder: Path) -> Iterator[Path]:
    """Everything below a folder that is no folder, and the folders below it that cannot be listed."""
    shut: list[OSError] = []
    for where, _, names in os.walk(folder, onerror=shut.append):
        yield from (Path(where, name) for name in names)
    for error in shut:
        if Path(error.filename) == folder:
            raise error
        yield Path(error.filename)


def dedup_images(images: list[Found], radius: int = RADIUS, workers: int = 1, *, exact: bool = False) -> pa.Table:
    """`DuplicateImage` rows, one an image in the order given; `exact`: hashed at full size, as imagehash does.

    Raises: UsageError where the radius does not fit 64 bits.
    """
    with ThreadPoolExecutor(workers) as pool:
        seen: list[_Seen] = []
        for start in range(0, len(images), _AHEAD):
            seen += pool.map(partial(_look, exact=exact), images[start : start + _AHEAD])
    reads = {one.digest: image.read for image, one in zip(reversed(images), reversed(seen), strict=True)}
    usable = [one for one in seen if not one.hashes.fault]
    candidates = [Candidate(one.digest, *one.hashes[:5], one.size) for one in usable]
    members = cluster(candidates, lambda digest: Drawn("", _drawn(reads[digest])), radius)
    first = {one.digest: image.path for image, one in zip(reversed(images), reversed(seen), strict=True)}
    rows = [_row(image.path, one, members, first) for image, one in zip(images, seen, strict=True)]
    return DuplicateImage.from_rows(rows)


def _row(path: str, seen: _Seen, members: dict[str, Member], first: dict[str, str]) -> dict[Any, Any]:
    if seen.hashes.fault:
        return {DuplicateImage.path: path, DuplicateImage.reason: seen.hashes.fault}
    member = members[seen.digest]
    repeated = member.keeper == seen.digest and first[seen.digest] != path
    return {
        DuplicateImage.path: path,
        DuplicateImage.cluster: member.keeper,
        DuplicateImage.keeper: first[member.keeper],
        DuplicateImage.distance: member.distance,
        DuplicateImage.reason: "same bytes" if repeated else member.reason,
    }


def _look(image: Found, *, exact: bool) -> _Seen:
    try:
        data = image.read()
    except (OSError, SourceError) as error:
        return _Seen("", 0, Hashes(b"", b"", b"", 0, 0, f"cannot be read: {_told(error)}"))
    picture, fault = _picture(data)
    hashes = Hashes(b"", b"", b"", 0, 0, fault) if fault else perceptual_hashes(picture, exact=exact)
    return _Seen(hashlib.sha256(data).hexdigest(), len(data), hashes)


def _told(error: Exception) -> str:
    return (error.strerror or "unknown fault").lower() if isinstance(error, OSError) else str(error)


def _picture(data: bytes) -> tuple[bytes, str]:
    """Bytes that Pillow reads, DICOM and NIfTI as their PNG, or why there are none."""
    if not data:
        return b"", "empty file"
    if known_elsewhere(data):
        return b"", "format not supported"
    if not (is_dicom(data) or is_nifti(data)):
        return data, ""
    cleaned = clean(data)
    return cleaned.bytes, cleaned.fault


def _drawn(read: Callable[[], bytes]) -> Sketch | None:
    """The sketch from a second read; none where that gives no picture any more."""
    try:
        return sketch_of(_picture(read())[0])
    except OSError:
        return None


def _file_bytes(path: Path) -> bytes:
    """The file's bytes, not more than an image may have, so that a great file costs no memory; a pipe would never end."""
    if path.exists() and not (path.is_file() or path.is_dir()):
        raise SourceError("neither a file nor a folder")
    with path.open("rb") as file:
        return file.read(MAX_BYTES + 1)


def _cells(path: Path) -> list[Found]:
    """One image a cell, or one an element of a list; a cell is a struct of bytes and path, bytes, or a path beside the file."""
    try:
        with pq.ParquetFile(path) as parquet:
            names = parquet.schema_arrow.names
            column = next((name for name in _COLUMNS if name in names), None)
            if column is None:
                raise SourceError(f"{path} has no image column among {', '.join(names)}. Name one of them {' or '.join(_COLUMNS)}.")
            return list(_cells_of(path, parquet, column))
    except (pa.ArrowException, OSError, UnicodeDecodeError) as error:
        told = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise SourceError(f"{path} cannot be read as Parquet ({told}): write it again.") from error


def _cells_of(path: Path, parquet: pq.ParquetFile, column: str) -> Iterator[Found]:
    row = 0
    for batch in parquet.iter_batches(_AHEAD, columns=[column]):
        for cell in batch.column(0).to_pylist():
            cells = cell if isinstance(cell, list) else [cell]
            for place, one in enumerate(cells):
                name = f"{name_of(Path(path.name))}#{row}" + (f".{place}" if isinstance(cell, list) else "")
                yield _cell(path, one, name)
            row += 1


def _cell(path: Path, cell: Any, name: str) -> Found:
    given = cell if isinstance(cell, dict) else {"bytes": cell if isinstance(cell, bytes) else None, "path": cell}
    where, data = given.get("path"), given.get("bytes")
    shown = where if isinstance(where, str) and where else name
    if isinstance(data, bytes):
        return Found(shown, lambda: data)
    return Found(shown, partial(_file_bytes, path.parent / shown)) if shown is where else Found(shown, _no_image)


def _no_image() -> bytes:
    raise SourceError("no image")
