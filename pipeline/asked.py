"""What published rows say of their teachers, and which teacher a question is for."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from pipeline import prompts


@dataclass(frozen=True)
class Asked:
    """What the published rows say of one teacher. `after`: the teacher whose questions it is asked, where it is not the first."""

    teacher: str
    sees: tuple[str, ...]
    prompt: prompts.Prompt
    sampling_json: str
    after: str = ""


@dataclass(frozen=True)
class PublishRecipe:
    """The teachers in order, the prompt of questions that none is asked, and the verifier's name.

    `direct`: the prompts of sources that no teacher is asked about; `golds`: those of them whose golds are their answers;
    `withheld`: the sources whose pictures are not passed on.
    """

    teachers: tuple[Asked, ...]
    prompt: prompts.Prompt
    verifier: str
    direct: Mapping[str, prompts.Prompt] = field(default_factory=dict[str, prompts.Prompt])
    golds: tuple[str, ...] = ()
    withheld: tuple[str, ...] = ()


def unasked(source: str, recipe: PublishRecipe) -> str:
    """Why no teacher is asked a question, where none is."""
    return "gold" if source in recipe.golds else "rl_only" if source in recipe.direct else "no_teacher"


def teacher_of(source: str, images: Sequence[str], recipe: PublishRecipe) -> str | None:
    """The teacher that is asked a question first: of those that wait for no other, the first that sees it."""
    if source in recipe.direct:
        return None
    needed = "image" if images else "text"
    return next((teacher.teacher for teacher in recipe.teachers if needed in teacher.sees and not teacher.after), None)
