"""What boxes are worth as MedMO rewards them: GIoU and L1 of the best matching, less what is missing and what is too much."""

import math
from collections.abc import Sequence

from pipeline.verify.gold import Box
from pipeline.verify.match import assign

# MedMO's weights of the two distances.
FAR, APART = 5.0, 2.0
# More than any cost: 5 times an L1 of at most the root of 2, and 2 times a GIoU of -1.
_DEAR = 12.0


def giou(one: Box, other: Box) -> float:
    """Generalised intersection over union, -1 to 1 (Rezatofighi 2019); 0 where both boxes are points."""
    across, down = min(one[2], other[2]) - max(one[0], other[0]), min(one[3], other[3]) - max(one[1], other[1])
    shared = max(across, 0.0) * max(down, 0.0)
    union = _area(one) + _area(other) - shared
    hull = (max(one[2], other[2]) - min(one[0], other[0])) * (max(one[3], other[3]) - min(one[1], other[1]))
    return (shared / union if union > 0 else 0.0) - ((hull - union) / hull if hull > 0 else 0.0)


def distance(one: Box, other: Box, width: float, height: float) -> float:
    """The sum of the four edges' shifts over twice the picture's diagonal."""
    return sum(abs(edge - right) for edge, right in zip(one, other, strict=True)) / (2 * math.hypot(width, height))


def box_reward(
    said: Sequence[Box],
    right: Sequence[Box],
    size: tuple[float, float],
    *,
    missed: float,
    spare: float,
    same: Sequence[Sequence[bool]] | None = None,
) -> float:
    """0 to 1. Matched boxes count by GIoU and L1 over the gold's number; each missed and each spare box takes its share off.

    `same[i][j]` forbids pairs of other labels. A matching has the least cost of all, 5 L1 + 2 (1 - GIoU) a pair.
    """
    if not right:
        return float(not said)
    if not said:
        return 0.0
    far = [[distance(box, gold, *size) for gold in right] for box in said]
    near = [[giou(box, gold) for gold in right] for box in said]
    gain = [
        [
            0.0 if same and not same[row][column] else max(_DEAR - FAR * far[row][column] - APART * (1 - near[row][column]), 1e-6)
            for column in range(len(right))
        ]
        for row in range(len(said))
    ]
    pairs = assign(gain)
    worth = sum((FAR * (1 - min(far[row][column], 1.0)) + APART * (near[row][column] + 1) / 2) / (FAR + APART) for row, column in pairs)
    taken = missed * (len(right) - len(pairs)) + spare * (len(said) - len(pairs))
    return min(max((worth - taken) / len(right), 0.0), 1.0)


def _area(box: Box) -> float:
    return (box[2] - box[0]) * (box[3] - box[1])
