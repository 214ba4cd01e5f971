"""Clusters of images that are one picture, each with the image that is kept, by a rule that no order of input changes.

Of a cluster the image with the most pixels is kept, of those the one with the most bytes, of those the least digest.
"""

from collections import OrderedDict, defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from itertools import product
from typing import NamedTuple

from pipeline.images.confirm import Same, Sketch, compare, sketch
from pipeline.images.near import RADIUS, Candidate, Near, near, ranked

_KEPT_DRAWINGS = 2048


class Drawn(NamedTuple):
    """What a second read of an image gives: the digest of its pixels ('' where not taken) and its sketch (none where not taken)."""

    pixels: str
    sketch: Sketch | None


Draw = Callable[[str], Drawn]


def sketch_of(data: bytes) -> Sketch | None:
    """The picture made small; none where it cannot be."""
    try:
        return sketch(data)
    except MemoryError:
        raise
    except Exception:
        return None


class Member(NamedTuple):
    """An image's keeper (itself where it is alone or kept), the Hamming distance to it, and how they were found to be one."""

    keeper: str
    distance: int
    reason: str


@dataclass
class _Drawings:
    """The drawings last used: a second read of an image, made only where it is a candidate."""

    draw: Draw
    kept: OrderedDict[str, Drawn] = field(default_factory=OrderedDict)

    def __getitem__(self, digest: str) -> Drawn:
        if digest in self.kept:
            self.kept.move_to_end(digest)
        else:
            self.kept[digest] = self.draw(digest)
            if len(self.kept) > _KEPT_DRAWINGS:
                self.kept.popitem(last=False)
        return self.kept[digest]


class _Forest:
    """Joined sets; the root is the member of least rank."""

    def __init__(self, size: int) -> None:
        self.parents = list(range(size))

    def root(self, place: int) -> int:
        while self.parents[place] != place:
            self.parents[place] = self.parents[self.parents[place]]
            place = self.parents[place]
        return place

    def join(self, one: int, two: int) -> None:
        low, high = sorted((self.root(one), self.root(two)))
        self.parents[high] = low


def cluster(candidates: Iterable[Candidate], draw: Draw, radius: int = RADIUS) -> dict[str, Member]:
    """For each image's digest its keeper. `draw` reads an image again, by digest.

    Raises: UsageError where the radius does not fit 64 bits.
    """
    images = ranked(list(candidates))
    return joined(images, near(images, radius), draw)


def joined(images: Sequence[Candidate], found: Near, draw: Draw) -> dict[str, Member]:
    """For each digest of ranked images its keeper: clusters are what confirmed pairs connect."""
    forest, drawings = _Forest(len(images)), _Drawings(draw)
    leaders: defaultdict[int, list[int]] = defaultdict(list)
    for place in found.candidates().tolist():
        group = leaders[int(found.classes[place])]
        leader = next((leader for leader in group if _same(images, leader, place, drawings)), None)
        if leader is None:
            group.append(place)
        else:
            forest.join(leader, place)
    for left, right in zip(found.left.tolist(), found.right.tolist(), strict=True):
        for one, two in product(leaders[left], leaders[right]):
            if forest.root(one) != forest.root(two) and _same(images, one, two, drawings):
                forest.join(one, two)
    return {image.digest: _member(image, images[forest.root(place)], drawings) for place, image in enumerate(images)}


def apart(one: bytes, two: bytes) -> int:
    """The bits in which two hashes differ."""
    return (int.from_bytes(one) ^ int.from_bytes(two)).bit_count()


def _member(image: Candidate, keeper: Candidate, drawings: _Drawings) -> Member:
    if keeper is image:
        return Member(image.digest, 0, "")
    pixels = drawings[image.digest].pixels
    same = bool(pixels) and pixels == drawings[keeper.digest].pixels
    return Member(keeper.digest, apart(image.phash64, keeper.phash64), "same pixels" if same else Same.YES.value)


def _same(images: Sequence[Candidate], one: int, two: int, drawings: _Drawings) -> bool:
    first, second = drawings[images[one].digest], drawings[images[two].digest]
    if first.pixels and first.pixels == second.pixels:
        return True
    return first.sketch is not None and second.sketch is not None and compare(first.sketch, second.sketch).same is Same.YES
