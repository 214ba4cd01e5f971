"""Who is asked: teachers, and the model that judges where one does."""

from typing import Annotated, Any, Literal, Self

from pydantic import Field, field_validator, model_validator

from schemas.manifest_parts import MOST_SAMPLES, After, Cap, Capped, Name, Price, Section, Shots

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
    def beside(self) -> bool:
        """Whether it is asked whatever the others see, and leaves their questions to them: as a student is."""
        return False

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


class Judge(Section):
    """How answers are judged: by rule, and open ones also by a model where one is named."""

    policy: Literal["train", "eval"] = "train"
    model: JudgeModel | None = None
