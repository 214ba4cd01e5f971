"""Join images: which images are one picture, the keeper of each, and the image of each benchmark that shows it."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa

from pipeline.images.cluster import Drawn, Member, apart, joined
from pipeline.images.confirm import Sketch
from pipeline.images.near import Candidate, Near, classes_of, ranked
from schemas.example import Example
from schemas.graph import SHARD
from schemas.image import ImageHash
from schemas.picture import HeldImage, ImageSketch, NearPair, Picture, ShownBenchmarkImage, ShownImage

# Thumbnails of about 8 kB each, of two images a pair.
MOST_SHOWN = 4096
_MEMBER = (Picture.picture, Picture.distance, Picture.reason)


@dataclass(frozen=True)
class JoinRecipe:
    """Which comparison."""

    confirm_version: int


def join_images(
    hashes: pa.Table,
    pairs: pa.Table,
    sketches: pa.Table,
    recipe: JoinRecipe,
    benchmark: pa.Table | None = None,
    benchmark_hashes: pa.Table | None = None,
    benchmark_sketches: pa.Table | None = None,
) -> dict[str, pa.Table]:
    """`pictures`: one row an image of a source, in order; `held`: one an image and benchmark that shows its picture.

    `shown` and `benchmark_shown`: the images of the held pairs of least digest, so many that a person can look at them.
    """
    drawings = _Drawings([sketches, *([benchmark_sketches] if benchmark_sketches is not None else [])])
    tables = [hashes, *([benchmark_hashes] if benchmark_hashes is not None else [])]
    images = ranked([image for table in tables for image in _candidates(table, drawings)])
    members = joined(images, _near(images, pairs), drawings.draw)
    known = {image.digest: image for image in images}
    theirs = [_Theirs(name, digests, known, members, drawings) for name, digests in _benchmarks(benchmark)]
    pictures: list[Mapping[Any, Any]] = []
    held: list[Mapping[Any, Any]] = []
    for shard, digest in zip(hashes[SHARD].to_pylist(), hashes[ImageHash.digest].to_pylist(), strict=True):
        member = members.get(digest, Member(digest, 0, ""))
        pictures.append({SHARD: shard, Picture.digest: digest, **dict(zip(_MEMBER, member, strict=True))})
        for benchmark_held in theirs:
            found = benchmark_held.meet(digest, known.get(digest), member.keeper, drawings.pixels.get(digest, ""))
            if found:
                held.append({SHARD: shard, HeldImage.digest: digest, HeldImage.benchmark: benchmark_held.name, **found})
    return {"pictures": Picture.from_rows(pictures), "held": HeldImage.from_rows(held), **_shown(held)}


def _shown(held: list[Mapping[Any, Any]]) -> dict[str, pa.Table]:
    names = (HeldImage.digest, HeldImage.image)
    pairs = set(sorted({tuple(row[name] for name in names) for row in held})[:MOST_SHOWN])
    rows = [row for row in held if tuple(row[name] for name in names) in pairs]
    ours = dict.fromkeys((row[SHARD], row[HeldImage.digest]) for row in rows)
    return {
        "shown": ShownImage.from_rows({SHARD: shard, ShownImage.digest: digest} for shard, digest in ours),
        "benchmark_shown": ShownBenchmarkImage.from_rows(
            {ShownBenchmarkImage.digest: digest} for digest in sorted({row[HeldImage.image] for row in rows})
        ),
    }


class _Drawings:
    """What the second read gave, by image; sketches stay in their tables until they are asked for."""

    def __init__(self, tables: list[pa.Table]) -> None:
        self._tables = tables
        self.pixels: dict[str, str] = {}
        self._places: dict[str, tuple[int, int]] = {}
        self._of_pixels: dict[str, tuple[int, int]] = {}
        for number, table in enumerate(tables):
            columns = (table[name].to_pylist() for name in (ImageSketch.digest, ImageSketch.pixels, ImageSketch.down))
            for place, (digest, pixels, down) in enumerate(zip(*columns, strict=True)):
                self.pixels[digest] = pixels
                if down:
                    self._places.setdefault(digest, (number, place))
                    self._of_pixels.setdefault(pixels, (number, place))

    def draw(self, digest: str) -> Drawn:
        """What clustering compares; an image without a sketch has that of its pixels."""
        pixels = self.pixels[digest]
        place = self._places.get(digest) or (self._of_pixels.get(pixels) if pixels else None)
        return Drawn(pixels, self._sketch(*place) if place else None)

    def _sketch(self, number: int, place: int) -> Sketch:
        row = self._tables[number].slice(place, 1).to_pylist()[0]
        shape = row[ImageSketch.down], row[ImageSketch.across]
        grey = np.frombuffer(row[ImageSketch.grey], np.uint8)
        return Sketch(grey.reshape(shape) if grey.size > 1 else np.full(shape, grey[0]), row[ImageSketch.width], row[ImageSketch.height])


def _candidates(hashes: pa.Table, drawings: _Drawings) -> list[Candidate]:
    """The images that were read again."""
    rows = zip(*(hashes[name].to_pylist() for name in Candidate._fields), strict=True)
    return [image for row in rows if (image := Candidate(*row)).digest in drawings.pixels]


def _benchmarks(rows: pa.Table | None) -> list[tuple[str, list[str]]]:
    """The images of each benchmark, by its name."""
    found: defaultdict[str, set[str]] = defaultdict(set)
    if rows is not None:
        for name, images in zip(rows[Example.source].to_pylist(), rows[Example.images].to_pylist(), strict=True):
            found[name].update(images)
    return [(name, sorted(images)) for name, images in sorted(found.items())]


def _near(images: list[Candidate], pairs: pa.Table) -> Near:
    classes = classes_of(images)
    group = {image.digest: number for image, number in zip(images, classes.tolist(), strict=True)}
    left, right = (np.array([group[digest] for digest in pairs[side].to_pylist()], np.int64) for side in (NearPair.one, NearPair.two))
    return Near(classes, left, right)


class _Theirs:
    """The images of one benchmark: by digest, and by the picture that they show."""

    def __init__(
        self, name: str, digests: list[str], known: Mapping[str, Candidate], members: Mapping[str, Member], drawings: _Drawings
    ) -> None:
        self.name = name
        self._digests = set(digests)
        self._hashes: defaultdict[str, dict[bytes, str]] = defaultdict(dict)
        self._pixels: dict[str, tuple[str, bytes]] = {}
        for digest in digests:
            if digest in known:
                hash = known[digest].phash64
                self._hashes[members[digest].keeper].setdefault(hash, digest)
                self._pixels.setdefault(drawings.pixels[digest], (digest, hash))

    def meet(self, digest: str, image: Candidate | None, keeper: str, pixels: str) -> dict[Any, Any] | None:
        """The nearest image that shows the picture: the same bytes, the same pixels, the nearest hash, the least digest."""
        if digest in self._digests:
            return _told(digest, "image", 0)
        if image is None:
            return None
        if pixels and pixels in self._pixels:
            same, hash = self._pixels[pixels]
            return _told(same, "pixels", apart(image.phash64, hash))
        if keeper not in self._hashes:
            return None
        distance, nearest = min((apart(image.phash64, hash), name) for hash, name in self._hashes[keeper].items())
        return _told(nearest, "near", distance)


def _told(image: str, kind: str, distance: int) -> dict[Any, Any]:
    return {HeldImage.image: image, HeldImage.kind: kind, HeldImage.distance: distance}
