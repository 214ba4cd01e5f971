"""Hash images: one row an image in order, and hashes that do not depend on the file's form."""

from pipeline.images.phash import HASH_VERSION
from pipeline.stages.hash_images import HashRecipe, hash_images
from schemas.image import Image, ImageHash
from tests.fixtures.pictures import drawn, encoded
from tests.fixtures.stage_rows import image, images

HASHES = (ImageHash.phash64, ImageHash.phash256, ImageHash.dhash64)


def hashed(*rows: dict[str, object]) -> list[dict[str, object]]:
    return hash_images(Image.from_rows(rows), HashRecipe(HASH_VERSION))["hashes"].to_pylist()


def test_one_picture_has_the_same_hashes_in_any_lossless_format() -> None:
    files = {kind: encoded(drawn(1), kind) for kind in ("PNG", "BMP", "TIFF")}
    rows = hashed(*(image(kind, bytes=data) for kind, data in files.items()))
    assert len({tuple(row[name] for name in HASHES) for row in rows}) == 1
    assert {(row[ImageHash.width], row[ImageHash.height], row[ImageHash.fault]) for row in rows} == {(320, 260, "")}
    assert [row[ImageHash.size] for row in rows] == [len(data) for data in files.values()]
    assert [len(rows[0][name]) for name in HASHES] == [8, 32, 8]  # pyright: ignore[reportArgumentType]


def test_other_pictures_have_other_hashes() -> None:
    one, two = hashed(*(image(str(seed), bytes=encoded(drawn(seed, shape=seed))) for seed in range(2)))
    assert all(one[name] != two[name] for name in HASHES)


def test_every_image_has_its_row_in_order_and_broken_ones_say_why() -> None:
    good = image("c", bytes=encoded(drawn(1)))
    rows = hashed(image("b", bytes=b"no image"), image("a", bytes=b"", fault="truncated image"), good)
    assert [row[ImageHash.digest] for row in rows] == [image(name)[Image.digest] for name in "bac"]
    assert [bool(row[ImageHash.fault]) for row in rows] == [True, True, False]
    assert rows[1][ImageHash.fault] == "truncated image"
    assert [row[ImageHash.phash64] == b"" for row in rows] == [True, True, False]


def test_no_image_gives_no_row() -> None:
    assert hash_images(images(), HashRecipe(HASH_VERSION))["hashes"].num_rows == 0
