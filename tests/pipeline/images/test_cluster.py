"""Clusters: which images are one picture, and which of them is kept."""

import hashlib
import random

import numpy as np
import pytest
from PIL import Image

from pipeline.images.cluster import Drawn, Member, cluster
from pipeline.images.confirm import sketch
from pipeline.images.near import Candidate
from pipeline.images.phash import perceptual_hashes
from schemas.errors import UsageError
from tests.fixtures.pictures import drawn, encoded


def candidate(data: bytes) -> Candidate:
    found = perceptual_hashes(data)
    return Candidate(hashlib.sha256(data).hexdigest(), *found[:5], len(data))


def clusters(files: list[bytes], **options) -> list[Member]:
    """The member of each file."""
    known = {candidate(data).digest: data for data in files}
    found = cluster([candidate(data) for data in files], lambda digest: Drawn("", sketch(known[digest])), **options)
    return [found[candidate(data).digest] for data in files]


def digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def test_keeps_the_most_pixels_then_the_most_bytes_then_the_least_digest():
    picture = drawn(1, (400, 300))
    small, worse, best = encoded(picture.resize((200, 150))), encoded(picture, quality=40), encoded(picture, quality=90)
    assert {member.keeper for member in clusters([small, worse, best])} == {digest(best)}
    assert {member.keeper for member in clusters([small, worse])} == {digest(worse)}
    twins = [Candidate(name * 64, bytes(8), bytes(32), bytes(8), 10, 10, 5) for name in "ba"]
    flat = sketch(encoded(Image.new("L", (10, 10)), "PNG"))
    assert {member.keeper for member in cluster(twins, lambda _: Drawn("", flat)).values()} == {"a" * 64}


def test_no_order_of_images_changes_a_cluster():
    files = [encoded(drawn(seed, shape=seed % 2), quality=quality) for seed in range(3) for quality in (40, 90)]
    expected = {digest(data): member for data, member in zip(files, clusters(files), strict=True)}
    assert len({member.keeper for member in expected.values()}) == 3
    for seed in range(2):
        mixed = random.Random(seed).sample(files, len(files))
        assert {digest(data): member for data, member in zip(mixed, clusters(mixed), strict=True)} == expected


def test_pictures_of_one_anatomy_stay_alone_though_their_hashes_are_near():
    files = [encoded(drawn(seed, shape=3)) for seed in range(5)]
    hashes = [int.from_bytes(candidate(data).phash64) for data in files]
    assert min((hashes[0] ^ other).bit_count() for other in hashes[1:]) <= 18
    assert [member.reason for member in clusters(files)] == [""] * 5


def test_a_narrower_radius_compares_less():
    picture = drawn(1, (400, 300))
    files = [encoded(picture), encoded(picture.crop((14, 10, 386, 290)))]
    distance = clusters(files)[1].distance
    assert distance > 0
    assert clusters(files, radius=distance - 1)[1] == Member(digest(files[1]), 0, "")


def test_an_image_that_cannot_be_sketched_stays_alone():
    files = [candidate(encoded(drawn(1), quality=quality)) for quality in (50, 90)]
    assert {member.reason for member in cluster(files, lambda _: Drawn("", None)).values()} == {""}


def test_flat_images_of_one_hash_are_kept_apart_by_shade():
    files = [encoded(Image.new("L", (60, 50), shade), "PNG") for shade in (10, 90, 200)]
    files += [encoded(Image.new("RGB", (60, 50), (90, 90, 90)), "BMP")]
    assert len({member.keeper for member in clusters(files)}) == 3


def test_a_second_read_is_made_of_candidates_only():
    files = {candidate(data).digest: data for data in (encoded(drawn(seed, shape=seed)) for seed in range(6))}
    words = [int.from_bytes(candidate(data).phash64) for data in files.values()]
    apart = np.array([[(one ^ two).bit_count() for two in words] for one in words])
    near = {name for name, row in zip(files, apart, strict=True) if (row <= 6).sum() > 1}
    asked = set()
    cluster([candidate(data) for data in files.values()], lambda name: asked.add(name) or Drawn("", sketch(files[name])), radius=6)
    assert asked == near


def test_a_radius_that_says_nothing_is_refused():
    with pytest.raises(UsageError, match="64 bits"):
        clusters([encoded(drawn(1)), encoded(drawn(2, shape=2))], radius=40)
    assert cluster([], lambda _: Drawn("", None)) == {}
