"""The commands that train: train sft, grpo and drpo."""

import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from jobs.commands.corpus import RunnerName
from jobs.commands.options import JsonOption

app = typer.Typer()
train = typer.Typer(
    no_args_is_help=True,
    help="Train a model on a published corpus.",
    epilog="Examples: `medtrace train sft jobs/configs/smollm2.toml --dry-run` · `medtrace train grpo train.toml --model out/models/mine/model`",
)
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
RunnerOption = Annotated[RunnerName, typer.Option("--runner", help="This machine, or the workers of a Ray cluster that [ray] asks for.")]
QuietOption = Annotated[bool, typer.Option("--quiet", "-q", help="No progress.")]


@train.command(
    epilog="Examples: `medtrace train sft jobs/configs/smollm2.toml --dry-run` · `medtrace train sft train.toml --corpus out/demo --out out/models/mine`"
)
def sft(
    config: ConfigArgument,
    out: OutOption = None,
    corpus: CorpusOption = None,
    model: ModelOption = None,
    dry_run: DryOption = False,
    resume: ResumeOption = None,
    runner: RunnerOption = RunnerName.LOCAL,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Fine-tune on a corpus's traces: loss on the assistant's words alone. Kill it anywhere; the same command goes on."""
    from jobs import train as job
    from jobs.show import training as show
    from schemas.errors import UsageError

    asked = job.open_training(config, corpus, model)
    if dry_run:
        show.dry(job.dry_run(asked), as_json=as_json)
        return
    folder = (out or Path("out") / "models" / asked.name).absolute()
    if resume and not (folder / "run.json").is_file():
        raise UsageError(f"{folder} holds no run to go on with. Leave --resume out, or name the --out of the run.")
    trained = job.sft(asked, folder, fresh=resume is False, say=None if quiet else _tell, runner=runner.value)
    show.trained(trained, folder, as_json=as_json)


@train.command(
    epilog="Example: `medtrace train grpo train.toml --model out/models/mine/model`, which reads [rewards] and [grpo] of the file."
)
def grpo(
    config: ConfigArgument,
    out: OutOption = None,
    corpus: CorpusOption = None,
    model: ModelOption = None,
    dry_run: DryOption = False,
    resume: ResumeOption = None,
    runner: RunnerOption = RunnerName.LOCAL,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Let the model answer a corpus's questions, and learn from the verifier's word and other rewards. Kill it anywhere; it goes on."""
    _from_rewards("grpo", config, out, corpus, model, dry_run, resume, runner, as_json, quiet)


@train.command(epilog="Example: `medtrace train drpo train.toml`, which reads [drpo] besides; docs/rewards.md compares its variants.")
def drpo(
    config: ConfigArgument,
    out: OutOption = None,
    corpus: CorpusOption = None,
    model: ModelOption = None,
    dry_run: DryOption = False,
    resume: ResumeOption = None,
    runner: RunnerOption = RunnerName.LOCAL,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Train as grpo does, with advantages scaled by how rare and how hard a question's domain and cluster are (QoQ-Med's DRPO)."""
    _from_rewards("drpo", config, out, corpus, model, dry_run, resume, runner, as_json, quiet)


def _from_rewards(
    kind: str,
    config: Path,
    out: Path | None,
    corpus: Path | None,
    model: str | None,
    dry_run: bool,
    resume: bool | None,
    runner: RunnerName,
    as_json: bool,
    quiet: bool,
) -> None:
    from jobs import train as job
    from jobs.show import training as show
    from schemas.errors import UsageError

    asked = job.open_training(config, corpus, model)
    if dry_run:
        show.dry(job.dry_run(asked, kind), as_json=as_json)
        return
    folder = (out or Path("out") / "models" / asked.name).absolute()
    if resume and not (folder / "run.json").is_file():
        raise UsageError(f"{folder} holds no run to go on with. Leave --resume out, or name the --out of the run.")
    trained = job.from_rewards(asked, kind, folder, fresh=resume is False, say=None if quiet else _tell, runner=runner.value)
    show.trained(trained, folder, as_json=as_json)


def _tell(line: dict[str, Any]) -> None:
    from jobs.show.training import progress_line

    print(progress_line(line), file=sys.stderr, flush=True)
