"""All pairs of hashes within a Hamming radius, exact: multi-index hashing over dense tables of block keys.

Two hashes within r bits agree to floor(r / m) bits in one of m blocks, and in one of the first r mod m + 1 of them or to
one bit fewer elsewhere (the tight pigeonhole). So each block's table is asked for every key with that few bits turned.
"""

from collections.abc import Iterator
from itertools import combinations
from math import comb
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from schemas.errors import UsageError

_MOST_KEY_BITS = 24
_CHUNK = 1 << 16
_LAYERS = 3
_SAMPLE = 1 << 15
_WORD = 64

Words = NDArray[np.uint64]
Places = NDArray[np.int64]


class Distinct(NamedTuple):
    """Hashes without repeats, sorted: the words of each, and for every hash given the place of its like among them."""

    words: Words
    places: Places


class Block(NamedTuple):
    """Bits start to start + bits of a hash, of which up to `turned` may differ."""

    start: int
    bits: int
    turned: int


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


def iter_near_pairs(words: Words, radius: int) -> Iterator[Pairs]:
    """The same pairs in batches, in no promised order; memory is a few tables over the rows whatever the number of pairs.

    Raises: UsageError where the radius is negative or reaches half of the bits, where hashes say nothing.
    """
    total = words.shape[1] * _WORD
    if not 0 <= radius < total // 2:
        raise UsageError(f"A radius of {radius} bits does not fit hashes of {total} bits. Give one from 0 to {total // 2 - 1}.")
    if len(words) < 2:
        return
    blocks = plan(words, radius)
    for index, block in enumerate(blocks):
        for pairs in _Table(words, block).pairs(radius):
            fresh = ~_seen(words, pairs, blocks[:index])
            if fresh.any():
                yield Pairs(pairs.left[fresh], pairs.right[fresh], pairs.distance[fresh])


def plan(words: Words, radius: int) -> tuple[Block, ...]:
    """The blocks that cost least, by how the keys of a sample really collide (a hash's bits are neither fair nor independent)."""
    rows, total = len(words), words.shape[1] * _WORD
    sample = words if rows <= _SAMPLE else words[np.random.default_rng(0).choice(rows, _SAMPLE, replace=False)]
    best, least = (), np.inf
    for count in range(1, min(radius + 1, total) + 1):
        blocks = _blocks(count, total, radius, rows)
        if sum(_keys(block) for block in blocks) * rows > least:
            continue
        cost = sum(_cost(sample, block, rows) for block in blocks)
        if cost < least:
            best, least = blocks, cost
    return best


def _blocks(count: int, total: int, radius: int, rows: int) -> tuple[Block, ...]:
    """`count` blocks of the most bits that pay for their table: keys beyond 16 times the rows are nearly all empty."""
    most = min(_MOST_KEY_BITS, max(8, int(rows).bit_length() + 4))
    turned, extra = divmod(radius, count)
    blocks: list[Block] = []
    start = 0
    for index in range(count):
        bits = (total - start) // (count - index)
        more = (total - start) % (count - index) > 0
        width = bits + more
        allowed = turned if index <= extra else turned - 1
        if allowed >= 0:
            blocks.append(Block(start, min(width, most), allowed))
        start += width
    return tuple(blocks)


def _keys(block: Block) -> float:
    """How many keys a row asks for: half of those within `turned` bits, as each pair is met from one side."""
    return sum(comb(block.bits, turned) for turned in range(block.turned + 1)) / 2


def _cost(sample: Words, block: Block, rows: int) -> float:
    counts = np.unique(_key(sample, block), return_counts=True)[1].astype(np.float64)
    alike = float((counts * (counts - 1)).sum()) / max(1, len(sample) * (len(sample) - 1))
    alike = max(alike, 2.0**-block.bits)
    return _keys(block) * rows * (1 + 1.5 * rows * alike) + 0.5 * 2**block.bits


def _key(words: Words, block: Block) -> NDArray[np.int32]:
    """The block's bits of every row; a block may reach over the end of a word."""
    word, offset = divmod(block.start, _WORD)
    left = words[:, word] << np.uint64(offset)
    if offset and offset + block.bits > _WORD:
        left |= words[:, word + 1] >> np.uint64(_WORD - offset)
    return (left >> np.uint64(_WORD - block.bits)).astype(np.int32)


def _seen(words: Words, pairs: Pairs, earlier: tuple[Block, ...]) -> NDArray[np.bool_]:
    """Which pairs an earlier block has already given."""
    seen = np.zeros(len(pairs.left), bool)
    for block in earlier:
        turned = np.bitwise_count(_key(words[pairs.left], block) ^ _key(words[pairs.right], block))
        seen |= turned <= block.turned
    return seen


class _Table:
    """Rows sorted by a block's key, and where each key's rows begin."""

    def __init__(self, words: Words, block: Block) -> None:
        key = _key(words, block)
        self.block = block
        self.order = np.argsort(key, kind="stable").astype(np.int32)
        self.keys = key[self.order]
        self.words = words[self.order]
        counts = np.bincount(key, minlength=2**block.bits)
        self.starts = np.zeros(2**block.bits + 1, np.int32)
        np.cumsum(counts, out=self.starts[1:])
        self.counts = np.minimum(counts, 255).astype(np.uint8)

    def pairs(self, radius: int) -> Iterator[Pairs]:
        """Every pair within the radius whose keys differ in `turned` bits or fewer, once."""
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
        distance = np.bitwise_count(self.words[rows] ^ self.words[others]).sum(axis=1)
        keep = distance <= radius
        if mask is not None:
            keep &= self.keys[rows] ^ self.keys[others] == mask
        if keep.any():
            one, two = self.order[rows[keep]].astype(np.int64), self.order[others[keep]].astype(np.int64)
            yield Pairs(np.minimum(one, two), np.maximum(one, two), distance[keep].astype(np.uint8))


def _masks(top: int, turned: int) -> list[int]:
    """Every mask of up to `turned` bits whose highest is `top`."""
    return [(1 << top) | sum(1 << bit for bit in lower) for size in range(turned) for lower in combinations(range(top), size)]
