"""Building: a manifest through the graph into a published corpus."""

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from jobs import inputs as found
from jobs.asking import left_to_ask
from jobs.budgets import check_budgets
from jobs.interrupts import second_leaves
from jobs.lay_out import lay_out
from jobs.ledgers import Unsettled, unsettled_in, upload
from jobs.locked import check_drift, recorded
from jobs.plan import build_graph
from jobs.privacy import check_texts, has_remote
from jobs.served import check_models, place
from jobs.steps.given import Input
from jobs.steps.parts import finished_graph
from pipeline import prompts
from pipeline.execute import execute
from pipeline.graph import Counting, Execution, Graph, Runner, Watch
from pipeline.models.held import state_of
from pipeline.publish.corpus import Corpus
from pipeline.publish.finish import check_replaceable
from pipeline.run_local import LocalRunner, available_cpus
from pipeline.step import Answered, Context
from pipeline.store import Store, check_writable
from schemas.errors import BudgetError, MedtraceError, StoreError, UsageError, WiringError
from schemas.lock import FetchLock
from schemas.manifest import Manifest


@dataclass(frozen=True)
class Options:
    """What a build may be told besides its manifest: nothing of it changes a row. `like`: a corpus to make again, byte for byte."""

    store: Path
    out: Path
    runner: str = "local"
    workers: int | None = None
    until: str | None = None
    locked: bool = False
    relock: bool = False
    like: Corpus | None = None
    student_gpus: int | None = None


@dataclass(frozen=True)
class Built:
    """What a build did. `unsettled`: what was paid for this corpus, by this or earlier builds, without an answer that is known.

    `unfinished`: questions that a partial corpus leaves out because the budget ended, as `over` says.
    """

    manifest: Manifest
    out: Path | None
    execution: Execution
    counts: dict[str, int]
    unsettled: tuple[Unsettled, ...] = ()
    unfinished: int = 0
    over: str = ""

    @property
    def errors(self) -> list[MedtraceError]:
        """Why it is not finished; empty where it is."""
        return self.execution.errors

    def to_json(self) -> dict[str, Any]:
        """The build for machines: per step what ran, and what came out."""
        steps = [
            {
                "step": name,
                "units": ran.units,
                "cached": ran.cached,
                "ran": ran.done,
                "failed": ran.failed,
                "left": ran.left,
                "units_ran": sorted(ran.labels_done),
                "rows": dict(sorted(ran.rows.items())),
                **{name: round(seconds, 3) for name, seconds in ran.took._asdict().items()},
            }
            for name, ran in self.execution.ran.items()
        ]
        return {
            "name": self.manifest.name,
            "out": str(self.out) if self.out else None,
            "counts": self.counts,
            "steps": steps,
            "unsettled": [asdict(one) for one in self.unsettled],
            "partial": {"unfinished": self.unfinished, "why": self.over} if self.over else None,
            "errors": [str(error) for error in self.errors],
        }


def prepare(asked: found.Asked, options: Options) -> tuple[Graph, tuple[Input, ...], FetchLock]:
    """Everything that can fail before the first unit: files, licences, wiring.

    Raises: MedtraceError as the parts do.
    """
    for teacher in asked.manifest.teachers:
        prompts.by_name(teacher.prompt)
    check_budgets(asked.manifest, options.store if options.runner == "ray" else None)
    items, lock = found.resolve(asked, options.store / "fetched", locked=options.locked, relock=options.relock)
    found.check_licences(asked.manifest, items)
    placed = place(asked, options)
    graph = build_graph(placed.manifest, items, placed.engine)
    graph.check()
    if options.like is not None:
        check_drift(options.like, graph, items, lock, asked)
        graph = recorded(graph)
    return _until(graph, options.until) if options.until else graph, items, lock


def _until(graph: Graph, name: str) -> Graph:
    try:
        return graph.until(name)
    except WiringError as error:
        raise UsageError(f"--until {name}: {error}") from error


def build(
    asked: found.Asked,
    options: Options,
    watch: Watch | None = None,
    say: Callable[[str], None] = lambda line: None,
    answers: Counting = lambda count: None,
    over: str = "",
) -> Built:
    """Builds a corpus, or as much of it as `until` asks. `answers` is handed a count of the teachers' answers, where there is one.

    `over`: what ended the budget already, so that nobody is asked and what is finished is published.
    Raises: MedtraceError before anything ran; what fails later is in the result's errors.
    """
    if not options.until:
        _check_apart(options.out, {"the store": options.store, "the manifest": asked.path.absolute()})
    check_writable(options.store, "--store")
    if not options.until:
        check_replaceable(options.out, asked.manifest.name)
        check_writable(options.out.parent, "--out")
    graph, items, lock = prepare(asked, options)
    if not options.until:
        _check_apart(options.out, {item.dataset.name: part.files[0] for item in items for part in item.parts})
    store = Store(options.store)
    upload(options.store)
    say(f"{asked.manifest.name}: {len(items)} inputs, {len(graph.steps)} steps, store {options.store}")
    for item in items:
        if item.layout.unverified:
            say(f"{item.dataset.name}: nobody here has seen files in this layout; assumed: {item.layout.unverified}.")
    if asked.manifest.student and asked.manifest.student.round:
        say(f"{asked.manifest.name}: the first round alone is built; medtrace loop runs all.")
    execution = execute(graph, store, Nobody(), dry=True)
    if options.like is None and not over and _asks(graph, execution, store):
        found.check_permissions(asked.manifest, items)
        hold_back(asked.manifest, graph, options, watch)
        check_models(place(asked, options), local=options.runner == "local")
    if not over and not _complete(execution):
        execution = run(graph, options, watch, answers, say)
        execution.errors[:] = [_with_left(error, graph, execution, store) for error in execution.errors]
    over = "" if options.until else over or spent(asked.manifest, execution)
    if over:
        say(f"{over} What is finished is published, as on_budget says.")
        graph = finished_graph(graph, asked.manifest, state_of(store.root / "ledger"))
        execution = run(graph, options, watch)
    upload(options.store)
    cut_off = tuple(one for one in unsettled_in(store.root / "ledger") if one.corpus == asked.manifest.name)
    if execution.errors or options.until:
        return Built(asked.manifest, None, execution, {}, cut_off)
    counts, unfinished = lay_out(graph, store, execution, asked, items, lock, options.out)
    return Built(asked.manifest, options.out, execution, counts, cut_off, unfinished, over)


def spent(manifest: Manifest, execution: Execution) -> str:
    """What ended the budget, where nothing else failed and what is finished is to be published; '' else."""
    errors = execution.errors
    if manifest.on_budget == "stop" or not errors or not all(isinstance(error, BudgetError) for error in errors):
        return ""
    return " ".join(map(str, errors))


def _with_left(error: MedtraceError, graph: Graph, execution: Execution, store: Store) -> MedtraceError:
    """A budget's error with what is left to ask, as far as that is known."""
    if not isinstance(error, BudgetError):
        return error
    left: list[str] = []
    for step in graph.steps:
        known = left_to_ask(step, execution, store, store.root / "ledger") if step.open is not None else None
        if known is not None and known.missing:
            left.append(f"{known.missing:,} of {known.samples:,} answers of {step.name}")
    return BudgetError(f"{error} Left to ask: {', '.join(left)}.") if left else error


def run(
    graph: Graph,
    options: Options,
    watch: Watch | None = None,
    answers: Counting = lambda count: None,
    say: Callable[[str], None] = lambda line: None,
) -> Execution:
    """Runs what of a graph is not stored yet; publishes nothing."""
    store = Store(options.store)
    runner = _runner(options, store)
    answers(runner.answers)
    with second_leaves():
        try:
            return execute(graph, store, runner, watch)
        except KeyboardInterrupt:
            _tell_under_way(runner, say)
            raise
        finally:
            runner.close()


def _tell_under_way(runner: Runner, say: Callable[[str], None]) -> None:
    """Says how many answers, paid already, are waited for now."""
    under_way = sum(told.in_flight for told in runner.answers().values())
    if under_way:
        say(f"Stopping: {under_way:,} answers are under way and will be paid. Waiting a minute for them; Ctrl-C again leaves them.")


def hold_back(manifest: Manifest, graph: Graph, options: Options, watch: Watch | None = None) -> None:
    """Makes what is chosen, and refuses what would send texts away that may not leave, before any teacher is asked.

    Raises: ManifestError.
    """
    if not has_remote(manifest):
        return
    store = Store(options.store)
    before = graph.until("choose")
    if not _complete(execute(before, store, Nobody(), dry=True)):
        run(before, options, watch)
    check_texts(graph, execute(graph, store, Nobody(), dry=True), store)


def _check_apart(out: Path, kept: Mapping[str, Path]) -> None:
    """Raises: StoreError where something that is kept lies in the folder of the corpus, which a build replaces whole."""
    for what, path in kept.items():
        if path.resolve().is_relative_to(out.resolve()):
            raise StoreError(f"{what} lies in {out}, which a build replaces whole. Choose another folder with --out, or move {path}.")


class Nobody:
    """The runner of a dry run: takes nothing."""

    def room(self, step: Any) -> bool:
        return False

    def submit(self, work: Any) -> None:
        raise AssertionError("a dry run hands nothing over")

    def wait(self) -> Any:
        raise AssertionError("a dry run waits for nothing")

    def answers(self) -> Mapping[str, Answered]:
        return {}

    def close(self) -> None:
        return


def _asks(graph: Graph, execution: Execution, store: Store) -> bool:
    """Whether a teacher will be asked: some sample unit is not stored, and the ledger does not hold all its answers, or may not."""
    for step in graph.steps:
        ran = execution.ran[step.name]
        if step.open is not None and (ran.left or not ran.units):
            known = left_to_ask(step, execution, store, store.root / "ledger")
            if known is None or known.missing:
                return True
    return False


def _complete(execution: Execution) -> bool:
    """Whether everything is stored already."""
    return all(ran.units and not ran.left for ran in execution.ran.values())


def _runner(options: Options, store: Store) -> Runner:
    context = Context(options.store, options.store / "ledger")
    if options.runner == "local":
        return LocalRunner(store, context, available_cpus() if options.workers is None else options.workers)
    from pipeline.join_ray import check_shared, connect
    from pipeline.run_ray import RayRunner

    connect()
    check_shared({"--store": options.store})
    return RayRunner(store, context, options.workers)
