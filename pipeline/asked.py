"""What published rows say of their teachers, and which teacher a question is for."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from pipeline import prompts


@dataclass(frozen=True)
class Asked:
    """What the published rows say of one teacher. `after`: the teacher whose questions it is asked, where it is not the first.

    `beside`: it is a student, asked also what others are asked and what no teacher is. `own`: sources whose questions it is asked with a prompt of theirs.
    `direct`: the prompt to which a direct answer among its traces is one.
    """

    teacher: str
    sees: tuple[str, ...]
    prompt: prompts.Prompt
    sampling_json: str
    after: str = ""
    beside: bool = False
    own: Mapping[str, prompts.Prompt] = field(default_factory=dict[str, prompts.Prompt])
    direct: prompts.Prompt | None = None

    @property
    def ways(self) -> tuple[prompts.Prompt, ...]:
        """Every way in which it is asked."""
        return (self.prompt, *self.own.values(), *((self.direct,) if self.direct else ()))

    def prompt_for(self, source: str, *, direct: bool = False) -> prompts.Prompt:
        """How it is asked a question of that source."""
        return self.direct if direct and self.direct else self.own.get(source, self.prompt)


@dataclass(frozen=True)
class PublishRecipe:
    """The teachers in order, the prompt of questions that none is asked, and the verifier's name.

    `direct`: the prompts of sources that no teacher is asked about; `golds`: those of them whose golds are their answers;
    `withheld`: the sources whose pictures are not passed on; `order`: whether a curriculum begins with the easy or the hard questions.
    """

    teachers: tuple[Asked, ...]
    prompt: prompts.Prompt
    verifier: str
    direct: Mapping[str, prompts.Prompt] = field(default_factory=dict[str, prompts.Prompt])
    golds: tuple[str, ...] = ()
    withheld: tuple[str, ...] = ()
    order: str = "easy"


def unasked(source: str, recipe: PublishRecipe) -> str:
    """Why no teacher is asked a question, where none is."""
    return "gold" if source in recipe.golds else "rl_only" if source in recipe.direct else "no_teacher"


def teacher_of(source: str, images: Sequence[str], recipe: PublishRecipe) -> str | None:
    """The teacher that is asked a question first: a student that sees it, else of those that wait for no other the first that does."""
    if source in recipe.golds:
        return None
    needed = "image" if images else "text"
    seeing = [teacher for teacher in recipe.teachers if needed in teacher.sees and not teacher.after]
    return next((teacher.teacher for teacher in seeing if teacher.beside or source not in recipe.direct), None)


def measuring_traces(owners: Sequence[str | None], of: np.ndarray, teachers: Sequence[str]) -> np.ndarray:
    """For each question the place of the first trace of the teacher whose pass rate it has; -1 where there is none. `of`: each trace's question."""
    found = np.full(len(owners), -1, np.int64)
    for place in range(len(teachers) - 1, -1, -1):
        if teachers[place] and teachers[place] == owners[of[place]]:
            found[of[place]] = place
    return found
