"""The commands on what is kept between builds: store and ledger."""

from pathlib import Path
from typing import Annotated

import typer

from jobs.commands.options import STORE, JsonOption, LedgerOption, StoreOption

app = typer.Typer()
store_app = typer.Typer(
    no_args_is_help=True,
    help="The store of finished work: check it, or free what no manifest needs.",
    epilog="Examples: `medtrace store verify` · `medtrace store gc --keep a.toml --dry-run`",
)
ledger_app = typer.Typer(
    no_args_is_help=True,
    help="The ledger of every answer: look into it, check it, tidy it, or take it elsewhere.",
    epilog="Examples: `medtrace ledger show` · `medtrace ledger export --out answers.parquet`",
)
app.add_typer(store_app, name="store")
app.add_typer(ledger_app, name="ledger")


@store_app.command("verify", epilog="Example: `medtrace store verify --store .medtrace`")
def store_verify(store: StoreOption = STORE, as_json: JsonOption = False) -> None:
    """Read every stored file again and compare it with the digest in its footer."""
    from jobs.show import kept as show
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
    from jobs.show import kept as show
    from jobs.store import collect

    show.collected(collect(store.absolute(), keep, dry_run=dry_run), as_json=as_json)


@ledger_app.command("show", epilog="Examples: `medtrace ledger show --store .medtrace` · `medtrace ledger show KEY --json`")
def ledger_show(
    key: Annotated[str | None, typer.Argument(metavar="KEY", help="One answer: its 64 hex digits, a row's `request`.")] = None,
    store: StoreOption = STORE,
    ledger: LedgerOption = "",
    as_json: JsonOption = False,
) -> None:
    """Count answers and tokens by model and by how the answers ended; or show one answer, the raw response with it."""
    from jobs import ledgers
    from jobs.show import kept as show

    ledgers.join_ledger(store, ledger)
    if key is None:
        show.held(ledgers.show(store), as_json=as_json)
    else:
        show.answer(ledgers.answer(store, key), as_json=as_json)


@ledger_app.command("verify", epilog="Example: `medtrace ledger verify --store .medtrace`")
def ledger_verify(store: StoreOption = STORE, ledger: LedgerOption = "", as_json: JsonOption = False) -> None:
    """Read every record again and name what is damaged, with its place."""
    from jobs import ledgers
    from jobs.show import kept as show

    ledgers.join_ledger(store, ledger)
    found = ledgers.verify(store)
    show.sound(found, as_json=as_json)
    if found.damages:
        raise typer.Exit(1)


@ledger_app.command(
    "export", epilog="Examples: `medtrace ledger export --out answers.jsonl` · `medtrace ledger export --out answers.parquet`"
)
def ledger_export(
    out: Annotated[Path, typer.Option("--out", help="File of JSON lines, or of Parquet where its name ends so.")],
    store: StoreOption = STORE,
    ledger: LedgerOption = "",
    as_json: JsonOption = False,
) -> None:
    """Write every answer as a row, the raw response with it."""
    from jobs import ledgers
    from jobs.show import kept as show

    ledgers.join_ledger(store, ledger)
    show.exported(ledgers.export(store, out), out, as_json=as_json)


@ledger_app.command("compact", epilog="Example: `medtrace ledger compact --store .medtrace`")
def ledger_compact(store: StoreOption = STORE, ledger: LedgerOption = "", as_json: JsonOption = False) -> None:
    """Merge small segments into few, and upload what a crash left. Builds do it by themselves as a ledger grows; no answer ever goes."""
    from jobs import ledgers
    from jobs.show import kept as show

    ledgers.join_ledger(store, ledger)
    show.compacted(ledgers.compact(store), as_json=as_json)
