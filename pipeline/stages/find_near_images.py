"""Find near images: which images may be one picture by their hashes, those of sources among themselves and with benchmarks'."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from pipeline.images.near import Candidate, Near, near, ranked
from schemas.graph import SHARD
from schemas.image import ImageHash
from schemas.picture import NearBenchmarkImage, NearImage, NearPair


@dataclass(frozen=True)
class NearRecipe:
    """How far apart two 64-bit hashes may be, and which search."""

    radius: int
    near_version: int


def find_near_images(hashes: pa.Table, recipe: NearRecipe, benchmark_hashes: pa.Table | None = None) -> dict[str, pa.Table]:
    """`near` by shard and `benchmark_near`: the images to be read again, by digest; `pairs`: what is to be compared, in order.

    What only benchmarks share among themselves is left alone.
    """
    images = ranked([*_candidates(hashes), *(_candidates(benchmark_hashes) if benchmark_hashes is not None else ())])
    found = near(images, recipe.radius, set(hashes[ImageHash.digest].to_pylist()))
    asked = {images[place].digest for place in found.candidates().tolist()}
    return {
        "near": _of_shards(hashes, asked),
        "benchmark_near": NearBenchmarkImage.from_rows({NearBenchmarkImage.digest: digest} for digest in _theirs(benchmark_hashes, asked)),
        "pairs": _pairs(images, found),
    }


def _candidates(hashes: pa.Table) -> Iterator[Candidate]:
    """What clustering knows of the images that decode, in order."""
    for values in zip(*(hashes[name].to_pylist() for name in Candidate._fields), strict=True):
        image = Candidate(*values)
        if image.phash64:
            yield image


def _of_shards(hashes: pa.Table, asked: set[str]) -> pa.Table:
    rows = zip(hashes[SHARD].to_pylist(), hashes[ImageHash.digest].to_pylist(), strict=True)
    return NearImage.from_rows({SHARD: shard, NearImage.digest: digest} for shard, digest in rows if digest in asked)


def _theirs(hashes: pa.Table | None, asked: set[str]) -> list[str]:
    return sorted(asked & set(hashes[ImageHash.digest].to_pylist())) if hashes is not None else []


def _pairs(images: Sequence[Candidate], found: Near) -> pa.Table:
    _, first = np.unique(found.classes, return_index=True)
    names = [images[place].digest for place in first.tolist()]
    left, right = ([names[group] for group in side.tolist()] for side in (found.left, found.right))
    return NearPair.from_rows({NearPair.one: one, NearPair.two: two} for one, two in zip(left, right, strict=True))
