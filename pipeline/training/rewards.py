"""Rewards of rollouts: the verifier itself, form, boxes, labels and length, each called as TRL calls a reward function."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, NamedTuple

from pipeline.training.box_reward import box_reward
from pipeline.verify.answer import Gold, Judged, Policy, verify
from pipeline.verify.box import last_box
from pipeline.verify.flags import repeated_share
from pipeline.verify.fold import fold
from pipeline.verify.match import match_boxes
from pipeline.verify.measures import said_boxes
from pipeline.verify.regions import find_regions
from pipeline.verify.think import split_think
from schemas.corpus import Rl
from schemas.errors import MedtraceError
from schemas.example import AnswerType
from schemas.trace import Verdict

COLUMNS = (Rl.answer_type, Rl.options_json, Rl.grading_json)
_READ = (Verdict.CORRECT, Verdict.INCORRECT)
# QoQ-Med's: one for more than 600 characters, else a thousandth each.
_ENOUGH, _EACH = 600, 0.001


class RewardError(MedtraceError):
    """A row whose answer cannot be graded."""


@dataclass(frozen=True)
class RewardRecipe:
    """What decides a reward.

    `max_tokens`: where a rollout is cut off; `ends`: the tokens that end one, of which a whole rollout has the last.
    `overlong_tokens`: before the limit, over which DAPO's punishment grows. `missed`, `spare`: what a box too few or too
    many takes off (MedMO does not say its own).
    """

    policy: Policy = Policy.TRAIN
    max_tokens: int = 0
    ends: frozenset[int] = frozenset()
    overlong_tokens: int = 0
    missed: float = 0.5
    spare: float = 0.5


class Rollout(NamedTuple):
    """One completion with its gold and verdict; `tokens` is 0 where they were not counted."""

    text: str
    gold: Gold
    judged: Judged
    cut: bool
    tokens: int


Score = Callable[[Rollout, RewardRecipe], float | None]


@dataclass(frozen=True)
class Reward:
    """A reward function of TRL: called with completions and the columns of their rows, it returns a number each, None where it says nothing."""

    name: str
    recipe: RewardRecipe

    @property
    def __name__(self) -> str:
        """By which TRL logs it."""
        return self.name

    def __call__(self, prompts: Sequence[Any], completions: Sequence[Any], **columns: Any) -> list[float | None]:
        score = SCORES[self.name]
        return [score(rollout, self.recipe) for rollout in _rollouts(completions, columns, self.recipe)]


def graded(text: str, row: Mapping[str, Any], recipe: RewardRecipe, *, tokens: int = 0, cut: bool = False) -> Rollout:
    """A completion of a published row, judged. Raises: RewardError where the row has no gold that can be compared."""
    try:
        return _judged(text, *(row[name] for name in COLUMNS), recipe.policy, tokens, cut)
    except (KeyError, MedtraceError, ValueError, TypeError) as error:
        name = row.get(Rl.id) or row.get(Rl.question_id) or "without id"
        raise RewardError(f"row {name} of {row.get(Rl.source) or 'an unnamed source'} cannot be graded: {error}") from error


def _accuracy(rollout: Rollout, recipe: RewardRecipe) -> float:
    return float(rollout.judged.verdict is Verdict.CORRECT)


def _format(rollout: Rollout, recipe: RewardRecipe) -> float:
    return float(_format_parts(rollout, recipe) == 1.0)


def _format_parts(rollout: Rollout, recipe: RewardRecipe) -> float:
    """A quarter each: a thought that ends, with words in it, an answer in a closed box, in one alone and to its end."""
    thought = split_think(rollout.text)
    ended = thought.complete and thought.answer_start > 0
    answer = thought.answer if thought.complete else ""
    box = last_box(answer, framed=False)
    boxed, one = box is not None and box.closed, answer.count("\\boxed") == 1
    if rollout.gold.answer_type is AnswerType.BBOX and not boxed:
        regions = find_regions(answer)
        boxed = one = regions is not None and regions.whole
    return (ended + (ended and bool(thought.think.strip())) + boxed + (boxed and one and not rollout.cut)) / 4


def _label_f1(rollout: Rollout, recipe: RewardRecipe) -> float | None:
    """F1 of the label sets; of boxes, of their labels."""
    gold, judged = rollout.gold, rollout.judged
    if gold.answer_type is AnswerType.LABEL_SET:
        return judged.score if judged.verdict in _READ else 0.0
    if gold.answer_type is not AnswerType.BBOX or not gold.box_labels:
        return None
    said = set(said_boxes(rollout.text, gold, judged).labels) if judged.verdict in _READ else set()
    right = {fold(label) for label in gold.box_labels}
    return 2 * len(said & right) / (len(said) + len(right))


def _iou(rollout: Rollout, recipe: RewardRecipe) -> float | None:
    """The mean IoU of the best matching over the larger number of boxes."""
    gold, judged = rollout.gold, rollout.judged
    if gold.answer_type is not AnswerType.BBOX:
        return None
    if judged.verdict not in _READ:
        return 0.0
    said = said_boxes(rollout.text, gold, judged)
    return match_boxes(said.boxes, gold.boxes, gold.iou, said.same).mean_iou


def _box(rollout: Rollout, recipe: RewardRecipe) -> float | None:
    """MedMO's; None where the picture's size is not known."""
    gold, judged = rollout.gold, rollout.judged
    if gold.answer_type is not AnswerType.BBOX or not (gold.width and gold.height):
        return None
    if judged.verdict not in _READ:
        return 0.0
    said = said_boxes(rollout.text, gold, judged)
    return box_reward(said.boxes, gold.boxes, (gold.width, gold.height), missed=recipe.missed, spare=recipe.spare, same=said.same)


def _length(rollout: Rollout, recipe: RewardRecipe) -> float:
    return 1.0 if len(rollout.text) > _ENOUGH else _EACH * len(rollout.text)


def _overlong(rollout: Rollout, recipe: RewardRecipe) -> float:
    """DAPO's soft punishment: 0 up to the last `overlong_tokens` before the limit, -1 at it."""
    if not recipe.overlong_tokens:
        return -float(rollout.cut)
    begins = recipe.max_tokens - recipe.overlong_tokens
    return -min(max((rollout.tokens - begins) / recipe.overlong_tokens, 0.0), 1.0)


def _repeats(rollout: Rollout, recipe: RewardRecipe) -> float:
    return -repeated_share(rollout.text)


SCORES: dict[str, Score] = {
    "accuracy": _accuracy,
    "format": _format,
    "format_parts": _format_parts,
    "label_f1": _label_f1,
    "iou": _iou,
    "box": _box,
    "length": _length,
    "overlong": _overlong,
    "repeats": _repeats,
}
# These only take off.
PUNISHMENTS = ("overlong", "repeats")


def best(weights: Mapping[str, float]) -> float:
    """The most that the rewards of one rollout can come to."""
    return sum(weight for name, weight in weights.items() if name not in PUNISHMENTS) or 1.0


def _rollouts(completions: Sequence[Any], columns: Mapping[str, Any], recipe: RewardRecipe) -> list[Rollout]:
    missing = [name for name in COLUMNS if name not in columns]
    if missing:
        raise RewardError(
            f"the rows have no column {', '.join(missing)}, which rewards read; train on the rl config of a published corpus."
        )
    ids = columns.get("completion_ids") or [[]] * len(completions)
    names = (*COLUMNS, *(name for name in (Rl.id, Rl.question_id, Rl.source) if name in columns))
    made: list[Rollout] = []
    for at, (said, tokens) in enumerate(zip(completions, ids, strict=True)):
        row = {str(name): columns[name][at] for name in names}
        cut = bool(recipe.ends) and bool(tokens) and tokens[-1] not in recipe.ends
        made.append(graded(_text(said), row, recipe, tokens=len(tokens), cut=cut))
    return made


def _text(said: Any) -> str:
    """The text of a completion: a string, or messages whose contents are texts or parts."""
    if isinstance(said, str):
        return said
    content = said[-1]["content"] if said else ""
    return content if isinstance(content, str) else "".join(part.get("text") or "" for part in content)


# Every reward function of a run reads the same rollouts.
@lru_cache(maxsize=8192)
def _judged(text: str, answer_type: str, options_json: str, grading_json: str, policy: Policy, tokens: int, cut: bool) -> Rollout:
    gold = _gold(answer_type, options_json, grading_json)
    judged = verify(text, gold, policy=policy, finish_reason="length" if cut else "stop")
    if cut and judged.verdict in _READ:  # evaluations read what stands before the cut; a rollout is not paid for it
        judged = judged._replace(verdict=Verdict.TRUNCATED, rule=f"{judged.rule}_cut", score=0.0)
    return Rollout(text, gold, judged, cut, tokens)


@lru_cache(maxsize=8192)
def _gold(answer_type: str, options_json: str, grading_json: str) -> Gold:
    return Gold.from_json(answer_type, json.loads(options_json), grading_json)
