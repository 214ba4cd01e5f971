"""The manifest: what a person asks for, as frozen models that refuse unknown keys."""

import json
import tomllib
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, Field, ValidationError, field_validator, model_validator

from schemas.errors import ManifestError
from schemas.manifest_parts import (
    MOST_SAMPLES,
    After,
    Budget,
    Cap,
    Capped,
    Images,
    Name,
    Near,
    OverlapRule,
    Price,
    Privacy,
    Publish,
    Select,
    Shot,
    Shots,
    ShotsFrom,
    Split,
    Texts,
)
from schemas.manifest_parts import Section as _Model
from schemas.manifest_source import Dataset, GoldColumn
from schemas.manifest_stage import Stage

IMPORTED = "imported"


class Teacher(Capped):
    """A model that is asked for traces; `model = "none"` makes the gold the completion."""

    name: Name
    model: str
    revision: str = Field(default="", max_length=256)
    sees: tuple[Literal["text", "image"], ...] = Field(default=("text",))
    prompt: Name = "boxed"
    system: str = Field(default="", max_length=32_768)
    shots: Shots = ()
    structure: Literal["think_boxed"] | None = None
    samples: int = Field(default=1, ge=1, le=MOST_SAMPLES)
    rounds: tuple[Annotated[int, Field(ge=1)], ...] | None = None
    until_correct: int | None = Field(default=None, ge=1)
    caps: tuple[Cap, ...] = ()
    after: After | None = None
    temperature: float = Field(default=1.0, ge=0.0, le=2.0)
    top_p: float = Field(default=1.0, gt=0.0, le=1.0)
    max_tokens: int = Field(default=8192, ge=1)
    price: Price | None = None

    @field_validator("sees")
    @classmethod
    def _sees_something(cls, sees: tuple[str, ...]) -> tuple[str, ...]:
        if not sees:
            raise ValueError('at least one of "text", "image"')
        return tuple(sorted(set(sees), reverse=True))

    @model_validator(mode="after")
    def _rounds_make_sense(self) -> Self:
        if self.rounds is None:
            if self.until_correct or self.caps:
                raise ValueError("until_correct and caps decide between rounds: say rounds = [4, 4, 8] instead of samples")
            return self
        if "samples" in self.model_fields_set:
            raise ValueError("samples and rounds exclude each other: the rounds add up to the samples")
        if not self.rounds or sum(self.rounds) > MOST_SAMPLES:
            raise ValueError(f"rounds add up to between 1 and {MOST_SAMPLES} samples")
        if not self.until_correct and not self.caps:
            raise ValueError("rounds need until_correct or caps, else nothing is decided between them")
        return self

    @model_validator(mode="after")
    def _is_shown_one_kind_of_example(self) -> Self:
        if self.shots and self.structure:
            raise ValueError("shots and structure exclude each other: structure shows a solved question of its own")
        return self

    @model_validator(mode="after")
    def _is_asked_or_imported(self) -> Self:
        told = self.model_fields_set - {"name", "model", "prompt"}
        if self.imported and told:
            raise ValueError(f'model = "{IMPORTED}" asks no one, and takes no {", ".join(sorted(told))}')
        return self

    @property
    def imported(self) -> bool:
        """Whether its traces are those that sources publish beside their questions."""
        return self.model == IMPORTED

    @property
    def asking(self) -> dict[str, Any]:
        """What decides its answers besides the question."""
        return self.model_dump(
            exclude={"name", "sees", "samples", "rounds", "until_correct", "caps", "after", "price", "budget_usd", "budget_tokens"}
        )

    @property
    def asked_in(self) -> tuple[int, ...]:
        """The samples of each round; one round where the number is fixed."""
        return self.rounds or (self.samples,)


class JudgeModel(Capped):
    """A model that is asked about open answers which the verifier calls wrong."""

    name: Name
    model: str
    max_tokens: int = Field(default=512, ge=1)
    revision: str = Field(default="", max_length=256)
    price: Price | None = None

    @property
    def structure(self) -> None:
        """None: a judge is held to no grammar."""


class Judge(_Model):
    """How answers are judged: by rule, and open ones also by a model where one is named."""

    policy: Literal["train", "eval"] = "train"
    model: JudgeModel | None = None


class Manifest(_Model):
    """Everything that decides the rows of a corpus."""

    name: Name
    version: str = "0"
    seed: int = Field(default=0, ge=0)
    source: tuple[Dataset, ...] = Field(min_length=1)
    benchmark: tuple[Dataset, ...] = Field(default=())
    overlap: tuple[OverlapRule, ...] = Field(default=())
    images: Images = Images()
    texts: Texts = Texts()
    privacy: Privacy = Privacy()
    split: Split = Split()
    teacher: tuple[Teacher, ...] | Literal["none"] = Field(default="none")
    judge: Judge = Judge()
    select: Select = Select()
    budget: Budget = Budget()
    publish: Publish = Publish()
    stage: tuple[Stage, ...] = ()
    on_budget: Literal["stop", "publish_finished"] = "stop"

    @model_validator(mode="after")
    def _names_differ(self) -> Self:
        for kind, named in (("source", self.source), ("benchmark", self.benchmark), ("teacher", self.teachers), ("stage", self.stage)):
            names = [item.name for item in named]
            twice = sorted({name for name in names if names.count(name) > 1})
            if twice:
                raise ValueError(f"two {kind}s are called {', '.join(twice)}")
        return self

    @model_validator(mode="after")
    def _comes_after_an_earlier_one(self) -> Self:
        for place, teacher in enumerate(self.teachers):
            earlier = [other.name for other in self.teachers[:place]]
            if teacher.after and teacher.after.teacher not in earlier:
                raise ValueError(f"teacher {teacher.name} comes after {teacher.after.teacher}, which is not above it")
            twin = next((other.name for other in self.teachers[:place] if teacher.after and other.asking == teacher.asking), None)
            if twin:
                raise ValueError(
                    f"teacher {teacher.name} asks just what {twin} asks and would get the same answers: give {twin} more samples"
                )
        return self

    @model_validator(mode="after")
    def _rules_name_what_is_there(self) -> Self:
        for place, rule in enumerate(self.overlap):
            for kind, named in (("source", self.source), ("benchmark", self.benchmark)):
                wanted, known = getattr(rule, kind), [item.name for item in named]
                if wanted is not None and wanted not in known:
                    raise ValueError(f"overlap.{place}: no {kind} is called {wanted}, there are {', '.join(known) or 'none'}")
        if self.overlap and not self.benchmark:
            raise ValueError("overlap rules decide about nothing where no benchmark is named")
        return self

    @model_validator(mode="after")
    def _stages_show_what_is_there(self) -> Self:
        known = [source.name for source in self.source]
        for stage in self.stage:
            unknown = next((name for name in stage.sources if name not in known), None)
            if unknown:
                raise ValueError(f"stage {stage.name}: no source is called {unknown}, there are {', '.join(known)}")
            if stage.max_pixels and self.images.max_pixels and stage.max_pixels > self.images.max_pixels:
                raise ValueError(
                    f"stage {stage.name} shows {stage.max_pixels} pixels, and images.max_pixels publishes {self.images.max_pixels}"
                )
        unshown = next((name for name in known if self.stage and not any(name in stage.sources for stage in self.stage)), None)
        if unshown:
            raise ValueError(f"no stage shows the source {unshown}: name it in the sources of one, or leave it out")
        return self

    @model_validator(mode="after")
    def _shows_questions_of_its_sources(self) -> Self:
        known = [source.name for source in self.source]
        for teacher in self.teachers:
            if isinstance(teacher.shots, ShotsFrom) and teacher.shots.source not in known:
                raise ValueError(
                    f"shots of teacher {teacher.name}: no source is called {teacher.shots.source}, there are {', '.join(known)}"
                )
        return self

    @model_validator(mode="after")
    def _has_answers_to_judge(self) -> Self:
        if self.judge.model and not self.teachers:
            raise ValueError("judge.model has nothing to judge where no teacher is asked")
        return self

    @property
    def teachers(self) -> tuple[Teacher, ...]:
        """The teachers that are asked, in the order of the manifest."""
        return () if self.teacher == "none" else self.teacher

    def answered_by_gold(self, dataset: Dataset) -> bool:
        """Whether the golds of a source are its answers."""
        return dataset.answers == "gold" or (dataset.answers == "teacher" and not self.teachers)

    @property
    def receivers(self) -> tuple[Teacher | JudgeModel, ...]:
        """The models that rows are sent to: the teachers, and the judge where there is one."""
        return (*(one for one in self.teachers if not one.imported), *([self.judge.model] if self.judge.model else []))


def read_manifest(text: str, where: str) -> Manifest:
    """The manifest in a TOML text.

    Raises: ManifestError naming every offending key, its value and what is allowed.
    """
    try:
        asked = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise ManifestError(f"{where} is not TOML: {error}. Mend the line it names.") from error
    try:
        return Manifest.model_validate_json(json.dumps(asked, default=str))
    except ValidationError as error:
        faults = "; ".join(_fault(item) for item in error.errors() if _counts(item))
        raise ManifestError(f"{where}: {faults}. Mend the manifest and plan again.") from error


def _counts(item: Any) -> bool:
    """False for pydantic's echo of a fault already told: a list that lost its faulty item, the other arm of a union."""
    echo = item["type"] == "too_short" and item.get("input")
    return not echo and "literal['none']" not in item["loc"]


def _fault(item: Any) -> str:
    place = [part for part in item["loc"] if isinstance(part, int) or not part.startswith(("tuple[", "literal[", "Near"))]
    named = ".".join(str(part) for part in place) or "the manifest"
    if item["type"] == "extra_forbidden":
        return f"unknown key {named}, known here are {', '.join(_keys_beside(place))}"
    if item["type"] == "missing":
        return f"{named} is missing"
    message = item["msg"].removeprefix("Value error, ")
    value = item.get("input")
    shown = "" if isinstance(value, dict) else f" (got {value!r:.80})"
    return f"{named}: {message}{shown}"


def _keys_beside(place: list[Any]) -> list[str]:
    model: type[BaseModel] = Manifest
    inner: dict[str, type[BaseModel]] = {"source": Dataset, "benchmark": Dataset, "split": Split, "teacher": Teacher}
    inner |= {"shots": Shot, "texts": Texts}
    inner |= {"judge": Judge, "model": JudgeModel, "select": Select, "gold": GoldColumn, "price": Price, "publish": Publish}
    inner |= {"budget": Budget, "caps": Cap, "after": After, "overlap": OverlapRule, "images": Images, "near": Near, "privacy": Privacy}
    inner |= {"stage": Stage}
    if place[-2:-1] == ["shots"]:
        inner["shots"] = ShotsFrom
    for part in place[:-1]:
        model = inner.get(part, model) if isinstance(part, str) else model
    return [field.alias or name for name, field in model.model_fields.items()]
