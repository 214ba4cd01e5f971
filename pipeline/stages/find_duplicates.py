"""Find duplicates: examples that show the same pictures and ask the same, across all sources."""

import hashlib
from collections import defaultdict
from dataclasses import dataclass

import pyarrow as pa

from pipeline.fingerprint import canonical_json
from pipeline.golds import worded_gold
from schemas.example import Example
from schemas.graph import SHARD, Duplicate
from schemas.picture import Picture


@dataclass(frozen=True)
class DuplicatesRecipe:
    """Nothing varies: which images are one picture is decided by join_images."""


def find_duplicates(examples: pa.Table, pictures: pa.Table, recipe: DuplicatesRecipe) -> dict[str, pa.Table]:
    """`duplicates`: every example that shares pictures, question, context and options with another, by shard and order."""
    shown = dict(zip(pictures[Picture.digest].to_pylist(), pictures[Picture.picture].to_pylist(), strict=True))
    groups: defaultdict[tuple[str, ...], list[int]] = defaultdict(list)
    contents, images = examples[Example.content].to_pylist(), examples[Example.images].to_pylist()
    for place, (content, digests) in enumerate(zip(contents, images, strict=True)):
        groups[(content, *(shown.get(digest, digest) for digest in digests))].append(place)
    shared = {key: places for key, places in groups.items() if len(places) > 1}
    golds = _golds(examples, sorted(place for places in shared.values() for place in places))
    rows: list[tuple[int, str, str, str]] = []
    ids, shards = examples[Example.id], examples[SHARD]
    for key, places in shared.items():
        kind = "question" if len({golds[place] for place in places}) == 1 else "contradiction"
        name = hashlib.sha256(canonical_json(list(key)).encode()).hexdigest()[:32]
        rows += [(shards[place].as_py(), ids[place].as_py(), name, kind) for place in places]
    rows.sort()
    names = (SHARD, Duplicate.id, Duplicate.group, Duplicate.kind)
    return {"duplicates": Duplicate.from_rows(dict(zip(names, row, strict=True)) for row in rows)}


def _golds(examples: pa.Table, places: list[int]) -> dict[int, str]:
    """What each example holds for right, by the text of the option and not by its letter."""
    chosen = examples.select([Example.answer_type, Example.gold_json, Example.options]).take(pa.array(places, pa.int64()))
    told = (tuple(row[name] for name in (Example.answer_type, Example.gold_json, Example.options)) for row in chosen.to_pylist())
    return {place: worded_gold(*gold) for place, gold in zip(places, told, strict=True)}
