"""Sampling designs: who is asked again after a round, and what the counts say of a pass rate without bias.

A design that stops early biases correct / sampled. Every stopping rule here looks at counts only, so, given the samples
and the correct ones that a question ended with, all orders in which they can have come are equally likely, and the
chance that the first of them is correct is an unbiased estimate of the pass rate: the number of ways to end so that
begin with a correct sample, over the number of all ways to end so (Girshick, Mosteller and Savage, Unbiased estimates
for certain binomial sampling problems, Annals of Mathematical Statistics 17, 1946; the uniformly best one for designs
in rounds: Jung and Kim, Statistics in Medicine 23, 2004). It is correct / sampled for a fixed number, and
(K - 1) / (N - 1) where samples are drawn one by one until K are correct (Haldane 1945).
"""

import re
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from hashlib import blake2b
from math import comb
from typing import NamedTuple

# How finely pass rates are told apart in a curriculum.
_STEPS = 1 << 20
FIXED = "fixed"
IMPORTED = "imported"
_METHOD = re.compile(r"rounds (\d+(?:\+\d+)*)(?: until (\d+))?((?: cap [\d.e-]+?\.\.[\d.e-]+:\d+)*)")
_CAP = re.compile(r"cap ([\d.e-]+?)\.\.([\d.e-]+):(\d+)")


class Cap(NamedTuple):
    """Questions whose pass rate in the first round lies from `low` to `high` get at most so many samples."""

    low: float
    high: float
    samples: int


@dataclass(frozen=True)
class Design:
    """How many samples a question gets: round by round, until so many are correct (0: whatever they are)."""

    rounds: tuple[int, ...]
    until_correct: int = 0
    caps: tuple[Cap, ...] = ()

    @property
    def method(self) -> str:
        """The design in words that `read_method` reads."""
        if len(self.rounds) == 1:
            return FIXED
        until = f" until {self.until_correct}" if self.until_correct else ""
        caps = "".join(f" cap {cap.low!r}..{cap.high!r}:{cap.samples}" for cap in self.caps)
        return f"rounds {'+'.join(map(str, self.rounds))}{until}{caps}"

    def limit(self, correct: int) -> int:
        """Most samples of a question with so many correct ones in its first round."""
        rate = correct / self.rounds[0]
        fitting = [cap.samples for cap in self.caps if cap.low <= rate <= cap.high]
        return max(min([sum(self.rounds), *fitting]), self.rounds[0])

    def more(self, round: int, correct: int, limit: int) -> int:
        """Samples that a question gets in a round (counted from 1) which it reached with so many correct ones."""
        if self.until_correct and correct >= self.until_correct:
            return 0
        start = sum(self.rounds[:round])
        return max(min(start + self.rounds[round], limit) - start, 0)

    def estimate(self, sampled: int, correct: int) -> float:
        """The pass rate of a question that ended with these counts, without bias from having been stopped.

        Raises: ValueError where the design does not end so.
        """
        if len(self.rounds) == 1 and 0 <= correct <= sampled == self.rounds[0]:
            return correct / sampled
        return _right_within(self, sampled, correct, 1)

    def pass_at(self, sampled: int, correct: int) -> tuple[float, ...]:
        """The chance that one of 1, 2, 4, 8, … samples is correct, up to the most that a question may get, without bias.

        It ends before the numbers at which a question was given up without a correct one. For a fixed number it is the estimate
        of Chen et al. 2021 (arXiv 2107.03374). Raises: ValueError where the design does not end so.
        """
        return _curve(self, sampled, correct)


def order_of(pass_rate: float | None, id: str, first: str) -> int:
    """The key that puts questions in the order of a curriculum, `easy` or `hard` ones first; it follows from the row alone (below 2^53)."""
    late = 2.0 if pass_rate is None else pass_rate if first == "hard" else 1.0 - pass_rate
    return (round(late * _STEPS) << 31) | int.from_bytes(blake2b(id.encode(), digest_size=4).digest(), "big") >> 1


def read_method(method: str, sampled: int) -> Design:
    """The design that a published row names; `sampled` is the number where it is fixed.

    Raises: ValueError where the words are others.
    """
    if method == FIXED:
        return Design((sampled,))
    found = _METHOD.fullmatch(method)
    if found is None:
        raise ValueError(f"{method!r} names no sampling design")
    caps = tuple(Cap(float(low), float(high), int(samples)) for low, high, samples in _CAP.findall(found[3]))
    return Design(tuple(map(int, found[1].split("+"))), int(found[2] or 0), caps)


@lru_cache(maxsize=4096)
def _curve(design: Design, sampled: int, correct: int) -> tuple[float, ...]:
    most = sum(design.rounds) if correct else sampled
    firsts = [1 << power for power in range(most.bit_length()) if 1 << power <= most]
    return tuple(_right_within(design, sampled, correct, first) for first in firsts)


def _right_within(design: Design, sampled: int, correct: int, first: int) -> float:
    """The share of the orders to end so in which one of the first samples is correct."""
    ways = _ways(design, first).get((sampled, correct))
    if ways is None:
        raise ValueError(f"{correct} of {sampled} is no end of {design.method}")
    return float(Fraction(ways.all - ways.wrong, ways.all))


class _Ways(NamedTuple):
    """In how many orders a question can come to some counts, and in how many of them its first samples are all wrong."""

    all: int
    wrong: int

    def plus(self, other: "_Ways", times: int, wrong: int) -> "_Ways":
        return _Ways(self.all + other.all * times, self.wrong + other.wrong * wrong)


@lru_cache(maxsize=512)
def _ways(design: Design, first: int) -> dict[tuple[int, int], _Ways]:
    """How each pair of counts (sampled, correct) that a question can end with is reached; `first` samples are looked at."""
    none = _Ways(0, 0)
    start = design.rounds[0]
    later = max(start - first, 0)
    going = {(design.limit(correct), correct): _Ways(comb(start, correct), comb(later, correct)) for correct in range(start + 1)}
    ended: dict[tuple[int, int], _Ways] = {}
    for round, whole in enumerate(design.rounds[1:], 1):
        following: dict[tuple[int, int], _Ways] = {}
        for (limit, correct), ways in going.items():
            size = design.more(round, correct, limit)
            later = size - min(max(first - start, 0), size)
            for found in range(size + 1):
                reached, place = (following, limit) if size == whole else (ended, start + size)
                before = reached.get((place, correct + found), none)
                reached[place, correct + found] = before.plus(ways, comb(size, found), comb(later, found))
        going, start = following, start + whole
    for (_, correct), ways in going.items():
        ended[start, correct] = ended.get((start, correct), none).plus(ways, 1, 1)
    return ended
