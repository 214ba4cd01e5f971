"""Pose: the questions of a benchmark as they are put to a model, their options shuffled where that is asked."""

import json
import random
import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from pipeline.fingerprint import canonical_json, stable_seed
from pipeline.prompts import LETTERS
from schemas.evaluation import Taken
from schemas.example import Chosen, Example, Identified

# Options that speak of other options keep their meaning only where they stand, as do those that are letters themselves (of a figure, of
# statements in the question): beside other letters nobody could say which one an answer means.
_SPEAKS_OF_OTHERS = re.compile(
    r"\b(?:all|none|any|both|neither|either|two|three|some) of (?:the|these|them|those)\b|\b(?:above|below|preceding|following)\b"
    r"|\b(?:both|neither|either|only|and|or)\s+\(?[A-H1-8]\b\)?|^\s*\(?[A-H1-8]\)?\s*(?:,|and|&|\+|or)\s*\(?[A-H1-8]\b|^\s*\(?[A-H]{1,5}\)?\s*$",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class PoseRecipe:
    """`shuffle`: a seed above 0 by which options are shuffled, 0 leaves upstream's order."""

    shuffle: int = 0


def pose(examples: pa.Table, taken: pa.Table, recipe: PoseRecipe, identified: pa.Table | None = None) -> dict[str, pa.Table]:
    """`chosen`: the questions that are taken, in the shard's order. `identified`: what a scan for identifiers found."""
    if not examples[Example.id].equals(taken[Taken.id]):
        raise ValueError("examples and taken are not in the same order")
    held: defaultdict[str, set[str]] = defaultdict(set)
    for row in identified.to_pylist() if identified is not None else ():
        if row[Identified.fails]:
            held[row[Identified.id]].add(row[Identified.kind])
    rows: list[dict[str, Any]] = []
    for row, wanted in zip(examples.to_pylist(), taken[Taken.taken].to_pylist(), strict=True):
        if wanted:
            found: dict[str, Any] = {Chosen.published_split: "test", Chosen.weight: 1.0, Chosen.identifiers: sorted(held[row[Example.id]])}
            rows.append(row | found | (_shuffled(row, recipe.shuffle) if recipe.shuffle else {}))
    return {"chosen": Chosen.from_rows(rows)}


def _shuffled(row: Mapping[str, Any], seed: int) -> dict[str, Any]:
    """Options and gold in another order; nothing where an option speaks of other options."""
    options: Sequence[str] = row[Example.options]
    gold = json.loads(row[Example.gold_json])
    if not {"index", "indexes"} & set(gold) or any(_SPEAKS_OF_OTHERS.search(option) for option in options):
        return {}
    order = list(range(len(options)))
    random.Random(stable_seed(seed, row[Example.id])).shuffle(order)
    places = {old: new for new, old in enumerate(order)}
    if "index" in gold:
        gold["index"] = places[gold["index"]]
        answer = LETTERS[gold["index"]]
    else:
        gold["indexes"] = sorted(places[index] for index in gold["indexes"])
        answer = ", ".join(LETTERS[index] for index in gold["indexes"])
    return {Chosen.options: [options[old] for old in order], Chosen.gold_json: canonical_json(gold), Chosen.answer: answer}
