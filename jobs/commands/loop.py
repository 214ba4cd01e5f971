"""The command that goes round: sample, train, sample again."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from jobs.commands.corpus import RunnerName
from jobs.commands.options import STORE, GpusOption, JsonOption, ManifestArgument, StoreOption, StudentUrlOption

app = typer.Typer()


@app.command(
    epilog="Examples: `medtrace loop rounds.toml` · `medtrace loop rounds.toml --runner ray --gpus 1 --store /shared/store --out /shared/out/rounds`"
)
def loop(
    manifest: ManifestArgument,
    store: StoreOption = STORE,
    out: Annotated[Path | None, typer.Option("--out", help="Folder of the rounds' corpora and models [default: out/NAME].")] = None,
    runner: Annotated[RunnerName, typer.Option("--runner", help="This machine's processes, or a Ray cluster.")] = RunnerName.LOCAL,
    workers: Annotated[int | None, typer.Option("--workers", min=0, help="Units at a time [default: the CPUs here].")] = None,
    student_url: StudentUrlOption = None,
    gpus: GpusOption = None,
    as_json: JsonOption = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="No progress.")] = False,
) -> None:
    """Run a manifest's rounds: sample the student, train on what it got right, sample what came of it. Kill it anywhere and run it again."""
    from jobs import inputs
    from jobs.build import Options
    from jobs.loop import loop as run
    from jobs.loop import train_apart
    from jobs.progress import Watcher
    from jobs.served import student_at
    from jobs.show import corpus as show

    asked = inputs.open_manifest(manifest.absolute())
    folder = (out or Path("out") / asked.manifest.name).absolute()
    options = Options(store.absolute(), folder, runner.value, workers, student_gpus=gpus)
    with student_at(student_url, asked.manifest), Watcher(quiet=quiet, store=options.store) as watcher:
        found = run(asked, options, watcher, watcher.say, watcher.count, watcher.aside(train_apart))
    show.looped(found, as_json=as_json)
    for error in found.errors:
        print(f"Error: {error}", file=sys.stderr)
    if found.errors:
        raise typer.Exit(1)
