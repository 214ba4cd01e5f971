"""The ledger: every answer of a model, durable before it is used, found by the key of its request."""

import os
import secrets
import threading
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from pipeline.models.entry import LedgerEntry, entry_of, record_of
from pipeline.models.generate import Completion
from pipeline.models.segment import Damage, Placed, Record, append, read_frame, scan, sync, sync_folder
from schemas.errors import LedgerError

SUFFIX = ".segment"
_OFFSET_BITS = 40


@dataclass
class _Segment:
    """A segment, whether this process writes it, and how far it is indexed."""

    path: Path
    own: bool = False
    seen_bytes: int = 0
    read_to: int = 0


@dataclass
class _Put:
    """Records of one `put` that wait for their fsync."""

    records: list[Record]
    done: bool = False
    error: OSError | None = None


@dataclass
class _Writer:
    """The segment that this process appends to."""

    number: int
    fd: int
    pid: int
    end: int = 0


class Ledger:
    """The answers under a folder that many processes write at once, each to a segment of its own.

    Of two answers to one key the one with the smaller content digest counts, whoever reads.
    """

    def __init__(self, root: Path) -> None:
        self.root = root
        self._segments: list[_Segment] = []
        self._numbers: dict[str, int] = {}
        self._index: dict[bytes, int] = {}
        self._reading = threading.RLock()
        self._queue: list[_Put] = []
        self._queueing = threading.Lock()
        self._writing = threading.Lock()
        self._writer: _Writer | None = None

    def get(self, keys: Sequence[str]) -> dict[str, Completion]:
        """The completions of those keys that have an answer by now, from any process.

        Raises: LedgerError.
        """
        return {key: entry.completion for key, entry in self.get_entries(keys).items()}

    def get_entries(self, keys: Sequence[str]) -> dict[str, LedgerEntry]:
        """The whole entries of those keys that have an answer by now.

        Raises: LedgerError.
        """
        with self._reading:
            self._refresh()
            wanted = {bytes.fromhex(key): key for key in keys}
            places = sorted((place, key) for key in wanted if (place := self._index.get(key)) is not None)
        return {wanted[key]: entry for key, entry in self._read(places)}

    def known(self, keys: Sequence[str]) -> set[str]:
        """Those keys that have an answer by now, from any process; reads no answer.

        Raises: LedgerError.
        """
        with self._reading:
            self._refresh()
            return {key for key in keys if self.holds(key)}

    def holds(self, key: str) -> bool:
        """Whether this ledger has met an answer to the key, without looking at the disk again."""
        return bytes.fromhex(key) in self._index

    def put(self, records: Iterable[LedgerEntry]) -> None:
        """Returns once all records are on disk; one fsync serves all threads that wait.

        Raises: LedgerError where they could not be written; what was written before stays.
        """
        put = _Put([record_of(record) for record in records])
        if not put.records:
            return
        with self._queueing:
            self._queue.append(put)
        with self._writing:
            if not put.done:
                self._commit()
        if put.error is not None:
            raise LedgerError(
                f"The ledger {self.root} cannot be written: {put.error.strerror or put.error}. What it held before "
                "is safe; make room or make the folder writable, then build again."
            ) from put.error

    def entries(self) -> Iterator[LedgerEntry]:
        """Every answer that can be read, each of several to one key, by segment name and place.

        Raises: LedgerError.
        """
        for path, _ in self._listing():
            with _opened(path) as (file, size):
                for found in scan(file, 0, size):
                    if isinstance(found, Placed):
                        yield entry_of(found.frame, path)

    def verify(self) -> list[LedgerError]:
        """One error for every damaged stretch or record; the torn end that a crash leaves is none."""
        errors: list[LedgerError] = []
        for path, _ in self._listing():
            with _opened(path) as (file, size):
                for found in scan(file, 0, size):
                    try:
                        _check(found, path)
                    except LedgerError as error:
                        errors.append(error)
        return errors

    def close(self) -> None:
        """Closes this process's segment; a later `put` opens a new one."""
        with self._writing:
            self._abandon()

    def _commit(self) -> None:
        """Writes all that waits with one fsync. Runs under the writing lock."""
        with self._queueing:
            group, self._queue = self._queue, []
        records = [record for put in group for record in put.records]
        error = None
        try:
            writer = self._open_writer()
            append(writer.fd, b"".join(record.data for record in records))
            os.fsync(writer.fd)
            self._note(writer, records)
        except OSError as failed:
            # The segment may end in half a record, and after a failed fsync its pages cannot be trusted.
            self._abandon()
            error = failed
        finally:
            for put in group:
                put.done, put.error = True, error

    def _open_writer(self) -> _Writer:
        writer = self._writer
        if writer is not None and writer.pid == os.getpid():
            return writer
        self._abandon()
        if not self.root.is_dir():
            self.root.mkdir(parents=True, exist_ok=True)
            sync_folder(self.root.parent)
        path = self.root / f"{secrets.token_hex(16)}{SUFFIX}"
        fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND | os.O_CLOEXEC, 0o644)
        with self._reading:
            self._writer = _Writer(self._number(path, own=True), fd, os.getpid())
        sync_folder(self.root)
        return self._writer

    def _abandon(self) -> None:
        writer, self._writer = self._writer, None
        if writer is not None:
            with suppress(OSError):
                os.close(writer.fd)

    def _note(self, writer: _Writer, records: Iterable[Record]) -> None:
        with self._reading:
            for record in records:
                self._index_record(record.key, record.digest, writer.number << _OFFSET_BITS | writer.end)
                writer.end += len(record.data)

    def _number(self, path: Path, own: bool = False) -> int:
        number = self._numbers.get(path.name)
        if number is None:
            number = self._numbers[path.name] = len(self._segments)
            self._segments.append(_Segment(path, own))
        return number

    def _refresh(self) -> None:
        """Indexes what other processes wrote since the last look."""
        for path, size in self._listing():
            segment = self._segments[self._number(path)]
            if not segment.own and size > segment.seen_bytes:
                self._read_on(segment)

    def _read_on(self, segment: _Segment) -> None:
        number = self._numbers[segment.path.name]
        with _opened(segment.path) as (file, size):
            # Another process may have died before its fsync, and from here on its answers are used.
            sync(file.fileno())
            for found in scan(file, segment.read_to, size):
                if isinstance(found, Placed):
                    self._index_record(found.frame.key, found.frame.digest, number << _OFFSET_BITS | found.offset)
                    segment.read_to = found.offset + found.frame.size
        segment.seen_bytes = size

    def _index_record(self, key: bytes, digest: bytes, place: int) -> None:
        known = self._index.get(key)
        if known is not None:
            path, offset = self._place(known)
            with _opened(path) as (file, size):
                frame = read_frame(file, offset, size)
            if frame is not None and frame.digest <= digest:
                return
        self._index[key] = place

    def _place(self, place: int) -> tuple[Path, int]:
        return self._segments[place >> _OFFSET_BITS].path, place & ((1 << _OFFSET_BITS) - 1)

    def _read(self, places: Sequence[tuple[int, bytes]]) -> Iterator[tuple[bytes, LedgerEntry]]:
        """The entries at sorted places, each segment opened once."""
        for path, first, stop in _runs([self._place(place)[0] for place, _ in places]):
            with _opened(path) as (file, size):
                for place, key in places[first:stop]:
                    frame = read_frame(file, self._place(place)[1], size)
                    if frame is None:
                        raise _lost(path)
                    yield key, entry_of(frame, path)

    def _listing(self) -> list[tuple[Path, int]]:
        """The segments by name, each with its bytes; none where the folder does not exist yet."""
        try:
            with os.scandir(self.root) as found:
                return sorted((self.root / item.name, item.stat().st_size) for item in found if item.name.endswith(SUFFIX))
        except FileNotFoundError:
            return []
        except OSError as error:
            raise _unreadable(f"The ledger {self.root}", error) from error


def _runs(paths: Sequence[Path]) -> Iterator[tuple[Path, int, int]]:
    start = 0
    for stop in range(1, len(paths) + 1):
        if stop == len(paths) or paths[stop] != paths[start]:
            yield paths[start], start, stop
            start = stop


@contextmanager
def _opened(path: Path) -> Iterator[tuple[BinaryIO, int]]:
    try:
        with path.open("rb") as file:
            yield file, os.fstat(file.fileno()).st_size
    except OSError as error:
        raise _unreadable(f"Ledger segment {path}", error) from error


def _check(found: Placed | Damage, path: Path) -> None:
    if isinstance(found, Placed):
        entry_of(found.frame, path)
        return
    if not found.torn:
        rest = "to its end, and what stood there is lost" if found.last else "and the answers before and after that are read"
        raise LedgerError(
            f"Ledger segment {path} is damaged from byte {found.start} to {found.stop}, {rest}. "
            "Restore the segment from a copy, or build again to ask anew what is lost."
        )


def _unreadable(what: str, error: OSError) -> LedgerError:
    return LedgerError(f"{what} cannot be read: {error.strerror or error}. Restore it or make it readable, then build again.")


def _lost(path: Path) -> LedgerError:
    return LedgerError(f"Ledger segment {path} changed while it was read. Run medtrace ledger verify, then build again.")
