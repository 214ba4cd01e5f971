"""Clusters of images that are one picture, each with the image that is kept, by a rule that no order of input changes.

Of a cluster the image with the most pixels is kept, of those the one with the most bytes, of those the least digest.
"""

from collections import OrderedDict, defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from itertools import product
from typing import NamedTuple

from pipeline.images.confirm import Same, Sketch, compare
from pipeline.images.hamming import as_words, distinct, iter_near_pairs

RADIUS = 18
_KEPT_SKETCHES = 2048


class Candidate(NamedTuple):
    """What clustering knows of an image: its digest, hash, upright size and length."""

    digest: str
    phash64: bytes
    width: int
    height: int
    size: int

    @property
    def rank(self) -> tuple[int, int, str]:
        """The keeper's rule: the least rank is kept."""
        return -self.width * self.height, -self.size, self.digest


class Member(NamedTuple):
    """An image's keeper (itself where it is alone or kept), the Hamming distance to it, and how they were found to be one."""

    keeper: str
    distance: int
    reason: str


@dataclass
class _Sketches:
    """The sketches last used: a second read of an image, made only where it is a candidate."""

    draw: Callable[[str], Sketch | None]
    kept: OrderedDict[str, Sketch | None] = field(default_factory=OrderedDict)

    def __getitem__(self, digest: str) -> Sketch | None:
        if digest in self.kept:
            self.kept.move_to_end(digest)
        else:
            self.kept[digest] = self.draw(digest)
            if len(self.kept) > _KEPT_SKETCHES:
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


def cluster(candidates: Iterable[Candidate], draw: Callable[[str], Sketch | None], radius: int = RADIUS) -> dict[str, Member]:
    """For each image's digest its keeper. `draw` gives the sketch of an image by digest, none where it does not decode.

    Images whose hashes are within the radius are compared by their pixels, and clusters are what such pairs connect.
    Raises: UsageError where the radius does not fit 64 bits.
    """
    ranked = sorted({candidate.digest: candidate for candidate in candidates}.values(), key=lambda candidate: candidate.rank)
    forest, sketches = _Forest(len(ranked)), _Sketches(draw)
    if ranked:
        _connect(ranked, forest, sketches, radius)
    members: dict[str, Member] = {}
    for place, candidate in enumerate(ranked):
        keeper = ranked[forest.root(place)]
        apart = (int.from_bytes(candidate.phash64) ^ int.from_bytes(keeper.phash64)).bit_count()
        members[candidate.digest] = Member(keeper.digest, apart, "" if keeper is candidate else "same picture")
    return members


def _connect(ranked: Sequence[Candidate], forest: _Forest, sketches: _Sketches, radius: int) -> None:
    words, groups = distinct(as_words([candidate.phash64 for candidate in ranked]))
    leaders: defaultdict[int, list[int]] = defaultdict(list)
    for place, group in enumerate(groups.tolist()):
        leader = next((leader for leader in leaders[group] if _same(ranked, leader, place, sketches)), None)
        if leader is None:
            leaders[group].append(place)
        else:
            forest.join(leader, place)
    for pairs in iter_near_pairs(words, radius):
        for left, right in zip(pairs.left.tolist(), pairs.right.tolist(), strict=True):
            for one, two in product(leaders[left], leaders[right]):
                if forest.root(one) != forest.root(two) and _same(ranked, one, two, sketches):
                    forest.join(one, two)


def _same(ranked: Sequence[Candidate], one: int, two: int, sketches: _Sketches) -> bool:
    first, second = sketches[ranked[one].digest], sketches[ranked[two].digest]
    return first is not None and second is not None and compare(first, second).same is Same.YES
