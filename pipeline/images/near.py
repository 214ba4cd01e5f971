"""Candidates: which images may be one picture, by their hashes alone, so that few have to be read again and compared.

Pairs within a wide radius of the 64-bit hash (a crop of 4 % moves 10 to 20 bits), thinned by the 256-bit hash,
the difference hash and the proportions. Of 1,118 crops, borders and captions planted on VQA-RAD within that radius the
bounds lose 4 (crops of 4 %), of 497 pairs of distinct radiographs 345. Images of one hash are one class, which costs one
row however many they are.
"""

from collections.abc import Collection, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from pipeline.images.hamming import Thinning, as_words, distinct, iter_near_pairs

NEAR_VERSION = 1
RADIUS = 18
_FAR_256 = 112
_FAR_STEPS = 24
_STRETCH = 1.15


class Candidate(NamedTuple):
    """What is known of an image from one read: its digest, hashes, upright size and length."""

    digest: str
    phash64: bytes
    phash256: bytes
    dhash64: bytes
    width: int
    height: int
    size: int

    @property
    def rank(self) -> tuple[int, int, str]:
        """The keeper's rule: the least rank is kept."""
        return -self.width * self.height, -self.size, self.digest


class Near(NamedTuple):
    """For each image its class, those of equal hashes; the pairs of classes (left below right) whose images may be one picture."""

    classes: NDArray[np.int64]
    left: NDArray[np.int64]
    right: NDArray[np.int64]

    def candidates(self) -> NDArray[np.int64]:
        """The places of the images that have to be compared with another."""
        count = int(self.classes.max()) + 1 if len(self.classes) else 0
        asked = np.bincount(self.classes, minlength=count) > 1
        asked[self.left] = asked[self.right] = True
        return np.flatnonzero(asked[self.classes])


def ranked(candidates: Sequence[Candidate]) -> list[Candidate]:
    """Each digest once, those to be kept first."""
    return sorted({candidate.digest: candidate for candidate in candidates}.values(), key=lambda candidate: candidate.rank)


def near(images: Sequence[Candidate], radius: int = RADIUS, ours: Collection[str] | None = None) -> Near:
    """The classes of images and the pairs of them that have to be compared; with `ours` only pairs that hold one of these digests.

    Raises: UsageError where the radius does not fit 64 bits.
    """
    classes = classes_of(images)
    if not len(images):
        return Near(classes, np.empty(0, np.int64), np.empty(0, np.int64))
    _, first = np.unique(classes, return_index=True)
    words = as_words([images[place].phash64 + images[place].phash256 + images[place].dhash64 for place in first.tolist()])
    shapes = np.log([max(image.width, 1) / max(image.height, 1) for image in images])
    least, most = np.full(len(first), np.inf), np.full(len(first), -np.inf)
    np.minimum.at(least, classes, shapes)
    np.maximum.at(most, classes, shapes)
    kept: list[NDArray[np.int64]] = []
    thinning = Thinning(np.ascontiguousarray(words[:, 1:5]), _FAR_256)
    for pairs in iter_near_pairs(np.ascontiguousarray(words[:, :1]), radius, thinning):
        left, right = pairs.left, pairs.right
        apart = np.maximum(least[left] - most[right], least[right] - most[left])
        alike = np.flatnonzero(apart <= np.log(_STRETCH))
        left, right = left[alike], right[alike]
        alike = np.flatnonzero(np.bitwise_count(words[left, 5] ^ words[right, 5]) <= _FAR_STEPS)
        kept.append(np.stack([left[alike], right[alike]]))
    found = np.concatenate(kept, axis=1) if kept else np.empty((2, 0), np.int64)
    if ours is not None:
        owned = np.zeros(len(first), bool)
        owned[classes[[image.digest in ours for image in images]]] = True
        found = found[:, owned[found[0]] | owned[found[1]]]
    order = np.lexsort((found[1], found[0]))
    return Near(classes, found[0][order], found[1][order])


def classes_of(images: Sequence[Candidate]) -> NDArray[np.int64]:
    """For each image the number of its class; classes are numbered by their hashes."""
    return distinct(as_words([image.phash64 + image.phash256 + image.dhash64 for image in images])).places
