"""Boxes of an image matched one to one: overlap, the best assignment, F1."""

from collections.abc import Sequence
from typing import NamedTuple

from pipeline.verify.gold import Box


class Matched(NamedTuple):
    """`mean_iou` over the larger number of boxes; `f1` and `recall` of pairs at or above the threshold; `pairs` of them."""

    mean_iou: float
    f1: float
    recall: float
    pairs: int


def iou(one: Box, other: Box) -> float:
    """Intersection over union, without the pixel's own width."""
    width = min(one[2], other[2]) - max(one[0], other[0])
    height = min(one[3], other[3]) - max(one[1], other[1])
    if width <= 0 or height <= 0:
        return 0.0
    shared = width * height
    union = (one[2] - one[0]) * (one[3] - one[1]) + (other[2] - other[0]) * (other[3] - other[1]) - shared
    return shared / union if union > 0 else 0.0


def match_boxes(said: Sequence[Box], right: Sequence[Box], threshold: float, same: Sequence[Sequence[bool]] | None = None) -> Matched:
    """The best one-to-one matching; `same[i][j]` forbids pairs of other labels."""
    if not said or not right:
        return Matched(0.0, 0.0, 0.0, 0)
    overlaps = [
        [iou(box, gold) if same is None or same[row][column] else 0.0 for column, gold in enumerate(right)] for row, box in enumerate(said)
    ]
    mean = sum(overlaps[row][column] for row, column in assign(overlaps)) / max(len(said), len(right))
    enough = [[1.0 + overlap if overlap >= threshold else 0.0 for overlap in row] for row in overlaps]
    pairs = sum(enough[row][column] > 0 for row, column in assign(enough))
    return Matched(mean, 2 * pairs / (len(said) + len(right)), pairs / len(right), pairs)


def assign(gain: Sequence[Sequence[float]]) -> list[tuple[int, int]]:
    """Pairs (row, column) of the greatest total gain, each row and column at most once, without pairs of no gain."""
    pairs: list[tuple[int, int]] = []
    for rows, columns in _parts(gain):
        if len(rows) <= len(columns):
            pairs += [
                (rows[row], columns[column]) for row, column in _hungarian([[gain[row][column] for column in columns] for row in rows])
            ]
        else:
            swapped = _hungarian([[gain[row][column] for row in rows] for column in columns])
            pairs += [(rows[row], columns[column]) for column, row in swapped]
    return sorted(pair for pair in pairs if gain[pair[0]][pair[1]] > 0)


def _parts(gain: Sequence[Sequence[float]]) -> list[tuple[list[int], list[int]]]:
    """Rows and columns that hang together by some gain: each part is assigned alone."""
    n_columns = len(gain[0])
    columns_of = [[column for column in range(n_columns) if row[column] > 0] for row in gain]
    rows_of: list[list[int]] = [[] for _ in range(n_columns)]
    for row, columns in enumerate(columns_of):
        for column in columns:
            rows_of[column].append(row)
    seen_rows: set[int] = set()
    parts: list[tuple[list[int], list[int]]] = []
    for start in range(len(gain)):
        if start in seen_rows or not columns_of[start]:
            continue
        rows, columns, stack = {start}, set[int](), [start]
        while stack:
            for column in columns_of[stack.pop()]:
                if column not in columns:
                    columns.add(column)
                    stack += [row for row in rows_of[column] if row not in rows]
                    rows |= set(rows_of[column])
        seen_rows |= rows
        parts.append((sorted(rows), sorted(columns)))
    return parts


def _hungarian(gain: Sequence[Sequence[float]]) -> list[tuple[int, int]]:
    """The assignment of every row to its own column (rows <= columns) by shortest augmenting paths (Jonker and Volgenant)."""
    n_rows, n_columns = len(gain), len(gain[0])
    row_price, column_price = [0.0] * (n_rows + 1), [0.0] * (n_columns + 1)
    owner, before = [0] * (n_columns + 1), [0] * (n_columns + 1)
    for row in range(1, n_rows + 1):
        owner[0] = row
        column = 0
        least = [float("inf")] * (n_columns + 1)
        used = [False] * (n_columns + 1)
        while owner[column]:
            used[column] = True
            current, step, following = owner[column], float("inf"), 0
            for other in range(1, n_columns + 1):
                if used[other]:
                    continue
                cost = -gain[current - 1][other - 1] - row_price[current] - column_price[other]
                if cost < least[other]:
                    least[other], before[other] = cost, column
                if least[other] < step:
                    step, following = least[other], other
            for other in range(n_columns + 1):
                if used[other]:
                    row_price[owner[other]] += step
                    column_price[other] -= step
                else:
                    least[other] -= step
            column = following
        while column:
            owner[column] = owner[before[column]]
            column = before[column]
    return [(owner[column] - 1, column - 1) for column in range(1, n_columns + 1) if owner[column]]
