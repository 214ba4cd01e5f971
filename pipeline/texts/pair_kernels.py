"""Lookups of hashes, and what texts and a benchmark share, in compiled loops."""

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from pipeline.texts.compiled import compiled
from pipeline.texts.tokens import Hashes, Places

Weights = npt.NDArray[np.float64]

_U = np.uint64
_ZERO, _ONE, _THREE, _SEVEN = _U(0), _U(1), _U(3), _U(7)


class Table(NamedTuple):
    """Sorted hashes; for each value of their top bits the place of the first, counted from one (0 where there is none); one bit a hash."""

    hashes: Hashes
    first: npt.NDArray[np.int32]
    shift: np.uint64
    bits: npt.NDArray[np.uint8]
    bit_shift: np.uint64


@compiled
def table_of(hashes: Hashes, first: npt.NDArray[np.int32], shift: np.uint64, bits: npt.NDArray[np.uint8], bit_shift: np.uint64) -> None:
    """Fills the slots and the bits of sorted, distinct hashes."""
    for at in range(len(hashes) - 1, -1, -1):
        first[hashes[at] >> shift] = at + 1
        bit = hashes[at] >> bit_shift
        bits[bit >> _THREE] |= np.uint8(1) << np.uint8(bit & _SEVEN)


@compiled
def _place(value: Any, hashes: Hashes, first: npt.NDArray[np.int32], shift: np.uint64) -> Any:
    at = first[value >> shift] - 1
    if at < 0:
        return -1
    while at < len(hashes) and hashes[at] < value:
        at += 1
    return at if at < len(hashes) and hashes[at] == value else -1


@compiled
def places(asked: Hashes, table: Table) -> Places:
    """The place of each hash in a table; -1 where it is not held."""
    hashes, first, shift, _, _ = table
    found = np.empty(len(asked), np.int64)
    for at in range(len(asked)):
        found[at] = _place(asked[at], hashes, first, shift)
    return found


@compiled
def find(asked: Hashes, table: Table) -> tuple[Places, Places]:
    """Which of many hashes a table holds, where most are not held, and their places in it."""
    hashes, first, shift, bits, bit_shift = table
    maybe, count = np.empty(len(asked), np.int64), 0
    # Without a branch, so that no read waits for the one before.
    for at in range(len(asked)):
        bit = asked[at] >> bit_shift
        maybe[count] = at
        count += np.int64((bits[bit >> _THREE] >> (bit & _SEVEN)) & _ONE)
    place, held = np.empty(count, np.int64), 0
    for at in maybe[:count]:
        found = _place(asked[at], hashes, first, shift)
        if found >= 0:
            maybe[held], place[held] = at, found
            held += 1
    return maybe[:held].copy(), place[:held]


@compiled
def meant(stems: Hashes, same: Table, meanings: Hashes, table: Table) -> Places:
    """The place in a table of each word's meaning; -1 where it is not held."""
    same_hashes, same_first, same_shift, bits, bit_shift = same
    hashes, first, shift, _, _ = table
    found = np.empty(len(stems), np.int64)
    for at in range(len(stems)):
        value = stems[at]
        bit = value >> bit_shift
        if (bits[bit >> _THREE] >> (bit & _SEVEN)) & _ONE:
            place = _place(value, same_hashes, same_first, same_shift)
            value = meanings[place] if place >= 0 else value
        found[at] = _place(value, hashes, first, shift)
    return found


@compiled
def met_runs(stem: Hashes, row: Places, powers: Hashes, inverse: np.uint64, table: Table) -> tuple[Places, Places]:
    """Which runs of words a table holds: the place of each run's last word, and its own in the table."""
    hashes, first, shift, bits, bit_shift = table
    size, count, inside, rolled, last = len(powers), 0, 0, _ZERO, -1
    maybe, hashed = np.empty(len(stem), np.int64), np.empty(len(stem), np.uint64)
    for at in range(len(stem)):
        if row[at] != last:
            inside, rolled, last = 0, _ZERO, row[at]
        if inside == size:
            rolled = (rolled - stem[at - size]) * inverse
            inside -= 1
        rolled += stem[at] * powers[inside]
        inside += 1
        bit = rolled >> bit_shift
        # Without a branch, so that no read waits for the one before.
        maybe[count], hashed[count] = at, rolled
        count += np.int64((bits[bit >> _THREE] >> (bit & _SEVEN)) & _ONE) & np.int64(inside == size)
    place, held = np.empty(count, np.int64), 0
    for at in range(count):
        found = _place(hashed[at], hashes, first, shift)
        if found >= 0:
            maybe[held], place[held] = maybe[at], found
            held += 1
    return maybe[:held].copy(), place[:held]


@compiled
def grouped(things: Places, count: int) -> tuple[Places, Places]:
    """The places of things numbered below count, by thing and then in order, and the bounds of each."""
    bounds = np.zeros(count + 2, np.int64)
    for thing in things:
        bounds[thing + 2] += 1
    bounds = np.cumsum(bounds)
    order = np.empty(len(things), np.int64)
    for at in range(len(things)):
        order[bounds[things[at] + 1]] = at
        bounds[things[at] + 1] += 1
    return bounds[:-1], order


@compiled
def distinct_by_row(things: Places, row: Places, rows: int, count: int) -> tuple[Places, Places]:
    """The things of each row, each once, as they come; those below 0 are none. Bounds of rows, and the things."""
    seen, bounds = np.full(count, -1, np.int64), np.zeros(rows + 1, np.int64)
    found, held, last = np.empty(len(things), np.int64), 0, 0
    for at in range(len(things)):
        while last < row[at]:
            last += 1
            bounds[last] = held
        if things[at] >= 0 and seen[things[at]] != last:
            seen[things[at]] = last
            found[held] = things[at]
            held += 1
    bounds[last + 1 :] = held
    return bounds, found[:held]


@compiled
def rarest(bounds: Places, things: Places, rank: Places, most: int) -> tuple[Places, Places]:
    """Of each row the things of the lowest ranks in their order: row and thing."""
    row, thing, held = np.empty(len(things), np.int64), np.empty(len(things), np.int64), 0
    for text in range(len(bounds) - 1):
        first = held
        for at in range(bounds[text], bounds[text + 1]):
            place = held
            while place > first and rank[thing[place - 1]] > rank[things[at]]:
                place -= 1
            if place - first < most:
                held = min(held + 1, first + most)
                for other in range(held - 1, place, -1):
                    thing[other] = thing[other - 1]
                thing[place] = things[at]
        row[first:held] = text
    return row[:held], thing[:held]


@compiled
def strange_by_row(hashes: Hashes, strange: npt.NDArray[np.bool_], row: Places, rows: int) -> Places:
    """How many different hashes each row holds, of those that are strange."""
    counts, widest = np.zeros(rows, np.int64), 1
    for at in range(len(row)):
        counts[row[at]] += 1
        widest = max(widest, counts[row[at]])
    bits = 1
    while 1 << bits < 2 * widest:
        bits += 1
    slots, of_row = np.zeros(1 << bits, np.uint64), np.full(1 << bits, -1, np.int64)
    counts[:] = 0
    for at in range(len(row)):
        if strange[at]:
            slot = hashes[at] >> _U(64 - bits)
            while of_row[slot] == row[at] and slots[slot] != hashes[at]:
                slot = (slot + _ONE) & _U((1 << bits) - 1)
            if of_row[slot] != row[at]:
                of_row[slot], slots[slot] = row[at], hashes[at]
                counts[row[at]] += 1
    return counts


@compiled
def shared(bounds: Places, things: Places, weight: Weights, our_bounds: Places, our_things: Places, row: Places, doc: Places) -> Weights:
    """What the things that a doc and a row both hold weigh, for each pair by row."""
    held, last = np.full(len(weight), -1, np.int64), -1
    sums = np.zeros(len(row))
    for pair in range(len(row)):
        if row[pair] != last:
            last = row[pair]
            for at in range(our_bounds[last], our_bounds[last + 1]):
                held[our_things[at]] = last
        for at in range(bounds[doc[pair]], bounds[doc[pair] + 1]):
            if held[things[at]] == last:
                sums[pair] += weight[things[at]]
    return sums


class Posted(NamedTuple):
    """What of a benchmark is met: the docs of each word (negative, less one, where it is their only one), and by doc its words and their shares.

    Besides what a doc needs of them in a short text, and in a long one.
    """

    bounds: npt.NDArray[np.int32]
    docs: npt.NDArray[np.int32]
    words: npt.NDArray[np.int32]
    shares: npt.NDArray[np.float64]
    needed: npt.NDArray[np.float64]
    needed_by_long: npt.NDArray[np.float64]


@compiled
def _share(words: npt.NDArray[np.int32], shares: Weights, holds: npt.NDArray[np.uint8], mark: np.uint8) -> float:
    """What a text that holds the marked words has of a doc's."""
    share = 0.0
    for at in range(len(words)):
        if words[at] >= 0 and holds[words[at]] == mark:
            share += shares[at]
    return share


@compiled
def meet(word: Places, row: Places, posted: Posted, long: int) -> Places:
    """Each text beside each row of the benchmark (of two docs) that it shares enough words with, one of many never enough; as keys."""
    bounds, docs, words, shares, needed, needed_by_long = posted
    rows = len(needed) // 2
    # One byte each, so that all of it stays in the cache; 0 is no text, and the next 255 have a mark of their own.
    met, again, holds = np.zeros(len(needed), np.uint8), np.zeros(len(needed), np.uint8), np.zeros(len(bounds) - 1, np.uint8)
    twice, mark = np.empty(len(needed), np.int32), np.uint8(0)
    keys, count, first = np.empty(len(needed) + 1024, np.int64), 0, 0
    while first < len(row):
        text, last, doubles = row[first], first, 0
        if count + len(needed) > len(keys):
            keys = np.concatenate((keys, np.empty(len(keys), np.int64)))
        mark = np.uint8(mark + 1)
        if not mark:
            met[:], again[:], holds[:], mark = 0, 0, 0, np.uint8(1)
        while last < len(row) and row[last] == text:
            held = word[last]
            last += 1
            if held < 0 or holds[held] == mark:
                continue
            holds[held] = mark
            for place in range(bounds[held], bounds[held + 1]):
                doc = docs[place]
                if doc < 0:
                    keys[count] = text * rows + (-1 - doc) % rows
                    count += 1
                elif met[doc] != mark:
                    met[doc] = mark
                elif again[doc] != mark:
                    again[doc] = mark
                    twice[doubles] = doc
                    doubles += 1
        for doc in twice[:doubles]:
            if _share(words[doc], shares[doc], holds, mark) >= (needed_by_long[doc] if last - first > long else needed[doc]):
                keys[count] = text * rows + doc % rows
                count += 1
        first = last
    return keys[:count]
