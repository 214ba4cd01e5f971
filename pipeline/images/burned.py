"""Letters burned into a picture: rows of small, sharp, like shapes near its borders, as machines print names, dates and settings.

No text is read. Measured by `python -m tests.bench.bench_burned` on 96 radiology images of VQA-RAD, all of which bear a watermark and
mostly the name of who uploaded them: 96 are found; of their 96 middle parts without a letter 1 is taken for one with some, and of 60
microscope fields of BCCD none.
"""

from typing import NamedTuple

import numpy as np
from PIL import Image

BURNED_VERSION = 1
SIDE = 1024
CONTRAST = 56
RADIUS = 6
LETTERS = 3
BORDER = 0.2
_TALL = (6, 44)
_GAP = 1.6
_ALIKE = 1.5
_WIDEST = 1.4
_FULL = (0.15, 0.95)


class Line(NamedTuple):
    """A row of letters: left, top, right, bottom in the picture's pixels, and how many shapes stand in it."""

    left: int
    top: int
    right: int
    bottom: int
    letters: int


def burned_lines(image: Image.Image) -> list[Line]:
    """The rows of at least three letters whose middle is in the outer fifth of an upright picture, from left to right."""
    grey = image.convert("L")
    scale = max(1.0, max(grey.size) / SIDE)
    if scale > 1:
        grey = grey.resize((max(1, round(grey.width / scale)), max(1, round(grey.height / scale))), Image.Resampling.BOX)
    values = np.asarray(grey, np.int16)
    found: list[Line] = []
    for mask in (values - _around(values) > CONTRAST, _around(values) - values > CONTRAST):
        found += _lines(_shapes(mask))
    placed = [Line._make([*(round(edge * scale) for edge in line[:4]), line.letters]) for line in found]
    return sorted(line for line in placed if _outer(line, image.size))


def _outer(line: Line, size: tuple[int, int]) -> bool:
    """Whether the middle of a line lies near a border."""
    across, down = (line.left + line.right) / 2 / size[0], (line.top + line.bottom) / 2 / size[1]
    return min(across, 1 - across, down, 1 - down) < BORDER


def _around(values: np.ndarray) -> np.ndarray:
    """The mean around each pixel."""
    side = 2 * RADIUS + 1
    padded = np.pad(values.astype(np.int64), RADIUS + 1, mode="edge")
    sums = padded.cumsum(0).cumsum(1)
    total = sums[side:, side:] - sums[:-side, side:] - sums[side:, :-side] + sums[:-side, :-side]
    return (total[: values.shape[0], : values.shape[1]] // (side * side)).astype(np.int16)


def _shapes(mask: np.ndarray) -> np.ndarray:
    """Connected shapes (of eight neighbours) that may be letters by size: left, top, right, bottom, pixels."""
    edges = np.diff(np.pad(mask, ((0, 0), (1, 1))).astype(np.int8), axis=1)
    rows, starts = np.nonzero(edges == 1)
    _, stops = np.nonzero(edges == -1)
    if not len(rows):
        return np.empty((0, 5), np.int64)
    owner = _owners(mask.shape[0], rows, starts, stops)
    made = np.zeros((owner.max() + 1, 5), np.int64)
    made[:, :2] = max(mask.shape)
    np.minimum.at(made[:, 0], owner, starts)
    np.minimum.at(made[:, 1], owner, rows)
    np.maximum.at(made[:, 2], owner, stops)
    np.maximum.at(made[:, 3], owner, rows + 1)
    np.add.at(made[:, 4], owner, stops - starts)
    wide, tall = made[:, 2] - made[:, 0], made[:, 3] - made[:, 1]
    full = made[:, 4] / (wide * tall)
    return made[(tall >= _TALL[0]) & (tall <= _TALL[1]) & (wide <= _WIDEST * tall) & (wide >= 2) & (full > _FULL[0]) & (full < _FULL[1])]


def _owners(height: int, rows: np.ndarray, starts: np.ndarray, stops: np.ndarray) -> np.ndarray:
    """The shape of each run of pixels, runs in order of rows: those that touch in neighbouring rows are one."""
    parent = list(range(len(rows)))

    def root(one: int) -> int:
        while parent[one] != one:
            parent[one] = parent[parent[one]]
            one = parent[one]
        return one

    first = np.searchsorted(rows, np.arange(height + 1))
    for row in range(1, height):
        above, here = int(first[row - 1]), int(first[row])
        while above < first[row] and here < first[row + 1]:
            if starts[above] <= stops[here] and starts[here] <= stops[above]:
                one, other = root(above), root(here)
                parent[max(one, other)] = min(one, other)
            if stops[above] < stops[here]:
                above += 1
            else:
                here += 1
    return np.unique([root(one) for one in range(len(rows))], return_inverse=True)[1]


def _lines(shapes: np.ndarray) -> list[Line]:
    """Rows of shapes of like height on one base line, close together."""
    chains: list[list[np.ndarray]] = []
    for shape in shapes[np.argsort(shapes[:, 0], kind="stable")]:
        near = [chain for chain in chains if _goes_on(chain[-1], shape)]
        if near:
            max(near, key=lambda chain: int(chain[-1][2])).append(shape)
        else:
            chains.append([shape])
    blocks = [np.array(chain) for chain in chains if len(chain) >= LETTERS]
    return [Line._make([int(edge) for edge in (*block[:, :2].min(0), *block[:, 2:4].max(0), len(block))]) for block in blocks]


def _goes_on(last: np.ndarray, shape: np.ndarray) -> bool:
    """Whether a shape is the next letter of a line."""
    heights = sorted((int(shape[3] - shape[1]), int(last[3] - last[1])))
    gap = int(shape[0] - last[2])
    return -2 <= gap <= _GAP * heights[1] and heights[1] <= _ALIKE * heights[0] and abs(int(shape[3] - last[3])) <= 0.25 * heights[1]
