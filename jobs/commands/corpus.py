"""The commands on a corpus: plan, build, audit, diff, report."""

import sys
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from jobs.commands.options import STORE, GpusOption, JsonOption, LedgerOption, ManifestArgument, StoreOption, StudentUrlOption

if TYPE_CHECKING:
    from jobs.build import Options
    from jobs.inputs import Asked
    from jobs.progress import Watcher
    from pipeline.publish.corpus import Corpus

app = typer.Typer()
PilotOption = Annotated[
    int | None,
    typer.Option("--pilot", metavar="N", min=1, help="Ask so many questions first, and estimate what all will take; they are paid once."),
]


class RunnerName(StrEnum):
    """Where units run."""

    LOCAL = "local"
    RAY = "ray"


@app.command(
    epilog="Examples: `medtrace plan jobs/manifests/demo.toml --store .medtrace/demo` · `medtrace plan m.toml --pilot 50` · `medtrace plan m.toml --json | jq .teachers`"
)
def plan(
    manifest: ManifestArgument,
    store: StoreOption = STORE,
    ledger: LedgerOption = "",
    locked: Annotated[bool, typer.Option("--locked", help="Fail rather than change the fetch lock.")] = False,
    pilot: PilotOption = None,
    declared: Annotated[
        bool, typer.Option("--declared", help="Count with the rows that datasets declare; their files need not be there.")
    ] = False,
    student_url: StudentUrlOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show what a build would do: steps stored, to run or unknown, and what teachers would be asked. Asks nobody, but for a pilot."""
    from jobs import inputs, preview
    from jobs.build import Options
    from jobs.declared import plan_declared
    from jobs.ledgers import join_ledger
    from jobs.pilots import pilot as ask
    from jobs.progress import Watcher
    from jobs.served import student_at
    from jobs.show import corpus as show

    asked = inputs.open_manifest(manifest)
    join_ledger(store.resolve(), ledger)
    if declared:
        show.declared(plan_declared(asked), as_json=as_json)
        return
    options = Options(store.resolve(), Path("out") / asked.manifest.name, locked=locked)
    with student_at(student_url, asked.manifest):
        if pilot is not None:
            with Watcher(quiet=as_json, store=options.store) as watcher:
                ask(asked, options, pilot, watcher, watcher.count)
        planned = preview.plan(asked, options)
    show.plan(planned, as_json=as_json)


@app.command(
    epilog="Examples: `medtrace build jobs/manifests/demo.toml` · `medtrace build m.toml --runner ray --workers 64 --store /shared/store --out /shared/out/m` · `medtrace build m.toml --until choose` · `medtrace build m.toml --batch`"
)
def build(
    manifest: Annotated[
        Path,
        typer.Argument(metavar="MANIFEST", help="A TOML file, like jobs/manifests/demo.toml; with --locked, also a corpus to make again."),
    ],
    store: StoreOption = STORE,
    ledger: LedgerOption = "",
    out: Annotated[Path | None, typer.Option("--out", help="Folder of the corpus [default: out/NAME].")] = None,
    runner: Annotated[RunnerName, typer.Option("--runner", help="This machine's processes, or a Ray cluster.")] = RunnerName.LOCAL,
    workers: Annotated[int | None, typer.Option("--workers", min=0, help="Units at a time [default: the CPUs here].")] = None,
    until: Annotated[str | None, typer.Option("--until", metavar="STEP", help="Stop after this step; publish nothing.")] = None,
    locked: Annotated[
        bool,
        typer.Option("--locked", help="Fail rather than change the fetch lock; of a corpus, make its bytes again from lock and ledger."),
    ] = False,
    places: Annotated[
        list[str] | None, typer.Option("--from", metavar="NAME=PATH", help="Where local files of a corpus's source or benchmark lie now.")
    ] = None,
    relock: Annotated[bool, typer.Option("--relock", help="Accept what the hub serves now, and renew the lock.")] = False,
    batch: Annotated[
        bool, typer.Option("--batch", help="Ask teachers in provider batches: within a day, at about half the price.")
    ] = False,
    pilot: PilotOption = None,
    poll: Annotated[float, typer.Option("--poll", min=0.05, help="Seconds between looks at batches.")] = 60.0,
    student_url: StudentUrlOption = None,
    gpus: GpusOption = None,
    as_json: JsonOption = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="No progress.")] = False,
) -> None:
    """Build a corpus. Kill it anywhere and run it again: what is finished or paid is not done twice."""
    from jobs import inputs
    from jobs.build import Options
    from jobs.build import build as run
    from jobs.ledgers import join_ledger
    from jobs.pilots import compared
    from jobs.pilots import pilot as ask_pilot
    from jobs.progress import Watcher
    from jobs.served import student_at
    from jobs.show import corpus as show
    from jobs.show.pilot import pilot_lines
    from jobs.warnings import warnings_of
    from schemas.errors import UsageError

    if batch and pilot is not None:
        raise UsageError("--pilot and --batch exclude each other: run medtrace plan --pilot first, its answers are kept for the batches.")
    if locked and relock:
        raise UsageError("--locked and --relock exclude each other: keep the lock, or renew it.")
    like = None
    if manifest.is_dir():
        asked, like = _again(manifest, out, places or [], locked=locked, whole=not (batch or until or pilot))
    else:
        asked = inputs.open_manifest(manifest)
    folder = (out or Path("out") / asked.manifest.name).absolute()
    if runner is RunnerName.RAY:
        _need_absolute({"--store": store, "--out": out})
    join_ledger(store.absolute(), ledger)
    options = Options(store.absolute(), folder, runner.value, workers, until, locked, relock, like, gpus)
    with student_at(student_url, asked.manifest), Watcher(quiet=quiet, store=options.store) as watcher:
        if pilot is not None:
            for line in pilot_lines(ask_pilot(asked, options, pilot, watcher, watcher.count)):
                watcher.say(line)
        over = _batches(asked, options, watcher, poll) if batch else ""
        built = run(asked, options, watcher, say=watcher.say, answers=watcher.count, over=over)
    show.built(built, pilot=compared(asked.manifest, options.store, built.execution), as_json=as_json)
    for warning in warnings_of(built, options.store):
        print(f"Warning: {warning}", file=sys.stderr)
    for error in built.errors:
        print(f"Error: {error}", file=sys.stderr)
    if built.errors:
        raise typer.Exit(1)
    if like is not None:
        _compare(like, folder)


def _batches(asked: "Asked", options: "Options", watcher: "Watcher", poll: float) -> str:
    """Asks all in provider batches; what ended the budget, where the manifest has what is finished published then."""
    from jobs.batches import ask
    from schemas.errors import BudgetError

    try:
        ask(asked, options, watcher, watcher.say, poll)
    except BudgetError as error:
        if asked.manifest.on_budget == "stop":
            raise
        return str(error)
    return ""


def _again(manifest: Path, out: Path | None, places: list[str], *, locked: bool, whole: bool) -> "tuple[Asked, Corpus]":
    """What a corpus was asked as, to be made again elsewhere."""
    from jobs.audit import named_paths
    from jobs.locked import check_there, open_locked
    from schemas.errors import UsageError

    if not locked or not whole:
        raise UsageError(
            f"{manifest} is a folder. Name a manifest, or add --locked (without --batch, --pilot and --until) to make a corpus again."
        )
    asked, like = open_locked(manifest, named_paths(places, "--from", "quiz=data/quiz.jsonl"))
    folder = (out or Path("out") / asked.manifest.name).resolve()
    if folder == manifest.resolve():
        raise UsageError(f"{manifest} would take its own place. Name another folder with --out, so that both can be compared.")
    check_there(asked, manifest)
    return asked, like


def _compare(like: "Corpus", folder: Path) -> None:
    """Says that two corpora are one byte for byte, or fails with what differs."""
    from jobs.locked import differences, soft_changes

    found = differences(like, folder)
    for line in soft_changes(like) if found else ():
        print(f"Changed: {line}", file=sys.stderr)
    if found:
        shown = "; ".join(found[:8]) + (f"; and {len(found) - 8} more" if len(found) > 8 else "")
        print(f"Error: {folder} is not {like.path} byte for byte: {shown}.", file=sys.stderr)
        raise typer.Exit(1)
    print(f"{folder} is {like.path}, byte for byte.", file=sys.stderr)


def _need_absolute(folders: dict[str, Path | None]) -> None:
    """On Ray a job's working directory is a throw-away copy."""
    from schemas.errors import UsageError

    for option, folder in folders.items():
        if folder is None or not folder.is_absolute():
            raise UsageError(f"With --runner ray, {option} takes an absolute path that every node shares, not {folder or 'the default'}.")


@app.command(epilog="Examples: `medtrace audit out/demo` · `medtrace audit out/m --strict --benchmark medqa=data/medqa --json`")
def audit(
    corpus: Annotated[Path, typer.Argument(metavar="CORPUS", help="A folder that `medtrace build` wrote.")],
    strict: Annotated[bool, typer.Option("--strict", help="What could not be checked is a failure too.")] = False,
    benchmark: Annotated[
        list[str] | None, typer.Option("--benchmark", metavar="NAME=PATH", help="Where a benchmark's files are, to look for leaks again.")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Prove a corpus: digests, contracts, every kept answer verified again, every image decoded."""
    from jobs.audit import audit as run
    from jobs.audit import named_paths
    from jobs.show import corpus as show

    found = run(corpus, strict=strict, benchmarks=named_paths(benchmark or []))
    show.audit(found, as_json=as_json)
    if found.failed:
        raise typer.Exit(1)


@app.command(epilog="Example: `medtrace diff out/v1 out/v2 --json`")
def diff(
    old: Annotated[Path, typer.Argument(metavar="OLD")],
    new: Annotated[Path, typer.Argument(metavar="NEW")],
    as_json: JsonOption = False,
) -> None:
    """Say what differs between two corpora: rows, verdicts, shards and what was asked."""
    from jobs.show import corpus as show
    from pipeline.publish.diff import diff as run

    show.diff(run(old, new), as_json=as_json)


@app.command(epilog="Examples: `medtrace report out/demo` · `medtrace report out/demo --out demo.html`")
def report(
    corpus: Annotated[Path, typer.Argument(metavar="CORPUS", help="A folder that `medtrace build` wrote.")],
    out: Annotated[Path | None, typer.Option("--out", metavar="FILE", help="Where to [default: CORPUS/report.html].")] = None,
    as_json: JsonOption = False,
) -> None:
    """Make the report of a corpus anew: one page, offline, with its funnel, distributions, overlaps and a sample of traces."""
    from jobs.show import corpus as show
    from pipeline.publish.finish import renew_report

    show.reported(renew_report(corpus, out), as_json=as_json)
