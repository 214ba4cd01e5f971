"""Two models on the same questions: who is right where, and whether that can be chance."""

from collections.abc import Sequence
from dataclasses import dataclass

from pipeline.evaluation.answers import Answered
from pipeline.evaluation.intervals import Share, holm, mcnemar, paired_difference


@dataclass(frozen=True)
class Paired:
    """Two models on the questions of a benchmark that both were put.

    `difference`: second - first in mean accuracy, with a bootstrap interval over questions. `first_only` and
    `second_only`: questions that one alone gets right, by vote where there are several samples; `p` is McNemar's exact
    test of them, `p_holm` the same adjusted for the benchmarks compared.
    """

    benchmark: str
    questions: int
    first: float
    second: float
    difference: Share
    first_only: int
    second_only: int
    p: float
    p_holm: float = 1.0


def compare(first: Sequence[Answered], second: Sequence[Answered]) -> list[Paired]:
    """One comparison a benchmark that both have questions of, by name."""
    theirs = {_place(question): question for question in second}
    pairs: dict[str, list[tuple[Answered, Answered]]] = {}
    for question in first:
        if (other := theirs.get(_place(question))) is not None:
            pairs.setdefault(question.benchmark, []).append((question, other))
    found = [_paired(name, pairs[name]) for name in sorted(pairs)]
    adjusted = holm([one.p for one in found])
    return [Paired(**{**vars(one), "p_holm": p}) for one, p in zip(found, adjusted, strict=True)]


def _place(question: Answered) -> tuple[str, str, str]:
    return question.benchmark, question.row, question.example


def _paired(name: str, pairs: Sequence[tuple[Answered, Answered]]) -> Paired:
    ours, theirs = [first.rate for first, _ in pairs], [second.rate for _, second in pairs]
    first_only = sum(first.voted_right and not second.voted_right for first, second in pairs)
    second_only = sum(second.voted_right and not first.voted_right for first, second in pairs)
    difference = paired_difference(ours, theirs)
    means = sum(ours) / len(pairs), sum(theirs) / len(pairs)
    return Paired(name, len(pairs), *means, difference, first_only, second_only, mcnemar(first_only, second_only))
