"""The steps that find out which images are one picture, and how large they are shown."""

from jobs.steps.given import Input, hash_name, ingest_name, sketch_name
from pipeline.images.bound import BOUND_VERSION
from pipeline.images.confirm import CONFIRM_VERSION
from pipeline.images.decode import MEASURE_VERSION
from pipeline.images.mask import MASK_VERSION
from pipeline.images.near import NEAR_VERSION
from pipeline.images.phash import HASH_VERSION
from pipeline.stages import bound_images, find_near_images, hash_images, join_images, sketch_images
from pipeline.step import Fan, Read, Step
from schemas.contract import Column
from schemas.example import Example
from schemas.image import Image, ImageHash, Lettered
from schemas.manifest import Manifest
from schemas.picture import (
    HeldImage,
    ImageSketch,
    NearBenchmarkImage,
    NearImage,
    NearPair,
    Picture,
    ShownBenchmarkImage,
    ShownImage,
)

SKETCHES_IN_GROUP = 256


def hash_step(name: str, over: str) -> Step:
    """Hash images: what is measured of every image that a step writes."""
    reads = (Read("images", over, "images", (Image.digest, Image.bytes, Image.fault)),)
    return Step(name, 2, Fan.MAP, hash_images.hash_images, hash_images.HashRecipe(HASH_VERSION), reads, {"hashes": ImageHash})


def picture_steps(manifest: Manifest, benchmarks: list[Input]) -> list[Step]:
    """From hashes to pictures: candidates by hash, their second read, and which of them are one picture."""
    sketches = [_sketch_step(manifest, "sketch_images", "gather", "near")]
    sketches += [_sketch_step(manifest, sketch_name(item), ingest_name(item), "benchmark_near") for item in benchmarks]
    return [_near_step(manifest, benchmarks), *sketches, _join_step(benchmarks)]


def _near_step(manifest: Manifest, benchmarks: list[Input]) -> Step:
    recipe = find_near_images.NearRecipe(manifest.images.radius, NEAR_VERSION)
    writes = {"near": NearImage, "benchmark_near": NearBenchmarkImage, "pairs": NearPair}
    reads = tuple(_hashes(benchmarks))
    return Step("find_near_images", 1, Fan.REDUCE, find_near_images.find_near_images, recipe, reads, writes)


def _sketch_step(manifest: Manifest, name: str, over: str, near: str) -> Step:
    recipe = sketch_images.SketchRecipe(MEASURE_VERSION, CONFIRM_VERSION, manifest.images.near != "none")
    asked = Read("near", "find_near_images", near, (NearImage.digest,), whole=near != "near")
    reads = (Read("images", over, "images", (Image.digest, Image.bytes), named_by="near"), asked)
    parquet = {"sketches": {"row_group_size": SKETCHES_IN_GROUP}}
    return Step(name, 1, Fan.MAP, sketch_images.sketch_images, recipe, reads, {"sketches": ImageSketch}, parquet=parquet)


def _join_step(benchmarks: list[Input]) -> Step:
    reads = [*_hashes(benchmarks), Read("pairs", "find_near_images", "pairs")]
    reads.append(Read("sketches", "sketch_images", "sketches", on_disk=True))
    for item in benchmarks:
        reads.append(Read("benchmark", ingest_name(item), "examples", (Example.source, Example.images)))
        reads.append(Read("benchmark_sketches", sketch_name(item), "sketches", on_disk=True))
    recipe = join_images.JoinRecipe(CONFIRM_VERSION)
    writes = {"pictures": Picture, "held": HeldImage, "shown": ShownImage, "benchmark_shown": ShownBenchmarkImage}
    return Step("join_images", 2, Fan.REDUCE, join_images.join_images, recipe, tuple(reads), writes)


def _hashes(benchmarks: list[Input]) -> list[Read]:
    columns: tuple[Column, ...] = tuple(column for column in ImageHash.columns if column != ImageHash.fault)
    theirs = [Read("benchmark_hashes", hash_name(item), "hashes", columns) for item in benchmarks]
    return [Read("hashes", "hash_images", "hashes", columns), *theirs]


def bound_steps(manifest: Manifest) -> list[Step]:
    """Bound images: smaller copies in place of large images, masked ones of those with letters; none where the manifest asks neither."""
    if shown_by(manifest) == "gather":
        return []
    reads = (Read("images", "gather", "images"),)
    writes = {"images": Image, "lettered": Lettered}
    return [Step("bound_images", 2, Fan.MAP, bound_images.bound_images, bound_recipe(manifest), reads, writes)]


def bound_recipe(manifest: Manifest) -> bound_images.BoundRecipe:
    """What becomes of images before they are shown."""
    letters = MASK_VERSION if manifest.privacy.pictures == "mask" else 0
    return bound_images.BoundRecipe(manifest.images.max_pixels or 0, BOUND_VERSION, letters)


def shown_by(manifest: Manifest) -> str:
    """The step whose images are sent to teachers and published."""
    return "gather" if manifest.images.max_pixels is None and manifest.privacy.pictures != "mask" else "bound_images"
