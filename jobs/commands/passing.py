"""The commands that pass a corpus on, and what a receiver does with it first: publish, redact, fill."""

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

    sent = run(corpus, dest, public=public, permitted=permit or (), dry_run=dry_run, say=_say)
    show.sent(sent, as_json=as_json)


@app.command(
    epilog="Examples: `medtrace redact out/mine --source vqa_rad --rows ids.txt --manifest mine.toml --store .medtrace` · `medtrace redact out/mine --source mine --groups patients.txt --out out/mine-2`"
)
def redact(
    corpus: CorpusArgument,
    source: Annotated[str, typer.Option("--source", help="The source whose rows go.")],
    rows: Annotated[Path | None, typer.Option("--rows", metavar="FILE", help="Upstream's row ids, one a line.")] = None,
    groups: Annotated[
        Path | None, typer.Option("--groups", metavar="FILE", help="Upstream's patients, studies or cases, one a line.")
    ] = None,
    manifest: Annotated[
        Path | None,
        typer.Option("--manifest", help="The manifest whose later builds must leave the rows out: a takedown list goes beside it."),
    ] = None,
    store: Annotated[
        Path | None, typer.Option("--store", help="Where the units and the ledger are that also forget the rows.", envvar="MEDTRACE_STORE")
    ] = None,
    out: Annotated[Path | None, typer.Option("--out", help="Folder of the new version [default: it takes the old one's place].")] = None,
    version: Annotated[str, typer.Option("--version", help="Version of the new corpus [default: VERSION+redacted.N].")] = "",
    as_json: JsonOption = False,
) -> None:
    """Take rows down: a new version of a corpus without them, their answers and stored units removed, and no build brings them back."""
    from jobs.redact import Wanted, run
    from jobs.show import passing as show
    from schemas.errors import UsageError

    if rows is None and groups is None:
        raise UsageError("Say what goes: --rows FILE with upstream's row ids, or --groups FILE with its patients, studies or cases.")
    wanted = Wanted(source, _lines(rows, "--rows"), _lines(groups, "--groups"))
    done = run(corpus, wanted, out or corpus, store.absolute() if store else None, manifest, version, _say)
    show.redacted(done, as_json=as_json)


@app.command(epilog="Example: `medtrace fill got/mine --source vqa_rad=data/vqa_rad --out got/mine-filled`")
def fill(
    corpus: Annotated[Path, typer.Argument(metavar="CORPUS", help="A corpus whose pictures are withheld.")],
    source: Annotated[list[str], typer.Option("--source", metavar="NAME=PATH", help="Where a source's own upstream files lie.")],
    out: Annotated[Path | None, typer.Option("--out", help="Folder of the filled copy [default: CORPUS-filled].")] = None,
    as_json: JsonOption = False,
) -> None:
    """Put withheld pictures back from upstream's files, each proved by the sha256 that its rows name."""
    from jobs.audit import named_paths
    from jobs.fill import run
    from jobs.show import passing as show

    folder = corpus.absolute()
    places = named_paths(source, "--source", "vqa_rad=data/vqa_rad")
    show.filled(run(corpus, places, out or folder.with_name(f"{folder.name}-filled")), as_json=as_json)


def _lines(path: Path | None, option: str) -> tuple[str, ...]:
    from schemas.errors import UsageError

    if path is None:
        return ()
    try:
        found = tuple(line for line in map(str.strip, path.read_text(encoding="utf-8-sig").split("\n")) if line)
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8 text"
        raise UsageError(f"{option} {path} cannot be read: {reason}. Name a text file with one id a line.") from error
    if not found:
        raise UsageError(f"{option} {path} holds no id. Write one a line.")
    return found


def _say(line: str) -> None:
    print(line, file=sys.stderr)
