"""Confirmation: whether two images with near hashes are one picture, by their pixels laid over one another.

A perceptual hash sees the anatomy, which all patients share; a picture is known again by its fine structure. Both
images are made small, one is moved and scaled until it fits the other (no turning and no mirroring: a mirrored
radiograph shows the other side), shades are matched, and the structure that is left is compared tile by tile.
"""

from enum import StrEnum
from functools import lru_cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from pipeline.images.phash import lanczos
from pipeline.images.product import product
from pipeline.images.scaled import Scaled, scaled_grey

CONFIRM_VERSION = 2
SIDE = 192
_COARSE = 48
_TILE = 12
_EDGE = 3
_STEPS = 8
_COARSE_ALIKE = 0.6
_REFINED = 2
_INSET = 0.04
_LEAST_OVERLAP = 0.75
_MOST_STRETCH = 1.3
_STRUCTURE = 2.5
_LEAST_TILES = 12
_ALIKE = 0.75
# Of 1,530 planted copies the least alike have 0.81 and 0.83, neighbouring slices 2.2 mm apart at most 0.73 and 0.82, other
# radiographs 0.23 and 0.43.
_SHARE = 0.80
_MEAN = 0.82
_FLAT_RMS = 3.0

Plane = NDArray[np.floating]
_Box = tuple[float, float, float, float]


class Same(StrEnum):
    """What two pictures are to each other."""

    YES = "same picture"
    STRUCTURE = "other structure"
    PLACE = "no common part"
    FLAT = "too little structure"


class Sketch(NamedTuple):
    """A picture made small for comparison (grey, long side at most 192 pixels), and its true size."""

    grey: NDArray[np.uint8]
    width: int
    height: int


class Compared(NamedTuple):
    """The verdict with what it rests on: share and mean correlation of the structured tiles, and how many there are."""

    same: Same
    share: float
    mean: float
    tiles: int


class _Fit(NamedTuple):
    """Where the first picture's pixel (x, y) lies in the second: (across * x + left, down * y + top)."""

    across: float
    left: float
    down: float
    top: float


def sketch(data: bytes) -> Sketch:
    """The picture made small. Raises: whatever the decoder does of bytes that are no image."""
    return sketch_scaled(scaled_grey(data, SIDE))


def sketch_scaled(scaled: Scaled) -> Sketch:
    """The picture made small from pixels that are decoded already."""
    left, top, right, bottom = scaled.box
    ratio = min(1.0, SIDE / max(scaled.width, scaled.height))
    across, down = max(8, round(scaled.width * ratio)), max(8, round(scaled.height * ratio))
    rows = lanczos(scaled.pixels.shape[0], top, bottom, down)
    columns = lanczos(scaled.pixels.shape[1], left, right, across)
    grey = product(product(rows, scaled.pixels.astype(np.float32)), columns.T)
    return Sketch(np.rint(np.clip(grey, 0, 255)).astype(np.uint8), scaled.width, scaled.height)


def compare(one: Sketch, two: Sketch) -> Compared:
    """Whether they are one picture: recompressed, resized, slightly cropped or padded, in other shades, with a little text.

    The answer does not depend on which is given first.
    """
    small, large = sorted((one, two), key=lambda drawn: (drawn.width * drawn.height, drawn.grey.shape, drawn.grey.tobytes()))
    a, b = small.grey.astype(np.float32), large.grey.astype(np.float32)
    if max(np.ptp(a), np.ptp(b)) <= 2 * _FLAT_RMS:
        apart = abs(float(a.mean()) - float(b.mean()))
        return Compared(Same.YES if apart <= _FLAT_RMS else Same.FLAT, 0.0, 0.0, 0)
    coarse = _Fits(a, b, _COARSE)
    starts = sorted(_starts(a, b), key=coarse.likeness, reverse=True)[:_REFINED]
    fit = max((coarse.refined(start) for start in starts), key=coarse.likeness)
    if coarse.likeness(fit) < _COARSE_ALIKE:
        return Compared(Same.STRUCTURE, 0.0, coarse.likeness(fit), 0)
    return _judge(a, b, _Fits(a, b, SIDE).refined(fit))


def _starts(a: Plane, b: Plane) -> list[_Fit]:
    """Where to begin: the frame, or what is inside plain borders, of one on either of the other; the frame a little in or out."""
    fits = [_box_fit(one, two) for one in (_frame(a), _content(a)) for two in (_frame(b), _content(b))]
    fits += [_box_fit(_frame(a, inset), _frame(b)) for inset in (_INSET, -_INSET)]
    return list(dict.fromkeys(fits))


def _frame(plane: Plane, inset: float = 0) -> _Box:
    height, width = plane.shape
    return inset * width, inset * height, (1 - inset) * width, (1 - inset) * height


def _box_fit(one: _Box, two: _Box) -> _Fit:
    across = (two[2] - two[0]) / (one[2] - one[0])
    down = (two[3] - two[1]) / (one[3] - one[1])
    return _Fit(across, two[0] - across * one[0], down, two[1] - down * one[1])


def _content(plane: Plane) -> _Box:
    """The box (left, top, right, bottom) inside plain borders; the whole where nothing would be left."""
    height, width = plane.shape
    rows = np.flatnonzero(plane.max(axis=1) - plane.min(axis=1) > 12)
    columns = np.flatnonzero(plane.max(axis=0) - plane.min(axis=0) > 12)
    if len(rows) < height // 2 or len(columns) < width // 2:
        return 0, 0, width, height
    return int(columns[0]), int(rows[0]), int(columns[-1]) + 1, int(rows[-1]) + 1


class _Fits:
    """Two pictures on one grid, of which the second is moved to lie on the first."""

    def __init__(self, a: Plane, b: Plane, side: int) -> None:
        ratio = min(1.0, side / max(a.shape))
        self.size = max(8, round(a.shape[1] * ratio)), max(8, round(a.shape[0] * ratio))
        self.pitch = a.shape[1] / self.size[0], a.shape[0] / self.size[1]
        self.target = a if ratio == 1 else _resampled(a, _Fit(self.pitch[0], 0, self.pitch[1], 0), self.size)
        self.moving = b

    def refined(self, fit: _Fit) -> _Fit:
        """The fit after Gauss-Newton steps in place, scale and shade, what differs weighing less."""
        for _ in range(_STEPS):
            moved = self._step(fit)
            if moved is None:
                break
            change = max(abs(moved.left - fit.left), abs(moved.top - fit.top))
            fit = moved
            if change < 0.02:
                break
        return fit

    def likeness(self, fit: _Fit) -> float:
        """The correlation of shades where both are."""
        grid = self._grid(fit)
        rows, columns = _inside(self.moving.shape, grid, self.size)
        if (rows.stop - rows.start) * (columns.stop - columns.start) < _LEAST_OVERLAP * self.target.size:
            return -1.0
        one, two = self.target[rows, columns], _resampled(self.moving, grid, self.size)[rows, columns]
        one, two = one - one.mean(), two - two.mean()
        energy = float(np.sqrt((one * one).mean() * (two * two).mean()))
        return float((one * two).mean()) / energy if energy > _FLAT_RMS**2 else 1.0

    def _grid(self, fit: _Fit) -> _Fit:
        return _Fit(fit.across * self.pitch[0], fit.left, fit.down * self.pitch[1], fit.top)

    def _step(self, fit: _Fit) -> _Fit | None:
        """One step; none where nothing more can be gained."""
        grid, (width, height) = self._grid(fit), self.size
        rows, columns = _inside(self.moving.shape, grid, self.size)
        if rows.stop - rows.start < 8 or columns.stop - columns.start < 8:
            return None
        moved = _resampled(self.moving, grid, self.size)[rows, columns]
        wanted = self.target[rows, columns].ravel()
        down, across = np.gradient(moved)
        x = ((np.arange(width, dtype=np.float32)[columns] + 0.5) / width - 0.5)[None, :]
        y = ((np.arange(height, dtype=np.float32)[rows] + 0.5) / height - 0.5)[:, None]
        design = np.stack([part.ravel() for part in (across, across * x, down, down * y, moved, np.ones_like(moved))])
        shades = _solved(design[4:], wanted, np.float32(1))
        if shades is None:
            return None
        residual = np.abs(wanted - shades @ design[4:])
        weight = 1 / (1 + (residual / (2 * residual.mean() + 1)) ** 2)
        solved = _solved(design, wanted, weight)
        if solved is None or solved[4] < 0.2:
            return None
        limit = 0.06 * max(self.size)
        shift_x, scale_x, shift_y, scale_y = (float(value) for value in np.clip(solved[:4] / solved[4], -limit, limit))
        return _Fit(
            fit.across * (1 + scale_x / width),
            fit.left + grid.across * (shift_x - 0.5 * scale_x),
            fit.down * (1 + scale_y / height),
            fit.top + grid.down * (shift_y - 0.5 * scale_y),
        )


def _solved(design: Plane, wanted: Plane, weight: NDArray[np.floating] | np.float32) -> NDArray[np.float64] | None:
    """Least squares by the normal equations, each unknown on its own scale; none where they do not determine it."""
    weighted = design * weight
    normal, right = (weighted @ design.T).astype(np.float64), (weighted @ wanted).astype(np.float64)
    scale = np.sqrt(np.maximum(np.diag(normal), 1e-9))
    normal = normal / np.outer(scale, scale) + 1e-7 * np.eye(len(normal))
    try:
        solved = np.linalg.solve(normal, right / scale) / scale
    except np.linalg.LinAlgError:
        return None
    return solved if np.isfinite(solved).all() else None


def _inside(shape: tuple[int, ...], grid: _Fit, size: tuple[int, int]) -> tuple[slice, slice]:
    """The rows and columns of the grid that fall on the picture."""
    x = grid.across * (np.arange(size[0]) + 0.5) + grid.left
    y = grid.down * (np.arange(size[1]) + 0.5) + grid.top
    columns = np.flatnonzero((x >= 0) & (x <= shape[1]))
    rows = np.flatnonzero((y >= 0) & (y <= shape[0]))
    return (
        slice(int(rows[0]), int(rows[-1]) + 1) if len(rows) else slice(0, 0),
        slice(int(columns[0]), int(columns[-1]) + 1) if len(columns) else slice(0, 0),
    )


def _resampled(plane: Plane, grid: _Fit, size: tuple[int, int]) -> Plane:
    """The picture at the grid's points, smoothed where it is made smaller: two products."""
    columns = _triangle(plane.shape[1], grid.across, grid.left, size[0])
    rows = _triangle(plane.shape[0], grid.down, grid.top, size[1])
    return product(product(rows, plane), columns.T)


def _triangle(size: int, scale: float, start: float, out: int) -> Plane:
    centres = start + (np.arange(out, dtype=np.float32) + 0.5) * np.float32(scale)
    centres = np.clip(centres, 0.5, size - 0.5)
    offsets = (np.arange(size, dtype=np.float32)[None, :] + 0.5 - centres[:, None]) / max(1.0, scale)
    weights = np.maximum(0, 1 - np.abs(offsets))
    return weights / weights.sum(axis=1, keepdims=True)


def _judge(a: Plane, b: Plane, fit: _Fit) -> Compared:
    size = a.shape[1], a.shape[0]
    rows, columns = _inside(b.shape, fit, size)
    height, width = rows.stop - rows.start, columns.stop - columns.start
    seen = (height * fit.down) * (width * fit.across) / b.size
    frame = b.shape[1] / a.shape[1], b.shape[0] / a.shape[0]
    stretch = max(fit.across / frame[0], frame[0] / fit.across, fit.down / frame[1], frame[1] / fit.down)
    if min(height * width / a.size, seen) < _LEAST_OVERLAP or stretch > _MOST_STRETCH:
        return Compared(Same.PLACE, 0.0, 0.0, 0)
    # A border that only one of them has bleeds into the pixels beside it.
    rows, columns = slice(rows.start + _EDGE, rows.stop - _EDGE), slice(columns.start + _EDGE, columns.stop - _EDGE)
    one, two = a[rows, columns], _resampled(b, fit, size)[rows, columns]
    if min(height, width) < 3 * _TILE:
        return _plain(one, two)
    fine_one, fine_two = _fine(one), _fine(two)
    energy_one, energy_two = _tiled(fine_one * fine_one), _tiled(fine_two * fine_two)
    structured = np.maximum(energy_one, energy_two) > _STRUCTURE**2
    tiles = int(structured.sum())
    if tiles < _LEAST_TILES:
        return _plain(one, two)
    shared = _tiled(fine_one * fine_two) / np.sqrt(np.maximum(energy_one * energy_two, 1e-6))
    shared = shared[structured]
    share, mean = float((shared > _ALIKE).mean()), float(shared.mean())
    return Compared(Same.YES if share >= _SHARE and mean >= _MEAN else Same.STRUCTURE, share, mean, tiles)


def _plain(one: Plane, two: Plane) -> Compared:
    """Pictures with nothing to know them by are the same only where their shades are."""
    rms = float(np.sqrt(((one - two) ** 2).mean()))
    peak = float(np.abs(_fine(one) - _fine(two)).max())
    return Compared(Same.YES if rms <= _FLAT_RMS and peak <= 6 * _FLAT_RMS else Same.FLAT, 0.0, 0.0, 0)


def _fine(plane: Plane) -> Plane:
    """What a blur of about a tile's width leaves: structure without shade."""
    rows, columns = _blur(plane.shape[0]), _blur(plane.shape[1])
    return plane - product(product(rows, plane), columns.T)


@lru_cache(maxsize=512)
def _blur(size: int) -> NDArray[np.float32]:
    places = np.arange(size, dtype=np.float32)
    weights = np.exp(-0.5 * ((places[:, None] - places[None, :]) / (_TILE / 3)) ** 2)
    return (weights / weights.sum(axis=1, keepdims=True)).astype(np.float32)


def _tiled(plane: Plane) -> Plane:
    """Means over tiles; a last tile takes what is left over."""
    rows = np.arange(0, plane.shape[0] - _TILE + 1, _TILE)
    columns = np.arange(0, plane.shape[1] - _TILE + 1, _TILE)
    sums = np.add.reduceat(np.add.reduceat(plane, rows, axis=0), columns, axis=1)
    counts = np.outer(np.diff(rows, append=plane.shape[0]), np.diff(columns, append=plane.shape[1]))
    return (sums / counts).astype(np.float32)
