"""Letters burned into pictures: found near the borders in any shade, and not where there are none."""

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFont

from pipeline.images.burned import burned_lines


def scan(shade: int = 0, seed: int = 1) -> Image.Image:
    """A soft grey body on a ground, a little noisy, as a scanner makes it."""
    down, across = np.mgrid[0:400, 0:500]
    body = 150 * np.exp(-(((down - 200) / 120) ** 2 + ((across - 250) / 150) ** 2))
    noise = np.random.default_rng(seed).normal(0, 4, (400, 500))
    return Image.fromarray(np.clip(shade + body + noise, 0, 255).astype(np.uint8))


def printed(image: Image.Image, text: str, at: tuple[int, int], fill: int, size: int = 16) -> Image.Image:
    ImageDraw.Draw(image).text(at, text, fill=fill, font=ImageFont.load_default(size))
    return image


@pytest.mark.parametrize("size", [12, 16, 28])
@pytest.mark.parametrize(("text", "at"), [("NYMAN ALVA 1931", (8, 6)), ("MRN 48213977", (300, 360)), ("12-03-2006", (8, 360))])
def test_words_and_numbers_at_the_borders_are_found_where_they_stand(text: str, at: tuple[int, int], size: int):
    lines = burned_lines(printed(scan(), text, at, 240, size))
    assert lines
    assert all(abs(line.top - at[1]) < 2 * size for line in lines)
    assert max(line.letters for line in lines) >= 3


def test_dark_letters_on_a_bright_ground_are_found():
    assert burned_lines(printed(scan(100), "NYMAN ALVA", (8, 6), 5))


def test_a_large_picture_is_looked_at_as_well_and_boxes_are_in_its_own_pixels():
    large = printed(scan().resize((2500, 2000)), "NYMAN ALVA 1931", (40, 40), 250, 70)
    lines = burned_lines(large)
    assert lines
    assert lines[0].left < 100 < lines[0].right


@pytest.mark.parametrize("seed", range(4))
def test_a_picture_without_letters_has_none(seed: int):
    assert burned_lines(scan(seed=seed)) == []
    assert burned_lines(Image.new("L", (300, 200), 80)) == []


def test_letters_in_the_middle_are_the_pictures_own():
    assert burned_lines(printed(scan(), "ABCDEF", (220, 195), 255)) == []


def test_tiny_pictures_are_no_fault():
    assert burned_lines(Image.new("RGB", (1, 1))) == []
    assert burned_lines(Image.new("L", (3, 200), 9)) == []
