"""Measuring images: the digest is of upright pixels, and every fault is told."""

import hashlib
import warnings
from concurrent.futures import ThreadPoolExecutor
from io import BytesIO

import numpy as np
import pytest
from PIL import Image

from pipeline.images.decode import Measured, measure


def encoded(image: Image.Image, format: str, **options: object) -> bytes:
    out = BytesIO()
    image.save(out, format, **options)  # pyright: ignore[reportArgumentType]
    return out.getvalue()


def picture() -> Image.Image:
    return Image.fromarray(np.arange(20 * 30 * 3, dtype=np.uint32).reshape(20, 30, 3).astype(np.uint8))


def turned(data: Image.Image) -> bytes:
    exif = Image.Exif()
    exif[0x0112] = 8
    return encoded(data, "PNG", exif=exif)


def test_digest_is_of_size_and_rgb_bytes() -> None:
    digest = hashlib.sha256(b"30x20" + picture().tobytes()).hexdigest()
    assert measure(encoded(picture(), "PNG")) == Measured(digest, 30, 20, "")


def test_same_picture_in_another_format_or_turn_measures_the_same() -> None:
    plain = measure(encoded(picture(), "PNG"))
    assert measure(encoded(picture(), "BMP")) == plain
    assert measure(encoded(picture(), "WEBP", lossless=True)) == plain
    assert measure(turned(picture().transpose(Image.Transpose.ROTATE_270))) == plain


def test_other_shape_with_the_same_bytes_measures_differently() -> None:
    wide = Image.new("RGB", (8, 2))
    assert measure(encoded(wide, "PNG")).pixels_digest != measure(encoded(wide.resize((2, 8)), "PNG")).pixels_digest


def test_deep_images_that_clip_alike_measure_differently() -> None:
    low = np.full((4, 4), 300, np.uint16)
    first, second = (measure(encoded(Image.fromarray(values), "PNG")) for values in (low, low + 1))
    assert first.fault == second.fault == ""
    assert first.pixels_digest != second.pixels_digest
    assert measure(encoded(Image.fromarray(low), "TIFF")) == first


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGBA", "CMYK", "YCbCr"])
def test_every_mode_decodes_to_rgb(mode: str) -> None:
    image = picture().convert("L").convert("LA") if mode == "LA" else picture().convert(mode)
    measured = measure(encoded(image, "TIFF" if mode in ("CMYK", "YCbCr") else "PNG"))
    assert (measured.width, measured.height, measured.fault) == (30, 20, "")


def test_palette_with_transparency_is_no_fault() -> None:
    image = picture().convert("P")
    assert measure(encoded(image, "PNG", transparency=bytes(range(200)))).fault == ""


@pytest.mark.parametrize(
    ("data", "fault"),
    [
        (b"", "not an image"),
        (b"no picture", "not an image"),
        (encoded(picture(), "PNG")[:-60], "truncated image"),
        (encoded(picture(), "JPEG")[:-40], "truncated image"),
    ],
)
def test_broken_bytes_are_a_fault(data: bytes, fault: str) -> None:
    assert measure(data) == Measured("", 0, 0, fault)


def test_pictures_that_pillow_warns_of_are_a_fault() -> None:
    image = bytearray(encoded(picture(), "BMP"))
    for side in (10_000, 20_000):
        image[18:26] = side.to_bytes(4, "little") * 2
        assert measure(bytes(image)).fault == "too many pixels"


def test_threads_leave_the_warning_filters_as_they_were() -> None:
    before = list(warnings.filters)
    data = encoded(picture(), "PNG")
    with ThreadPoolExecutor(4) as pool:
        assert len(set(pool.map(measure, [data] * 40))) == 1
    assert list(warnings.filters) == before
