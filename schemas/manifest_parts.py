"""Parts of the manifest's sections: their words and bounds, what is one picture, what becomes of leaks, whom a teacher follows."""

import datetime
import re
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Discriminator, Field, Tag, field_validator, model_validator

from schemas.licences import BY_ROW, UNKNOWN, terms_of

DAY = re.compile(r"\d{4}([.-])\d{2}\1\d{2}")
NAME = re.compile(r"[a-z0-9][a-z0-9_.-]*")
Name = Annotated[str, Field(pattern=rf"^{NAME.pattern}$", max_length=64)]
Usd = Annotated[float, Field(ge=0.0, le=1e9, allow_inf_nan=False)]
MOST_SAMPLES = 1024


class Section(BaseModel):
    """A table of the manifest: frozen, and closed to unknown keys."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class Near(Section):
    """When two images are one picture: hashes within the radius, confirmed by their aligned pixels."""

    hash: Literal["phash64"] = "phash64"
    radius: int = Field(default=18, ge=0, le=24)
    confirm: Literal["pixels"] = "pixels"


class Images(Section):
    """Which images count as one picture (with `near = "none"` those of equal bytes or pixels alone), how large they are published, and which of several frames is."""

    near: Near | Literal["none"] = Near()
    max_pixels: int | None = Field(default=None, ge=1024)
    frame: Literal["first", "middle", "refuse"] = "first"

    @property
    def radius(self) -> int:
        """How far apart the hashes of images may be that have to be compared: a JPEG and a PNG of equal pixels differ by up to 4 bits."""
        return 4 if self.near == "none" else self.near.radius


class Texts(Section):
    """What becomes of questions in nearly the same words: whose runs of three words have at least this Jaccard similarity.

    `report`: they are listed and share a split; `drop`: of two that ask the same in other grammar the first stays; `off`: none is looked for.
    """

    near: Literal["report", "drop", "off"] = "report"
    threshold: float = Field(default=0.8, ge=0.5, le=1.0)


class OverlapRule(Section):
    """What is done about some of the findings of overlap with benchmarks; of several rules the first that speaks of one decides."""

    decision: Literal["keep", "drop"]
    why: str = Field(min_length=1)
    benchmark: Name | None = None
    source: Name | None = None
    kind: Literal["image", "question", "case"] | None = None
    rule: str | None = None
    row: str | None = None
    id: str | None = None
    below: float | None = Field(default=None, ge=0.0)
    at_least: float | None = Field(default=None, ge=0.0)

    @model_validator(mode="after")
    def _speaks_of_something(self) -> Self:
        if not self.model_fields_set - {"decision", "why"}:
            raise ValueError("say which findings: at least one of benchmark, source, kind, rule, row, id, below, at_least")
        return self


class Price(Section):
    """What a model costs, in USD per million tokens; `cached`: prompt tokens that the server had cached."""

    input: Usd
    output: Usd
    cached: Usd | None = None


class Cap(Section):
    """Most samples of questions whose pass rate in the first round lies between two bounds."""

    pass_rate: tuple[Annotated[float, Field(ge=0.0, le=1.0)], Annotated[float, Field(ge=0.0, le=1.0)]]
    samples: int = Field(ge=1, le=MOST_SAMPLES)


class After(Section):
    """Which questions of an earlier teacher go on to the next: those it has too few correct answers to."""

    teacher: Name
    correct_below: int | None = Field(default=None, ge=1)
    pass_rate_below: float | None = Field(default=None, gt=0.0, le=1.0)

    @model_validator(mode="after")
    def _asks_one_thing(self) -> Self:
        if self.correct_below is not None and self.pass_rate_below is not None:
            raise ValueError("correct_below and pass_rate_below exclude each other")
        return self


class Shot(Section):
    """A solved question that a teacher is shown before the one it is asked."""

    question: str = Field(min_length=1)
    context: str = ""
    options: tuple[str, ...] = Field(default=(), max_length=26)
    thought: str = ""
    answer: str = Field(min_length=1)

    @model_validator(mode="after")
    def _answers_with_a_letter(self) -> Self:
        letters = [chr(ord("A") + place) for place in range(len(self.options))]
        if self.options and self.answer not in letters:
            raise ValueError(f"the answer to a question with options is one of {', '.join(letters)}, not {self.answer!r:.40}")
        return self


def day_of(text: str) -> str:
    """The day that a text like 2026-12-01 or 2026.12.01 names, as YYYY-MM-DD; '' where it names none."""
    try:
        return datetime.date.fromisoformat(text.replace(".", "-")).isoformat() if DAY.fullmatch(text) else ""
    except ValueError:
        return ""


class Publish(Section):
    """How the corpus goes out: under which licence, as published on which day (YYYY-MM-DD), and whether texts are cut into pages by their content."""

    license: str = Field(default="", max_length=64)
    date: str = Field(default="")
    content_defined_chunking: bool = False

    @field_validator("date")
    @classmethod
    def _is_a_day(cls, date: str) -> str:
        if date and not day_of(date):
            raise ValueError("a day as YYYY-MM-DD")
        return date

    @field_validator("license")
    @classmethod
    def _is_known(cls, license: str) -> str:
        if license not in ("", BY_ROW) and terms_of(license) == UNKNOWN:
            raise ValueError(f'"{BY_ROW}" or a licence that schemas/licences.py lists')
        return license


class Privacy(Section):
    """What becomes of texts that hold identifiers of persons.

    `report`: they are counted, and none goes to a remote teacher; `mask` and `drop`: they are masked or left out; `off`: none is looked for.
    `pictures`: of pictures that show rows of letters near their borders: they stay as they are and an audit counts them, the letters are
    painted over, or their rows are left out. `presidio`: the spaCy pipeline with which Presidio looks too, or "patterns".
    """

    identifiers: Literal["report", "mask", "drop", "off"] = "report"
    presidio: str = Field(default="", max_length=64, pattern=r"^[a-z0-9_]*$")
    pictures: Literal["report", "mask", "drop"] = "report"


class Split(Section):
    """How much is held out."""

    heldout: float = Field(default=0.0, ge=0.0, lt=1.0)


class Budget(Section):
    """The most that all teachers and the judge may spend on this corpus, whoever builds it and how often."""

    usd: Usd | None = None
    tokens: int | None = Field(default=None, ge=0)


class Capped(Section):
    """What takes budgets of its own, in money and in tokens of prompts and completions."""

    budget_usd: Usd | None = None
    budget_tokens: int | None = Field(default=None, ge=0)


class ShotsFrom(Section):
    """Solved questions to be shown that are taken from a source of the manifest: so many of those that go on to be trained on."""

    source: Name
    n: int = Field(ge=1, le=16)


def _shots_tag(value: object) -> str:
    return "tuple[from]" if isinstance(value, (dict, ShotsFrom)) else "tuple[list]"


# The tags stand in no error: `read_manifest` leaves out what begins so.
Shots = Annotated[
    Annotated[tuple[Shot, ...], Field(max_length=16), Tag("tuple[list]")] | Annotated[ShotsFrom, Tag("tuple[from]")],
    Discriminator(_shots_tag),
]
