"""Thin: of each domain's questions so many, the hardest or easiest first; only the whole corpus can decide that."""

from collections import defaultdict
from dataclasses import dataclass

import pyarrow as pa

from pipeline.fingerprint import stable_seed
from schemas.graph import SHARD
from schemas.rated import Rated, Thinned

CROWDED = "over the number of its domain"


@dataclass(frozen=True)
class ThinRecipe:
    """How many questions of a domain go into each config (0: all), and whether the hardest or the easiest go first."""

    sft: int
    rl: int
    sft_first: str
    rl_first: str
    seed: int = 0


def thin(rated: pa.Table, recipe: ThinRecipe) -> dict[str, pa.Table]:
    """`thinned`: one row a question, in order, with a reason where its domain has no place for it. Those without a rate come last."""
    rows = rated.to_pylist()
    for config, most, first in (("sft", recipe.sft, recipe.sft_first), ("rl", recipe.rl, recipe.rl_first)):
        by_domain: defaultdict[str, list[tuple[float, int, str, int]]] = defaultdict(list)
        for place, row in enumerate(rows):
            if most and config in row[Rated.ranked]:
                rate, id = row[Rated.pass_rate], row[Rated.example]
                late = 2.0 if rate is None else rate if first == "hard" else 1.0 - rate
                by_domain[row[Rated.domain]].append((late, stable_seed(recipe.seed, "domain", config, id), id, place))
        for candidates in by_domain.values():
            for *_, place in sorted(candidates)[most:]:
                rows[place][config] = CROWDED
    names = (SHARD, Thinned.example, Thinned.sft, Thinned.rl)
    return {"thinned": Thinned.from_rows({name: row[name] for name in names} for row in rows)}
