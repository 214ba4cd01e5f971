"""Hash images: one row an image in order, and pixels that do not depend on the file's form."""

import io

from PIL import Image as Pillow

from pipeline.images.decode import MEASURE_VERSION
from pipeline.stages.hash_images import HashRecipe, hash_images
from schemas.image import Image, ImageHash
from tests.fixtures.stage_rows import image, images


def drawn(colour: tuple[int, int, int], kind: str = "PNG", size: tuple[int, int] = (3, 2)) -> bytes:
    out = io.BytesIO()
    Pillow.new("RGB", size, colour).save(out, kind)
    return out.getvalue()


def hashed(*rows: dict[str, object]) -> list[dict[str, object]]:
    return hash_images(Image.from_rows(rows), HashRecipe(MEASURE_VERSION))["hashes"].to_pylist()


def test_equal_pixels_have_one_digest_in_any_lossless_format() -> None:
    rows = hashed(*(image(kind, bytes=drawn((9, 8, 7), kind)) for kind in ("PNG", "BMP", "TIFF")))
    assert len({row[ImageHash.pixels] for row in rows}) == 1
    assert {(row[ImageHash.width], row[ImageHash.height], row[ImageHash.fault]) for row in rows} == {(3, 2, "")}


def test_other_pixels_or_another_shape_have_another_digest() -> None:
    one, two, three = hashed(
        image("a", bytes=drawn((9, 8, 7))), image("b", bytes=drawn((9, 8, 6))), image("c", bytes=drawn((9, 8, 7), size=(2, 3)))
    )
    assert len({one[ImageHash.pixels], two[ImageHash.pixels], three[ImageHash.pixels]}) == 3


def test_every_image_has_its_row_in_order_and_broken_ones_say_why() -> None:
    rows = hashed(image("b", bytes=b"no image"), image("a", bytes=b"", fault="truncated image"), image("c", bytes=drawn((1, 2, 3))))
    assert [row[ImageHash.digest] for row in rows] == [image(name)[Image.digest] for name in "bac"]
    assert [bool(row[ImageHash.fault]) for row in rows] == [True, True, False]
    assert rows[1][ImageHash.fault] == "truncated image"
    assert [row[ImageHash.pixels] == "" for row in rows] == [True, True, False]


def test_no_image_gives_no_row() -> None:
    assert hash_images(images(), HashRecipe(MEASURE_VERSION))["hashes"].num_rows == 0
