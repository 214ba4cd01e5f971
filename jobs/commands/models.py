"""The commands on models: evaluate, compare."""

import sys
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from jobs.commands.corpus import RunnerName
from jobs.commands.files import CompatName
from jobs.commands.options import STORE, JsonOption, StoreOption

app = typer.Typer()


@app.command(
    epilog="Examples: `medtrace evaluate http://127.0.0.1:8000/v1 --benchmarks medqa,pubmedqa,vqa_rad --samples 10` · "
    "`medtrace evaluate embedded --benchmarks medmcqa --data medmcqa=data/medmcqa --max-rows 200` · "
    "`medtrace evaluate random --benchmarks medqa --data medqa=data/medqa`"
)
def evaluate(
    model: Annotated[
        str,
        typer.Argument(
            metavar="MODEL",
            help="URL of an OpenAI-compatible server, folder of a checkpoint, owner/name on the Hub, embedded, or random (guesses).",
        ),
    ],
    benchmarks: Annotated[str, typer.Option("--benchmarks", metavar="NAME,…", help="Comma-separated; see medtrace sources.")],
    data: Annotated[list[str] | None, typer.Option("--data", metavar="NAME=PATH", help="Local upstream files of a benchmark.")] = None,
    split: Annotated[list[str] | None, typer.Option("--split", metavar="NAME=SPLIT", help="Another split than the usual one.")] = None,
    served: Annotated[str | None, typer.Option("--model", help="Which of the server's models [default: its only one].")] = None,
    sees: Annotated[str, typer.Option("--sees", help="text, or text,image; embedded sees text alone.")] = "text,image",
    gpus: Annotated[
        int | None, typer.Option("--gpus", min=0, help="GPUs of one engine of a checkpoint; on Ray there are as many engines as fit.")
    ] = None,
    revision: Annotated[str, typer.Option("--revision", help="The model's revision: another one is asked anew.")] = "",
    samples: Annotated[int, typer.Option("--samples", min=1, max=1024, help="Answers to a question; several are also put to a vote.")] = 1,
    temperature: Annotated[float, typer.Option("--temperature", min=0.0, max=2.0)] = 0.6,
    top_p: Annotated[float, typer.Option("--top-p", min=0.001, max=1.0)] = 0.95,
    max_tokens: Annotated[int, typer.Option("--max-tokens", min=1)] = 8192,
    max_pixels: Annotated[int, typer.Option("--max-pixels", min=1024, help="Larger images are shown smaller.")] = 262_144,
    prompt: Annotated[str | None, typer.Option("--prompt", help="One prompt for all [default: each benchmark's usual one].")] = None,
    max_rows: Annotated[int, typer.Option("--max-rows", min=0, help="Questions of each benchmark, the same ones every time; 0: all.")] = 0,
    shuffle: Annotated[int, typer.Option("--shuffle-options", min=0, metavar="SEED", help="Shuffle options; 0: upstream's order.")] = 0,
    seed: Annotated[int, typer.Option("--seed", min=0)] = 0,
    compat: Annotated[CompatName | None, typer.Option("--compat", help="Another kit's numbers beside ours, its errors included.")] = None,
    budget_usd: Annotated[float | None, typer.Option("--budget-usd", min=0.0, help="Stop before it would cost more.")] = None,
    may_send: Annotated[bool, typer.Option("--may-send", help="Texts that may identify persons may leave this machine.")] = False,
    name: Annotated[str | None, typer.Option("--name", help="What the model is called in tables [default: its own name].")] = None,
    store: StoreOption = STORE,
    out: Annotated[
        Path | None,
        typer.Option("--out", help="Folder of the numbers [default: out/evaluations/NAME, and one beside it for other settings]."),
    ] = None,
    runner: Annotated[RunnerName, typer.Option("--runner", help="This machine's processes, or a Ray cluster.")] = RunnerName.LOCAL,
    workers: Annotated[int | None, typer.Option("--workers", min=0, help="Units at a time [default: the CPUs here].")] = None,
    as_json: JsonOption = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="No progress.")] = False,
) -> None:
    """Evaluate a model on benchmarks: accuracy with intervals, votes, F1, and what could not be read.

    Settings are OctoMed's (temperature 0.6, top_p 0.95, images of 262,144 pixels, the last box). A server's key is
    MEDTRACE_STUDENT_API_KEY. Answers go into the ledger: run it again and nothing is asked twice; more samples or
    benchmarks ask for those alone.
    """
    from jobs import evaluate as running
    from jobs import students
    from jobs.audit import named_paths
    from jobs.benchmarks import datasets_of, prompts_of
    from jobs.build import Options
    from jobs.progress import Watcher
    from jobs.show import evaluation as show
    from jobs.steps.evaluation import Evaluation

    paths = {word: str(path) for word, path in named_paths(data or [], "--data").items()}
    splits = {word: str(path) for word, path in named_paths(split or [], "--split").items()}
    datasets = datasets_of([word.strip() for word in benchmarks.split(",") if word.strip()], paths, splits)
    shared, own = prompts_of(datasets, prompt)
    options = Options(store.absolute(), (out or Path("out")).absolute(), runner.value, workers)
    with students.model_of(model, served, revision, gpus, options) as meant, Watcher(quiet=quiet) as watcher:
        asked = Evaluation(
            model=meant.name,
            prompt=shared,
            prompts=own,
            sees=students.eyes_of(sees, model),
            revision=meant.revision,
            samples=samples,
            temperature=temperature,
            top_p=top_p,
            max_tokens=max_tokens,
            max_pixels=max_pixels,
            max_rows=max_rows,
            shuffle=shuffle,
            seed=seed,
            kit=compat.value if compat else "",
            may_send=may_send,
        )
        called = name or students.name_of(meant.name)
        folder = (out or running.folder_of(Path("out") / "evaluations", called, asked, datasets)).absolute()
        options = replace(options, out=folder)
        found = running.evaluate(
            asked,
            datasets,
            called if out else folder.name,
            options,
            engine=meant.engine,
            budget_usd=budget_usd,
            watch=watcher,
            say=watcher.say,
            answers=watcher.count,
        )
    show.evaluated(found, as_json=as_json)
    for error in found.errors:
        print(f"Error: {error}", file=sys.stderr)
    if found.errors:
        raise typer.Exit(1)


@app.command(epilog="Example: `medtrace compare out/evaluations/base out/evaluations/trained --out compared.html`")
def compare(
    evaluations: Annotated[list[Path], typer.Argument(metavar="EVALUATION…", help="Folders of medtrace evaluate, the one to beat first.")],
    out: Annotated[Path | None, typer.Option("--out", help="A page for a browser.")] = None,
    as_json: JsonOption = False,
) -> None:
    """Compare evaluated models on the same questions: differences with intervals, McNemar's test, Holm's correction."""
    from jobs.compare import compare_folders
    from jobs.show import evaluation as show

    show.compared(compare_folders(evaluations, out), as_json=as_json)
