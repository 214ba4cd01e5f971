"""All pairs of hashes within a Hamming radius, exact: multi-index hashing over dense tables of block keys.

Two hashes within r bits agree to floor(r / m) bits in one of m blocks, and in one of the first r mod m + 1 of them or to
one bit fewer elsewhere (the tight pigeonhole). So each block's table is asked for every key with that few bits turned:
row by row where its buckets are nearly empty, bucket by bucket where they are full (a wide radius, or hashes of look-alikes).
"""

from collections.abc import Iterator
from itertools import combinations
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from pipeline.images.blocks import WORD_BITS, Block, block_key, plan
from pipeline.images.tiles import Near, Thinning, Tiles, Words, bits_apart
from schemas.errors import UsageError

_CHUNK = 1 << 16
_LAYERS = 3

Places = NDArray[np.int64]


class Distinct(NamedTuple):
    """Hashes without repeats, sorted: the words of each, and for every hash given the place of its like among them."""

    words: Words
    places: Places


class Pairs(NamedTuple):
    """Places left < right and the bits in which they differ."""

    left: Places
    right: Places
    distance: NDArray[np.uint8]


def as_words(hashes: list[bytes]) -> Words:
    """Hashes of 8 n bytes each as rows of n words."""
    if not hashes:
        return np.empty((0, 1), np.uint64)
    return np.frombuffer(b"".join(hashes), ">u8").astype(np.uint64).reshape(len(hashes), -1)


def distinct(words: Words) -> Distinct:
    """Identical hashes collapsed: ten thousand blank images cost one row."""
    if words.shape[1] == 1:
        found, places = np.unique(words[:, 0], return_inverse=True)
        return Distinct(found[:, None], places.astype(np.int64))
    found, places = np.unique(words, axis=0, return_inverse=True)
    return Distinct(found, places.reshape(-1).astype(np.int64))


def near_pairs(words: Words, radius: int) -> Pairs:
    """Every pair of rows within the radius once, by left and right; give it `distinct` words, or repeats cost their square."""
    found = list(iter_near_pairs(words, radius))
    if not found:
        return Pairs(np.empty(0, np.int64), np.empty(0, np.int64), np.empty(0, np.uint8))
    left, right, distance = (np.concatenate([getattr(pairs, name) for pairs in found]) for name in Pairs._fields)
    order = np.lexsort((right, left))
    return Pairs(left[order], right[order], distance[order])


def iter_near_pairs(words: Words, radius: int, thinning: Thinning | None = None) -> Iterator[Pairs]:
    """The same pairs in batches, in no promised order; memory is a few tables over the rows whatever the number of pairs.

    With a second hash of each row only pairs within its radius too are given, in the same pass and memory: a wide radius of 64
    bits that loses no cropped picture, thinned by 256 bits that tell look-alikes apart (500k rows at radius 18 are a minute).
    Make rows `distinct` on both hashes together, or rows alike in the first alone are lost.
    Raises: UsageError where a radius is negative or reaches half of the bits, where hashes say nothing, or the rows differ in number.
    """
    _check(words, radius)
    if thinning is not None:
        _check(thinning.words, thinning.radius)
        if len(thinning.words) != len(words):
            raise UsageError(f"{len(thinning.words)} second hashes do not fit {len(words)} rows. Give one a row.")
    if len(words) < 2:
        return
    blocks = plan(words, radius)
    for index, block in enumerate(blocks):
        for pairs in _Table(words, block).pairs(radius, thinning):
            if thinning is not None and not block.full:
                pairs = _some(pairs, thinning.keep(pairs.left, pairs.right))
            pairs = _some(pairs, ~_seen(words, pairs, blocks[:index]))
            if len(pairs.left):
                yield pairs


def _check(words: Words, radius: int) -> None:
    total = words.shape[1] * WORD_BITS
    if not 0 <= radius < total // 2:
        raise UsageError(f"A radius of {radius} bits does not fit hashes of {total} bits. Give one from 0 to {total // 2 - 1}.")


def _some(pairs: Pairs, keep: NDArray[np.bool_]) -> Pairs:
    return pairs if keep.all() else Pairs(pairs.left[keep], pairs.right[keep], pairs.distance[keep])


def _seen(words: Words, pairs: Pairs, earlier: tuple[Block, ...]) -> NDArray[np.bool_]:
    """Which pairs an earlier block has already given."""
    seen = np.zeros(len(pairs.left), bool)
    for block in earlier:
        turned = np.bitwise_count(block_key(words[pairs.left], block) ^ block_key(words[pairs.right], block))
        seen |= turned <= block.turned
    return seen


class _Table:
    """Rows sorted by a block's key, and where each key's rows begin."""

    def __init__(self, words: Words, block: Block) -> None:
        key = block_key(words, block)
        self.block = block
        self.order = np.argsort(key, kind="stable").astype(np.int32)
        self.keys = key[self.order]
        self.words = words[self.order]
        counts = np.bincount(key, minlength=2**block.bits)
        self.starts = np.zeros(2**block.bits + 1, np.int32)
        np.cumsum(counts, out=self.starts[1:])
        self.counts = np.minimum(counts, 255).astype(np.uint8)

    def pairs(self, radius: int, thinning: Thinning | None = None) -> Iterator[Pairs]:
        """Every pair within the radius whose keys differ in `turned` bits or fewer, once; thinned already where buckets are full."""
        if self.block.full:
            second = thinning and Thinning(thinning.words[self.order], thinning.radius)
            for near in Tiles(self.words, self.starts, self.block.bits, self.block.turned, second).pairs(radius):
                yield self._pairs(near)
            return
        yield from self._within(radius)
        if not self.block.turned:
            return
        for top in range(self.block.bits):
            rows = np.flatnonzero((self.keys >> top) & 1 == 0).astype(np.int32)
            masks = _masks(top, self.block.turned)
            for start in range(0, len(rows), _CHUNK):
                yield from self._across(rows[start : start + _CHUNK], masks, radius)

    def _within(self, radius: int) -> Iterator[Pairs]:
        """Pairs with the same key: each row with those behind it in its bucket."""
        rows = np.arange(len(self.keys), dtype=np.int32)
        ends = self.starts[self.keys + 1]
        for start in range(0, len(rows), _CHUNK):
            chunk = rows[start : start + _CHUNK]
            yield from self._rest(chunk, chunk + 1, ends[start : start + _CHUNK], radius, None)

    def _across(self, rows: NDArray[np.int32], masks: list[int], radius: int) -> Iterator[Pairs]:
        keys, words = self.keys[rows], self.words[rows]
        first = words[:, 0]
        for mask in masks:
            other = keys ^ np.int32(mask)
            starts = self.starts[other]
            # An empty bucket's start is another key's row: its distance is asked all the same, and the key only of hits.
            np.minimum(starts, len(self.keys) - 1, out=starts)
            near = np.bitwise_count(first ^ self.words[starts, 0]) <= radius
            if near.any():
                at = np.flatnonzero(near)
                yield from self._hits(rows[at], starts[at], radius, mask)
            more = np.flatnonzero(self.counts[other] > 1)
            if len(more):
                after = starts[more] + 1
                yield from self._rest(rows[more], after, self.starts[other[more] + 1], radius, mask)

    def _rest(
        self, rows: NDArray[np.int32], starts: NDArray[np.int32], ends: NDArray[np.int32], radius: int, mask: int | None
    ) -> Iterator[Pairs]:
        """Each row with the rows from its start to its end: some one at a time, the rest written out in bounded pieces."""
        for _ in range(_LAYERS):
            left = np.flatnonzero(starts < ends)
            if not len(left):
                return
            rows, starts, ends = rows[left], starts[left], ends[left]
            at = np.flatnonzero(np.bitwise_count(self.words[rows, 0] ^ self.words[starts, 0]) <= radius)
            if len(at):
                yield from self._hits(rows[at], starts[at], radius, mask)
            starts = starts + 1
        sizes = np.maximum(ends - starts, 0).astype(np.int64)
        begins = np.concatenate([[0], np.cumsum(sizes)])
        for low in range(0, int(begins[-1]), _CHUNK):
            flat = np.arange(low, min(low + _CHUNK, int(begins[-1])))
            owner = np.searchsorted(begins, flat, side="right") - 1
            others = starts[owner] + (flat - begins[owner])
            at = np.flatnonzero(np.bitwise_count(self.words[rows[owner], 0] ^ self.words[others, 0]) <= radius)
            if len(at):
                yield from self._hits(rows[owner[at]], others[at], radius, mask)

    def _hits(self, rows: NDArray[np.int32], others: NDArray[np.integer], radius: int, mask: int | None) -> Iterator[Pairs]:
        distance = bits_apart(self.words[rows], self.words[others])
        keep = distance <= radius
        if mask is not None:
            keep &= self.keys[rows] ^ self.keys[others] == mask
        if keep.any():
            yield self._pairs(Near(rows[keep], others[keep].astype(np.int32), distance[keep].astype(np.uint8)))

    def _pairs(self, near: Near) -> Pairs:
        one, two = self.order[near.left].astype(np.int64), self.order[near.right].astype(np.int64)
        return Pairs(np.minimum(one, two), np.maximum(one, two), near.distance)


def _masks(top: int, turned: int) -> list[int]:
    """Every mask of up to `turned` bits whose highest is `top`."""
    return [(1 << top) | sum(1 << bit for bit in lower) for size in range(turned) for lower in combinations(range(top), size)]
