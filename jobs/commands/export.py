"""The command that copies a corpus for one trainer: export."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from jobs.commands.options import JsonOption

app = typer.Typer()


class FormatName(StrEnum):
    """Whose form a copy takes."""

    TRL = "trl"
    TRL_TYPED = "trl-typed"
    LLAMAFACTORY = "llamafactory"
    VERL = "verl"
    EASYR1 = "easyr1"
    OCTOMED = "octomed"
    MEDMO = "medmo"


@app.command(epilog="Examples: `medtrace export out/demo --format trl` · `medtrace export out/m --format easyr1 --out /data/m-easyr1`")
def export(
    corpus: Annotated[Path, typer.Argument(metavar="CORPUS", help="A folder that `medtrace build` wrote.")],
    format: Annotated[FormatName, typer.Option("--format", help="The trainer, or the layout of another corpus.")],
    out: Annotated[Path | None, typer.Option("--out", metavar="DIR", help="Where to; a new folder [default: CORPUS-FORMAT].")] = None,
    as_json: JsonOption = False,
) -> None:
    """Copy a corpus into the columns that one trainer reads, with the trainer's settings and a reward beside them."""
    from jobs.show import corpus as show
    from pipeline.publish.exports.write import export as run

    folder = corpus.absolute()
    show.exported(run(corpus, format.value, out or folder.with_name(f"{folder.name}-{format.value}")), as_json=as_json)
