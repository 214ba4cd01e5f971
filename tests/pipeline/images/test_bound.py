"""Bounding: never over the bound, in the same format and proportions, and the picture known again."""

from io import BytesIO

import numpy as np
import pytest
from PIL import Image

from pipeline.images.bound import bounded
from pipeline.images.clean import clean
from pipeline.images.confirm import Same, compare, sketch
from tests.fixtures.pictures import drawn, encoded, exif

PICTURE = drawn(1, (420, 360))


def shown(data: bytes, bound: int = 20_000) -> Image.Image:
    made = bounded(data, bound)
    assert made is not None
    image = Image.open(BytesIO(made))
    assert image.width * image.height <= bound
    assert not image.info.keys() & {"exif", "comment", "dpi"}
    return image


@pytest.mark.parametrize("mode", ["L", "RGB", "CMYK"])
def test_a_jpeg_stays_a_jpeg_of_its_proportions(mode: str) -> None:
    data = encoded(PICTURE.convert(mode))
    image = shown(data)
    assert (image.format, image.mode) == ("JPEG", "RGB" if mode == "CMYK" else mode)
    assert abs(image.width / image.height - 420 / 360) < 0.02
    assert image.width * image.height > 19_000
    assert compare(sketch(data), sketch(bounded(data, 20_000) or b"")).same is Same.YES


@pytest.mark.parametrize(("mode", "kept"), [("L", "L"), ("LA", "LA"), ("RGBA", "RGBA"), ("P", "RGB"), ("1", "L")])
def test_a_png_stays_a_png(mode: str, kept: str) -> None:
    image = shown(encoded(PICTURE.convert(mode), "PNG"))
    assert (image.format, image.mode) == ("PNG", kept)


def test_sixteen_bits_keep_their_depth() -> None:
    deep = np.asarray(PICTURE, np.uint16) * 200 + 900
    small = np.asarray(shown(encoded(Image.fromarray(deep), "PNG")))
    assert small.dtype == np.uint16
    assert abs(float(small.mean()) - float(deep.mean())) < 100
    assert small.max() > 20_000


def test_a_clear_colour_of_a_palette_stays_clear() -> None:
    image = PICTURE.convert("P")
    image.info["transparency"] = 0
    assert shown(encoded(image, "PNG", transparency=0)).mode == "RGBA"


@pytest.mark.parametrize("size", [(100, 100), (1, 10_000)])
def test_an_image_within_the_bound_is_left_alone(size: tuple[int, int]) -> None:
    assert bounded(encoded(Image.new("L", size, 9), "PNG"), 10_000) is None


@pytest.mark.parametrize("size", [(1, 9000), (9000, 1), (3, 5000), (33, 32)])
def test_no_shape_leaves_the_bound(size: tuple[int, int]) -> None:
    image = shown(encoded(Image.new("L", size, 9), "PNG"), 1024)
    assert min(image.size) >= 1


def test_an_upright_image_is_bound_as_it_stands() -> None:
    turned = clean(encoded(PICTURE, exif=exif(6)))
    image = shown(turned.bytes)
    assert image.height > image.width
