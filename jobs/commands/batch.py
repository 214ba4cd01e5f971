"""The commands on provider batches: send, status, collect, cancel."""

import typer

from jobs.commands.options import STORE, JsonOption, ManifestArgument, StoreOption

app = typer.Typer()
batch_app = typer.Typer(
    no_args_is_help=True,
    help="Ask teachers in provider batches: within a day, at about half the price. `medtrace build --batch` does all of it.",
    epilog="Examples: `medtrace batch send m.toml` · `medtrace batch status m.toml` · `medtrace batch collect m.toml`",
)
app.add_typer(batch_app, name="batch")


@batch_app.command("send", epilog="Example: `medtrace batch send m.toml --store .medtrace`")
def batch_send(manifest: ManifestArgument, store: StoreOption = STORE, as_json: JsonOption = False) -> None:
    """Send every question whose answer is neither in the ledger nor under way, then leave."""
    from jobs import batches
    from jobs.inputs import open_manifest
    from jobs.show import batch as show

    asked = open_manifest(manifest)
    show.rounds(batches.send(asked, batches.options_of(asked, store)), as_json=as_json)


@batch_app.command("status", epilog="Example: `medtrace batch status m.toml --json`")
def batch_status(manifest: ManifestArgument, store: StoreOption = STORE, as_json: JsonOption = False) -> None:
    """Say how far every batch is."""
    from jobs import batches
    from jobs.inputs import open_manifest
    from jobs.show import batch as show

    asked = open_manifest(manifest)
    show.rounds(batches.states(asked, batches.options_of(asked, store)), as_json=as_json)


@batch_app.command("collect", epilog="Example: `medtrace batch collect m.toml && medtrace build m.toml`")
def batch_collect(manifest: ManifestArgument, store: StoreOption = STORE, as_json: JsonOption = False) -> None:
    """Put the answers of ended batches into the ledger, partial and expired ones too."""
    from jobs import batches
    from jobs.inputs import open_manifest
    from jobs.show import batch as show

    asked = open_manifest(manifest)
    show.rounds(batches.collect(asked, batches.options_of(asked, store)), as_json=as_json)


@batch_app.command("cancel", epilog="Example: `medtrace batch cancel m.toml`, then `medtrace batch collect m.toml`")
def batch_cancel(manifest: ManifestArgument, store: StoreOption = STORE, as_json: JsonOption = False) -> None:
    """Ask the provider to end what is under way; collect what was answered by then."""
    from jobs import batches
    from jobs.inputs import open_manifest
    from jobs.show import batch as show

    asked = open_manifest(manifest)
    show.rounds(batches.cancel(asked, batches.options_of(asked, store)), as_json=as_json)
