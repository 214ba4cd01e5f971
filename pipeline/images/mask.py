"""Masking: rows of letters near a picture's borders painted over, for pictures that may name somebody."""

from io import BytesIO

import numpy as np
from PIL import Image

from pipeline.images.burned import Line, burned_lines
from pipeline.images.decode import FORMATS, eight_bits, pillow_warnings_as_errors, upright
from pipeline.images.strip import JPEG_MAGIC, strip_jpeg, strip_png

MASK_VERSION = 2
# Under a black bar other letters of the line may come to light as a row of their own, with their neighbours gone.
_PASSES = 4
_QUALITY = 95
_BESIDE, _ABOVE = 1.0, 0.4
_MODES = ("L", "LA", "RGB", "RGBA")


def masked(data: bytes) -> tuple[bytes, int] | None:
    """A copy of a clean JPEG or PNG with its rows of letters painted black, and how many; none where no row is found.

    A bar reaches a letter's height beyond the row at both ends and two fifths of it above and below. A JPEG is coded anew at quality
    95 without chroma subsampling, a PNG losslessly; a palette or CMYK becomes RGB, and 16-bit grey keeps its depth.
    Raises: whatever Pillow does of bytes that are no whole image.
    """
    with pillow_warnings_as_errors():
        seen = eight_bits(upright(data))
        count = 0
        bars: list[tuple[int, int, int, int]] = []
        for _ in range(_PASSES):
            found = burned_lines(seen)
            if not found:
                break
            count += len(found)
            new = [_bar(line, seen.size) for line in found]
            bars += new
            for bar in new:
                seen.paste(0, bar)
        if not bars:
            return None
        with Image.open(BytesIO(data), formats=FORMATS) as image:
            return _painted(image, bars, jpeg=data.startswith(JPEG_MAGIC)), count


def _bar(line: Line, size: tuple[int, int]) -> tuple[int, int, int, int]:
    tall = line.bottom - line.top
    across, down = max(2, round(_BESIDE * tall)), max(2, round(_ABOVE * tall))
    return max(0, line.left - across), max(0, line.top - down), min(size[0], line.right + across), min(size[1], line.bottom + down)


def _painted(image: Image.Image, bars: list[tuple[int, int, int, int]], *, jpeg: bool) -> bytes:
    profile = None if image.mode == "CMYK" else image.info.get("icc_profile")  # it says what cyan is, not what red is
    if image.mode.startswith("I"):
        values = np.asarray(image).astype(np.uint16)
        for left, top, right, bottom in bars:
            values[top:bottom, left:right] = 0
        image = Image.fromarray(values)
    else:
        if image.mode not in _MODES:
            image = image.convert("RGBA" if "transparency" in image.info else "L" if image.mode == "1" else "RGB")
        black = {"L": 0, "LA": (0, 255), "RGB": (0, 0, 0), "RGBA": (0, 0, 0, 255)}[image.mode]
        for bar in bars:
            image.paste(black, bar)
    out = BytesIO()
    if jpeg:
        image.save(out, "JPEG", quality=_QUALITY, subsampling=0, icc_profile=profile)
        return strip_jpeg(out.getvalue()).data
    image.save(out, "PNG", icc_profile=profile)
    return strip_png(out.getvalue()).data
