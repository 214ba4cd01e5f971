"""Graphs over a part of what was chosen: a pilot's few questions, or those that were finished when a budget ended."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import pyarrow as pa

from jobs.steps.rounds import rounds_of
from jobs.steps.traces import judged_by
from pipeline.graph import Graph
from pipeline.models.held import open_held
from pipeline.stages import narrow, settle
from pipeline.step import Fan, Read, Step, Tables
from schemas.example import Chosen, Dropped
from schemas.manifest import Manifest
from schemas.trace import Judgement, Trace

JUDGING = ("sample", "judge", "ask_judge")
_HELD = "held:"


@dataclass(frozen=True)
class HeldRecipe:
    """A recipe of which only answers that the ledger holds are used, and the state that it is in: other answers make other units."""

    asked: Any
    ledger: str


def pilot_graph(graph: Graph, last: str) -> Graph:
    """The graph from upstream to what is selected, of the questions up to a place in the order of pilots."""
    step = Step("narrow", 2, Fan.MAP, narrow.narrow, narrow.NarrowRecipe(last), (Read("chosen", "choose", "chosen"),), {"chosen": Chosen})
    before, after = _split(graph)
    asked = [one for one in after if one.folder != "publish"]
    return Graph((*before, step, *_over(asked, "narrow")), graph.part_digests)


def finished_graph(graph: Graph, manifest: Manifest, state: str) -> Graph:
    """The graph of the questions to which the ledger holds every answer that teachers and judge were to give; it asks nobody."""
    before, after = _split(graph)
    held = [_held(step, state) for step in after if step.folder in JUDGING]
    return Graph((*before, *held, _settle_step(manifest), *_over(after, "settle")), graph.part_digests)


def _split(graph: Graph) -> tuple[list[Step], list[Step]]:
    """What comes before the first question is asked, and what follows."""
    first = next(place for place, step in enumerate(graph.steps) if step.folder in ("sample", "publish"))
    return list(graph.steps[:first]), list(graph.steps[first:])


def _over(steps: Iterable[Step], name: str) -> list[Step]:
    """The steps, reading another step in the place of what was chosen."""
    return [
        replace(step, reads=tuple(replace(read, step=name) if read.step == "choose" else read for read in step.reads)) for step in steps
    ]


def _held(step: Step, state: str) -> Step:
    """A step that asks or judges, over what the ledger holds. A judge's units keep their names: they are the same ones."""
    reads = tuple(replace(read, step=_named(read.step)) if read.step.partition("[")[0] in JUDGING else read for read in step.reads)
    step = replace(step, name=_named(step.name), reads=reads)
    if step.open is None:
        return step
    return replace(step, run=partial(_run_held, run=step.run), recipe=HeldRecipe(step.recipe, state), open=open_held)


def _named(name: str) -> str:
    folder, _, rest = name.partition("[")
    return f"{folder}[{_HELD}{rest}"


def _run_held(run: Any, recipe: HeldRecipe, **tables: pa.Table) -> Tables:
    return run(recipe=recipe.asked, **tables)


def _settle_step(manifest: Manifest) -> Step:
    reads = [Read("chosen", "choose", "chosen"), Read("dropped", "choose", "dropped")]
    for teacher in manifest.teachers:
        for name in rounds_of(teacher):
            reads.append(Read("traces", _named(f"sample[{name}]"), "traces", (Trace.example, Trace.finish_reason)))
            if manifest.judge.model:
                told = (Judgement.example, Judgement.error)
                reads.append(Read("judgements", _named(judged_by(manifest, name)), "judgements", told))
    return Step("settle", 2, Fan.MAP, settle.settle, settle.SettleRecipe(), tuple(reads), {"chosen": Chosen, "dropped": Dropped})
