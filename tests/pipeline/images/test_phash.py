"""Perceptual hashes: what they are beside imagehash's, and what does not move them."""

from io import BytesIO

import numpy as np
import pytest
from PIL import Image

from pipeline.images.phash import Hashes, perceptual_hashes, perceptual_hashes_of
from tests.fixtures.pictures import drawn, encoded, exif


def bits(one: bytes, two: bytes) -> int:
    return (int.from_bytes(one) ^ int.from_bytes(two)).bit_count()


def reference(data: bytes) -> tuple[bytes, bytes, bytes]:
    """Imagehash's three hashes."""
    imagehash = pytest.importorskip("imagehash")
    image = Image.open(BytesIO(data))
    found = imagehash.phash(image), imagehash.phash(image, hash_size=16), imagehash.dhash(image)
    return tuple(np.packbits(one.hash).tobytes() for one in found)  # pyright: ignore[reportReturnType]


FILES = [
    *(encoded(drawn(seed, (301 + 53 * seed, 259 + 31 * seed), seed).convert("RGB"), quality=80) for seed in range(6)),
    encoded(drawn(7, shape=7), "PNG"),
    encoded(drawn(8, shape=8).convert("P"), "PNG"),
    encoded(drawn(9, (1400, 1100), 9), "PNG"),
    encoded(drawn(10, shape=10).convert("CMYK"), "JPEG"),
    encoded(drawn(11, (90, 70), 11), "BMP"),
]


@pytest.mark.parametrize("data", FILES)
def test_hashes_are_near_to_those_of_imagehash(data):
    found, known = perceptual_hashes(data), reference(data)
    assert bits(found.phash64, known[0]) <= 2
    assert bits(found.phash256, known[1]) <= 8
    assert bits(found.dhash64, known[2]) <= 4


@pytest.mark.parametrize("data", FILES)
def test_exact_hashes_are_those_of_imagehash_to_the_bit(data):
    found = perceptual_hashes(data, exact=True)
    assert (found.phash64, found.phash256, found.dhash64) == reference(data)


def test_orientation_is_applied_before_hashing():
    stored = drawn(1).convert("RGB")
    told = perceptual_hashes(encoded(stored, quality=95, exif=exif(6)))
    turned = perceptual_hashes(encoded(stored.transpose(Image.Transpose.ROTATE_270), quality=95))
    assert bits(told.phash64, turned.phash64) <= 2
    assert (told.width, told.height) == (turned.width, turned.height) == (260, 320)
    assert perceptual_hashes(encoded(stored, quality=95, exif=exif(6)), exact=True).width == 260


def test_sixteen_bit_pictures_that_clip_alike_hash_apart():
    files = [encoded(Image.fromarray(np.asarray(drawn(seed, shape=seed), np.uint16) * 60 + 300), "PNG") for seed in range(8)]
    assert len({found.phash64 for found in perceptual_hashes_of(files)}) == 8
    assert len({perceptual_hashes(data, exact=True).phash64 for data in files}) == 8


@pytest.mark.parametrize("exact", [False, True])
def test_a_sixteen_bit_picture_hashes_near_to_its_eight_bit_copy(exact):
    shades = np.asarray(drawn(1))
    deep = Image.fromarray(shades.astype(np.uint16) * 200 + 4000)
    one, two = (perceptual_hashes(encoded(image, "PNG"), exact=exact) for image in (deep, Image.fromarray(shades)))
    assert bits(one.phash64, two.phash64) <= 4


@pytest.mark.parametrize("shade", [1, 60, 128, 255])
def test_flat_pictures_have_one_hash_whatever_their_shade_and_size(shade):
    flat = [perceptual_hashes(encoded(Image.new("L", size, shade), "PNG")) for size in ((64, 64), (301, 259), (2000, 1500))]
    assert {found.phash64 for found in flat} == {bytes.fromhex("8000000000000000")}
    assert {found.dhash64 for found in flat} == {bytes(8)}


@pytest.mark.parametrize(
    ("data", "fault"),
    [
        (b"", "not an image"),
        (b"hello", "not an image"),
        (encoded(drawn(1))[:3000], "truncated image"),
        (encoded(drawn(1), "PNG")[:3000], "truncated image"),
    ],
)
def test_a_broken_image_is_told_and_not_raised(data, fault):
    assert perceptual_hashes(data) == Hashes(b"", b"", b"", 0, 0, fault)
