"""Compaction: many small segments become few, sorted by key, with their side indexes; at no moment is an answer in none."""

import hashlib
import os
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from pipeline.models.compacted import head_of
from pipeline.models.finished import MOST_ANSWERS, MOST_BYTES, DamagedError, Extent, Source, entries_of, sources_in
from pipeline.models.segment import MANY, SUFFIX, append, frame_in, sync_folder
from pipeline.models.segment_writer import MOST_RECORDS, lock
from pipeline.models.side_index import ENTRY, write_index
from pipeline.models.side_index import SUFFIX as INDEX

_MANY_OF_A_SIZE = 8
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


def due(extents: Sequence[Extent], unindexed: Sequence[Extent] = ()) -> bool:
    """Whether segments have grown so many that merging those of one size pays, or a large one has no side index."""
    return any(extent.answers > MOST_RECORDS for extent in unindexed) or any(count >= _MANY_OF_A_SIZE for count in _tiers(extents).values())


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
        sources = list(sources_in(root, damaged, stack))
        _drop_replaced(root, sources)
        _index_large(sources)
        merged = made = answers = 0
        for group in _groups(sources, everything=everything):
            if (found := _merge(root, group, damaged)) is not None:
                merged, made, answers = merged + len(group), made + 1, answers + found
        return Compacted(merged, made, answers, tuple(sorted(set(damaged))))


def compact_all(root: Path) -> Compacted:
    """Merges all that are not full, a number of files at a time.

    Raises: OSError.
    """
    total = compact(root, everything=True)
    more = total
    while more.merged:
        more = compact(root, everything=True)
        damaged = tuple(sorted({*total.damaged, *more.damaged}))
        total = Compacted(total.merged + more.merged, total.made + more.made, max(total.answers, more.answers), damaged)
    return total


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


def _drop_replaced(root: Path, sources: list[Source]) -> None:
    """Finishes compactions that died before they removed what they had merged."""
    replaced = {name for source in sources for name in source.replaces}
    for name in replaced:
        _remove(root / name)
    sources[:] = [source for source in sources if source.path.name not in replaced]


def _index_large(sources: Sequence[Source]) -> None:
    """Gives large segments of writers that died the side index that they lack, so that nobody reads them whole again."""
    for source in sources:
        if source.entries is not None and source.extent.answers > MOST_RECORDS:
            write_index(source.path.with_suffix(INDEX), source.entries, source.extent.nbytes, source.replaces)


def _groups(sources: Sequence[Source], *, everything: bool) -> Iterator[list[Source]]:
    """Segments that become one each, small ones first."""
    small = [source for source in sources if not source.extent.full]
    if not everything:
        counts = _tiers([source.extent for source in small])
        small = [source for source in small if counts[source.extent.tier] >= _MANY_OF_A_SIZE]
    group: list[Source] = []
    nbytes = answers = 0
    for source in small:
        if group and (nbytes + source.extent.nbytes > MOST_BYTES or answers + source.extent.answers > MOST_ANSWERS):
            yield group
            group, nbytes, answers = [], 0, 0
        group.append(source)
        nbytes, answers = nbytes + source.extent.nbytes, answers + source.extent.answers
    if len(group) > 1 or (everything and group and not group[0].path.with_suffix(INDEX).exists()):
        yield group


def _merge(root: Path, group: Sequence[Source], damaged: list[str]) -> int | None:
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
    except DamagedError:
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


def _copied(group: Sequence[Source], damaged: list[str]) -> Iterator[tuple[bytes, bytes]]:
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
                raise DamagedError
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


def _merged(group: Sequence[Source], damaged: list[str]) -> Iterator[bytes]:
    """The entries of several segments in order, each with the number of its segment behind it."""
    width = ENTRY.size + _SOURCE_BYTES
    pieces: list[np.ndarray] = []
    for number, source in enumerate(group):
        rows = np.frombuffer(entries_of(source, damaged), np.uint8).reshape(-1, ENTRY.size)
        told = np.broadcast_to(np.frombuffer(number.to_bytes(_SOURCE_BYTES, "big"), np.uint8), (len(rows), _SOURCE_BYTES))
        pieces.append(np.concatenate([rows, told], axis=1))
    rows = np.concatenate(pieces)
    pieces.clear()
    rows.view(f"S{width}").ravel().sort()
    ordered = rows.reshape(-1).data
    for start in range(0, len(ordered), width):
        yield bytes(ordered[start : start + width])


def _remove(path: Path) -> None:
    """A segment first, for its index alone is nothing."""
    for gone in (path, path.with_suffix(INDEX)):
        with suppress(FileNotFoundError):
            gone.unlink()
