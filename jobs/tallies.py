"""Tallies: what every stage was given or left out, counted over a whole build."""

from collections import Counter
from collections.abc import Iterator
from typing import Any

import pyarrow as pa

from jobs.privacy import identified
from pipeline.graph import Execution, Graph
from pipeline.publish.privacy import LETTERS
from pipeline.step import Fan
from pipeline.store import Store
from schemas.corpus import Tally
from schemas.example import Chosen, Identified, Reject


def tally(graph: Graph, store: Store, execution: Execution) -> pa.Table:
    """Counts by stage, source and reason over the whole build, one row each, in order."""
    counts: Counter[tuple[str, str, str]] = Counter()
    for step in graph.steps:
        if step.fan is Fan.FILES:
            source = step.recipe.source
            stage = "ingest" if step.recipe.needs_gold else "benchmark"
            counts[stage, source, "rows"] += sum(ref.rows for name in ("examples", "rejects") for ref in execution.refs(step.name, name))
            counts.update((stage, source, reason) for reason in _reasons(store, execution, step.name))
    for ref in execution.refs("gather", "rejects"):
        rejects = store.read(ref, [Reject.source, Reject.reason]).to_pylist()
        counts.update(("gather", row[Reject.source], row[Reject.reason]) for row in rejects)
    for (source, kind), count in (identified(store, execution) or {}).items():
        counts["scan", source, kind] += count
    for source, count in masked(graph, store, execution).items():
        counts["mask", source, "masked"] += count
    painted = (
        sum(ref.rows for ref in execution.refs("bound_images", "lettered")) if "bound_images" in {step.name for step in graph.steps} else 0
    )
    if painted:
        counts[LETTERS, "", "painted over"] = painted
    for ref in execution.refs("publish", "tally"):
        for row in store.read(ref).to_pylist():
            counts[row[Tally.stage], row[Tally.source], row[Tally.reason]] += row[Tally.count]
    names = (Tally.stage, Tally.source, Tally.reason)
    return Tally.from_rows(dict(zip(names, key, strict=True)) | {Tally.count: count} for key, count in sorted(counts.items()))


def masked(graph: Graph, store: Store, execution: Execution) -> Counter[str]:
    """Rows by source in whose text identifiers of persons were masked before anyone was asked, of those that are published."""
    named = {step.name: step for step in graph.steps}
    counts: Counter[str] = Counter()
    if "scan_text" not in named or named["choose"].recipe.identifiers != "mask":
        return counts
    columns = (Identified.id, Identified.source, Identified.fails)
    last = "settle" if "settle" in named else "choose"
    for found, chosen in zip(execution.refs("scan_text", "identified"), execution.refs(last, "chosen"), strict=True):
        there = set(store.read(chosen, [Chosen.id])[Chosen.id].to_pylist())
        rows = {(id, source) for id, source, fails in _rows(store.read(found, columns)) if fails and id in there}
        counts.update(source for _, source in rows if source not in named["choose"].recipe.exempt)
    return counts


def _rows(table: pa.Table) -> Iterator[tuple[Any, ...]]:
    return zip(*(column.to_pylist() for column in table.columns), strict=True)


def _reasons(store: Store, execution: Execution, step: str) -> list[str]:
    return [
        reason
        for ref in execution.refs(step, "rejects")
        if ref.rows
        for reason in store.read(ref, [Reject.reason])[Reject.reason].to_pylist()
    ]
