"""Laying out: what the units of a build made becomes a corpus folder."""

from collections import Counter
from pathlib import Path
from typing import Any

from jobs.inputs import Asked, entry_of
from jobs.steps.given import Input
from jobs.tallies import tally
from pipeline.fingerprint import plain
from pipeline.graph import Execution, Graph
from pipeline.publish.finish import finish
from pipeline.publish.lock import Shard, SourceFacts, unfinished
from pipeline.publish.overlaps import Evidence
from pipeline.stages.publish import OUTPUTS
from pipeline.store import Store
from schemas.lock import FetchLock


def lay_out(
    graph: Graph, store: Store, execution: Execution, asked: Asked, items: tuple[Input, ...], lock: FetchLock, out: Path
) -> tuple[dict[str, int], int]:
    """Publishes what was built at `out`: rows by config, and the questions left out because a budget ended.

    Raises: StoreError as `finish`.
    """
    shards = published(store, execution)
    met = [execution.refs("decide_overlaps", "overlaps"), execution.refs("show_overlaps", "thumbnails")]
    near = execution.refs("join_texts", "similar")
    tallies = tally(graph, store, execution)
    finish(
        out,
        shards,
        tallies,
        asked.manifest,
        asked.text,
        asked.path.name,
        {entry_of(item.dataset, item.benchmark): facts_of(item, lock) for item in items},
        built_with(graph, asked, lock),
        Evidence(*(store.path(ref.step, ref.key, ref.output) for (ref,) in met)) if all(met) else None,
        store.path(near[0].step, near[0].key, near[0].output) if near else None,
    )
    counts: Counter[str] = Counter()
    for shard in shards:
        counts[shard.config] += shard.rows
    return dict(counts), unfinished(tallies)


def built_with(graph: Graph, asked: Asked, fetched: FetchLock) -> dict[str, Any]:
    """What a lock says of the build: the version and the recipe of each step, what was fetched, and what must not be built again."""
    steps = {step.name: step.version for step in graph.steps}
    recipes = {step.name: plain(step.recipe) for step in graph.steps}
    return {"steps": steps, "recipes": recipes, "takedown": asked.takedown.model_dump(mode="json"), "fetched": _of(asked, fetched)}


def _of(asked: Asked, fetched: FetchLock) -> dict[str, Any]:
    """What the fetch lock says of this manifest's datasets."""
    names = [
        entry_of(one, benchmark) for benchmark, part in ((False, asked.manifest.source), (True, asked.manifest.benchmark)) for one in part
    ]
    held = {name: fetched.fetched[name] for name in sorted(names) if name in fetched.fetched}
    return FetchLock(fetched=held).model_dump(mode="json")


def published(store: Store, execution: Execution) -> list[Shard]:
    """The shards to lay out, in order of config, split and place in the trie."""
    shards: list[Shard] = []
    for output in OUTPUTS:
        if output == "tally":
            continue
        config, _, split = output.partition("-")
        for label, ref in zip(execution.groups, execution.refs("publish", output), strict=True):
            if ref.rows:
                path = store.path(ref.step, ref.key, ref.output)
                shards.append(Shard(config, split, label, path, ref.rows, ref.nbytes, ref.digest()))
    return shards


def facts_of(item: Input, lock: FetchLock) -> SourceFacts:
    """What card and lock say of an input: who published it, and which files were read."""
    files = sorted({path for part in item.parts for path in part.files})
    root = item.parts[0].root
    fetched = lock.fetched.get(entry_of(item.dataset, item.benchmark)) if item.dataset.path is None else None
    return SourceFacts(
        name=item.dataset.name,
        role="benchmark" if item.benchmark else "source",
        title=item.source.title,
        homepage=item.source.homepage,
        license=item.source.license,
        access=item.source.access.value,
        citation=item.source.citation,
        revision=fetched.revision if fetched else "",
        files=tuple((path.relative_to(root).as_posix(), item.digests[path], path.stat().st_size) for path in files),
    )
