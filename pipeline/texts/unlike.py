"""Which of several texts are least like each other, by their runs of three words."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from pipeline.texts.minhash import runs_of_texts, sketches_of

Sketches = npt.NDArray[np.uint16]


def sketch(texts: Sequence[str]) -> Sketches:
    """64 hashes of each text, one row each: of two texts about so many are equal as their runs of words are shared (MinHash)."""
    keys = sketches_of(runs_of_texts(texts))
    return keys.astype("<u8").view(np.uint16).reshape(len(texts), keys.shape[1] * 4)


def farthest_first(sketches: Sketches, count: int) -> list[int]:
    """The places of so many texts, as they are taken: the first, then each time the one that is least like those taken before.

    The first in order wins where several are equally unlike, so that nothing is preferred for its length.
    """
    taken = [0][: min(count, len(sketches))]
    nearest = np.full(len(sketches), -1.0)
    while 0 < len(taken) < min(count, len(sketches)):
        nearest = np.maximum(nearest, (sketches == sketches[taken[-1]]).mean(axis=1))
        nearest[taken[-1]] = 2.0
        taken.append(int(nearest.argmin()))
    return taken
