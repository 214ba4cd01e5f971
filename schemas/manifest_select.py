"""What is kept: which correct traces of a question, and which questions by how often they are answered right."""

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from schemas.manifest_parts import Name, Section

Rate = Annotated[float, Field(ge=0.0, le=1.0)]
Rates = tuple[Rate, Rate]


class Band(Section):
    """The share that is kept of the questions whose pass rate lies between two bounds, both included."""

    pass_rate: Rates
    share: float = Field(default=1.0, ge=0.0, le=1.0)

    @model_validator(mode="after")
    def _has_ends_in_order(self) -> Self:
        _check_order(self.pass_rate)
        return self


class QuestionRule(Section):
    """Which questions go into a config, by their pass rate: that of the student where there is one, else of the teacher asked first.

    `pass_rate`: within these bounds; or `bands`: of the first band that a rate lies in, that share, of the others none. `mixed`: some
    samples are right and some wrong. `per_domain`: so many of each domain, the hardest or easiest `first`. `besides`: sources
    whose questions all go in. `unmeasured`: what becomes of questions without a pass rate.
    """

    pass_rate: Rates | None = None
    bands: tuple[Band, ...] = Field(default=(), max_length=64)
    mixed: bool = False
    per_domain: int | None = Field(default=None, ge=1)
    first: Literal["hard", "easy"] = "hard"
    besides: tuple[Name, ...] = ()
    unmeasured: Literal["drop", "keep"] = "drop"

    @model_validator(mode="after")
    def _says_it_once(self) -> Self:
        if self.pass_rate is not None:
            if self.bands:
                raise ValueError("pass_rate and bands exclude each other: bands = [{ pass_rate = [0.1, 0.9] }] says the same")
            _check_order(self.pass_rate)
        return self

    @property
    def drops(self) -> bool:
        """Whether it can leave a question out."""
        return self.pass_rate is not None or bool(self.bands) or self.mixed or self.per_domain is not None


class RlRule(QuestionRule):
    """Which questions go into `rl`, and whether the column `order` counts from the easy ones or from the hard ones."""

    order: Literal["easy", "hard"] = "easy"


class Select(Section):
    """What is kept. Of a question's correct traces all, or those least like each other, at most so many; of the questions what `sft` and `rl` say."""

    keep: Literal["all_correct", "diverse"] = "all_correct"
    max_per_question: int = Field(default=16, ge=1)
    sft: QuestionRule = QuestionRule()
    rl: RlRule = RlRule()


def _check_order(bounds: Rates) -> None:
    if bounds[0] > bounds[1]:
        raise ValueError(f"the lower bound comes first: [{bounds[1]:g}, {bounds[0]:g}]")
