"""Scaled grey decoding: an image's upright grey pixels at the least size that a hash or a comparison needs."""

import importlib
import importlib.util
from io import BytesIO
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps

from pipeline.images.decode import FORMATS, MAX_PIXELS, pillow_warnings_as_errors
from pipeline.images.strip import JPEG_MAGIC, BrokenImage

MAX_BYTES = 256_000_000
MAX_SCANS = 200

_ORIENTATION = 0x0112
_TURNS = (5, 6, 7, 8)
_turbo: Any = importlib.import_module("simplejpeg") if importlib.util.find_spec("simplejpeg") else None


class Scaled(NamedTuple):
    """Grey pixels (rows by columns, 0 to 255) whose part inside `box` is the image; its full size, upright.

    The box (left, top, right, bottom) may end inside a pixel: the last block of a scaled JPEG is partly padding, and
    14 % of real images move by more than 2 bits where that is hashed with the rest.
    """

    pixels: NDArray[np.uint8] | NDArray[np.float32]
    box: tuple[float, float, float, float]
    width: int
    height: int


def scaled_grey(data: bytes, least: int = 128) -> Scaled:
    """The first frame as upright grey, each side at least `least` pixels where the image has as many.

    JPEGs are decoded at 1/2, 1/4 or 1/8 without their chroma; other images are averaged over whole blocks. Channels of
    more than 8 bits are stretched from their own least to their own greatest value, never clipped.
    Raises: BrokenImage beyond the limits; whatever the decoder does of bytes that are no image.
    """
    if len(data) > MAX_BYTES:
        raise BrokenImage("too many bytes")
    if data.startswith(JPEG_MAGIC):
        head = data[: data.find(b"\xff\xda") + 1]
        if b"\xff\xc2" in head and data.count(b"\xff\xda") > MAX_SCANS:
            raise BrokenImage("too many scans")
        if _turbo is not None and b"Exif\0" not in head and b"ns.adobe.com/xap" not in head:
            found = _by_turbo(data, least)
            if found is not None:
                return found
    with pillow_warnings_as_errors(), Image.open(BytesIO(data), formats=FORMATS) as image:
        return _by_pillow(image, least)


def full_grey(data: bytes) -> Image.Image:
    """The first frame as upright 8-bit grey at full size, as Pillow converts it; deeper channels stretched, where Pillow clips them.

    Raises: as `scaled_grey`.
    """
    if len(data) > MAX_BYTES:
        raise BrokenImage("too many bytes")
    with pillow_warnings_as_errors(), Image.open(BytesIO(data), formats=FORMATS) as image:
        if image.width * image.height > MAX_PIXELS:
            raise BrokenImage("too many pixels")
        if image.mode in ("L", "RGB"):
            image.draft("L", image.size)
        image.load()
        orientation = _orientation(image)
        upright = ImageOps.exif_transpose(image) if orientation != 1 else image
        if _deep(upright):
            return Image.fromarray(np.rint(_stretched(np.asarray(upright), 1)).astype(np.uint8))
        return _grey(upright)


def _by_turbo(data: bytes, least: int) -> Scaled | None:
    """None where the bytes are to be left to Pillow: broken, or of a kind that simplejpeg does not read."""
    try:
        height, width, space, _ = _turbo.decode_jpeg_header(data)
        if width * height > MAX_PIXELS or space not in ("YCbCr", "Gray"):
            return None
        part = _part(width, height, least)
        pixels = _turbo.decode_jpeg(data, "GRAY", min_height=-(-height // part), min_width=-(-width // part))
    except ValueError:
        return None
    return Scaled(pixels[:, :, 0], (0.0, 0.0, width / part, height / part), width, height)


def _part(width: int, height: int, least: int) -> int:
    """By how much a JPEG is divided: 8, 4, 2 or 1, the same with either decoder."""
    return next((part for part in (8, 4, 2) if min(width, height) // part >= least), 1)


def _by_pillow(image: Image.Image, least: int) -> Scaled:
    width, height = image.size
    if width * height > MAX_PIXELS:
        raise BrokenImage("too many pixels")
    part = 1
    if image.format == "JPEG" and image.mode in ("L", "RGB"):
        part = _part(width, height, least)
        image.draft("L", (width // part, height // part))
    image.load()
    block = 1 if part > 1 else max(1, min(width, height) // (2 * least))
    if _deep(image):
        pixels = _stretched(np.asarray(image), block)
    else:
        grey = image if image.mode == "L" else _grey(image)
        pixels = np.asarray(grey.reduce(block) if block > 1 else grey)
    across, down = width / (part * block), height / (part * block)
    return _upright(Scaled(pixels, (0.0, 0.0, across, down), width, height), _orientation(image))


def _deep(image: Image.Image) -> bool:
    return image.mode in ("F", "I") or image.mode.startswith("I;16")


def _grey(image: Image.Image) -> Image.Image:
    """The shades without their opacity: of a palette that has one Pillow warns, which would be a fault."""
    image.info.pop("transparency", None)
    return image.convert("L")


def _stretched(deep: NDArray[Any], block: int) -> NDArray[np.float32]:
    """Means over whole blocks, 0 at the least value and 255 at the greatest; what is no number counts as 0."""
    if deep.dtype.kind == "f":
        deep = np.nan_to_num(deep.astype(np.float64), nan=0.0, posinf=0.0, neginf=0.0)
    if block > 1:
        rows = np.arange(0, deep.shape[0], block)
        columns = np.arange(0, deep.shape[1], block)
        counts = np.outer(np.diff(rows, append=deep.shape[0]), np.diff(columns, append=deep.shape[1]))
        if deep.dtype.kind == "f":
            deep = np.add.reduceat(np.add.reduceat(deep, rows, axis=0), columns, axis=1) / counts
        else:
            deep = _block_sums(deep, block, len(rows), len(columns)) / counts
    low, high = float(deep.min()), float(deep.max())
    scale = 255.0 / (high - low) if high > low else 0.0
    return ((deep.astype(np.float64) - low) * scale).astype(np.float32)


def _block_sums(deep: NDArray[Any], block: int, rows: int, columns: int) -> NDArray[Any]:
    """Whole numbers summed over blocks, the last ones of a side with what is left: strided sums take a ninth of reduceat's time."""
    kind = np.uint32 if deep.dtype == np.uint16 and block <= 256 else np.int64
    tall, sums = np.zeros((rows, deep.shape[1]), kind), np.zeros((rows, columns), kind)
    for place in range(block):
        part = deep[place::block]
        tall[: len(part)] += part
    for place in range(block):
        part = tall[:, place::block]
        sums[:, : part.shape[1]] += part
    return sums


def _orientation(image: Image.Image) -> int:
    if image.format != "TIFF" and not image.info.keys() & {"exif", "xmp", "XML:com.adobe.xmp", "Raw profile type exif"}:
        return 1
    return image.getexif().get(_ORIENTATION, 1)


def _upright(stored: Scaled, orientation: int) -> Scaled:
    pixels, (left, top, right, bottom) = stored.pixels, stored.box
    width, height = stored.width, stored.height
    if orientation in _TURNS:
        pixels, width, height = pixels.T, height, width
        left, top, right, bottom = top, left, bottom, right
    down, across = pixels.shape
    if orientation in (2, 3, 6, 7):
        pixels = pixels[:, ::-1]
        left, right = across - right, across - left
    if orientation in (3, 4, 7, 8):
        pixels = pixels[::-1]
        top, bottom = down - bottom, down - top
    return Scaled(pixels, (left, top, right, bottom), width, height)
