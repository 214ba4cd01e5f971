"""Intervals and tests for rates over questions, without a statistics package."""

import math
import random
from collections.abc import Sequence
from typing import NamedTuple

from pipeline.verify.score import wilson

Z = 1.959964
RESAMPLES = 2_000


class Share(NamedTuple):
    """A share with its 95 % interval."""

    share: float
    low: float
    high: float


def mean_share(rates: Sequence[float]) -> Share:
    """The mean of the questions' rates. Where each is 0 or 1 its interval is Wilson's; else the questions are the clusters.

    Answers to one question are not independent: the standard error is that of the questions' means (Miller, Adding Error
    Bars to Evals, arXiv 2411.00640), put into Wilson's interval as the number of independent answers that has it.
    """
    total = len(rates)
    if not total:
        return Share(0.0, 0.0, 0.0)
    mean = math.fsum(rates) / total
    if all(rate in (0.0, 1.0) for rate in rates):
        return Share(mean, *wilson(round(mean * total), total))
    variance = math.fsum((rate - mean) ** 2 for rate in rates) / max(1, total - 1) / total
    worth = mean * (1 - mean) / variance if variance > 0 else float(total)
    return Share(mean, *_wilson_of(mean, max(worth, 1.0)))


def _wilson_of(share: float, total: float) -> tuple[float, float]:
    centre = share + Z * Z / (2 * total)
    spread = Z * math.sqrt(share * (1 - share) / total + Z * Z / (4 * total * total))
    below = 1 + Z * Z / total
    return max(0.0, (centre - spread) / below), min(1.0, (centre + spread) / below)


def pass_at(sampled: int, correct: int, k: int) -> float:
    """The chance that one of k answers drawn from these is right (Chen et al. 2021, arXiv 2107.03374)."""
    if sampled - correct < k:
        return 1.0
    return 1.0 - math.prod(1.0 - k / drawn for drawn in range(sampled - correct + 1, sampled + 1))


def mcnemar(only_first: int, only_second: int) -> float:
    """The exact two-sided p-value of McNemar's test: of the questions that one of two models alone gets right."""
    total = only_first + only_second
    if not total:
        return 1.0
    least = min(only_first, only_second)
    tail = math.fsum(math.exp(_log_choose(total, count) - total * math.log(2)) for count in range(least + 1))
    return min(1.0, 2 * tail)


def _log_choose(total: int, count: int) -> float:
    return math.lgamma(total + 1) - math.lgamma(count + 1) - math.lgamma(total - count + 1)


def paired_difference(first: Sequence[float], second: Sequence[float], seed: int = 0) -> Share:
    """The mean of second - first over the same questions, with the 95 % interval of a bootstrap over questions."""
    differences = [theirs - ours for ours, theirs in zip(first, second, strict=True)]
    if not differences:
        return Share(0.0, 0.0, 0.0)
    total, dice = len(differences), random.Random(seed)
    values: dict[float, int] = {}
    for value in differences:
        values[value] = values.get(value, 0) + 1
    kinds, weights = list(values), list(values.values())
    means = sorted(math.fsum(dice.choices(kinds, weights, k=total)) / total for _ in range(RESAMPLES))
    low, high = means[int(0.025 * RESAMPLES)], means[int(0.975 * RESAMPLES) - 1]
    return Share(math.fsum(differences) / total, low, high)


def holm(values: Sequence[float]) -> list[float]:
    """p-values adjusted for how many there are, in the same order (Holm 1979)."""
    adjusted = [0.0] * len(values)
    highest = 0.0
    for rank, place in enumerate(sorted(range(len(values)), key=lambda place: values[place])):
        highest = max(highest, min(1.0, values[place] * (len(values) - rank)))
        adjusted[place] = highest
    return adjusted
