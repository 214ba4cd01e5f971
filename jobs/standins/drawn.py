"""What stand-ins are made of: pictures of random blobs and invented questions, the same for the same seed."""

import io
from typing import Any, NamedTuple

import numpy as np
from PIL import Image, ImageDraw

PEOPLE = ("farmer", "teacher", "sailor", "cook", "nurse", "student", "driver", "painter", "singer", "baker", "gardener", "pilot")
SIGNS = (
    "a cough",
    "a fever",
    "weight loss",
    "chest pain",
    "a rash",
    "joint pain",
    "headache",
    "vomiting",
    "blurred vision",
    "swollen legs",
)
PLACES = ("after a journey", "since the spring", "for three days", "at night", "on climbing stairs", "after meals", "since a fall")
OPTIONS = (
    "a blood count",
    "a chest radiograph",
    "an electrocardiogram",
    "an ultrasound scan",
    "a lumbar puncture",
    "a skin biopsy",
    "rest",
)


class Question(NamedTuple):
    """An invented question with four options, one of them right."""

    stem: str
    options: tuple[str, ...]
    gold: int

    @property
    def letter(self) -> str:
        """The gold's letter."""
        return "ABCDEFGHIJ"[self.gold]

    @property
    def answer(self) -> str:
        """The gold's text."""
        return self.options[self.gold]


def dice(name: str, seed: int) -> np.random.Generator:
    """Random numbers that belong to a name and a seed."""
    return np.random.default_rng([seed, *name.encode()])


def question(roll: np.random.Generator, place: int, count: int = 4) -> Question:
    """One question; the place keeps questions of a set apart."""
    first, second = roll.choice(len(SIGNS), 2, replace=False)
    stem = (
        f"Case {place}: a {roll.integers(18, 90)}-year-old {PEOPLE[roll.integers(len(PEOPLE))]} has {SIGNS[first]} and {SIGNS[second]} "
        f"{PLACES[roll.integers(len(PLACES))]}; pulse {roll.integers(50, 130)}, {roll.integers(1000, 9999)} ml of urine. What comes first?"
    )
    options = tuple(OPTIONS[at] for at in roll.choice(len(OPTIONS), count, replace=False))
    return Question(stem, options, int(roll.integers(count)))


def pixels(roll: np.random.Generator, width: int = 96, height: int = 80, *, colour: bool = False) -> np.ndarray[Any, Any]:
    """A picture of blobs on noise."""
    image = Image.new("RGB", (width, height), tuple(int(value) for value in roll.integers(0, 90, 3)))
    draw = ImageDraw.Draw(image)
    for _ in range(9):
        left, top = int(roll.integers(0, width)), int(roll.integers(0, height))
        wide, high = int(roll.integers(width // 10, width // 2)), int(roll.integers(height // 10, height // 2))
        draw.ellipse((left, top, left + wide, top + high), fill=tuple(int(value) for value in roll.integers(0, 256, 3)))
    array = np.asarray(image, np.uint8)
    return array if colour else array.mean(axis=2).astype(np.uint8)


def encoded(array: np.ndarray[Any, Any], format: str = "JPEG") -> bytes:
    """The picture as a file."""
    held = io.BytesIO()
    Image.fromarray(array).save(held, format, quality=90)
    return held.getvalue()


def jpeg(roll: np.random.Generator, width: int = 96, height: int = 80) -> bytes:
    """A JPEG of blobs."""
    return encoded(pixels(roll, width, height))
