"""The commands on datasets, prompts and models that are at hand: sources, prompt, serve."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from jobs.commands.options import JsonOption

if TYPE_CHECKING:
    from sources.source import Source

app = typer.Typer()
sources_app = typer.Typer(invoke_without_command=True)
prompt_app = typer.Typer(invoke_without_command=True)
app.add_typer(sources_app, name="sources")
app.add_typer(prompt_app, name="prompt")


@sources_app.callback(
    epilog="Examples: `medtrace sources` · `medtrace sources show medmcqa` · `medtrace sources check medmcqa --path data/medmcqa`"
)
def sources(
    context: typer.Context,
    access: Annotated[str | None, typer.Option("--access", help="Only open, gated, registered, credentialed or kaggle.")] = None,
    modality: Annotated[str | None, typer.Option("--modality", help="Only text, x-ray, ct, ecg, histology, …")] = None,
    license: Annotated[str | None, typer.Option("--license", help="Only licences that begin so: CC-BY, MIT, …")] = None,
    as_json: JsonOption = False,
) -> None:
    """List the datasets by access, modality, licence and size; benchmarks are marked, and never trained on."""
    if context.invoked_subcommand is None:
        from jobs.show import known as show
        from sources import SOURCES

        def fits(source: "Source") -> bool:
            wanted = access in (None, source.access.value) and modality in (None, source.modality)
            return wanted and source.license.startswith(license or "")

        show.sources([source for source in SOURCES if fits(source)], as_json=as_json)


@sources_app.command("show", epilog="Example: `medtrace sources show medmcqa`")
def sources_show(name: Annotated[str, typer.Argument(metavar="NAME")], as_json: JsonOption = False) -> None:
    """Show one dataset: where it is, its licence, its layouts and one raw row."""
    from jobs.show import known as show
    from sources import by_name

    show.source(by_name(name), as_json=as_json)


@sources_app.command("check", epilog="Example: `medtrace sources check medmcqa --path data/medmcqa --split train`")
def sources_check(
    name: Annotated[str, typer.Argument(metavar="NAME")],
    path: Annotated[Path, typer.Option("--path", help="A file or folder in one of the dataset's layouts.")],
    split: Annotated[str | None, typer.Option("--split", help="Which of upstream's splits [default: the dataset's own].")] = None,
    limit: Annotated[int | None, typer.Option("--limit", min=1, help="Read at most so many rows.")] = None,
    as_json: JsonOption = False,
) -> None:
    """Read your files as a dataset: which layout they have, how many rows read, and why others do not."""
    from jobs.show import known as show
    from sources import by_name
    from sources.check import check

    show.checked(check(by_name(name), path.resolve(), split, limit), as_json=as_json)


@sources_app.command("standin", epilog="Example: `medtrace sources standin slake --path .medtrace/slake --rows 20`")
def sources_standin(
    name: Annotated[str, typer.Argument(metavar="NAME")],
    path: Annotated[Path, typer.Option("--path", help="A folder that is empty or not there yet.")],
    split: Annotated[str | None, typer.Option("--split", help="Which of upstream's splits [default: the dataset's own].")] = None,
    rows: Annotated[int, typer.Option("--rows", min=1, max=10_000)] = 12,
) -> None:
    """Write invented rows in a dataset's exact layout, to try a manifest with. They teach nothing."""
    from jobs.standins import write_standin

    write_standin(name, path, split, rows)
    print(f"{rows} invented rows of {name} lie in {path}.")


@sources_app.command("fill", epilog="Example: `medtrace sources fill jobs/manifests/octomed-mini.toml --data ~/datasets`")
def sources_fill(
    manifest: Annotated[Path, typer.Argument(metavar="MANIFEST")],
    data: Annotated[
        Path | None, typer.Option("--data", envvar="MEDTRACE_DATA", help="A folder with a folder for each dataset that you have.")
    ] = None,
    rows: Annotated[int, typer.Option("--rows", min=1, max=10_000, help="Invented rows of each dataset that you do not have.")] = 24,
) -> None:
    """Put something at every path of a manifest that is not there: links to your own files, else stand-ins."""
    from jobs.inputs import open_manifest
    from jobs.standins.fill import fill

    for filled in fill(open_manifest(manifest), data, rows):
        print(f"{filled.name}: {filled.how} at {filled.path}")


@prompt_app.callback(epilog="Examples: `medtrace prompt` · `medtrace prompt show boxed.2 --task numeric`")
def prompt(context: typer.Context, as_json: JsonOption = False) -> None:
    """List the prompts that a teacher may be asked with: `prompt = "…"` in a manifest."""
    if context.invoked_subcommand is None:
        from jobs.show import prompts as show

        show.prompts(as_json=as_json)


@prompt_app.command("show", epilog="Examples: `medtrace prompt show boxed` · `medtrace prompt show boxed.2 --task numeric --json`")
def prompt_show(
    name: Annotated[str, typer.Argument(metavar="NAME")],
    task: Annotated[str | None, typer.Option("--task", metavar="TYPE", help="Only questions of this type: mcq, multi, yesno, …")] = None,
    as_json: JsonOption = False,
) -> None:
    """Show a prompt as a teacher sees it, with an example question of each type of answer."""
    from jobs.show import prompts as show
    from pipeline.prompts import by_name

    show.prompt(by_name(name), task, as_json=as_json)


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
