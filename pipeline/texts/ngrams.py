"""Runs of n words as rolling hashes, and sets of hashes with a bit filter in front."""

import numpy as np
import numpy.typing as npt

from pipeline.texts.tokens import Hashes, Places, Words, mix

_BASE = 0xD6E8FEB86659FD93
_FILTER_BITS, _CACHED_BITS = 4, 17


class HashSet:
    """Distinct hashes that can be looked up by the million: one bit settles most that are not held."""

    def __init__(self, hashes: Hashes) -> None:
        from pipeline.texts.pair_kernels import Table, table_of

        held = np.sort(hashes)
        held = held[np.append(True, held[1:] != held[:-1])] if len(held) else held
        self.hashes: Hashes = held
        bits = max(len(held).bit_length(), 3)
        # Few to a slot, as long as all slots stay in the cache.
        slots, filtered = max(min(bits + 2, _CACHED_BITS), bits), bits + _FILTER_BITS
        first, told = np.zeros(1 << slots, np.int32), np.zeros(1 << (filtered - 3), np.uint8)
        self.table = Table(held, first, np.uint64(64 - slots), told, np.uint64(64 - filtered))
        table_of(*self.table)

    def places(self, hashes: Hashes) -> Places:
        """The place of each hash in the set; -1 where it is not held."""
        from pipeline.texts.pair_kernels import places

        return places(hashes, self.table)

    def find(self, hashes: Hashes) -> tuple[Places, Places]:
        """Which of the hashes the set holds, and their place in it."""
        from pipeline.texts.pair_kernels import find

        return find(hashes, self.table)


def ngram_hashes(found: Words, size: int) -> tuple[Hashes, Places]:
    """The hash of every run of `size` words that stands in one text, by its stems, and the place of its first word."""
    hashes, starts = runs(found, size)
    return mix(hashes), starts


def runs(found: Words, size: int) -> tuple[Hashes, Places]:
    """Like `ngram_hashes`; only the high bits depend on every word, which is enough for a set."""
    from pipeline.texts.word_kernels import runs as rolled

    return rolled(found.stem, found.row, *_powers(size))


def find_runs(found: Words, size: int, held: HashSet) -> tuple[Places, Places]:
    """Which runs of `size` words a set holds: the place of each one's last word, and its own in the set."""
    from pipeline.texts.pair_kernels import met_runs

    return met_runs(found.stem, found.row, *_powers(size), held.table)


def _powers(size: int) -> tuple[Hashes, np.uint64]:
    """By what each word of a run is multiplied, and what takes one word out again."""
    return np.array([pow(_BASE, place, 1 << 64) for place in range(size)], np.uint64), np.uint64(pow(_BASE, -1, 1 << 64))


def ngram_weights(weights: npt.NDArray[np.float64], starts: Places, size: int) -> npt.NDArray[np.float64]:
    """What the words of each run weigh together."""
    sums = np.concatenate([[0.0], np.cumsum(weights)])
    return sums[starts + size] - sums[starts]
