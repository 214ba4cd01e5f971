"""Planning: what a build would do, unit by unit, and what it would ask its teachers."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from jobs import inputs as found
from jobs.asking import left_to_ask
from jobs.build import Nobody, Options, prepare
from jobs.estimates import Estimate, estimate_of
from jobs.pilots import Pilot, compared
from jobs.privacy import identified
from pipeline.execute import execute
from pipeline.graph import Execution, Graph
from pipeline.stages.ask_judge import AskJudgeRecipe
from pipeline.stages.sample import SampleRecipe
from pipeline.step import Step
from pipeline.store import Store
from schemas.manifest import Manifest


@dataclass(frozen=True)
class StepPlan:
    """What is known of one step."""

    step: str
    units: int | None
    cached: int
    waits_for: str

    @property
    def to_run(self) -> int | None:
        """Units that a build would run; none while unknown."""
        return None if self.units is None else self.units - self.cached


@dataclass(frozen=True)
class TeacherPlan:
    """What a teacher or the judge would be asked. `exact`: the questions are known already; `waits_for`: what decides a judge's.

    `estimate`: tokens and money, where the questions are known.
    """

    teacher: str
    model: str
    questions: int | None
    requests: int | None
    in_ledger: int
    max_tokens: int | None
    exact: bool
    waits_for: str = ""
    estimate: Estimate | None = None


@dataclass(frozen=True)
class Plan:
    """What a build would do. `identifiers`: rows by source and kind of identifier of persons; none while not all are scanned.

    `pilot`: what a few questions that were asked first say of all, where a pilot of this manifest was.
    """

    name: str
    steps: tuple[StepPlan, ...]
    teachers: tuple[TeacherPlan, ...]
    identifiers: Mapping[tuple[str, str], int] | None = None
    pilot: Pilot | None = None

    def to_json(self) -> dict[str, Any]:
        """The plan for machines."""
        steps = [{"step": s.step, "units": s.units, "cached": s.cached, "to_run": s.to_run, "waits_for": s.waits_for} for s in self.steps]
        found = None if self.identifiers is None else [[*which, count] for which, count in sorted(self.identifiers.items())]
        told = {"name": self.name, "steps": steps, "teachers": [asdict(teacher) for teacher in self.teachers], "identifiers": found}
        return told | {"pilot": self.pilot.to_json() if self.pilot else None}


def plan(asked: found.Asked, options: Options) -> Plan:
    """What a build would do now. Fetches what is not there yet, runs no stage and asks no teacher.

    Raises: MedtraceError as a build would before its first unit.
    """
    graph, _, _ = prepare(asked, options)
    store = Store(options.store)
    execution = execute(graph, store, Nobody(), dry=True)
    rows = _upper_bound(graph, execution)
    teachers = [_teacher(step, execution, store, asked.manifest, rows) for step in graph.steps if step.open is not None]
    steps = tuple(_step(graph, step, execution) for step in graph.steps)
    pilot = compared(asked.manifest, options.store, execution)
    return Plan(asked.manifest.name, steps, tuple(teachers), identified(store, execution), pilot)


def _step(graph: Graph, step: Step, execution: Execution) -> StepPlan:
    ran = execution.ran[step.name]
    known = ran.units if ran.units or step.parts else None
    waits = ""
    if known is None or ran.left:
        waits = next((name for name in dict.fromkeys(read.step for read in step.reads) if _open(execution, name)), "")
    return StepPlan(step.name, known, ran.cached, waits)


def _open(execution: Execution, name: str) -> bool:
    ran = execution.ran[name]
    return not ran.units or ran.left > 0


def _upper_bound(graph: Graph, execution: Execution) -> int | None:
    """Most questions that can come through: the rows ingested, within each source's cap; none while not ingested."""
    total = 0
    caps: dict[str, int] = {}
    for step in graph.steps:
        if step.folder == "rank":
            caps = dict(zip(step.recipe.sources, step.recipe.max_rows, strict=True))
    besides = {name for step in graph.steps if isinstance(step.recipe, SampleRecipe) for name in step.recipe.besides}
    for step in graph.steps:
        if step.parts and step.recipe.needs_gold and step.recipe.source not in besides:
            cap = caps.get(step.recipe.source, 0)
            rows = sum(ref.rows for ref in execution.refs(step.name, "examples"))
            if execution.ran[step.name].left and not cap:
                return None
            total += min(rows, cap) if cap and not execution.ran[step.name].left else cap or rows
    return total


def _teacher(step: Step, execution: Execution, store: Store, manifest: Manifest, rows: int | None) -> TeacherPlan:
    recipe: SampleRecipe | AskJudgeRecipe = step.recipe
    ledger = store.root / "ledger"
    name = recipe.teacher if isinstance(recipe, AskJudgeRecipe) else step.name.partition("[")[2].removesuffix("]")
    known = left_to_ask(step, execution, store, ledger)
    if isinstance(recipe, AskJudgeRecipe):
        if known is None:
            return TeacherPlan(name, recipe.model, None, None, 0, None, exact=False, waits_for=step.reads[0].step)
        samples = 1
    else:
        samples = recipe.samples
    if known is None:
        requests = None if rows is None else rows * samples
        tokens = None if requests is None else requests * recipe.max_tokens
        return TeacherPlan(name, recipe.model, rows, requests, 0, tokens, exact=False)
    held = known.samples - known.missing
    most = known.missing * recipe.max_tokens
    told = None if isinstance(recipe, AskJudgeRecipe) else estimate_of(step, execution, store, ledger, manifest)
    return TeacherPlan(name, recipe.model, known.questions, known.missing, held, most, exact=True, estimate=told)
