"""Runs of n words as rolling hashes, and sets of hashes with a bit filter in front."""

import numpy as np
import numpy.typing as npt

from pipeline.texts.tokens import Hashes, Places, Words, mix

_BASE = 0xD6E8FEB86659FD93
# What stays in the cache of one core is looked up in half the time.
_BLOCK = 1 << 15


class HashSet:
    """Distinct hashes that can be looked up by the million: a table of bytes settles most, a search the rest."""

    def __init__(self, hashes: Hashes) -> None:
        self.hashes: Hashes = np.sort(hashes)
        self.hashes = self.hashes[np.append(True, self.hashes[1:] != self.hashes[:-1])] if len(hashes) else self.hashes
        bits = min(max(len(self.hashes).bit_length() + 4, 16), 26)
        self._shift = np.uint64(64 - bits)
        self._filter = np.zeros(1 << bits, np.bool_)
        self._filter[self.hashes >> self._shift] = True
        bits = max(len(self.hashes).bit_length(), 1)
        self._coarse = np.uint64(64 - bits)
        counts = np.bincount((self.hashes >> self._coarse).astype(np.int64), minlength=1 << bits)
        self._starts = np.cumsum(counts) - counts

    def find(self, hashes: Hashes) -> tuple[Places, Places]:
        """Where the hashes are that the set holds, and their place in it."""
        if len(hashes) > _BLOCK:
            parts = [self.find(hashes[first : first + _BLOCK]) for first in range(0, len(hashes), _BLOCK)]
            at = np.concatenate([part[0] + place * _BLOCK for place, part in enumerate(parts)])
            return at, np.concatenate([part[1] for part in parts])
        maybe = np.flatnonzero(self._filter[hashes >> self._shift])
        if not len(maybe):
            return maybe, maybe
        asked, last = hashes[maybe], len(self.hashes) - 1
        place = self._starts[asked >> self._coarse]
        # Hashes are spread evenly: few have to pass a neighbour in their bucket, a tenth of the time of a binary search.
        behind = np.flatnonzero(self.hashes[np.minimum(place, last)] < asked)
        while len(behind):
            place[behind] += 1
            behind = behind[(place[behind] <= last) & (self.hashes[np.minimum(place[behind], last)] < asked[behind])]
        place = np.minimum(place, last)
        same = self.hashes[place] == asked
        return maybe[same], place[same]


def ngram_hashes(found: Words, size: int) -> tuple[Hashes, Places]:
    """The hash of every run of `size` words that stands in one text, by its stems, and the place of its first word."""
    count = len(found.stem) - size + 1
    if count <= 0:
        return np.zeros(0, np.uint64), np.zeros(0, np.int64)
    sums = np.zeros(count, np.uint64)
    for step in range(size):
        sums += found.stem[step : step + count] * np.uint64(pow(_BASE, step, 1 << 64))
    starts = np.flatnonzero(found.row[:count] == found.row[size - 1 :])
    return mix(sums[starts]), starts


def ngram_weights(weights: npt.NDArray[np.float64], starts: Places, size: int) -> npt.NDArray[np.float64]:
    """What the words of each run weigh together."""
    sums = np.concatenate([[0.0], np.cumsum(weights)])
    return sums[starts + size] - sums[starts]
