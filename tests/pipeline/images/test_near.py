"""Candidates: what has to be compared is found whatever the order, and few others are."""

import hashlib

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageOps

from pipeline.images.near import Candidate, near, ranked
from pipeline.images.phash import perceptual_hashes
from schemas.errors import UsageError
from tests.fixtures.pictures import drawn, encoded

PICTURE = drawn(1, (420, 360)).convert("RGB")


def candidate(data: bytes) -> Candidate:
    return Candidate(hashlib.sha256(data).hexdigest(), *perceptual_hashes(data)[:5], len(data))


def captioned() -> bytes:
    image = PICTURE.copy()
    ImageDraw.Draw(image).text((12, 12), "Figure 3A LEFT", fill=(255, 255, 255), font_size=16)
    return encoded(image)


@pytest.mark.parametrize(
    "copy",
    [
        encoded(PICTURE, quality=30),
        encoded(PICTURE.resize((210, 180))),
        encoded(PICTURE.crop((13, 11, 407, 349))),
        encoded(ImageOps.expand(PICTURE, (0, 18), (0, 0, 0))),
        encoded(ImageOps.expand(PICTURE, 13, (255, 255, 255))),
        encoded(PICTURE.convert("L"), "PNG"),
        captioned(),
    ],
    ids=["JPEG 30", "half the size", "crop 3 %", "letterbox", "white border", "grey PNG", "caption"],
)
def test_a_copy_is_a_candidate(copy: bytes) -> None:
    others = [candidate(encoded(drawn(seed, shape=seed))) for seed in range(2, 6)]
    images = ranked([candidate(encoded(PICTURE)), candidate(copy), *others])
    found = near(images)
    assert {images[place].digest for place in found.candidates()} >= {candidate(encoded(PICTURE)).digest, candidate(copy).digest}


def test_other_proportions_are_no_candidate() -> None:
    wide, tall = encoded(PICTURE.resize((420, 300))), encoded(PICTURE.resize((300, 420)))
    assert len(near([candidate(wide), candidate(tall)]).candidates()) == 0


def test_ten_thousand_images_of_one_hash_are_one_class_without_a_pair() -> None:
    images = [Candidate(f"{number:064x}", bytes(8), bytes(32), bytes(8), 10 + number % 7, 10, number) for number in range(10_000)]
    found = near(images)
    assert (len(np.unique(found.classes)), len(found.left), len(found.candidates())) == (1, 0, 10_000)


def test_no_order_of_images_changes_what_is_found() -> None:
    files = [encoded(drawn(seed, shape=seed % 2)) for seed in range(6)] + [encoded(Image.new("L", (60, 50), 9), "PNG")]
    images = [candidate(data) for data in files]
    told = near(ranked(images)), near(ranked(images[::-1]))
    assert all(np.array_equal(one, two) for one, two in zip(*told, strict=True))
    assert len(near([]).candidates()) == 0


def test_a_radius_that_says_nothing_is_refused() -> None:
    with pytest.raises(UsageError, match="64 bits"):
        near([candidate(encoded(PICTURE)), candidate(encoded(drawn(2)))], radius=40)
