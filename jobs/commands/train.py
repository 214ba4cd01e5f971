"""The commands that train: train sft."""

import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from jobs.commands.options import JsonOption

app = typer.Typer()
train = typer.Typer(no_args_is_help=True, help="Train a model on a published corpus.")
app.add_typer(train, name="train")

ConfigArgument = Annotated[Path, typer.Argument(metavar="CONFIG", help="A TOML file, like jobs/configs/octomed.toml.")]
OutOption = Annotated[Path | None, typer.Option("--out", help="Folder of the run [default: out/models/NAME].")]
CorpusOption = Annotated[Path | None, typer.Option("--corpus", metavar="DIR", help="Another corpus than the file names, for all stages.")]
ModelOption = Annotated[str | None, typer.Option("--model", metavar="DIR|NAME", help="Another model than the file names.")]
DryOption = Annotated[bool, typer.Option("--dry-run", help="Train nothing: tokens, steps, memory, and the first row with its loss mask.")]
ResumeOption = Annotated[
    bool | None,
    typer.Option("--resume/--fresh", help="Go on from the last checkpoint, or begin anew [default: go on where there is one]."),
]
QuietOption = Annotated[bool, typer.Option("--quiet", "-q", help="No progress.")]


@train.command(
    epilog="Examples: `medtrace train sft jobs/configs/smollm2.toml --dry-run` · `medtrace train sft my.toml --corpus out/demo --out out/models/mine`"
)
def sft(
    config: ConfigArgument,
    out: OutOption = None,
    corpus: CorpusOption = None,
    model: ModelOption = None,
    dry_run: DryOption = False,
    resume: ResumeOption = None,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Fine-tune on a corpus's traces: loss on the assistant's words alone. Kill it anywhere; the same command goes on."""
    from jobs import train as job
    from jobs.show import training as show
    from schemas.errors import UsageError

    asked = job.open_training(config, corpus, model)
    folder = (out or Path("out") / "models" / asked.name).absolute()
    if resume and not (folder / "run.json").is_file():
        raise UsageError(f"{folder} holds no run to go on with. Leave --resume out, or name the --out of the run.")
    trained = job.sft(asked, folder, fresh=resume is False, say=None if quiet else _tell)
    show.trained(trained, folder, as_json=as_json)


def _tell(line: dict[str, Any]) -> None:
    from jobs.show.training import progress_line

    print(progress_line(line), file=sys.stderr, flush=True)
