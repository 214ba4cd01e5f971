"""Rows of letters painted over in pictures, the rest of the pixels left as they are."""

from io import BytesIO

import numpy as np
import pytest
from PIL import Image, ImageDraw

from pipeline.images.burned import burned_lines
from pipeline.images.mask import masked
from tests.fixtures.pictures import lettered_png


def drawn(mode: str, format: str, text: str = "BYRON ADA 1815") -> tuple[bytes, np.ndarray]:
    """A picture of smooth shapes with a name in a corner, and its pixels without the name."""
    across, down = np.meshgrid(np.linspace(0, 6, 400), np.linspace(0, 5, 300))
    grey = Image.fromarray((90 + 60 * np.sin(across) * np.cos(down)).astype(np.uint8))
    plain = grey.convert("RGBA").quantize(64) if mode == "P" else grey.convert(mode)
    bare = np.asarray(plain.convert("RGB"))
    shown = plain.convert("RGB")
    ImageDraw.Draw(shown).text((12, 10), text, fill=(255, 255, 255), font_size=18)
    made = BytesIO()
    (shown.quantize(64) if mode == "P" else shown.convert(mode)).save(made, format, **({"quality": 95} if format == "JPEG" else {}))
    return made.getvalue(), bare


@pytest.mark.parametrize(
    ("mode", "format"), [("L", "PNG"), ("RGB", "PNG"), ("RGBA", "PNG"), ("P", "PNG"), ("L", "JPEG"), ("RGB", "JPEG"), ("CMYK", "JPEG")]
)
def test_a_name_in_a_corner_is_painted_black_and_the_rest_stays(mode: str, format: str) -> None:
    data, bare = drawn(mode, format)
    found = masked(data)
    assert found is not None
    made = Image.open(BytesIO(found[0])).convert("RGB")
    pixels = np.asarray(made).astype(int)
    assert found[1] >= 1
    assert burned_lines(made) == []
    assert pixels[14:22, 20:100].max() <= 12
    assert made.size == (400, 300)
    assert np.abs(pixels[60:] - bare[60:]).max() <= (12 if format == "JPEG" or mode == "P" else 0)


@pytest.mark.parametrize(("mode", "kept"), [("RGB", b"of red"), ("CMYK", None)])
def test_a_profile_stays_where_its_colours_do(mode: str, kept: bytes | None) -> None:
    made = BytesIO()
    Image.open(BytesIO(drawn(mode, "JPEG")[0])).save(made, "JPEG", quality=95, icc_profile=b"of red")
    found = masked(made.getvalue())
    assert found is not None
    assert Image.open(BytesIO(found[0])).info.get("icc_profile") == kept


def test_a_picture_without_letters_is_left_to_the_byte() -> None:
    data, _ = drawn("L", "PNG", text="")
    assert masked(data) is None


def test_sixteen_bits_keep_their_depth() -> None:
    values = np.asarray(Image.open(BytesIO(lettered_png()))).astype(np.uint16) * 200
    values[150:, 200:] = 51_234
    made = BytesIO()
    Image.fromarray(values).save(made, "PNG")
    found = masked(made.getvalue())
    assert found is not None
    after = np.asarray(Image.open(BytesIO(found[0])))
    assert after[8:22, 10:68].max() == 0
    assert np.array_equal(after[60:], values[60:])


def test_masking_again_changes_nothing() -> None:
    found = masked(lettered_png())
    assert found is not None
    assert masked(found[0]) is None


def test_what_is_no_picture_is_told_by_its_error() -> None:
    with pytest.raises(OSError, match="cannot identify"):
        masked(b"no picture")
