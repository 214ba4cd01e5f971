"""The commands on provider batches: send, status, collect, cancel."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from jobs.commands.options import STORE, JsonOption, ManifestArgument, StoreOption

if TYPE_CHECKING:
    from jobs.batches import Round
    from jobs.build import Options
    from jobs.inputs import Asked

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
    from jobs.batches import send

    _tell(send, manifest, store, as_json=as_json)


@batch_app.command("status", epilog="Example: `medtrace batch status m.toml --json`")
def batch_status(manifest: ManifestArgument, store: StoreOption = STORE, as_json: JsonOption = False) -> None:
    """Say how far every batch is."""
    from jobs.batches import states

    _tell(states, manifest, store, as_json=as_json)


@batch_app.command("collect", epilog="Example: `medtrace batch collect m.toml && medtrace build m.toml`")
def batch_collect(manifest: ManifestArgument, store: StoreOption = STORE, as_json: JsonOption = False) -> None:
    """Put the answers of ended batches into the ledger, partial and expired ones too."""
    from jobs.batches import collect

    _tell(collect, manifest, store, as_json=as_json)


@batch_app.command("cancel", epilog="Example: `medtrace batch cancel m.toml`, then `medtrace batch collect m.toml`")
def batch_cancel(manifest: ManifestArgument, store: StoreOption = STORE, as_json: JsonOption = False) -> None:
    """Ask the provider to end what is under way; collect what was answered by then."""
    from jobs.batches import cancel

    _tell(cancel, manifest, store, as_json=as_json)


def _tell(act: "Callable[[Asked, Options], list[Round]]", manifest: Path, store: Path, *, as_json: bool) -> None:
    from jobs.batches import options_of
    from jobs.inputs import open_manifest
    from jobs.show import batch as show

    asked = open_manifest(manifest)
    show.rounds(act(asked, options_of(asked, store)), as_json=as_json)
