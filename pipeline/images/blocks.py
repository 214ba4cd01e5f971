"""The blocks of bits by which near hashes are found, and which of them cost least."""

from math import comb
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from pipeline.images.tiles import Words, bits_apart_all

WORD_BITS = 64
_MOST_KEY_BITS = 24
_SAMPLE = 1 << 15
_COMPARED = 1024
# What a block costs is counted in keys asked for (about 10 ns); of full buckets a pair costs this part of that, a bucket and a pair found this much.
_TILE_PAIR = 0.075
_TILE_BUCKET = 4000
_HIT = 3


class Block(NamedTuple):
    """Bits start to start + bits of a hash, of which up to `turned` may differ; `full` where buckets are compared whole."""

    start: int
    bits: int
    turned: int
    full: bool = False


def plan(words: Words, radius: int) -> tuple[Block, ...]:
    """The blocks that cost least, by how the keys of a sample really collide (a hash's bits are neither fair nor independent)."""
    rows, total = len(words), words.shape[1] * WORD_BITS
    sample = words if rows <= _SAMPLE else words[np.random.default_rng(0).choice(rows, _SAMPLE, replace=False)]
    wanted = bits_apart_all(sample[: _COMPARED // 8], sample[:_COMPARED]) <= radius
    np.fill_diagonal(wanted, False)
    best, least = (), np.inf
    for count in range(1, min(radius + 1, total) + 1):
        choices = [_choices(block, rows) for block in _blocks(count, total, radius, rows)]
        if sum(min(bound for _, bound in found) for found in choices) > least:
            continue
        chosen = [_cheapest(sample, wanted, found, rows) for found in choices]
        cost = sum(cost for _, cost in chosen)
        if cost < least:
            best, least = tuple(block for block, _ in chosen), cost
    return best


def _choices(block: Block, rows: int) -> list[tuple[Block, float]]:
    """The block asked row by row and, at its best number of bits, bucket by bucket; each with a cost that it cannot fall below."""
    sizes = range(max(rows.bit_length() - 7, 1), max(rows.bit_length() - 3, 2))
    full = [Block(block.start, bits, block.turned, full=True) for bits in sizes if bits <= block.bits]
    costs = [(one, _full_cost(one, rows, _share(one))) for one in full]
    return sorted([(block, _keys(block) * rows), *sorted(costs, key=lambda one: one[1])[:1]], key=lambda one: one[1])


def _cheapest(sample: Words, wanted: NDArray[np.bool_], choices: list[tuple[Block, float]], rows: int) -> tuple[Block, float]:
    best, least = choices[0][0], np.inf
    for block, bound in choices:
        if bound < least:
            share, hits = _alike(sample, wanted, block)
            cost = _full_cost(block, rows, share) if block.full else _cost(sample, block, rows)
            cost += _HIT * hits * rows * rows / 2
            best, least = (block, cost) if cost < least else (best, least)
    return best, least


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
    counts = np.unique(block_key(sample, block), return_counts=True)[1].astype(np.float64)
    alike = float((counts * (counts - 1)).sum()) / max(1, len(sample) * (len(sample) - 1))
    alike = max(alike, 2.0**-block.bits)
    return _keys(block) * rows * (1 + 1.5 * rows * alike) + 0.5 * 2**block.bits


def _full_cost(block: Block, rows: int, share: float) -> float:
    """By the share of all pairs whose keys are near."""
    pairs, buckets = share * rows * rows / 2, min(rows, 2**block.bits)
    return _TILE_PAIR * pairs + pairs * buckets / rows + buckets * (_TILE_BUCKET + 2 * _keys(block))


def _share(block: Block) -> float:
    """The share of pairs whose keys are near where bits are fair."""
    return sum(comb(block.bits, turned) for turned in range(block.turned + 1)) / 2**block.bits


def _alike(sample: Words, wanted: NDArray[np.bool_], block: Block) -> tuple[float, float]:
    """The share of pairs of a sample whose keys are near, at least that of fair bits; and of those within the radius besides."""
    key = block_key(sample[:_COMPARED], block)
    near = np.bitwise_count(key[: _COMPARED // 8, None] ^ key) <= block.turned
    return max(float(near.mean()), _share(block)), float((near & wanted).mean())


def block_key(words: Words, block: Block) -> NDArray[np.int32]:
    """The block's bits of every row; a block may reach over the end of a word."""
    word, offset = divmod(block.start, WORD_BITS)
    left = words[:, word] << np.uint64(offset)
    if offset and offset + block.bits > WORD_BITS:
        left |= words[:, word + 1] >> np.uint64(WORD_BITS - offset)
    return (left >> np.uint64(WORD_BITS - block.bits)).astype(np.int32)
