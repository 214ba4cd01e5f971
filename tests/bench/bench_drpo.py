"""GRPO beside the three variants of DRPO on simulated questions of unequal domains: reward by domain, worst domain, unrest, runs lost to NaN.

python -m tests.bench.bench_drpo [seeds] [steps]

A policy chooses one of eight answers by a layer of random features, fewer than it needs for all domains, so that what it learns of one it loses
of others. It learns by policy gradients under Adam with clipped gradients and sees each domain as often as its share. Every method has the
learning rate that serves its mean over domains best.
"""

import sys
from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from pipeline.training.drpo import Drpo, DrpoRecipe, Variant, grouped

# Shares as unequal as QoQ-Med's, and how far each domain's rule lies from the one that is common to all.
DOMAINS = {"ct": (0.60, 0.2), "chest_xray": (0.28, 0.4), "ecg": (0.08, 0.8), "fundus": (0.03, 0.8), "ultrasound": (0.01, 0.4)}
NAMES = tuple(DOMAINS)
ANSWERS, FEATURES, HIDDEN, QUESTIONS, ROLLOUTS, TESTED = 8, 8, 48, 64, 8, 300
RATES = (0.03, 0.1, 0.3)
LAST = 50

Advantages = Callable[[np.ndarray, list[str]], np.ndarray]


class Run(NamedTuple):
    """Reward by domain at the end, how much the worst domain's moves between steps at the end, and whether all stayed finite."""

    rewards: np.ndarray
    unrest: float
    finite: bool


class World:
    """Questions of a seed: each domain's rule, drawn by shares; a test set of as many of each domain."""

    def __init__(self, seed: int) -> None:
        self.rng = np.random.default_rng(seed)
        common = self.rng.normal(size=(ANSWERS, FEATURES))
        own = [np.sqrt(1 - far**2) * common + far * self.rng.normal(size=common.shape) for _, far in DOMAINS.values()]
        self.rules = np.stack(own)
        self.mixed = self.rng.normal(size=(FEATURES + len(NAMES), HIDDEN)) / np.sqrt(FEATURES)
        tested = self.rng.normal(size=(len(NAMES), TESTED, FEATURES))
        self.right = np.einsum("daf,dqf->dqa", self.rules, tested).argmax(axis=2)
        self.tested = np.stack([self.seen(np.full(TESTED, domain), tested[domain]) for domain in range(len(NAMES))])

    def seen(self, domains: np.ndarray, asked: np.ndarray) -> np.ndarray:
        """The features that the policy has of questions."""
        return np.maximum(np.concatenate([asked, 2 * np.eye(len(NAMES))[domains]], axis=1) @ self.mixed, 0.0)

    def draw(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Domains, features and right answers of a batch."""
        domains = self.rng.choice(len(NAMES), QUESTIONS, p=[share for share, _ in DOMAINS.values()])
        asked = self.rng.normal(size=(QUESTIONS, FEATURES))
        return domains, asked, np.einsum("qaf,qf->qa", self.rules[domains], asked).argmax(axis=1)

    def score(self, weights: np.ndarray) -> np.ndarray:
        """The chance of the right answer in each domain."""
        chances = softmax(self.tested @ weights)
        return np.take_along_axis(chances, self.right[:, :, None], axis=2).mean(axis=(1, 2))


def softmax(logits: np.ndarray) -> np.ndarray:
    """Chances."""
    powers = np.exp(logits - logits.max(axis=-1, keepdims=True))
    return powers / powers.sum(axis=-1, keepdims=True)


def train(seed: int, steps: int, rate: float, floor: float, advantages: Advantages) -> Run:
    """One run; `floor` is added to every reward, as QoQ-Med's rewards of form and length add to theirs."""
    world = World(seed)
    weights = np.zeros((HIDDEN, ANSWERS))
    mean, square = np.zeros_like(weights), np.zeros_like(weights)
    worst: list[float] = []
    for step in range(1, steps + 1):
        domains, asked, right = world.draw()
        seen = world.seen(domains, asked)
        chances = softmax(seen @ weights)
        chosen = (world.rng.random((QUESTIONS, ROLLOUTS, 1)) > np.cumsum(chances, axis=1)[:, None]).sum(axis=2).clip(max=ANSWERS - 1)
        rewards = (chosen == right[:, None]).astype(float) + floor
        told = advantages(rewards, [NAMES[domain] for domain in domains])
        if not np.isfinite(told).all():
            return Run(world.score(weights), 0.0, False)
        pushed = (told[:, :, None] * (np.eye(ANSWERS)[chosen] - chances[:, None])).sum(axis=1)
        slope = seen.T @ pushed / told.size
        slope *= min(1.0, 1.0 / (np.sqrt((slope**2).sum()) + 1e-12))
        mean, square = 0.9 * mean + 0.1 * slope, 0.999 * square + 0.001 * slope**2
        weights += rate * (mean / (1 - 0.9**step)) / (np.sqrt(square / (1 - 0.999**step)) + 1e-8)
        if step > steps - LAST:
            worst.append(float(world.score(weights).min()))
    return Run(world.score(weights), float(np.std(np.diff(worst))), True)


def methods() -> dict[str, Callable[[], Advantages]]:
    """Each method anew, for one run."""
    made: dict[str, Callable[[], Advantages]] = {"GRPO": lambda: lambda rewards, domains: grouped(rewards)}
    made |= {
        f"DRPO {name}": lambda name=name: Drpo(DrpoRecipe(variant=Variant(name), best=1.1)).advantages for name in ("code", "paper", "safe")
    }
    return made


def main(seeds: int = 8, steps: int = 300) -> None:
    """Print one table for rewards of 0 and 1 and one with a floor of 0.1."""
    print(f"{seeds} seeds, {steps} steps of {QUESTIONS} questions with {ROLLOUTS} rollouts; the chance of the right answer at the end")
    for floor in (0.0, 0.1):
        print(f"\nrewards {floor:g} and {1 + floor:g}\n| method | rate | {' | '.join(f'{name} {share:.0%}' for name, (share, _) in DOMAINS.items())} "
              "| mean of domains | worst | unrest | lost to NaN |")  # fmt: skip
        print("|---|" + "---|" * (len(NAMES) + 5))
        for method, make in methods().items():
            tried = {rate: [train(seed, steps, rate, floor, make()) for seed in range(seeds)] for rate in RATES}
            rate = max(RATES, key=lambda rate: np.mean([run.rewards for run in tried[rate]]))
            runs = tried[rate]
            rewards = np.array([run.rewards for run in runs])
            means = rewards.mean(axis=1)
            told = [*(f"{value:.3f}" for value in rewards.mean(axis=0)), f"{means.mean():.3f} ± {means.std(ddof=1) / np.sqrt(seeds):.3f}"]
            lost = sum(not run.finite for run in runs)
            unrest = f"{np.mean([run.unrest for run in runs if run.finite]):.4f}" if lost < seeds else "-"
            print(f"| {method} | {rate:g} | {' | '.join(told)} | {rewards.min(axis=1).mean():.3f} | {unrest} | {lost} of {seeds} |")


if __name__ == "__main__":
    main(*(int(word) for word in sys.argv[1:]))
