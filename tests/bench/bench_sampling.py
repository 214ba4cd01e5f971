"""What sampling policies cost and keep on simulated questions: requests a trace, bias of pass rates, coverage of their intervals.

python -m tests.bench.bench_sampling [questions]
"""

import sys
from typing import NamedTuple

import numpy as np

from pipeline.sampling import Cap, Design
from pipeline.verify.score import wilson

SEED = 20
MOST = 16
ENOUGH = 4
# Hard, open and easy questions: the share of each, and the Beta distribution of its pass rates.
MIXTURE = ((0.3, 0.3, 4.0), (0.3, 2.0, 2.0), (0.4, 6.0, 0.8))
POLICIES = {
    "samples = 16": Design((16,)),
    "samples = 4": Design((4,)),
    "rounds = [4, 4, 8], until_correct = 4": Design((4, 4, 8), 4),
    "the same with caps, none right: 8": Design((4, 4, 8), 4, (Cap(0.0, 0.0, 8),)),
    "rounds = [4, 12], until_correct = 1": Design((4, 12), 1),
    "rounds of one, until_correct = 4": Design((1,) * 16, 4),
    "rounds of one, until_correct = 1": Design((1,) * 16, 1),
}


class Told(NamedTuple):
    """What one policy makes of the questions; biases and coverage in percent."""

    requests: float
    per_trace: float
    per_capped: float
    traces: float
    solved: float
    naive_bias: float
    published_bias: float
    naive_rmse: float
    published_rmse: float
    coverage: float
    fixed_coverage: float
    lowest: float
    fixed_lowest: float


def pass_rates(questions: int, rng: np.random.Generator) -> np.ndarray:
    """The pass rates of so many questions, drawn from the mixture."""
    parts = rng.choice(len(MIXTURE), questions, p=[share for share, _, _ in MIXTURE])
    _, a, b = np.array(MIXTURE).T
    return rng.beta(a[parts], b[parts])


def ended(design: Design, right: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Samples and correct ones that each question ends with whose draws would come out so."""
    begun = design.rounds[0]
    sampled = np.full(len(right), begun)
    sums = np.concatenate((np.zeros((len(right), 1), np.int64), np.cumsum(right, axis=1)), axis=1)
    limits = np.array([design.limit(correct) for correct in range(begun + 1)])[sums[:, begun]]
    start = begun
    for round, size in enumerate(design.rounds[1:], 1):
        going = np.flatnonzero(sampled == start)
        more = [design.more(round, int(sums[at, start]), int(limits[at])) for at in going]
        sampled[going] += np.array(more, np.int64)
        start += size
    return sampled, sums[np.arange(len(right)), sampled]


def covered(sampled: np.ndarray, correct: np.ndarray, rates: np.ndarray) -> tuple[float, float]:
    """The share of questions whose pass rate lies in the Wilson interval of their counts, and the lowest in a tenth of the rates."""
    pairs, of = np.unique(np.stack((correct, sampled), axis=1), axis=0, return_inverse=True)
    low, high = np.array([wilson(int(one), int(all_)) for one, all_ in pairs])[of.ravel()].T
    inside = (low <= rates) & (rates <= high)
    tenth = np.minimum((rates * 10).astype(int), 9)
    return float(100 * inside.mean()), min(float(100 * inside[tenth == place].mean()) for place in range(10))


def measure(design: Design, right: np.ndarray, rates: np.ndarray) -> Told:
    """One policy over all questions."""
    sampled, correct = ended(design, right)
    pairs, of = np.unique(np.stack((sampled, correct), axis=1), axis=0, return_inverse=True)
    published = np.array([design.estimate(int(all_), int(one)) for all_, one in pairs])[of.ravel()]
    naive = correct / sampled
    # What the interval would cover if as many samples had been drawn of each question without looking.
    unseen = np.random.default_rng(SEED + 1).binomial(sampled, rates)
    coverage, lowest = covered(sampled, correct, rates)
    fixed_coverage, fixed_lowest = covered(sampled, unseen, rates)
    return Told(
        requests=float(sampled.mean()),
        per_trace=float(sampled.sum() / correct.sum()),
        per_capped=float(sampled.sum() / np.minimum(correct, ENOUGH).sum()),
        traces=float(correct.mean()),
        solved=float(100 * np.mean(correct > 0)),
        naive_bias=float(100 * np.mean(naive - rates)),
        published_bias=float(100 * np.mean(published - rates)),
        naive_rmse=float(100 * np.sqrt(np.mean((naive - rates) ** 2))),
        published_rmse=float(100 * np.sqrt(np.mean((published - rates) ** 2))),
        coverage=coverage,
        fixed_coverage=fixed_coverage,
        lowest=lowest,
        fixed_lowest=fixed_lowest,
    )


def main() -> None:
    """Measures every policy on the same draws."""
    questions = int(sys.argv[1]) if len(sys.argv) > 1 else 100_000
    rng = np.random.default_rng(SEED)
    rates = pass_rates(questions, rng)
    right = rng.random((questions, MOST)) < rates[:, None]
    print(
        f"{questions:,} questions, mean pass rate {rates.mean():.3f}; the standard error of a bias is below {50 / questions**0.5:.2f} points"
    )
    print(
        "requests a question | requests a trace | traces a question | solved % | bias naive, published | rmse | covered %, if fixed | in the worst tenth of rates, if fixed"
    )
    for name, design in POLICIES.items():
        told = measure(design, right, rates)
        print(f"{name:<40}" + "".join(f"{value:8.2f}" for value in told))


if __name__ == "__main__":
    main()
