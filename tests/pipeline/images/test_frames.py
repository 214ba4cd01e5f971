"""Frames: which one of several is published, in every format that holds several."""

from io import BytesIO

import numpy as np
import pytest
from PIL import Image

from pipeline.images import frames
from pipeline.images.clean import clean
from pipeline.images.frames import Frame
from tests.fixtures.pictures import drawn, encoded

SHADES = (10, 90, 170, 250)
SEVERAL = {
    "GIF": {},
    "TIFF": {},
    "WEBP": {"lossless": True},
    "PNG": {},
}


def several(format: str, size: tuple[int, int] = (24, 16)) -> bytes:
    first, *rest = [Image.new("L", size, shade).convert("RGB") for shade in SHADES]
    return encoded(first, format, save_all=True, append_images=rest, **SEVERAL[format])


def shade(data: bytes) -> int:
    return int(np.asarray(Image.open(BytesIO(data)).convert("L"))[3, 3])


@pytest.mark.parametrize("format", SEVERAL)
def test_the_frame_that_is_asked_for_is_published(format: str) -> None:
    data = several(format)
    assert abs(shade(clean(data).bytes) - SHADES[0]) <= 2
    middle = clean(data, Frame.MIDDLE)
    assert (middle.format, middle.fault) == ("png", "")
    assert abs(shade(middle.bytes) - SHADES[2]) <= 2
    assert clean(data, Frame.REFUSE).fault == "more than one frame"


@pytest.mark.parametrize("frame", Frame)
@pytest.mark.parametrize("format", [*SEVERAL, "JPEG", "BMP"])
def test_an_image_of_one_frame_is_the_same_whatever_is_asked(format: str, frame: Frame) -> None:
    data = encoded(drawn(1).convert("RGB"), format)
    assert clean(data, frame) == clean(data)
    assert clean(data, frame).fault == ""


def test_a_frame_that_takes_too_much_drawing_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(frames, "_MOST_DRAWN", 2 * 24 * 16 - 1)
    assert clean(several("GIF"), Frame.MIDDLE).fault == "too many frames"
    assert clean(several("GIF"), Frame.FIRST).fault == ""


def test_pages_beyond_the_limit_of_pixels_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pipeline.images.clean.MAX_PIXELS", 400)
    pages = encoded(Image.new("L", (8, 8)), "TIFF", save_all=True, append_images=[Image.new("L", (60, 60))])
    assert clean(pages, Frame.MIDDLE).fault == "too many pixels"
