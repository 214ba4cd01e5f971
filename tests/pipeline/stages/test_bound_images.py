"""What is shown in place of images: smaller, with letters painted over, and never unmasked where masks are asked."""

from io import BytesIO

import pytest
from PIL import Image as Pillow

from pipeline.images.burned import burned_lines
from pipeline.images.mask import MASK_VERSION
from pipeline.stages import bound_images as stage
from pipeline.stages.bound_images import BoundRecipe, bound_images
from schemas.image import Image, Lettered
from tests.fixtures.pictures import lettered_png
from tests.fixtures.stage_rows import digest_of, image, images

MASKS = BoundRecipe(0, 1, MASK_VERSION)
HELD = images(image("p") | {Image.bytes: lettered_png()}, image("q") | {Image.bytes: b"no image"})


def test_letters_are_painted_over_and_counted_and_what_does_not_decode_stays():
    made = bound_images(HELD, MASKS)
    masked, broken = made["images"].to_pylist()
    assert burned_lines(Pillow.open(BytesIO(masked[Image.bytes]))) == []
    assert masked[Image.published_digest] != HELD[Image.published_digest][0].as_py()
    assert broken[Image.bytes] == b"no image"
    assert made["lettered"].to_pylist() == [{Lettered.digest: digest_of("p"), Lettered.lines: 1}]


def test_masks_and_bounds_go_together():
    masked, _ = bound_images(HELD, BoundRecipe(10_000, 1, MASK_VERSION))["images"].to_pylist()
    shown = Pillow.open(BytesIO(masked[Image.bytes]))
    assert shown.width * shown.height <= 10_000
    assert burned_lines(shown) == []


def test_no_picture_goes_out_unmasked_where_masking_fails(monkeypatch: pytest.MonkeyPatch):
    def fails(data: bytes) -> None:
        raise ValueError("no such mode")

    monkeypatch.setattr(stage, "masked", fails)
    with pytest.raises(ValueError, match="no such mode"):
        bound_images(HELD, MASKS)
