"""Runs of n words as rolling hashes, and sets of hashes with a bit filter in front."""

import numpy as np
import numpy.typing as npt

from pipeline.texts.tokens import Hashes, Places, Words, mix

_BASE = 0xD6E8FEB86659FD93
# What stays in the cache of one core is looked up in half the time.
_BLOCK = 1 << 15
_SPARSE, _MOST_BITS = 3, 25


class HashSet:
    """Distinct hashes that can be looked up by the million: a table of slots by their top bits settles most with one read."""

    def __init__(self, hashes: Hashes) -> None:
        self.hashes: Hashes = np.sort(hashes)
        self.hashes = self.hashes[np.append(True, self.hashes[1:] != self.hashes[:-1])] if len(hashes) else self.hashes
        bits = min(max(len(self.hashes).bit_length() + _SPARSE, 10), _MOST_BITS)
        self._shift = np.uint64(64 - bits)
        slots = (self.hashes >> self._shift).view(np.int64)
        first = np.flatnonzero(np.diff(slots, prepend=-1))
        # The place of a slot's first hash, counted from one; 0 where there is none.
        self._first = np.zeros(1 << bits, np.int32)
        self._first[slots[first]] = first + 1
        self._goes_on = np.append(slots[1:] == slots[:-1], False)

    def find(self, hashes: Hashes) -> tuple[Places, Places]:
        """Where the hashes are that the set holds, and their place in it."""
        if len(hashes) > _BLOCK:
            parts = [self.find(hashes[first : first + _BLOCK]) for first in range(0, len(hashes), _BLOCK)]
            at = np.concatenate([part[0] + place * _BLOCK for place, part in enumerate(parts)])
            return at, np.concatenate([part[1] for part in parts])
        first = self._first.take((hashes >> self._shift).view(np.int64), mode="clip")
        maybe = np.flatnonzero(first)
        asked, place = hashes[maybe], first[maybe].astype(np.int64)
        place -= 1
        other = np.flatnonzero(self.hashes[place] != asked)
        if not len(other):
            return maybe, place
        # Hashes are spread evenly: few slots hold two.
        behind = other
        while len(behind := behind[self._goes_on[place[behind]]]):
            place[behind] += 1
            behind = behind[self.hashes[place[behind]] != asked[behind]]
        same = np.ones(len(maybe), np.bool_)
        same[other] = self.hashes[place[other]] == asked[other]
        return maybe[same], place[same]


def ngram_hashes(found: Words, size: int) -> tuple[Hashes, Places]:
    """The hash of every run of `size` words that stands in one text, by its stems, and the place of its first word."""
    hashes, starts = runs(found, size)
    return mix(hashes), starts


def runs(found: Words, size: int) -> tuple[Hashes, Places]:
    """Like `ngram_hashes`; only the high bits depend on every word, which is enough for a set."""
    count = len(found.stem) - size + 1
    if count <= 0:
        return np.zeros(0, np.uint64), np.zeros(0, np.int64)
    # Runs of one word, of two, of four: each from the two of half its length.
    parts, done, sums = found.stem, 1, np.zeros(count, np.uint64)
    place = 0
    while done <= size:
        if size & done:
            sums += parts[place : place + count] * np.uint64(pow(_BASE, place, 1 << 64))
            place += done
        if 2 * done <= size:
            parts = parts[:-done] + parts[done:] * np.uint64(pow(_BASE, done, 1 << 64))
        done *= 2
    starts = np.flatnonzero(found.row[:count] == found.row[size - 1 :])
    return sums[starts], starts


def ngram_weights(weights: npt.NDArray[np.float64], starts: Places, size: int) -> npt.NDArray[np.float64]:
    """What the words of each run weigh together."""
    sums = np.concatenate([[0.0], np.cumsum(weights)])
    return sums[starts + size] - sums[starts]
