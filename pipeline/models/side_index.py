"""The side index of a segment that is finished: where each key's answers stand, sorted, cut by the first 12 bits of the key."""

import json
import os
import struct
import zlib
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import BinaryIO, NamedTuple

import numpy as np

SUFFIX = ".index"
BUCKETS = 4096
_MAGIC = b"MLINDEX1"
_HEADER = struct.Struct(">8sQIII")
_TABLE_BYTES = BUCKETS * 8
# Key, digest, offset and bytes of the record: sorted as bytes they are sorted by key, then by digest.
ENTRY = struct.Struct(">32s16sQI")
_KEY_BYTES = 32


class Spot(NamedTuple):
    """Where one answer to a key stands in its segment, and the digest of its content."""

    key: bytes
    digest: bytes
    offset: int
    size: int


class SideIndex:
    """Looks keys up without reading more than their buckets; holds none of them in memory.

    Raises: ValueError where the file is no index or is damaged, OSError where it cannot be read.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        with path.open("rb") as file:
            header = file.read(_HEADER.size)
            if len(header) < _HEADER.size or not header.startswith(_MAGIC):
                raise ValueError("it is no index")
            _, self.covers, self.count, crc, told_bytes = _HEADER.unpack(header)
            table, told = file.read(_TABLE_BYTES), file.read(told_bytes)
        whole = struct.pack(">QII", self.covers, self.count, told_bytes) + table + told
        if len(table) + len(told) < _TABLE_BYTES + told_bytes or zlib.crc32(whole) != crc:
            raise ValueError("its beginning is damaged")
        self._first = _HEADER.size + _TABLE_BYTES + told_bytes
        self._table = np.frombuffer(table, ">u4").reshape(BUCKETS, 2)
        self.replaces: tuple[str, ...] = tuple(json.loads(told))

    def find(self, keys: Sequence[bytes]) -> dict[bytes, Spot]:
        """The answers to those keys that are here, of several to one key the one with the smallest digest.

        Raises: ValueError, OSError.
        """
        found: dict[bytes, Spot] = {}
        if not keys or not self.count:
            return found
        with self.path.open("rb", buffering=0) as file:
            for bucket, wanted in _by_bucket(keys):
                entries = self._bucket(file, bucket)
                count = len(entries) // ENTRY.size
                for key in wanted:
                    at = bisect_left(range(count), key, key=lambda at: entries[at * ENTRY.size : at * ENTRY.size + _KEY_BYTES])
                    if at < count and entries.startswith(key, at * ENTRY.size):
                        found[key] = Spot(*ENTRY.unpack_from(entries, at * ENTRY.size))
        return found

    def entries(self) -> Iterator[bytes]:
        """All entries, sorted, packed one behind the other, bucket by bucket.

        Raises: ValueError, OSError.
        """
        with self.path.open("rb") as file:
            for bucket in range(BUCKETS):
                yield self._bucket(file, bucket)

    def first(self) -> bytes | None:
        """The smallest key; None where there is none."""
        piece = next((piece for piece in self.entries() if piece), None)
        return piece[:_KEY_BYTES] if piece else None

    def _bucket(self, file: BinaryIO, bucket: int) -> bytes:
        stop, crc = (int(told) for told in self._table[bucket])
        start = int(self._table[bucket - 1][0]) if bucket else 0
        if start == stop:
            return b""
        length = (stop - start) * ENTRY.size
        entries = os.pread(file.fileno(), length, self._first + start * ENTRY.size)
        if len(entries) < length or zlib.crc32(entries) != crc:
            raise ValueError(f"its entries from byte {self._first + start * ENTRY.size} on are damaged")
        return entries


def sort_entries(entries: bytes | bytearray) -> bytes:
    """Packed entries, sorted."""
    rows = np.frombuffer(entries, f"S{ENTRY.size}")
    return np.sort(rows).tobytes()


def write_index(path: Path, entries: bytes, covers: int, replaces: Sequence[str] = ()) -> None:
    """Writes the index of a segment of `covers` bytes, durable and whole or not at all; `entries` are sorted.

    `replaces`: the segments whose answers it holds in their stead.
    Raises: OSError.
    """
    rows = np.frombuffer(entries, np.uint8).reshape(-1, ENTRY.size)
    prefixes = (rows[:, 0].astype(np.uint32) << 4) | (rows[:, 1] >> 4)
    stops = np.searchsorted(prefixes, np.arange(BUCKETS), side="right")
    starts = np.concatenate(([0], stops[:-1]))
    view = memoryview(entries)
    crcs = [zlib.crc32(view[start * ENTRY.size : stop * ENTRY.size]) for start, stop in zip(starts.tolist(), stops.tolist(), strict=True)]
    table = np.stack([stops, np.array(crcs)], axis=1).astype(">u4").tobytes()
    told = json.dumps(list(replaces)).encode()
    crc = zlib.crc32(struct.pack(">QII", covers, len(rows), len(told)) + table + told)
    partial = path.with_name(f".{path.name}.{os.getpid()}.partial")
    with partial.open("wb") as file:
        file.write(_HEADER.pack(_MAGIC, covers, len(rows), crc, len(told)) + table + told)
        file.write(entries)
        file.flush()
        os.fsync(file.fileno())
    partial.replace(path)


def _by_bucket(keys: Iterable[bytes]) -> Iterator[tuple[int, list[bytes]]]:
    wanted: dict[int, list[bytes]] = {}
    for key in keys:
        wanted.setdefault(key[0] << 4 | key[1] >> 4, []).append(key)
    yield from sorted(wanted.items())
