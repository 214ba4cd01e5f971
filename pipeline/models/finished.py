"""Segments that nobody writes to any more, opened to be merged: where their answers stand, and how large they are."""

import os
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from pipeline.models.compacted import replaced_by
from pipeline.models.segment import NO_KEY, SUFFIX, Placed, scan
from pipeline.models.segment_writer import writer_lives
from pipeline.models.side_index import ENTRY, SideIndex, sort_entries
from pipeline.models.side_index import SUFFIX as INDEX

# So many answers take 16 MB of index while they are merged.
MOST_ANSWERS = 1 << 18
MOST_BYTES = 1 << 30
# Files that are held open at once, of the 1,024 that a process may have by default.
MOST_OPEN = 256
_SMALL_BYTES, _SMALL_ANSWERS = 1 << 20, 1 << 10


class DamagedError(Exception):
    """A record that was whole once is not any more."""


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
class Source:
    """A segment that nobody writes to any more, opened, with its sorted entries where it has no side index."""

    path: Path
    fd: int
    entries: bytes | None
    extent: Extent
    replaces: tuple[str, ...] = ()


def sources_in(root: Path, damaged: list[str], stack: ExitStack) -> Iterator[Source]:
    """The segments that are done, those without an index first, then small ones; damaged ones are left alone."""
    paths = sorted(root.glob(f"*{SUFFIX}"), key=lambda path: (path.with_suffix(INDEX).exists(), path.stat().st_size, path.name))[:MOST_OPEN]
    for path in paths:
        fd = os.open(path, os.O_RDWR | os.O_CLOEXEC)
        stack.callback(os.close, fd)
        source = _indexed(path, fd) or _scanned(path, fd, damaged)
        if source is not None:
            yield source


def _indexed(path: Path, fd: int) -> Source | None:
    """A segment by its side index; none where that is absent or damaged."""
    try:
        index = SideIndex(path.with_suffix(INDEX))
        if index.covers != os.fstat(fd).st_size:
            return None
        return Source(path, fd, None, Extent(index.covers, index.count), index.replaces)
    except (ValueError, OSError):
        return None


def _scanned(path: Path, fd: int, damaged: list[str]) -> Source | None:
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
    return Source(path, fd, sort_entries(entries), Extent(size, count), replaces)


def entries_of(source: Source, damaged: list[str]) -> bytes:
    """The sorted entries of a segment; where its side index is damaged it is read whole.

    Raises: DamagedError.
    """
    if source.entries is None:
        try:
            return b"".join(SideIndex(source.path.with_suffix(INDEX)).entries())
        except ValueError:
            scanned = _scanned(source.path, source.fd, damaged)
            source.entries = scanned and scanned.entries
    if source.entries is None:
        raise DamagedError
    return source.entries
