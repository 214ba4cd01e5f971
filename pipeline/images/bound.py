"""Bounding: an image with at most so many pixels, for models and trainers that scale larger ones down anyway."""

from io import BytesIO
from math import ceil, sqrt

import numpy as np
from PIL import Image

from pipeline.images.decode import FORMATS, pillow_warnings_as_errors
from pipeline.images.strip import JPEG_MAGIC, strip_jpeg, strip_png

BOUND_VERSION = 1
_QUALITY = 95
_KEPT_MODES = ("L", "LA", "RGB", "RGBA")


def bounded(data: bytes, max_pixels: int) -> bytes | None:
    """A smaller copy of a clean JPEG or PNG in the same format and proportions; none where it has no more pixels than that.

    Pixels are filtered with Lanczos. A JPEG is coded anew at quality 95 without chroma subsampling, a PNG losslessly; a
    palette or CMYK becomes RGB, and 16-bit grey keeps its depth.
    Raises: whatever Pillow does of bytes that are no whole image.
    """
    with pillow_warnings_as_errors(), Image.open(BytesIO(data), formats=FORMATS) as image:
        if image.width * image.height <= max_pixels:
            return None
        jpeg = data.startswith(JPEG_MAGIC)
        small = _resized(image, bounded_size(image.width, image.height, max_pixels))
        profile = image.info.get("icc_profile") if small.mode == image.mode else None
        out = BytesIO()
        if jpeg:
            small.save(out, "JPEG", quality=_QUALITY, subsampling=0, icc_profile=profile)
        else:
            small.save(out, "PNG", icc_profile=profile)
    return strip_jpeg(out.getvalue()).data if jpeg else strip_png(out.getvalue()).data


def bounded_size(width: int, height: int, max_pixels: int) -> tuple[int, int]:
    """The largest size of these proportions within the bound; a side is never less than a pixel."""
    scale = sqrt(max_pixels / (width * height))
    across = min(max(1, int(width * scale)), max_pixels)
    down = min(max(1, int(height * scale)), max_pixels // across)
    return across, down


def within(image: Image.Image, least: int, most: int) -> Image.Image:
    """The image in its proportions with at most and, where it is smaller, about the least pixels."""
    pixels = image.width * image.height
    if pixels > most:
        return image.resize(bounded_size(image.width, image.height, most), Image.Resampling.LANCZOS)
    if pixels < least:
        scale = sqrt(least / pixels)
        return image.resize((ceil(image.width * scale), ceil(image.height * scale)), Image.Resampling.BICUBIC)
    return image


def _resized(image: Image.Image, size: tuple[int, int]) -> Image.Image:
    if image.mode.startswith("I"):
        deep = Image.fromarray(np.asarray(image).astype(np.float32)).resize(size, Image.Resampling.LANCZOS)
        return Image.fromarray(np.rint(np.clip(np.asarray(deep), 0, 0xFFFF)).astype(np.uint16))
    if image.mode not in _KEPT_MODES:
        clear = "transparency" in image.info
        image = image.convert("RGBA" if clear else "L" if image.mode == "1" else "RGB")
    return image.resize(size, Image.Resampling.LANCZOS)
