"""Rate: which questions go into sft and rl, by how often they are answered right."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from pipeline.fingerprint import stable_seed
from schemas.example import Chosen
from schemas.rated import Rated
from schemas.trace import Selected, Trace

NOT_MEASURED = "pass rate not measured"
TOO_HARD, TOO_EASY = "too hard", "too easy"
ALL_WRONG, ALL_RIGHT = "all wrong", "all right"
NO_BAND = "pass rate between bands"
SHARE = "over the share of its pass rate"
RL_ONLY = "for rl alone"
TRAIN = "train"
# How traces end whose question the model could not be asked.
UNASKED = ("too_long", "image_refused")
_DRAWS = 1 << 31


@dataclass(frozen=True)
class Rule:
    """Which questions go into a config: `bands` of pass rates (lowest, highest, share that is kept), `mixed` outcomes, so many a domain.

    `per_domain`: 0 for all, else the hardest or easiest `first`. `besides`: sources whose questions all go in.
    """

    bands: tuple[tuple[float, float, float], ...] = ()
    mixed: bool = False
    per_domain: int = 0
    first: str = "hard"
    besides: tuple[str, ...] = ()
    keeps_unmeasured: bool = False

    @property
    def drops(self) -> bool:
        """Whether it can leave a question out."""
        return bool(self.bands) or self.mixed or bool(self.per_domain)


@dataclass(frozen=True)
class RateRecipe:
    """Whose pass rates count (of a question's those of the first that it has traces of), and what follows from them.

    `rl_only`: sources of whose questions no trace goes into sft.
    """

    teachers: tuple[str, ...]
    sft: Rule
    rl: Rule
    rl_only: tuple[str, ...] = ()
    seed: int = 0


def rate(chosen: pa.Table, traces: pa.Table, selected: pa.Table, recipe: RateRecipe) -> dict[str, pa.Table]:
    """`rated`: one row a chosen question, in order. What is held out stays whole; a question that no one could be asked is not measured."""
    measured = _measured(traces, selected, recipe)
    rows: list[dict[str, Any]] = []
    columns = (Chosen.id, Chosen.source, Chosen.domain, Chosen.published_split)
    for id, source, domain, split in zip(*(chosen[name].to_pylist() for name in columns), strict=True):
        told = measured.get(id, {})
        reasons = {
            name: _reason(rule, id, name, source, told, recipe.seed) if split == TRAIN else ""
            for name, rule in (("sft", recipe.sft), ("rl", recipe.rl))
        }
        if source in recipe.rl_only:
            reasons["sft"] = RL_ONLY
        ranked = [
            name
            for name, rule in (("sft", recipe.sft), ("rl", recipe.rl))
            if rule.per_domain and split == TRAIN and not reasons[name] and source not in rule.besides
        ]
        rows.append(
            {
                Rated.example: id,
                Rated.domain: domain,
                Rated.pass_rate: told.get(Selected.pass_rate),
                Rated.sft: reasons["sft"],
                Rated.rl: reasons["rl"],
                Rated.ranked: ranked,
            }
        )
    return {"rated": Rated.from_rows(rows)}


def _measured(traces: pa.Table, selected: pa.Table, recipe: RateRecipe) -> dict[str, Mapping[str, Any]]:
    """The counts and rate of each question that was answered, by the teacher whose rate counts."""
    rank = {teacher: place for place, teacher in enumerate(recipe.teachers)}
    counts = (Selected.id, Selected.n_sampled, Selected.n_correct, Selected.pass_rate)
    told = {row[Selected.id]: row for row in selected.select(counts).to_pylist()}
    found: dict[str, tuple[int, Mapping[str, Any]]] = {}
    columns = (Trace.id, Trace.example, Trace.teacher, Trace.finish_reason)
    for id, example, teacher, finish_reason in zip(*(traces[name].to_pylist() for name in columns), strict=True):
        place = rank.get(teacher, len(rank))
        row = told[id]
        if row[Selected.pass_rate] is None or finish_reason in UNASKED:
            continue
        if example not in found or place < found[example][0]:
            found[example] = (place, row)
    return {example: row for example, (_, row) in found.items()}


def _reason(rule: Rule, id: str, config: str, source: str, told: Mapping[str, Any], seed: int) -> str:
    """Why a rule leaves a question out, whatever others there are; '' where it does not."""
    if not rule.drops or source in rule.besides:
        return ""
    if not told:
        return "" if rule.keeps_unmeasured else NOT_MEASURED
    if rule.mixed and told[Selected.n_correct] in (0, told[Selected.n_sampled]):
        return ALL_RIGHT if told[Selected.n_correct] else ALL_WRONG
    if not rule.bands:
        return ""
    rate = told[Selected.pass_rate]
    for low, high, share in rule.bands:
        if low <= rate <= high:
            return "" if stable_seed(seed, "band", config, id) < share * _DRAWS else SHARE
    if rate < min(low for low, _, _ in rule.bands):
        return TOO_HARD
    return TOO_EASY if rate > max(high for _, high, _ in rule.bands) else NO_BAND
