"""Clusters of reward vectors: k-means that gives the same result for the same points in any order, and its number by the elbow."""

from itertools import pairwise
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
_ROUNDS = 100


class Clusters(NamedTuple):
    """The cluster of each point, the size of each cluster and its centre."""

    of: NDArray[np.int64]
    sizes: NDArray[np.int64]
    centres: Floats


def cluster(points: Floats, most: int = 10, elbow: float = 0.1) -> Clusters:
    """The points in at most so many clusters: the first number behind which inertia falls by less than `elbow` times its fall before.

    Equal points share a cluster; the clusters are in order of their centres' means.
    """
    unique, of, counts = np.unique(points, axis=0, return_inverse=True, return_counts=True)
    of = of.reshape(-1)
    largest = min(most, len(unique))
    tries: list[tuple[float, NDArray[np.int64]]] = []
    for number in range(1, largest + 1):
        tries.append(_lloyd(unique, counts, number))
        falls = [before[0] - after[0] for before, after in pairwise(tries)]
        if len(falls) > 1 and falls[-1] < elbow * falls[-2]:
            tries.pop()
            break
    labels = tries[-1][1]
    centres = np.stack([np.average(unique[labels == one], axis=0, weights=counts[labels == one]) for one in np.unique(labels)])
    _, labels = np.unique(labels, return_inverse=True)
    order = np.lexsort((*centres.T[::-1], centres.mean(axis=1)))
    place = np.empty(len(order), np.int64)
    place[order] = np.arange(len(order))
    own = place[labels.reshape(-1)[of]]
    return Clusters(own, np.bincount(own, minlength=len(order)), centres[order])


def _lloyd(points: Floats, weights: NDArray[np.int64], number: int) -> tuple[float, NDArray[np.int64]]:
    """Inertia and labels of weighted points; centres start at the points that count most in what is left, the first nearest to the mean."""
    first = int(np.argmin(_squares(points, np.average(points, axis=0, weights=weights)[None])[:, 0]))
    chosen = [first]
    nearest = _squares(points, points[[first]])[:, 0]
    while len(chosen) < number:
        chosen.append(int(np.argmax(weights * nearest)))
        nearest = np.minimum(nearest, _squares(points, points[[chosen[-1]]])[:, 0])
    centres = points[chosen]
    labels = np.zeros(len(points), np.int64)
    for _ in range(_ROUNDS):
        squares = _squares(points, centres)
        moved = squares.argmin(axis=1)
        kept = np.unique(moved)
        centres = np.stack([np.average(points[moved == one], axis=0, weights=weights[moved == one]) for one in kept])
        moved = np.searchsorted(kept, moved)
        if np.array_equal(moved, labels):
            break
        labels = moved
    own = _squares(points, centres)[np.arange(len(points)), labels]
    return float((weights * own).sum()), labels


def _squares(points: Floats, centres: Floats) -> Floats:
    """Squared distances, a row for each point."""
    return ((points[:, None, :] - centres[None, :, :]) ** 2).sum(axis=2)
