"""The commands that pass a corpus on: publish, redact."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from jobs.commands.options import JsonOption

app = typer.Typer()
CorpusArgument = Annotated[Path, typer.Argument(metavar="CORPUS", help="A folder that `medtrace build` wrote.")]


@app.command(
    epilog="Examples: `medtrace publish out/mine /shared/mine` · `medtrace publish out/mine s3://bucket/mine --dry-run` · `HF_TOKEN=… medtrace publish out/mine hf://me/mine`"
)
def publish(
    corpus: CorpusArgument,
    dest: Annotated[str, typer.Argument(metavar="DEST", help="A folder, s3://BUCKET/…, gs://BUCKET/… or hf://NAMESPACE/NAME.")],
    public: Annotated[bool, typer.Option("--public", help="A repository of the Hub that everyone may read; private otherwise.")] = False,
    permit: Annotated[
        list[str] | None, typer.Option("--permit", metavar="SOURCE", help="The terms of this source let the readers of DEST have its rows.")
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would be sent; send nothing.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Audit a corpus, send it to a folder, an object store or the Hub, and prove every file where it arrived."""
    from jobs.show import passing as show
    from pipeline.publish.send.run import publish as run

    sent = run(corpus, dest, public=public, permitted=permit or (), dry_run=dry_run, say=lambda line: print(line, file=sys.stderr))
    show.sent(sent, as_json=as_json)
