"""The manifest: what a person asks for, as frozen models that refuse unknown keys."""

import json
import tomllib
from typing import Any, Literal, Self

from pydantic import BaseModel, Field, ValidationError, model_validator

from schemas.errors import ManifestError
from schemas.manifest_parts import (
    After,
    Budget,
    Cap,
    Images,
    Name,
    Near,
    OverlapRule,
    Price,
    Privacy,
    Publish,
    Shot,
    ShotsFrom,
    Split,
    Texts,
)
from schemas.manifest_parts import Section as _Model
from schemas.manifest_select import Band, QuestionRule, RlRule, Select
from schemas.manifest_source import Dataset, GoldColumn
from schemas.manifest_stage import Stage
from schemas.manifest_student import Student, StudentRound
from schemas.manifest_teacher import Judge, JudgeModel, Teacher

__all__ = ["Dataset", "Judge", "JudgeModel", "Manifest", "Student", "Teacher", "read_manifest"]


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
    student: Student | None = None
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

    @model_validator(mode="after")
    def _measures_what_it_selects_by(self) -> Self:
        known = [source.name for source in self.source]
        for name, rule in (("sft", self.select.sft), ("rl", self.select.rl)):
            unknown = sorted(set(rule.besides) - set(known))
            if unknown:
                raise ValueError(f"select.{name}.besides: no source is called {unknown[0]}, there are {', '.join(known)}")
            if rule.drops and all(one.imported for one in self.teachers):
                raise ValueError(f"select.{name} goes by pass rates, and nobody is asked for any: add a [student] or a [[teacher]]")
        return self

    @property
    def teachers(self) -> tuple[Teacher, ...]:
        """All who are asked: the student where there is one, then the teachers in the order of the manifest."""
        return (*([self.student] if self.student else []), *(() if self.teacher == "none" else self.teacher))

    @property
    def answering(self) -> tuple[Teacher, ...]:
        """Those of them whose traces may be published in `sft`."""
        return tuple(one for one in self.teachers if not (isinstance(one, Student) and one.on == "rl"))

    def answered_by_gold(self, dataset: Dataset) -> bool:
        """Whether the golds of a source are its answers."""
        return dataset.answers == "gold" or (dataset.answers == "teacher" and not self.answering)

    @property
    def asked(self) -> tuple[Teacher | JudgeModel, ...]:
        """All models that are asked: teachers, judge and student."""
        return (*self.receivers, *([self.student] if self.student else []))

    @property
    def receivers(self) -> tuple[Teacher | JudgeModel, ...]:
        """The models that rows are sent to, wherever they are: the teachers, and the judge where there is one. A student may run here."""
        asked = (one for one in self.teachers if not one.imported and one is not self.student)
        return (*asked, *([self.judge.model] if self.judge.model else []))


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
    inner |= {"student": Student, "round": StudentRound, "sft": QuestionRule, "rl": RlRule, "bands": Band}
    inner |= {"budget": Budget, "caps": Cap, "after": After, "overlap": OverlapRule, "images": Images, "near": Near, "privacy": Privacy}
    inner |= {"stage": Stage}
    if place[-2:-1] == ["shots"]:
        inner["shots"] = ShotsFrom
    for part in place[:-1]:
        model = inner.get(part, model) if isinstance(part, str) else model
    return [field.alias or name for name, field in model.model_fields.items()]
