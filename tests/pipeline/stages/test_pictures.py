"""From hashes to pictures: what is read again, what is compared, and whose picture each image shows."""

from collections.abc import Mapping, Sequence
from io import BytesIO
from typing import NamedTuple

import pyarrow as pa
import pytest
from PIL import Image as Pillow
from PIL import ImageOps

from pipeline.images.confirm import CONFIRM_VERSION
from pipeline.images.decode import MEASURE_VERSION
from pipeline.images.near import NEAR_VERSION, RADIUS
from pipeline.images.phash import HASH_VERSION
from pipeline.stages.find_near_images import NearRecipe, find_near_images
from pipeline.stages.hash_images import HashRecipe, hash_images
from pipeline.stages.join_images import JoinRecipe, join_images
from pipeline.stages.sketch_images import SketchRecipe, sketch_images
from schemas.graph import SHARD
from schemas.picture import HeldImage, ImageSketch, NearImage, Picture
from tests.fixtures.pictures import drawn, encoded
from tests.fixtures.stage_rows import digest_of, example, examples, image, images, sharded

PICTURE = drawn(1, (420, 360))
COPIES = {
    "same": encoded(PICTURE),
    "worse": encoded(PICTURE, quality=40),
    "crop": encoded(PICTURE.crop((10, 8, 410, 352))),
    "png": encoded(Pillow.open(BytesIO(encoded(PICTURE))), "PNG"),
    "mirror": encoded(ImageOps.mirror(PICTURE)),
    "turned": encoded(PICTURE.rotate(180)),
    "patient": encoded(drawn(2, (420, 360))),
    "other": encoded(drawn(3, (420, 360), shape=5)),
}


SKETCH = SketchRecipe(MEASURE_VERSION, CONFIRM_VERSION, aligned=True)


class Found(NamedTuple):
    pictures: dict[str, str]
    held: dict[str, tuple[str, str]]
    near: set[str]
    tables: dict[str, pa.Table]


def found(
    ours: Sequence[str], theirs: Sequence[str] = (), *, radius: int = RADIUS, aligned: bool = True, files: Mapping[str, bytes] = COPIES
) -> Found:
    """What the four stages say of images, by name."""
    name_of = {digest_of(name): name for name in files}
    tables = [images(*(image(name, bytes=files[name]) for name in names)) for names in (ours, theirs)]
    hashes = [sharded(hash_images(table, HashRecipe(HASH_VERSION))["hashes"]) for table in tables]
    near = find_near_images(hashes[0], NearRecipe(radius, NEAR_VERSION), hashes[1])
    recipe = SketchRecipe(MEASURE_VERSION, CONFIRM_VERSION, aligned)
    asked = near["near"], near["benchmark_near"]
    sketches = [sharded(sketch_images(table, told, recipe)["sketches"]) for table, told in zip(tables, asked, strict=True)]
    rows = examples([example("9", source="bench", images=[digest_of(name) for name in theirs])])
    made = join_images(hashes[0], near["pairs"], sketches[0], JoinRecipe(CONFIRM_VERSION), rows, hashes[1], sketches[1])
    shown = {name_of[row[Picture.digest]]: name_of[row[Picture.picture]] for row in made["pictures"].to_pylist()}
    held = {name_of[row[HeldImage.digest]]: (name_of[row[HeldImage.image]], row[HeldImage.kind]) for row in made["held"].to_pylist()}
    told = {name_of[digest] for table in asked for digest in table[NearImage.digest].to_pylist()}
    return Found(shown, held, told, {**made, "sketches": sketches[0]})


def test_copies_are_one_picture_and_its_keeper_has_the_most_pixels() -> None:
    shown = found(["crop", "worse", "same", "other"]).pictures
    assert shown == {"crop": "same", "worse": "same", "same": "same", "other": "other"}


@pytest.mark.parametrize("other", ["mirror", "turned", "patient", "other"])
def test_the_other_side_and_another_patient_are_other_pictures(other: str) -> None:
    assert found(["same", other], [other, "same"]).pictures == {"same": "same", other: other}
    assert found(["same"], [other]).held == {}


def test_what_a_benchmark_holds_is_told_with_how_it_was_known() -> None:
    ours = ["same", "png", "crop", "other"]
    assert found(ours, ["same"]).held == {"same": ("same", "image"), "png": ("same", "pixels"), "crop": ("same", "near")}
    assert found(["crop"], ["worse", "other", "same"]).held["crop"][1] == "near"
    assert found(ours).held == {}


def test_only_candidates_are_read_again() -> None:
    assert found(["same", "other"]).near == set()
    seen = found(["same", "other"], ["worse", "crop"])
    assert seen.near == {"same", "worse", "crop"}
    assert seen.tables["sketches"][ImageSketch.digest].to_pylist() == [digest_of("same")]


def test_what_benchmarks_share_among_themselves_is_left_alone() -> None:
    assert found(["other"], ["same", "crop"]).near == set()


def test_without_alignment_only_equal_pixels_are_one_picture() -> None:
    seen = found(["same", "png", "worse", "crop"], radius=4, aligned=False)
    assert len({seen.pictures["same"], seen.pictures["png"]}) == 1
    assert {seen.pictures[name] for name in ("worse", "crop")} == {"worse", "crop"}
    assert seen.tables["sketches"].schema.field("grey").type == pa.large_binary()
    assert set(seen.tables["sketches"][ImageSketch.grey].to_pylist()) == {b""}


def test_blanks_are_one_picture_by_their_shade_and_cost_a_byte_each() -> None:
    shades = {f"{shade} {side}": encoded(Pillow.new("L", (side, side), shade), "PNG") for shade in (10, 200) for side in range(40, 50)}
    seen = found(list(shades), files=shades)
    assert {name.split()[0] for name, keeper in seen.pictures.items() if keeper == "10 49"} == {"10"}
    assert sorted(set(seen.pictures.values())) == ["10 49", "200 49"]
    assert {len(grey) for grey in seen.tables["sketches"][ImageSketch.grey].to_pylist()} == {1}


def test_images_of_the_same_pixels_are_sketched_once() -> None:
    files = {f"png {level}": encoded(PICTURE, "PNG", compress_level=level) for level in (1, 6)} | {"crop": COPIES["crop"]}
    seen = found(list(files), files=files)
    assert sorted(len(grey) > 0 for grey in seen.tables["sketches"][ImageSketch.grey].to_pylist()) == [False, True, True]
    assert len(set(seen.pictures.values())) == 1


def test_a_broken_image_is_known_by_its_bytes_alone() -> None:
    files = COPIES | {"broken": b"no image", "broken too": b"no image either"}
    seen = found(["broken", "same"], ["broken", "broken too"], files=files)
    assert seen.pictures == {"broken": "broken", "same": "same"}
    assert seen.held == {"broken": ("broken", "image")}


def test_every_image_of_every_shard_has_its_row_in_order() -> None:
    table = hash_images(images(*(image(name, bytes=COPIES[name]) for name in ("same", "crop"))), HashRecipe(HASH_VERSION))["hashes"]
    hashes = pa.concat_tables([sharded(table, [0, 0]), sharded(table, [3, 3])])
    near = find_near_images(hashes, NearRecipe(RADIUS, NEAR_VERSION))
    assert near["near"][SHARD].to_pylist() == [0, 0, 3, 3]
    assert near["pairs"].num_rows == 1
    sketches = sketch_images(images(*(image(name, bytes=COPIES[name]) for name in ("same", "crop"))), near["near"], SKETCH)["sketches"]
    made = join_images(hashes, near["pairs"], sharded(pa.concat_tables([sketches, sketches])), JoinRecipe(CONFIRM_VERSION))["pictures"]
    assert list(zip(made[SHARD].to_pylist(), made[Picture.digest].to_pylist(), strict=True)) == [
        (shard, digest) for shard in (0, 3) for digest in table["digest"].to_pylist()
    ]
    assert set(made[Picture.picture].to_pylist()) == {digest_of("same")}


def test_no_image_gives_no_row() -> None:
    assert found([]).pictures == {}
