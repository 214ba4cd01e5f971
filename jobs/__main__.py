"""The command line: `medtrace`, or `python -m jobs` where the package is not installed."""

import sys
from collections.abc import Sequence
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from schemas.errors import MedtraceError

app = typer.Typer(
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode="markdown",
    context_settings={"help_option_names": ["-h", "--help"]},
    help="Turns open medical datasets into verified reasoning corpora.",
)
sources_app = typer.Typer(help="The datasets medtrace knows, and whether your files fit them.", invoke_without_command=True)
store_app = typer.Typer(no_args_is_help=True, help="The store of finished work: check it, or free what no manifest needs.")
app.add_typer(sources_app, name="sources")
app.add_typer(store_app, name="store")
ledger_app = typer.Typer(no_args_is_help=True, help="The ledger of every answer: look into it, check it, or take it elsewhere.")
app.add_typer(ledger_app, name="ledger")


class RunnerName(StrEnum):
    """Where units run."""

    LOCAL = "local"
    RAY = "ray"


class PolicyName(StrEnum):
    """How much of a response may hold the answer."""

    TRAIN = "train"
    EVAL = "eval"


class CompatName(StrEnum):
    """Kits whose numbers are computed for comparison."""

    MEDEVALKIT = "medevalkit"


ManifestArgument = Annotated[Path, typer.Argument(metavar="MANIFEST", help="A TOML file, like jobs/manifests/demo.toml.")]
StoreOption = Annotated[Path, typer.Option("--store", help="Folder of finished work and of the ledger.", envvar="MEDTRACE_STORE")]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON to stdout instead of tables.")]
STORE = Path(".medtrace")
INTERRUPTED = 130


@app.command(
    epilog="Examples: `medtrace plan jobs/manifests/demo.toml --store .medtrace/demo` · `medtrace plan m.toml --json | jq .teachers`"
)
def plan(
    manifest: ManifestArgument,
    store: StoreOption = STORE,
    locked: Annotated[bool, typer.Option("--locked", help="Fail rather than change the fetch lock.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Show what a build would do: steps stored, to run or unknown, and what teachers would be asked."""
    from jobs import inputs, preview, show
    from jobs.build import Options

    asked = inputs.open_manifest(manifest)
    show.plan(preview.plan(asked, Options(store.resolve(), Path("out") / asked.manifest.name, locked=locked)), as_json=as_json)


@app.command(
    epilog="Examples: `medtrace build jobs/manifests/demo.toml` · `medtrace build m.toml --runner ray --workers 64 --store /shared/store --out /shared/out/m` · `medtrace build m.toml --until choose`"
)
def build(
    manifest: ManifestArgument,
    store: StoreOption = STORE,
    out: Annotated[Path | None, typer.Option("--out", help="Folder of the corpus [default: out/NAME].")] = None,
    runner: Annotated[RunnerName, typer.Option("--runner", help="This machine's processes, or a Ray cluster.")] = RunnerName.LOCAL,
    workers: Annotated[int | None, typer.Option("--workers", min=0, help="Units at a time [default: the CPUs here].")] = None,
    until: Annotated[str | None, typer.Option("--until", metavar="STEP", help="Stop after this step; publish nothing.")] = None,
    locked: Annotated[bool, typer.Option("--locked", help="Fail rather than change the fetch lock.")] = False,
    relock: Annotated[bool, typer.Option("--relock", help="Accept what the hub serves now, and renew the lock.")] = False,
    as_json: JsonOption = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="No progress.")] = False,
) -> None:
    """Build a corpus. Kill it anywhere and run it again: what is finished or paid is not done twice."""
    from jobs import inputs, show
    from jobs.build import Options
    from jobs.build import build as run
    from jobs.progress import Watcher
    from schemas.errors import UsageError

    if locked and relock:
        raise UsageError("--locked and --relock exclude each other: keep the lock, or renew it.")
    asked = inputs.open_manifest(manifest)
    folder = (out or Path("out") / asked.manifest.name).absolute()
    if runner is RunnerName.RAY:
        _need_absolute({"--store": store, "--out": out})
    options = Options(store.absolute(), folder, runner.value, workers, until, locked, relock)
    with Watcher(quiet=quiet) as watcher:
        built = run(asked, options, watcher, say=watcher.say, answers=watcher.count)
    show.built(built, as_json=as_json)
    for error in built.errors:
        print(f"Error: {error}", file=sys.stderr)
    if built.errors:
        raise typer.Exit(1)


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
    from jobs import show
    from jobs.audit import audit as run
    from jobs.audit import named_paths

    found = run(corpus, strict=strict, benchmarks=named_paths(benchmark or []))
    show.audit(found, as_json=as_json)
    if found.failed:
        raise typer.Exit(1)


@app.command(
    epilog="Examples: `medtrace score responses.jsonl` · `medtrace score responses.jsonl --out verdicts.jsonl --compat medevalkit`"
)
def score(
    responses: Annotated[
        Path,
        typer.Argument(metavar="RESPONSES", help="JSON lines: id, task, question, options, gold, response, finish_reason, image_size."),
    ],
    policy: Annotated[
        PolicyName, typer.Option("--policy", help="train takes only a box after the thought; eval reads more.")
    ] = PolicyName.EVAL,
    out: Annotated[Path | None, typer.Option("--out", help="File for the verdicts [default: stdout, with the table on stderr].")] = None,
    compat: Annotated[CompatName | None, typer.Option("--compat", help="Another kit's numbers beside ours, its errors included.")] = None,
    as_json: JsonOption = False,
) -> None:
    """Judge model outputs: a verdict a row with its rule, and accuracy, unparsed, refused and truncated rates."""
    from jobs import scores, show
    from pipeline.verify.answer import Policy

    found = scores.score(responses, Policy(policy.value), compat=compat is not None)
    if out is not None:
        scores.write_results(found, out)
    show.scored(found, as_json=as_json, lines=out is None)
    for error in found.errors:
        print(f"Error: {responses} {error}", file=sys.stderr)
    if found.errors:
        raise typer.Exit(1)


@app.command(epilog="Examples: `medtrace dedup images/ --out clusters.parquet` · `medtrace dedup shard.parquet --radius 10`")
def dedup(
    images: Annotated[Path, typer.Argument(metavar="IMAGES", help="A folder, or a Parquet file with an image column.")],
    radius: Annotated[
        int | None, typer.Option("--radius", min=0, max=64, help="Bits of a 64-bit hash within which pictures are compared.")
    ] = None,
    out: Annotated[Path | None, typer.Option("--out", help="Parquet or CSV: path, cluster, keeper, distance, reason.")] = None,
    as_json: JsonOption = False,
) -> None:
    """Find the pictures that are there more than once: recompressed, resized, cropped or brightened, not mirrored or turned."""
    from jobs import dedup as pictures
    from jobs import show

    show.deduplicated(pictures.dedup(images, pictures.RADIUS if radius is None else radius, out), out, as_json=as_json)


@app.command(epilog="Example: `medtrace overlap train.jsonl medqa_test.jsonl --out overlaps.jsonl`")
def overlap(
    candidates: Annotated[
        Path, typer.Argument(metavar="CANDIDATES", help="JSON lines or Parquet: id, question, and options, answer, context.")
    ],
    benchmark: Annotated[Path, typer.Argument(metavar="BENCHMARK", help="The same of the set that must not leak.")],
    out: Annotated[
        Path | None, typer.Option("--out", help="JSON lines or Parquet of what was found, with both texts and the spans.")
    ] = None,
    reports: Annotated[bool, typer.Option("--reports", help="Also what only a person can decide.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Find questions of a benchmark in another set, reworded ones too, with the evidence."""
    from jobs import overlap as comparing
    from jobs import show

    show.overlapping(comparing.overlap(candidates, benchmark, out, reports=reports), out, as_json=as_json)


@app.command(epilog="Example: `medtrace diff out/v1 out/v2 --json`")
def diff(
    old: Annotated[Path, typer.Argument(metavar="OLD")],
    new: Annotated[Path, typer.Argument(metavar="NEW")],
    as_json: JsonOption = False,
) -> None:
    """Say what differs between two corpora: rows, verdicts, shards and what was asked."""
    from jobs import show
    from pipeline.publish.diff import diff as run

    show.diff(run(old, new), as_json=as_json)


@app.command(epilog="Example: `medtrace serve --port 8080`, then `OPENAI_BASE_URL=http://127.0.0.1:8080/v1 medtrace build …`")
def serve(
    port: Annotated[int, typer.Option("--port", min=0, max=65535, help="Port on loopback; 0 picks a free one.")] = 0,
    parallel: Annotated[int, typer.Option("--parallel", min=1, help="Requests at a time.")] = 4,
) -> None:
    """Serve the embedded teacher (SmolLM2-135M) on loopback: for trying the pipeline, not for medicine."""
    from pipeline.models.server import serve as run

    def ready(base_url: str) -> None:
        print(f"Serving smollm2-135m. In another terminal: OPENAI_BASE_URL={base_url} medtrace build MANIFEST", file=sys.stderr, flush=True)

    run(port, ready=ready, parallel=parallel)


@sources_app.callback()
def sources(context: typer.Context, as_json: JsonOption = False) -> None:
    """List the datasets: task, modality, rows, licence and access."""
    if context.invoked_subcommand is None:
        from jobs import show

        show.sources(as_json=as_json)


@sources_app.command("show", epilog="Example: `medtrace sources show medmcqa`")
def sources_show(name: Annotated[str, typer.Argument(metavar="NAME")], as_json: JsonOption = False) -> None:
    """Show one dataset: where it is, its licence, its layouts and one raw row."""
    from jobs import show
    from sources import by_name

    show.source(by_name(name), as_json=as_json)


@sources_app.command("check", epilog="Example: `medtrace sources check medmcqa --path data/medmcqa --split train`")
def sources_check(
    name: Annotated[str, typer.Argument(metavar="NAME")],
    path: Annotated[Path, typer.Option("--path", help="A file or folder in one of the dataset's layouts.")],
    split: Annotated[str | None, typer.Option("--split")] = None,
    limit: Annotated[int | None, typer.Option("--limit", min=1, help="Read at most so many rows.")] = None,
    as_json: JsonOption = False,
) -> None:
    """Read your files as a dataset: which layout they have, how many rows read, and why others do not."""
    from jobs import show
    from sources import by_name
    from sources.check import check

    show.checked(check(by_name(name), path.resolve(), split, limit), as_json=as_json)


@store_app.command("verify", epilog="Example: `medtrace store verify --store .medtrace`")
def store_verify(store: StoreOption = STORE, as_json: JsonOption = False) -> None:
    """Read every stored file again and compare it with the digest in its footer."""
    from jobs import show
    from jobs.store import verify

    found = verify(store)
    show.verified(found, as_json=as_json)
    if found.damaged:
        raise typer.Exit(1)


@store_app.command("gc", epilog="Example: `medtrace store gc --keep a.toml --keep b.toml --dry-run`")
def store_gc(
    keep: Annotated[list[Path], typer.Option("--keep", metavar="MANIFEST", help="What these manifests' builds use stays.")],
    store: StoreOption = STORE,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would go.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Remove stored work that no kept manifest reaches. The ledger is never collected."""
    from jobs import show
    from jobs.store import collect

    show.collected(collect(store.absolute(), keep, dry_run=dry_run), as_json=as_json)


@ledger_app.command("show", epilog="Example: `medtrace ledger show --store .medtrace`")
def ledger_show(store: StoreOption = STORE, as_json: JsonOption = False) -> None:
    """Count answers and tokens by model and by how the answers ended."""
    from jobs import ledgers, show

    show.held(ledgers.show(store), as_json=as_json)


@ledger_app.command("verify", epilog="Example: `medtrace ledger verify --store .medtrace`")
def ledger_verify(store: StoreOption = STORE, as_json: JsonOption = False) -> None:
    """Read every record again and name what is damaged."""
    from jobs import ledgers, show

    found = ledgers.verify(store)
    show.sound(found, as_json=as_json)
    if found.damages:
        raise typer.Exit(1)


@ledger_app.command("export", epilog="Example: `medtrace ledger export --out answers.jsonl`")
def ledger_export(
    out: Annotated[Path, typer.Option("--out", help="File of JSON lines.")],
    store: StoreOption = STORE,
    as_json: JsonOption = False,
) -> None:
    """Write every answer as a JSON line, the raw response with it."""
    from jobs import ledgers, show

    show.exported(ledgers.export(store, out), out, as_json=as_json)


def main(arguments: Sequence[str] | None = None) -> None:
    """Runs the command line; an expected error is one sentence and an exit code."""
    try:
        app(args=arguments, prog_name="medtrace")
    except MedtraceError as error:
        print(f"Error: {error}", file=sys.stderr)
        sys.exit(error.exit_code)
    except SystemExit as ended:
        # Typer takes Ctrl-C itself and leaves its exit code.
        if ended.code == INTERRUPTED:
            print("Stopped. What was finished is kept; run the same command to go on.", file=sys.stderr)
        raise


if __name__ == "__main__":
    main()
