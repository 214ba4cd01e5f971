"""Confirmation: one picture known again through what people do to pictures, and two pictures kept apart."""

from io import BytesIO

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageEnhance, ImageOps

from pipeline.images.confirm import Same, compare, sketch
from tests.fixtures.pictures import drawn, encoded

PICTURE = drawn(1, (420, 360)).convert("RGB")


def resized(scale):
    return encoded(PICTURE.resize((round(420 * scale), round(360 * scale)), Image.Resampling.BICUBIC), quality=90)


def captioned():
    image = PICTURE.copy()
    ImageDraw.Draw(image).text((12, 12), "Figure 3A LEFT", fill=(255, 255, 255), font_size=16)
    return encoded(image)


CHANGED = {
    "recompressed at 30": encoded(PICTURE, quality=30),
    "recompressed at 95": encoded(PICTURE, quality=95),
    "half the size": resized(0.5),
    "one and a half times the size": resized(1.5),
    "cropped by 1 %": encoded(PICTURE.crop((4, 4, 416, 356))),
    "cropped by 4 %": encoded(PICTURE.crop((17, 14, 403, 346))),
    "cropped at a corner": encoded(PICTURE.crop((17, 14, 420, 360))),
    "padded black": encoded(ImageOps.expand(PICTURE, 14, (0, 0, 0))),
    "padded white": encoded(ImageOps.expand(PICTURE, 14, (255, 255, 255))),
    "darker": encoded(ImageEnhance.Brightness(PICTURE).enhance(0.8)),
    "brighter": encoded(ImageEnhance.Brightness(PICTURE).enhance(1.2)),
    "flatter": encoded(ImageEnhance.Contrast(PICTURE).enhance(0.8)),
    "steeper": encoded(ImageEnhance.Contrast(PICTURE).enhance(1.2)),
    "grey": encoded(PICTURE.convert("L"), "PNG"),
    "palette": encoded(PICTURE.convert("P", palette=Image.Palette.ADAPTIVE), "PNG"),
    "CMYK": encoded(PICTURE.convert("CMYK")),
    "16 bits": encoded(Image.fromarray(np.asarray(PICTURE.convert("L"), np.uint16) * 100 + 700), "PNG"),
    "WebP": encoded(PICTURE, "WEBP", quality=80),
    "captioned": captioned(),
}


@pytest.mark.parametrize("change", CHANGED)
def test_knows_a_picture_again(change):
    one, two = sketch(encoded(PICTURE)), sketch(CHANGED[change])
    assert compare(one, two).same is Same.YES
    assert compare(two, one) == compare(one, two)


@pytest.mark.parametrize("seed", range(2, 8))
def test_keeps_pictures_of_one_anatomy_apart(seed):
    other = sketch(encoded(drawn(seed, (420, 360))))
    assert compare(sketch(encoded(PICTURE)), other).same is Same.STRUCTURE


def test_a_neighbouring_slice_is_another_picture():
    here, beyond = (np.asarray(drawn(seed, (420, 360)), float) for seed in (1, 2))
    slices = [Image.fromarray((here + share * (beyond - here)).clip(0, 255).astype(np.uint8)) for share in (0.0, 0.1, 0.44)]
    one, same, next_one = (sketch(encoded(image, "PNG")) for image in slices)
    assert compare(one, same).same is Same.YES
    found = compare(one, next_one)
    assert found.mean > 0.7
    assert found.same is Same.STRUCTURE


@pytest.mark.parametrize("turn", Image.Transpose)
def test_a_mirrored_or_turned_picture_is_another(turn):
    found = compare(sketch(encoded(PICTURE)), sketch(encoded(PICTURE.transpose(turn))))
    assert found.same is not Same.YES


def test_a_symmetric_anatomy_mirrored_is_another():
    half = np.asarray(drawn(5, (420, 360)), float)
    noise = np.asarray(drawn(6, (420, 360)), float) - np.asarray(drawn(7, (420, 360)), float)
    image = Image.fromarray((0.5 * (half + half[:, ::-1]) + 0.7 * noise).clip(0, 255).astype(np.uint8))
    assert compare(sketch(encoded(image)), sketch(encoded(ImageOps.mirror(image)))).same is not Same.YES


@pytest.mark.parametrize(("one", "two", "same"), [(0, 0, Same.YES), (40, 42, Same.YES), (0, 255, Same.FLAT), (100, 120, Same.FLAT)])
def test_flat_pictures_are_the_same_only_in_the_same_shade(one, two, same):
    first, second = (sketch(encoded(Image.new("L", (200, 150), shade), "PNG")) for shade in (one, two))
    assert compare(first, second).same is same


def test_drawings_that_differ_in_one_curve_are_apart():
    def plotted(shift):
        image = Image.new("L", (400, 300), 255)
        pen = ImageDraw.Draw(image)
        pen.line([(40, 20), (40, 270), (380, 270)], fill=0, width=2)
        pen.line([(x, 150 + 90 * np.sin(x / 30 + shift)) for x in range(45, 380, 3)], fill=0, width=2)
        return sketch(encoded(image, "PNG"))

    assert compare(plotted(0), plotted(0)).same is Same.YES
    assert compare(plotted(0), plotted(2)).same is not Same.YES


@pytest.mark.parametrize("size", [(1, 1), (3, 200), (9, 9), (30, 25)])
def test_tiny_pictures_are_compared_without_fault(size):
    one = sketch(encoded(PICTURE.resize(size), "PNG"))
    assert compare(one, one).same is Same.YES
    assert compare(one, sketch(encoded(PICTURE))).same in set(Same)


def test_sketches_are_small():
    drawn_small = sketch(CHANGED["one and a half times the size"])
    assert max(drawn_small.grey.shape) == 192
    assert (drawn_small.width, drawn_small.height) == Image.open(BytesIO(CHANGED["one and a half times the size"])).size
