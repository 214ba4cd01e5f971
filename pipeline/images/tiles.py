"""Pairs within a Hamming radius where buckets are full: each bucket beside its neighbours, tile by tile in a core's cache."""

from collections.abc import Iterator
from itertools import combinations
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Words = NDArray[np.uint64]
Rows = NDArray[np.int32]

_TILE_ROWS = 16
_TILE_COLUMNS = 4096
_BATCH = 1 << 16


class Thinning(NamedTuple):
    """A second hash of the same rows, and the bits by which it may differ too."""

    words: Words
    radius: int

    def keep(self, left: NDArray[np.integer], right: NDArray[np.integer]) -> NDArray[np.bool_]:
        """Which pairs are within the second radius."""
        return bits_apart(self.words[left], self.words[right]) <= self.radius


class Near(NamedTuple):
    """Places of two rows each in the order of the table, and the bits in which they differ."""

    left: Rows
    right: Rows
    distance: NDArray[np.uint8]


def bits_apart(one: Words, two: Words) -> NDArray[np.uint16]:
    """The bits in which each row of the one differs from that of the other."""
    counts = np.bitwise_count(one ^ two)
    apart = counts[:, 0].astype(np.uint16)
    for column in range(1, counts.shape[1]):
        apart += counts[:, column]
    return apart


def bits_apart_all(one: Words, two: Words) -> NDArray[np.uint16]:
    """The bits in which every row of the one differs from every row of the other."""
    return np.bitwise_count(one[:, None] ^ two).sum(axis=2, dtype=np.uint16)


class Tiles:
    """Rows sorted by key, compared bucket by bucket with every bucket whose key differs in up to `turned` bits."""

    def __init__(self, words: Words, starts: Rows, bits: int, turned: int, second: Thinning | None = None) -> None:
        """`second` has its rows in the order of `words`."""
        self._words, self._starts, self._second = words, starts, second
        self._first = np.ascontiguousarray(words[:, 0])
        masks = [sum(1 << bit for bit in found) for size in range(1, min(turned, bits) + 1) for found in combinations(range(bits), size)]
        self._masks = np.array(masks, np.int32)
        self._xor = np.empty(_TILE_ROWS * _TILE_COLUMNS, np.uint64)
        self._count = np.empty(_TILE_ROWS * _TILE_COLUMNS, np.uint8)
        self._near = np.empty(_TILE_ROWS * _TILE_COLUMNS, np.bool_)

    def pairs(self, radius: int) -> Iterator[Near]:
        """Every pair within the radius whose keys differ in `turned` bits or fewer, once, left before right."""
        held: list[Near] = []
        size = 0
        for key in np.flatnonzero(np.diff(self._starts)).tolist():
            for found in self._bucket(key, radius):
                held.append(found)
                size += len(found.left)
                if size >= _BATCH:
                    yield self._joined(held, radius)
                    held, size = [], 0
        if size:
            yield self._joined(held, radius)

    def _bucket(self, key: int, radius: int) -> Iterator[Near]:
        begin, end = int(self._starts[key]), int(self._starts[key + 1])
        beside = key ^ self._masks
        beside = beside[beside > key]
        low, high = self._starts[beside], self._starts[beside + 1]
        full = low < high
        low = np.append(np.int32(begin), low[full])
        sizes = np.append(np.int32(end), high[full]) - low
        ends = np.cumsum(sizes)
        places = np.repeat(low - (ends - sizes), sizes)
        places += np.arange(len(places), dtype=places.dtype)
        places = places.astype(np.int32, copy=False)
        words = self._first[places]
        for row in range(begin, end, _TILE_ROWS):
            last = min(row + _TILE_ROWS, end)
            # Of its own bucket a row meets only those behind it.
            for column in range(row - begin, len(places), _TILE_COLUMNS):
                found = self._tile(row, last, places[column : column + _TILE_COLUMNS], words[column : column + _TILE_COLUMNS], radius)
                if len(found.left):
                    yield found

    def _tile(self, row: int, last: int, places: Rows, words: NDArray[np.uint64], radius: int) -> Near:
        size, shape = (last - row) * len(places), (last - row, len(places))
        count = self._count[:size]
        np.bitwise_xor(self._first[row:last, None], words[None, :], out=self._xor[:size].reshape(shape))
        np.bitwise_count(self._xor[:size], out=count)
        at = np.flatnonzero(np.less_equal(count, radius, out=self._near[:size]))
        down = at // len(places)
        right = places[at - down * len(places)]
        left = (down + row).astype(np.int32)
        keep = right > left
        if self._second is not None:
            keep &= self._second.keep(left, right)
        return Near(left[keep], right[keep], count[at[keep]])

    def _joined(self, held: list[Near], radius: int) -> Near:
        left, right, distance = (np.concatenate([getattr(near, name) for near in held]) for name in Near._fields)
        if self._words.shape[1] == 1:
            return Near(left, right, distance)
        apart = bits_apart(self._words[left], self._words[right])
        good = apart <= radius
        return Near(left[good], right[good], apart[good].astype(np.uint8))
