"""A ledger's segments in an object store: listed, looked up by copies of their side indexes, and read by ranges."""

import io
import json
import os
import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from functools import cached_property
from pathlib import Path
from typing import Any, BinaryIO
from urllib.parse import parse_qsl, urlsplit, urlunsplit

from pipeline.models.segment import SUFFIX
from pipeline.models.side_index import SUFFIX as INDEX
from pipeline.models.side_index import SideIndex, Spot
from pipeline.object_store import open_url
from pipeline.store import writing
from schemas.errors import LedgerError

SCHEMES = ("s3", "gs", "file")
# A listing costs a request for a thousand segments; what others answered within this time is asked again at worst.
LISTED_S = 2.0
_REMEMBERED = "remote.json"
_INDEXES = "remote"
_SENT = ".sent"
_GAP_BYTES = 16 << 10
_READERS = 32
_BUFFER_BYTES = 4 << 20
_SECRET = ("access_key", "secret_key", "session_token")


def remote_of(root: Path) -> str:
    """The URL of the object store that a ledger's folder belongs to; '' where it is a ledger of its own.

    Raises: LedgerError.
    """
    try:
        return json.loads((root / _REMEMBERED).read_bytes())["url"]
    except (FileNotFoundError, NotADirectoryError):
        return ""
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise LedgerError(f"{root / _REMEMBERED} cannot be read: {error}. Name the ledger again with --ledger.") from error


def join(root: Path, url: str) -> None:
    """Makes a folder the local part of the ledger at a URL, for all that open it from now on.

    Raises: LedgerError where the URL cannot be one, or the folder belongs to another.
    """
    url = checked(url)
    known = remote_of(root)
    if known and known != url:
        raise LedgerError(f"{root} belongs to the ledger at {known}, not {url}. Name that one, or choose another folder with --store.")
    if not known:
        with writing(root / _REMEMBERED) as temporary:
            temporary.write_text(json.dumps({"url": url}) + "\n")


def checked(url: str) -> str:
    """The URL without a slash at its end.

    Raises: LedgerError saying what is wrong with it, without credentials that it may hold.
    """
    parts = urlsplit(url)
    if parts.scheme not in SCHEMES:
        raise LedgerError(f"--ledger takes a URL that begins with {', '.join(f'{one}://' for one in SCHEMES)}. For a folder, use --store.")
    if parts.username or parts.password or {name for name, _ in parse_qsl(parts.query)} & set(_SECRET):
        raise LedgerError(
            "The ledger's URL holds credentials, which would be written down. Leave them to the environment or the machine's role."
        )
    if (parts.scheme == "file" and not parts.path.strip("/")) or (parts.scheme != "file" and not parts.netloc):
        raise LedgerError(f"{url} names no place for a ledger. Write it like s3://bucket/folder, gs://bucket/folder or file:///folder.")
    return urlunsplit(parts._replace(path=parts.path.rstrip("/"), fragment=""))


def open_at(url: str) -> tuple[Any, str]:
    """The file system of a URL, and the path in it.

    Raises: LedgerError.
    """
    try:
        return open_url(url)
    except (OSError, ValueError) as error:
        where = urlunsplit(urlsplit(url)._replace(query=""))
        raise LedgerError(f"The ledger at {where} cannot be opened: {reason(error)}. Mend its URL, then try again.") from error


class RemoteFolder:
    """The segments under a URL. `cache`: where copies of side indexes lie, made anew where they are lost."""

    def __init__(self, url: str, cache: Path) -> None:
        self.name = urlunsplit(urlsplit(url)._replace(query=""))
        self._url = url
        self._cache = cache / _INDEXES
        self._listed: Mapping[str, int] = {}
        self._listed_s = -LISTED_S

    @cached_property
    def _opened(self) -> tuple[Any, str]:
        return open_at(self._url)

    def names(self) -> Mapping[str, int]:
        now_s = time.monotonic()
        if now_s - self._listed_s >= LISTED_S:
            found = self._list()
            # A listing of several pages that runs beside a compaction may miss the old and the new; two that agree do not.
            while set(found) != set(self._listed):
                self._listed = found
                found = self._list()
            self._listed, self._listed_s = found, now_s
        return self._listed

    def forget(self) -> None:
        """Lists anew at the next look."""
        self._listed_s = -LISTED_S

    def _list(self) -> dict[str, int]:
        from pyarrow import fs

        files, base = self._opened
        found = files.get_file_info(fs.FileSelector(base, allow_not_found=True))
        return {one.base_name: one.size for one in found if one.base_name.endswith((SUFFIX, INDEX)) and one.base_name[0] != "."}

    @contextmanager
    def opened(self, name: str) -> Iterator[tuple[BinaryIO, int]]:
        files, base = self._opened
        with files.open_input_file(f"{base}/{name}") as file:
            yield io.BufferedReader(file, _BUFFER_BYTES), file.size()

    def index(self, name: str) -> SideIndex:
        path = self._cache / name
        if not path.exists():
            self.copy(name, path)
        return SideIndex(path)

    def read(self, name: str, spots: Sequence[Spot]) -> Iterator[bytes]:
        files, base = self._opened
        ranges = _ranges(spots)
        with files.open_input_file(f"{base}/{name}") as file, ThreadPoolExecutor(min(_READERS, len(ranges) or 1)) as pool:
            pieces = pool.map(lambda one: file.read_at(one[-1].offset + one[-1].size - one[0].offset, one[0].offset), ranges)
            for one, piece in zip(ranges, pieces, strict=True):
                for spot in one:
                    start = spot.offset - one[0].offset
                    yield piece[start : start + spot.size]

    def copy(self, name: str, path: Path) -> None:
        """Copies a file from there, whole or not at all.

        Raises: OSError.
        """
        files, base = self._opened
        path.parent.mkdir(parents=True, exist_ok=True)
        partial = path.with_name(f".{path.name}.{os.getpid()}.partial")
        with files.open_input_stream(f"{base}/{name}") as stream, partial.open("wb") as out:
            while piece := stream.read(_BUFFER_BYTES):
                out.write(piece)
            out.flush()
            os.fsync(out.fileno())
        partial.replace(path)

    def send(self, path: Path, size: int) -> None:
        """Copies so many bytes of a file there; an object store shows it whole or not at all.

        Raises: OSError.
        """
        files, base = self._opened
        there = f"{base}/{path.name}"
        local = files.type_name == "local"
        if local:
            files.create_dir(base)
        target = f"{base}/.{path.name}.{os.getpid()}" if local else there
        with path.open("rb") as file, files.open_output_stream(target) as out:
            left = size
            while left and (piece := file.read(min(left, _BUFFER_BYTES))):
                out.write(piece)
                left -= len(piece)
        if local:
            files.move(target, there)
        self._listed = {**self._listed, path.name: size}

    def mark(self, name: str) -> None:
        """Notes that all of a segment is there."""
        marker = self._cache / f"{name}{_SENT}"
        if not marker.exists():
            marker.parent.mkdir(parents=True, exist_ok=True)
            marker.touch()

    def marked_s(self, name: str) -> float | None:
        """How long ago that was noted; None where it was not."""
        try:
            return max(0.0, time.time() - (self._cache / f"{name}{_SENT}").stat().st_mtime)
        except FileNotFoundError:
            return None

    def remove(self, name: str) -> None:
        """Removes a file that another one stands for by now.

        Raises: OSError.
        """
        files, base = self._opened
        with suppress(FileNotFoundError):
            files.delete_file(f"{base}/{name}")
        self._listed = {other: size for other, size in self._listed.items() if other != name}
        for path in (self._cache / name, self._cache / f"{name}{_SENT}"):
            path.unlink(missing_ok=True)

    def ages_s(self) -> dict[str, float]:
        """How long ago each file was written."""
        from pyarrow import fs

        files, base = self._opened
        now_s = time.time()
        found = files.get_file_info(fs.FileSelector(base, allow_not_found=True))
        return {one.base_name: now_s - one.mtime.timestamp() for one in found if one.mtime is not None}


def reason(error: BaseException) -> str:
    """What an error of an object store says, in one line."""
    told = str(error).splitlines()[0] if str(error) else type(error).__name__
    return told.split("; Details:")[0].split(" error_info=")[0].rstrip(".")


def _ranges(spots: Sequence[Spot]) -> list[list[Spot]]:
    """Spots in order, those together that are read at once."""
    ranges: list[list[Spot]] = []
    for spot in spots:
        if ranges and spot.offset - (ranges[-1][-1].offset + ranges[-1][-1].size) <= _GAP_BYTES:
            ranges[-1].append(spot)
        else:
            ranges.append([spot])
    return ranges
