"""The student: the model that is to be trained, sampled beside the teachers, and its rounds of training."""

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from schemas.manifest_parts import Name, Section
from schemas.manifest_teacher import Teacher

Pixels = Annotated[int, Field(ge=784, le=1 << 30)]


class StudentRound(Section):
    """Which model the next round samples: the one that a training on the corpus of the round before gives, or one that is there.

    `kind`: how it is trained; `start`: from the model that the training's configuration names, or from the one that was sampled.
    """

    train: str | None = Field(default=None, min_length=1)
    model: str | None = Field(default=None, min_length=1)
    revision: str = Field(default="", max_length=256)
    kind: Literal["sft", "grpo", "drpo"] = "sft"
    start: Literal["config", "sampled"] = "config"

    @model_validator(mode="after")
    def _has_one_model(self) -> Self:
        if (self.train is None) == (self.model is None):
            raise ValueError('say train = "sft.toml" or model = "FOLDER", one of the two')
        if self.model is not None and {"kind", "start"} & self.model_fields_set:
            raise ValueError("kind and start say how a model is trained: say train as well, or leave them out")
        if self.train is not None and self.revision:
            raise ValueError("revision is that of a model that is there; one that is trained has the digest of its files")
        return self


class Student(Teacher):
    """A model whose rollouts measure questions and, `on = "all"`, answer them: it is asked beside the teachers, whatever these see.

    `model`: a folder, relative to the manifest, or a name on the Hub. `pixels`: the least and most at which its processor shows
    it an image. `seed`: in place of the manifest's. `round`: the rounds that follow the first.
    """

    name: Name = "student"
    on: Literal["all", "rl"] = "all"
    pixels: tuple[Pixels, Pixels] | None = None
    seed: int | None = Field(default=None, ge=0)
    round: tuple[StudentRound, ...] = Field(default=(), max_length=64)

    @model_validator(mode="after")
    def _is_a_model_of_its_own(self) -> Self:
        if self.imported or self.model == "none":
            raise ValueError(f'a student is a model that is asked, not "{self.model}"')
        if self.after is not None:
            raise ValueError('a student comes after nobody; a teacher may come after it: after = { teacher = "student" }')
        if self.pixels is not None and self.pixels[0] > self.pixels[1]:
            raise ValueError("pixels are the least and the most, in this order")
        return self

    @property
    def beside(self) -> bool:
        """True: what it is asked is asked of the teachers as well."""
        return True
