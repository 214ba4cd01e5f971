"""DRPO (QoQ-Med): a group's advantages scaled by how rare and how hard its domain and its cluster of rewards are."""

import math
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipeline.training.clusters import cluster
from schemas.errors import UsageError

Floats = NDArray[np.float64]
EPSILON = 1e-6


class Variant(StrEnum):
    """`code` as QoQ-Med's repository computes it, `paper` as its paper writes it, `safe` ours, which is finite on every batch."""

    CODE = "code"
    PAPER = "paper"
    SAFE = "safe"


@dataclass(frozen=True)
class DrpoRecipe:
    """What decides the scaling.

    `window`: the last questions that safe remembers, of all domains. `best`: the greatest reward there can be, by which
    safe knows how hard a group is. `bound`: how many times as much, or as little, as the batch's middle safe weighs a group.
    """

    variant: Variant = Variant.SAFE
    window: int = 1024
    best: float = 1.0
    bound: float = 4.0
    clusters: int = 10
    elbow: float = 0.1
    kl_quantile: float = 0.75


class Drpo:
    """The scaling with what it remembers of earlier batches."""

    def __init__(self, recipe: DrpoRecipe) -> None:
        self.recipe = recipe
        self._past: deque[tuple[str, tuple[float, ...]]] = deque()

    def advantages(self, rewards: Floats, domains: Sequence[str], kl: Floats | None = None) -> Floats:
        """The advantage of every rollout: a row a question with its rollouts' rewards (NaN where one has none), a domain each.

        `kl`: each rollout's divergence from the reference model, for the paper's damping. `code` gives what is not finite
        where a group of a domain has no reward at all, as its release does.
        """
        rewards = np.asarray(rewards, np.float64)
        if rewards.ndim != 2 or len(domains) != len(rewards):
            raise UsageError(
                f"DRPO: rewards of shape {rewards.shape} for {len(domains)} domains; hand it a row a question, a column a rollout."
            )
        if not rewards.size:
            return np.zeros_like(rewards)
        match self.recipe.variant:
            case Variant.CODE:
                return self._as_released(rewards, domains)
            case Variant.PAPER:
                return self._as_written(rewards, domains, kl)
            case _:
                return self._made_safe(rewards, domains, kl)

    def state(self) -> dict[str, Any]:
        """What it remembers, as JSON can hold it."""
        return {"variant": self.recipe.variant.value, "past": [[domain, list(vector)] for domain, vector in self._past]}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Remember what `state` told. Raises: UsageError where it is another variant's."""
        if state["variant"] != self.recipe.variant:
            raise UsageError(
                f"DRPO: the checkpoint's variant is {state['variant']}, the config's {self.recipe.variant}; resume with the same."
            )
        self._past.clear()
        self._past.extend((domain, tuple(vector)) for domain, vector in state["past"])

    def _as_released(self, rewards: Floats, domains: Sequence[str]) -> Floats:
        self._past.extend((domain, tuple(row)) for domain, row in zip(domains, rewards, strict=True))
        scores = _grouped(rewards, EPSILON)
        count = len(rewards)
        with np.errstate(divide="ignore", invalid="ignore"):
            for domain in dict.fromkeys(domains):
                past = [(at, vector) for at, (name, vector) in enumerate(self._past) if name == domain]
                found = cluster(np.array([vector for _, vector in past]), self.recipe.clusters, self.recipe.elbow)
                means = found.centres.mean(axis=1)
                middle = float((means / found.sizes).sum() / (1 / found.sizes).sum())
                factor = max(math.sqrt(len(past)) * middle, EPSILON) * np.sqrt(found.sizes) * means
                for (at, _), own in zip(past, found.of, strict=True):
                    if (row := at - len(self._past) + count) >= 0:
                        scores[row] /= factor[own]
            return scores / (np.std(scores, ddof=1) + EPSILON)

    def _as_written(self, rewards: Floats, domains: Sequence[str], kl: Floats | None) -> Floats:
        scores = _grouped(rewards, EPSILON)
        known = np.nan_to_num(rewards)
        for domain in dict.fromkeys(domains):
            rows = np.array([at for at, name in enumerate(domains) if name == domain])
            found = cluster(known[rows], self.recipe.clusters, self.recipe.elbow)
            whole = max(math.sqrt(len(rows)) * float(known[rows].mean()), EPSILON)
            parts = np.maximum(np.sqrt(found.sizes) * found.centres.mean(axis=1), EPSILON)
            scores[rows] /= (whole * parts[found.of])[:, None]
        if kl is not None:
            scores *= self._damping(np.maximum(scores * kl, 0.0))
        return scores / (_spread(scores) + EPSILON)

    def _made_safe(self, rewards: Floats, domains: Sequence[str], kl: Floats | None) -> Floats:
        own = np.sort(np.clip(np.nan_to_num(rewards) / self.recipe.best, 0.0, 1.0), axis=1)
        self._past.extend((domain, tuple(row)) for domain, row in zip(domains, own, strict=True))
        while len(self._past) > max(self.recipe.window, len(rewards)):
            self._past.popleft()
        weights = np.ones(len(rewards))
        for domain in dict.fromkeys(domains):
            rows = np.array([at for at, name in enumerate(domains) if name == domain])
            points = np.array([vector for name, vector in self._past if name == domain and len(vector) == rewards.shape[1]])
            found = cluster(points, self.recipe.clusters, self.recipe.elbow)
            means = np.maximum(found.centres.mean(axis=1), 1 / (2 * rewards.shape[1]))
            middle = float((means / found.sizes).sum() / (1 / found.sizes).sum())
            mine = found.of[len(points) - len(rows) :]
            weights[rows] = 1 / (math.sqrt(len(points)) * middle * np.sqrt(found.sizes[mine]) * means[mine])
        weights = np.clip(weights / np.median(weights), 1 / self.recipe.bound, self.recipe.bound)
        plain = _grouped(rewards, EPSILON)
        scores = plain * weights[:, None]
        if kl is not None:
            scores *= self._damping(np.abs(scores) * np.maximum(np.nan_to_num(kl), 0.0))
        size = math.sqrt(float((scores**2).mean()))
        return scores * (math.sqrt(float((plain**2).mean())) / size) if size > EPSILON else np.zeros_like(scores)

    def _damping(self, pull: Floats) -> Floats:
        """How much of each advantage is left where it pulls far from the reference model: t / (t + pull)."""
        pulls = pull[pull > 0]
        if not pulls.size:
            return np.ones_like(pull)
        threshold = max(float(np.quantile(pulls, self.recipe.kl_quantile)), EPSILON)
        return threshold / (threshold + pull)


def grouped(rewards: Floats) -> Floats:
    """GRPO's advantages: rewards less their group's mean, by its standard deviation; 0 where a reward is NaN or all are equal."""
    return _grouped(np.asarray(rewards, np.float64), EPSILON)


def _grouped(rewards: Floats, epsilon: float) -> Floats:
    known = np.isfinite(rewards)
    count = np.maximum(known.sum(axis=1, keepdims=True), 1)
    mean = np.where(known, rewards, 0.0).sum(axis=1, keepdims=True) / count
    apart = np.where(known, rewards - mean, 0.0)
    spread = np.sqrt((apart**2).sum(axis=1, keepdims=True) / np.maximum(count - 1, 1))
    # Equal rewards differ from their own mean by rounding alone.
    return np.where(spread > 1e-9 * (1 + np.abs(mean)), apart / (spread + epsilon), 0.0)


def _spread(scores: Floats) -> float:
    return float(np.std(scores, ddof=1)) if scores.size > 1 else 0.0
