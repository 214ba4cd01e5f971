"""NIfTI: one axial slice as a picture, its voxels placed by the header's affine, with no header kept.

The slice lies half-way up the first volume. It is shown as radiologists look at it: anterior above, the patient's
right side on the left.
"""

import importlib
import math
import zlib
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from pipeline.images.decode import MAX_PIXELS
from pipeline.images.strip import BrokenImage

MAX_BYTES = 1_000_000_000
_GZIP = b"\x1f\x8b"
_FIRST = (b"n+1\0", b"ni1\0")
_SECOND = b"n+2\0"


def is_nifti(data: bytes) -> bool:
    """Whether the bytes are a NIfTI file, or gzipped."""
    return data.startswith(_GZIP) or data[344:348] in _FIRST or data[4:8] == _SECOND


def nifti_image(data: bytes, height: float = 0.5, *, whole: bool = False) -> Image.Image:
    """The axial slice at that share of the way from feet to head, `whole`: of a volume of one slice alone; mode L (8-bit voxels), RGB or I;16 (all others, stretched).

    Raises: BrokenImage saying why in a few words; whatever nibabel does of damaged bytes.
    """
    if data.startswith(_GZIP):
        data = _inflated(data)
    if data[344:348] not in _FIRST and data[4:8] != _SECOND:
        raise BrokenImage("not an image")
    if data[344:348] == b"ni1\0":
        raise BrokenImage("NIfTI voxels in another file")
    try:
        nibabel = importlib.import_module("nibabel")
    except ImportError as error:
        raise BrokenImage("NIfTI needs the imaging extra") from error
    kind = nibabel.Nifti2Image if data[4:8] == _SECOND else nibabel.Nifti1Image
    volume = kind.from_bytes(data)
    voxels = math.prod(volume.shape) * volume.get_data_dtype().itemsize
    if len(data) < volume.dataobj.offset + voxels:
        raise BrokenImage("truncated NIfTI")
    if whole and math.prod(volume.shape) > math.prod(sorted(volume.shape)[-2:]):
        raise BrokenImage("more than one frame")
    return _picture(_axial(volume, nibabel, height))


def _inflated(data: bytes) -> bytes:
    inflater = zlib.decompressobj(16 + zlib.MAX_WBITS)
    try:
        out = inflater.decompress(data, MAX_BYTES)
    except zlib.error as error:
        raise BrokenImage("broken NIfTI") from error
    if inflater.unconsumed_tail:
        raise BrokenImage("too many bytes")
    if not inflater.eof:
        raise BrokenImage("truncated NIfTI")
    return out


def _axial(volume: Any, nibabel: Any, height: float) -> NDArray[Any]:
    """The slice as rows (from anterior) by columns (from the patient's right)."""
    shape = volume.shape
    if len(shape) < 2 or any(side < 1 for side in shape):
        raise BrokenImage("broken NIfTI")
    # Axis and direction of right, anterior and superior among the voxel's axes.
    turns = nibabel.io_orientation(volume.affine) if np.isfinite(volume.affine).all() else np.array([[0, 1], [1, 1], [2, 1]])
    turns = np.where(np.isnan(turns), [[0, 1], [1, 1], [2, 1]], turns)
    of = {int(world): (axis, int(sign)) for axis, (world, sign) in enumerate(turns)}
    if sorted(of) != [0, 1, 2]:
        of = {0: (0, 1), 1: (1, 1), 2: (2, 1)}
    up, sign = of[2]
    sides = [shape[axis] if axis < len(shape) else 1 for axis in range(3)]
    if sides[of[0][0]] * sides[of[1][0]] > MAX_PIXELS:
        raise BrokenImage("too many pixels")
    share = height if sign > 0 else 1 - height
    where: list[Any] = [slice(None)] * min(3, len(shape)) + [0] * (len(shape) - 3)
    if up < len(shape):
        where[up] = min(sides[up] - 1, int(share * sides[up]))
    plane = np.asarray(volume.dataobj[tuple(where)])
    if plane.ndim != 2:
        plane = plane.reshape([side for axis, side in enumerate(sides) if axis != up])
    if of[0][0] < of[1][0]:
        plane = plane.T
    rows = plane[::-1] if of[1][1] > 0 else plane
    return rows if of[0][1] < 0 else rows[:, ::-1]


def _picture(plane: NDArray[Any]) -> Image.Image:
    if plane.dtype.names:
        colours = np.stack([plane[name] for name in plane.dtype.names[:3]], axis=-1)
        return Image.fromarray(np.ascontiguousarray(colours.astype(np.uint8)))
    if plane.dtype == np.uint8:
        return Image.fromarray(np.ascontiguousarray(plane))
    values = np.abs(plane) if plane.dtype.kind == "c" else plane
    values = np.where(np.isfinite(values), values, 0).astype(np.float64)
    low, high = float(values.min()), float(values.max())
    share = (values - low) / (high - low) if high > low else np.zeros_like(values)
    return Image.fromarray(np.rint(share * 0xFFFF).astype(np.uint16))
