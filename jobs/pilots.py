"""Pilots: a few questions asked first, what the whole corpus will take by them, and how far off that was."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from math import sqrt
from pathlib import Path
from statistics import fmean, variance
from typing import Any, NamedTuple

from jobs import inputs as found
from jobs.asking import replies_of
from jobs.build import Nobody, Options, hold_back, prepare, run
from jobs.served import check_models, place
from jobs.steps.parts import pilot_graph
from pipeline.execute import execute
from pipeline.graph import Counting, Execution, Watch
from pipeline.publish.lock import manifest_fingerprint
from pipeline.stages.ask_judge import AskJudgeRecipe
from pipeline.stages.narrow import place_of
from pipeline.stages.sample import SampleRecipe
from pipeline.store import Store, check_writable, writing
from schemas.errors import ManifestError, UsageError
from schemas.example import Chosen
from schemas.manifest import Manifest
from schemas.trace import Trace

FOLDER = "pilots"
# About 95 % of what a mean over a few dozen questions may be off by.
_ERRORS = 2.0


class Taken(NamedTuple):
    """What answers took; the cost is None where no price is known (10^-9 USD)."""

    requests: int = 0
    prompt_tokens: int = 0
    completion_tokens: int = 0
    cost_nanousd: int | None = 0

    def plus(self, more: "Taken") -> "Taken":
        """Both together."""
        cost = None if self.cost_nanousd is None or more.cost_nanousd is None else self.cost_nanousd + more.cost_nanousd
        return Taken(
            self.requests + more.requests, self.prompt_tokens + more.prompt_tokens, self.completion_tokens + more.completion_tokens, cost
        )


class Guess(NamedTuple):
    """An expected total, and what it may be off by either way (two standard errors)."""

    expected: int
    margin: int


@dataclass(frozen=True)
class Told:
    """What one teacher or the judge will take by the pilot, by the names of `Taken`, and what it took where that is known by now."""

    name: str
    guesses: Mapping[str, Guess | None]
    actual: Taken | None = None

    def error(self, kind: str) -> float | None:
        """By which share of what it took the guess is too high; less than 0 where it is too low."""
        guess, took = self.guesses[kind], None if self.actual is None else getattr(self.actual, kind)
        return None if guess is None or not took else guess.expected / took - 1


@dataclass(frozen=True)
class Pilot:
    """A pilot of so many questions of all, and what it says of each that is asked."""

    asked: int
    questions: int
    told: tuple[Told, ...]

    def to_json(self) -> dict[str, Any]:
        """For machines."""
        teachers = [
            {
                "name": one.name,
                **{kind: None if guess is None else guess._asdict() for kind, guess in one.guesses.items()},
                "actual": None if one.actual is None else one.actual._asdict(),
                "error": {kind: one.error(kind) for kind in one.guesses},
            }
            for one in self.told
        ]
        return {"asked": self.asked, "questions": self.questions, "teachers": teachers}


def pilot(asked: found.Asked, options: Options, count: int, watch: Watch | None = None, answers: Counting = lambda count: None) -> Pilot:
    """Asks a few questions through all rounds, teachers and the judge, and notes what the whole corpus will take by them.

    Its answers are in the ledger: a build pays for none of them again.
    Raises: MedtraceError as a build would.
    """
    options = replace(options, until=None)
    manifest = asked.manifest
    if not manifest.asked:
        raise UsageError("--pilot asks a few questions first, and this manifest names no teacher. Leave it out.")
    check_writable(options.store, "--store")
    graph, items, _ = prepare(asked, options)
    found.check_permissions(manifest, items)
    hold_back(manifest, graph, options, watch)
    store = Store(options.store)
    execution = _run(graph.until("choose"), options, watch)
    ids = [id for ref in execution.refs("choose", "chosen") for id in store.read(ref, [Chosen.id])[Chosen.id].to_pylist()]
    if not ids:
        raise ManifestError(
            "No question is chosen, so there is none to ask in a pilot. Look at what was dropped, with build --until choose."
        )
    small = pilot_graph(graph, sorted(map(place_of, ids))[min(count, len(ids)) - 1])
    if any(ran.left or not ran.units for ran in execute(small, store, Nobody(), dry=True).ran.values()):
        check_models(place(asked, options), local=options.runner == "local")
    execution = _run(small, options, watch, answers)
    sums: dict[str, dict[str, Taken]] = {one.name: {} for one in manifest.asked}
    for name, example, took in _answers(execution, store):
        sums[name][example] = sums[name].get(example, Taken()).plus(took)
    known = min(count, len(ids))
    made = Pilot(known, len(ids), tuple(Told(name, _guesses(list(took.values()), known, len(ids))) for name, took in sums.items()))
    _note(_path(options.store, manifest), manifest, made)
    return made


def compared(manifest: Manifest, root: Path, execution: Execution) -> Pilot | None:
    """The last pilot of just this manifest, with what was taken in the end where every answer is there; None without a pilot."""
    try:
        held = json.loads(_path(root, manifest).read_bytes())
        if held["manifest"] != manifest_fingerprint(manifest):
            return None
        guesses = {
            name: {kind: None if guess is None else Guess(*guess) for kind, guess in one.items()} for name, one in held["teachers"].items()
        }
        made = Pilot(held["asked"], held["questions"], tuple(Told(name, one) for name, one in guesses.items()))
    except (OSError, ValueError, KeyError, TypeError):
        return None
    asking = [ran for ran in execution.ran.values() if ran.step.open is not None]
    if "publish" not in execution.ran or "settle" in execution.ran or any(not ran.units or ran.left or ran.failed for ran in asking):
        return made
    sums = {one.name: Taken() for one in made.told}
    for name, _, took in _answers(execution, Store(root)):
        sums[name] = sums.get(name, Taken()).plus(took)
    return replace(made, told=tuple(replace(one, actual=sums[one.name]) for one in made.told))


def _run(graph: Any, options: Options, watch: Watch | None, answers: Counting = lambda count: None) -> Execution:
    execution = run(graph, options, watch, answers)
    if execution.errors:
        raise execution.errors[0]
    return execution


def _answers(execution: Execution, store: Store) -> Iterator[tuple[str, str, Taken]]:
    """Who answered, about which example, and what that took."""
    told = (Trace.example, Trace.prompt_tokens, Trace.completion_tokens, Trace.cost_nanousd)
    for name, ran in execution.ran.items():
        recipe = ran.step.recipe
        if isinstance(recipe, SampleRecipe):
            for ref in execution.refs(name, "traces"):
                columns = (store.read(ref, told)[column].to_pylist() for column in told)
                for example, *took in zip(*columns, strict=True):
                    yield recipe.teacher, example, Taken(1, *took)
        elif isinstance(recipe, AskJudgeRecipe):
            for example, reply in replies_of(ran.step, execution, store, store.root / "ledger"):
                yield recipe.teacher, example, Taken(1, reply.prompt_tokens, reply.completion_tokens, reply.cost_nanousd)


def _guesses(took: list[Taken], asked: int, questions: int) -> dict[str, Guess | None]:
    """Totals over all questions from those of the asked ones; a question that a teacher did not get took nothing."""
    return {kind: _guess([getattr(one, kind) for one in took], asked, questions) for kind in Taken._fields}


def _guess(values: list[int | None], asked: int, questions: int) -> Guess | None:
    known = [value for value in values if value is not None]
    if len(known) < len(values):
        return None
    known += [0] * (asked - len(known))
    # Of a part drawn from a whole, the mean is the surer the more of it is drawn.
    error = sqrt(variance(known) / asked * (1 - asked / questions)) if asked > 1 else fmean(known)
    return Guess(round(questions * fmean(known)), round(_ERRORS * questions * error) if asked < questions else 0)


def _path(root: Path, manifest: Manifest) -> Path:
    return root / FOLDER / f"{manifest.name}.json"


def _note(path: Path, manifest: Manifest, made: Pilot) -> None:
    told = {**asdict(made), "manifest": manifest_fingerprint(manifest), "teachers": {one.name: dict(one.guesses) for one in made.told}}
    del told["told"]
    with writing(path) as temporary:
        temporary.write_text(json.dumps(told, sort_keys=True))
