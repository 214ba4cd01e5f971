"""Compaction: many small segments become few, sorted by key, with their side indexes; at no moment is an answer in none."""

import hashlib
import os
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np

from pipeline.models.compacted import head_of, replaced_by
from pipeline.models.segment import MANY, NO_KEY, SUFFIX, Placed, append, frame_in, scan, sync_folder
from pipeline.models.segment_writer import lock, writer_lives
from pipeline.models.side_index import ENTRY, SideIndex, sort_entries, write_index
from pipeline.models.side_index import SUFFIX as INDEX

# So many answers take 16 MB of index while they are merged.
MOST_ANSWERS = 1 << 18
MOST_BYTES = 1 << 30
_MANY_OF_A_SIZE = 8
_SMALL_BYTES, _SMALL_ANSWERS = 1 << 20, 1 << 10
_BATCH_BYTES = 4 << 20
LOCK = "compact.lock"
_PARTIAL = ".partial"
_SOURCE_BYTES = 4
_KEYED = slice(0, 48)


@dataclass(frozen=True)
class Compacted:
    """What a compaction did: segments that went, those that came, their answers, and segments left alone because they are damaged."""

    merged: int = 0
    made: int = 0
    answers: int = 0
    damaged: tuple[str, ...] = ()
    busy: bool = False


class Extent(NamedTuple):
    """How large a segment is."""

    nbytes: int
    answers: int

    @property
    def full(self) -> bool:
        """Whether it is worth no further merge."""
        return self.nbytes > MOST_BYTES // 2 or self.answers > MOST_ANSWERS // 2

    @property
    def tier(self) -> int:
        """Its size, in powers of eight."""
        times = max(self.nbytes // _SMALL_BYTES, self.answers // _SMALL_ANSWERS)
        return (times.bit_length() + 2) // 3


@dataclass(eq=False)
class _Source:
    """A segment that nobody writes to any more, opened, with its sorted entries where it has no side index."""

    path: Path
    fd: int
    entries: bytes | None
    extent: Extent
    replaces: tuple[str, ...] = ()


def due(extents: Sequence[Extent]) -> bool:
    """Whether segments have grown so many that merging those of one size pays."""
    return any(count >= _MANY_OF_A_SIZE for count in _tiers(extents).values())


def compact(root: Path, *, everything: bool = False) -> Compacted:
    """Merges the segments of a folder whose writers are done: those of a size that has many, or all that are not full.

    Killed at any byte it leaves every answer readable; answers that stand in two segments meanwhile count once.
    Raises: OSError.
    """
    with ExitStack() as stack:
        fd = os.open(root / LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        stack.callback(os.close, fd)
        if not lock(fd):
            return Compacted(busy=True)
        _clean(root)
        damaged: list[str] = []
        sources = list(_sources(root, damaged, stack))
        _drop_replaced(root, sources)
        merged = made = answers = 0
        for group in _groups(sources, everything=everything):
            if (found := _merge(root, group, damaged)) is not None:
                merged, made, answers = merged + len(group), made + 1, answers + found
        return Compacted(merged, made, answers, tuple(sorted(set(damaged))))


def _tiers(extents: Sequence[Extent]) -> dict[int, int]:
    counts: dict[int, int] = {}
    for extent in extents:
        if not extent.full:
            counts[extent.tier] = counts.get(extent.tier, 0) + 1
    return counts


def _clean(root: Path) -> None:
    """Removes what a compaction or a writer that died left half written; runs under the lock."""
    for path in root.glob(f".*{_PARTIAL}"):
        segment = root / f"{path.name[1:].partition('.')[0]}{SUFFIX}"
        # A writer that lives may be at work on the index of its own.
        if not segment.exists() or segment.with_suffix(INDEX).exists():
            path.unlink(missing_ok=True)
    for path in root.glob(f"*{INDEX}"):
        if not path.with_suffix(SUFFIX).exists():
            path.unlink(missing_ok=True)


def _sources(root: Path, damaged: list[str], stack: ExitStack) -> Iterator[_Source]:
    """The segments that are done, smallest first; damaged ones are left alone."""
    paths = sorted(root.glob(f"*{SUFFIX}"), key=lambda path: (path.stat().st_size, path.name))
    for path in paths:
        fd = os.open(path, os.O_RDWR | os.O_CLOEXEC)
        stack.callback(os.close, fd)
        source = _indexed(path, fd) or _scanned(path, fd, damaged)
        if source is not None:
            yield source


def _indexed(path: Path, fd: int) -> _Source | None:
    """A segment by its side index; none where that is absent or damaged."""
    try:
        index = SideIndex(path.with_suffix(INDEX))
        if index.covers != os.fstat(fd).st_size:
            return None
        return _Source(path, fd, None, Extent(index.covers, index.count), index.replaces)
    except (ValueError, OSError):
        return None


def _scanned(path: Path, fd: int, damaged: list[str]) -> _Source | None:
    """A segment without a side index, where nobody writes it any more and it is whole but for a torn end."""
    if writer_lives(fd):
        return None
    entries, count, replaces = bytearray(), 0, tuple[str, ...]()
    with path.open("rb") as file:
        size = os.fstat(fd).st_size
        for found in scan(file, 0, size):
            if not isinstance(found, Placed):
                if not found.torn:
                    damaged.append(path.name)
                    return None
                continue
            if found.frame.keys[0] == NO_KEY:
                replaces = replaced_by(found.frame)
                continue
            for key in found.frame.keys:
                entries += ENTRY.pack(key, found.frame.digest, found.offset, found.frame.size)
                count += 1
    return _Source(path, fd, sort_entries(entries), Extent(size, count), replaces)


def _drop_replaced(root: Path, sources: list[_Source]) -> None:
    """Finishes compactions that died before they removed what they had merged."""
    replaced = {name for source in sources for name in source.replaces}
    for name in replaced:
        _remove(root / name)
    sources[:] = [source for source in sources if source.path.name not in replaced]


def _groups(sources: Sequence[_Source], *, everything: bool) -> Iterator[list[_Source]]:
    """Segments that become one each, small ones first."""
    small = [source for source in sources if not source.extent.full]
    if not everything:
        counts = _tiers([source.extent for source in small])
        small = [source for source in small if counts[source.extent.tier] >= _MANY_OF_A_SIZE]
    group: list[_Source] = []
    nbytes = answers = 0
    for source in small:
        if group and (nbytes + source.extent.nbytes > MOST_BYTES or answers + source.extent.answers > MOST_ANSWERS):
            yield group
            group, nbytes, answers = [], 0, 0
        group.append(source)
        nbytes, answers = nbytes + source.extent.nbytes, answers + source.extent.answers
    if len(group) > 1 or (everything and group and not group[0].path.with_suffix(INDEX).exists()):
        yield group


def _merge(root: Path, group: Sequence[_Source], damaged: list[str]) -> int | None:
    """Writes one segment with the answers of several, durably, then removes them; how many answers, or None where one is damaged."""
    partial = root / f".compacting.{os.getpid()}{_PARTIAL}"
    hasher, entries, nbytes, whole = hashlib.sha256(), bytearray(), 0, False
    fd = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o644)
    try:
        for data, told in _copied(group, damaged):
            hasher.update(data)
            append(fd, data)
            entries += told
            nbytes += len(data)
        os.fsync(fd)
        whole = True
    except _DamagedError:
        return None
    finally:
        os.close(fd)
        if not whole:
            partial.unlink(missing_ok=True)
    name = f"{hasher.hexdigest()[:32]}{SUFFIX}"
    write_index((root / name).with_suffix(INDEX), bytes(entries), nbytes, [source.path.name for source in group])
    partial.replace(root / name)
    sync_folder(root)
    for source in group:
        if source.path.name != name:
            _remove(source.path)
    return len(entries) // ENTRY.size


class _DamagedError(Exception):
    """A record that was whole once is not any more."""


def _copied(group: Sequence[_Source], damaged: list[str]) -> Iterator[tuple[bytes, bytes]]:
    """The merged segment in pieces, each with its entries: sorted by key, equal answers to a key once, several choices stored once."""
    head = head_of([source.path.name for source in group]).data
    data, told, size, end = [head], list[bytes](), len(head), len(head)
    shared: dict[tuple[int, int], int] = {}
    last = b""
    for row in _merged(group, damaged):
        if row[_KEYED] == last:
            continue
        last = row[_KEYED]
        key, digest, offset, length = ENTRY.unpack_from(row)
        number = int.from_bytes(row[ENTRY.size :], "big")
        at = shared.get((number, offset))
        if at is None:
            record = os.pread(group[number].fd, length, offset)
            frame = frame_in(record)
            if frame is None or key not in frame.keys:
                damaged.append(group[number].path.name)
                raise _DamagedError
            at, end = end, end + length
            data.append(record)
            size += length
            if record.startswith(MANY):
                shared[number, offset] = at
        told.append(ENTRY.pack(key, digest, at, length))
        if size >= _BATCH_BYTES:
            yield b"".join(data), b"".join(told)
            data, told, size = [], [], 0
    yield b"".join(data), b"".join(told)


def _merged(group: Sequence[_Source], damaged: list[str]) -> Iterator[bytes]:
    """The entries of several segments in order, each with the number of its segment behind it."""
    width = ENTRY.size + _SOURCE_BYTES
    pieces: list[np.ndarray] = []
    for number, source in enumerate(group):
        rows = np.frombuffer(_entries_of(source, damaged), np.uint8).reshape(-1, ENTRY.size)
        told = np.broadcast_to(np.frombuffer(number.to_bytes(_SOURCE_BYTES, "big"), np.uint8), (len(rows), _SOURCE_BYTES))
        pieces.append(np.concatenate([rows, told], axis=1))
    rows = np.concatenate(pieces)
    pieces.clear()
    rows.view(f"S{width}").ravel().sort()
    ordered = rows.data.cast("B")
    for start in range(0, len(ordered), width):
        yield bytes(ordered[start : start + width])


def _entries_of(source: _Source, damaged: list[str]) -> bytes:
    """The sorted entries of a segment; where its side index is damaged it is read whole.

    Raises: _DamagedError.
    """
    if source.entries is None:
        try:
            return b"".join(SideIndex(source.path.with_suffix(INDEX)).entries())
        except ValueError:
            scanned = _scanned(source.path, source.fd, damaged)
            source.entries = scanned and scanned.entries
    if source.entries is None:
        raise _DamagedError
    return source.entries


def _remove(path: Path) -> None:
    """A segment first, for its index alone is nothing."""
    for gone in (path, path.with_suffix(INDEX)):
        with suppress(FileNotFoundError):
            gone.unlink()
