"""Rank: what only the whole corpus can decide about a row: caps, keepers of duplicates, leaks, held-out groups."""

import hashlib
import json
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from pipeline.texts.decide import Decision
from schemas.example import AnswerType, Example
from schemas.graph import SHARD, Duplicate, Overlap, Rank
from schemas.image import ImageHash
from schemas.picture import Picture
from schemas.similar import Similar


@dataclass(frozen=True)
class RankRecipe:
    """Sources in order of the manifest with their caps (0: none), the share held out, and whether what is nearly the same is left out.

    `weights` by source; `per_class`: caps of a class of a source's golds (0: none); `balanced`: sources whose classes are shown equally often.
    """

    sources: tuple[str, ...]
    max_rows: tuple[int, ...]
    heldout: float = 0.0
    seed: int = 0
    drops_similar: bool = False
    weights: tuple[float, ...] = ()
    per_class: tuple[int, ...] = ()
    balanced: tuple[str, ...] = ()


def rank(
    examples: pa.Table,
    hashes: pa.Table,
    pictures: pa.Table,
    duplicates: pa.Table,
    recipe: RankRecipe,
    overlaps: pa.Table | None = None,
    similar: pa.Table | None = None,
) -> dict[str, pa.Table]:
    """`ranks`: one row an example, in order.

    In this order: a broken image, a benchmark's row, a contradiction, a repeat within the source, the cap of its class and the
    source's cap (the lowest ids stay), a repeat of another source's row (the source named first keeps it), and where the recipe says so a
    question that says the same in nearly the same words as one that stays before it.
    """
    narrow = examples.select([SHARD, Example.id, Example.source, Example.group, Example.images]).to_pylist()
    classes = classes_of(examples) if recipe.balanced or any(recipe.per_class) else {}
    leaks = [] if overlaps is None else [row for row in overlaps.to_pylist() if row[Overlap.decision] == Decision.LEAK]
    reasons = _faults(narrow, hashes, leaks, duplicates)
    groups = _groups(duplicates, "question")
    by_source: defaultdict[str, list[str]] = defaultdict(list)
    for row in narrow:
        if row[Example.id] not in reasons:
            by_source[row[Example.source]].append(row[Example.id])
    keepers: dict[str, str] = {}
    most = dict(zip(recipe.sources, recipe.per_class, strict=False))
    for source, cap in zip(recipe.sources, recipe.max_rows, strict=True):
        _within(_of_classes(sorted(by_source[source]), classes, most.get(source, 0), groups, reasons), cap, groups, keepers, reasons)
    near = [] if similar is None else similar.to_pylist()
    if recipe.drops_similar:
        _drop_similar(near, {id: (place, id) for place, source in enumerate(recipe.sources) for id in by_source[source]}, reasons)
    shown = dict(zip(pictures[Picture.digest].to_pylist(), pictures[Picture.picture].to_pylist(), strict=True))
    heldout = _heldout([row for row in narrow if row[Example.id] not in reasons], shown, near, recipe)
    weights = _weights(narrow, reasons, classes, recipe)
    rows = []
    for row in narrow:
        reason, evidence = reasons.get(row[Example.id], ("", ""))
        split = "heldout" if row[Example.id] in heldout else "train"
        rows.append(
            {
                SHARD: row[SHARD],
                Rank.id: row[Example.id],
                Rank.reason: reason,
                Rank.evidence: evidence,
                Rank.published_split: split,
                Rank.weight: weights.get(row[Example.id], 1.0),
            }
        )
    return {"ranks": Rank.from_rows(rows)}


def _faults(
    narrow: list[dict[str, Any]], hashes: pa.Table, leaks: list[dict[str, Any]], duplicates: pa.Table
) -> dict[str, tuple[str, str]]:
    broken = {
        row[ImageHash.digest]: row[ImageHash.fault]
        for row in hashes.select([ImageHash.digest, ImageHash.fault]).to_pylist()
        if row[ImageHash.fault]
    }
    reasons: dict[str, tuple[str, str]] = {}
    for row in narrow:
        fault = next((f"{digest[:16]}: {broken[digest]}" for digest in row[Example.images] if digest in broken), "")
        if fault:
            reasons[row[Example.id]] = ("broken image", fault)
    for row in leaks:
        met = f"{row[Overlap.kind]}: {row[Overlap.rule]}, score {row[Overlap.score]:.2f}"
        reasons.setdefault(row[Overlap.id], ("in benchmark", f"{row[Overlap.benchmark]} {row[Overlap.row]} ({met})"))
    for id, group in _groups(duplicates, "contradiction").items():
        reasons.setdefault(id, ("contradicting gold", group))
    return reasons


def _groups(duplicates: pa.Table, kind: str) -> dict[str, str]:
    return {row[Duplicate.id]: row[Duplicate.group] for row in duplicates.to_pylist() if row[Duplicate.kind] == kind}


def _within(ids: list[str], cap: int, groups: Mapping[str, str], keepers: dict[str, str], reasons: dict[str, tuple[str, str]]) -> None:
    """Decides one source's rows: its own repeats, its cap, then what earlier sources keep."""
    own: dict[str, str] = {}
    kept = 0
    for id in ids:
        group = groups.get(id)
        if group is not None and group in own:
            reasons[id] = ("duplicate question", own[group])
        elif cap and kept == cap:
            reasons[id] = ("row cap", str(cap))
        else:
            kept += 1
            if group is not None:
                own[group] = id
                if group in keepers:
                    reasons[id] = ("duplicate question", keepers[group])
    for group, id in own.items():
        keepers.setdefault(group, id)


def _of_classes(
    ids: list[str], classes: Mapping[str, str], most: int, groups: Mapping[str, str], reasons: dict[str, tuple[str, str]]
) -> list[str]:
    """The ids without those of classes that are full; a repeat takes no place of its class."""
    if not most:
        return ids
    kept: Counter[str] = Counter()
    seen: set[str] = set()
    for id in ids:
        group = groups.get(id)
        if group is None or group not in seen:
            kept[classes[id]] += 1
            if kept[classes[id]] > most:
                reasons[id] = ("class cap", f"{most} of {classes[id][:60]}")
                continue
            seen.add(group or id)
    return [id for id in ids if id not in reasons]


def _weights(narrow: list[dict[str, Any]], reasons: Mapping[str, Any], classes: Mapping[str, str], recipe: RankRecipe) -> dict[str, float]:
    """How often each row that stays is to be shown: its source's weight, over its class's share where classes are balanced."""
    weights = dict(zip(recipe.sources, recipe.weights, strict=False))
    stay = [(row[Example.id], row[Example.source]) for row in narrow if row[Example.id] not in reasons]
    counts = Counter((source, classes[id]) for id, source in stay if source in recipe.balanced)
    rows = Counter(source for _, source in stay)
    kinds = Counter(source for source, _ in counts)
    found: dict[str, float] = {}
    for id, source in stay:
        balance = rows[source] / (kinds[source] * counts[source, classes[id]]) if source in recipe.balanced else 1.0
        found[id] = weights.get(source, 1.0) * balance
    return found


def classes_of(examples: pa.Table) -> dict[str, str]:
    """The class of each example: the text of its gold, of several labels all; '' where it has neither option, word nor labels."""
    columns = (Example.id, Example.answer_type, Example.options, Example.gold_json)
    return {
        id: _class(kind, options, json.loads(gold) if gold else {})
        for id, kind, options, gold in zip(*(examples[name].to_pylist() for name in columns), strict=True)
    }


def _class(kind: str, options: list[str], gold: Mapping[str, Any]) -> str:
    if kind == AnswerType.LABEL_SET:
        return ", ".join(gold.get("labels", ()))
    if kind in (AnswerType.MCQ, AnswerType.MULTI):
        indexes = gold.get("indexes") or ([gold["index"]] if "index" in gold else [])
        return ", ".join(options[index].strip().casefold() for index in indexes)
    return str(gold.get("value", "")) if kind in (AnswerType.YESNO, AnswerType.YESNOMAYBE) else ""


def _drop_similar(near: list[dict[str, Any]], order: Mapping[str, tuple[int, str]], reasons: dict[str, tuple[str, str]]) -> None:
    """Leaves out what says the same as a row that stays and comes before it."""
    before: defaultdict[str, list[str]] = defaultdict(list)
    for row in near:
        if not row[Similar.against]:
            before[row[Similar.id]].append(row[Similar.other])
    for id in sorted((id for id in before if id in order), key=order.__getitem__):
        kept = sorted((other for other in before[id] if other in order and other not in reasons), key=order.__getitem__)
        if kept:
            reasons.setdefault(id, ("near duplicate", kept[0]))


def _heldout(rows: list[dict[str, Any]], pictures: Mapping[str, str], near: list[dict[str, Any]], recipe: RankRecipe) -> set[str]:
    """The ids held out: whole components of rows that share a group of their source, a picture or nearly all their words."""
    if not recipe.heldout:
        return set()
    parent: dict[str, str] = {}

    def root(name: str) -> str:
        while parent.setdefault(name, name) != name:
            parent[name] = parent[parent[name]]
            name = parent[name]
        return name

    for row in rows:
        for tie in _ties(row, pictures):
            ours, theirs = root(row[Example.id]), root(tie)
            parent[max(ours, theirs)] = min(ours, theirs)
    for row in near:
        ours, theirs = root(row[Similar.id]), root(row[Similar.other])
        parent[max(ours, theirs)] = min(ours, theirs)
    least: dict[str, bytes] = {}
    for row in rows:
        top = root(row[Example.id])
        drawn = hashlib.blake2b(f"{recipe.seed}\0{row[Example.id]}".encode(), digest_size=8).digest()
        least[top] = min(least.get(top, drawn), drawn)
    members: defaultdict[str, list[str]] = defaultdict(list)
    for row in rows:
        members[root(row[Example.id])].append(row[Example.id])
    chosen: set[str] = set()
    for top, ids in members.items():
        if _uniform(least[top], len(ids)) < recipe.heldout:
            chosen.update(ids)
    return chosen


def _uniform(least: bytes, draws: int) -> float:
    """The minimum of some uniform draws, mapped back to a uniform number."""
    share = int.from_bytes(least, "big") / 2**64
    return 1.0 - (1.0 - share) ** draws


def _ties(row: Mapping[str, Any], pictures: Mapping[str, str]) -> Iterable[str]:
    if row[Example.group]:
        yield f"group\0{row[Example.source]}\0{row[Example.group]}"
    for digest in row[Example.images]:
        yield f"image\0{pictures.get(digest, digest)}"
