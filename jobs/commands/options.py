"""Arguments and options that several commands take."""

from pathlib import Path
from typing import Annotated

import typer

ManifestArgument = Annotated[Path, typer.Argument(metavar="MANIFEST", help="A TOML file, like jobs/manifests/demo.toml.")]
StoreOption = Annotated[Path, typer.Option("--store", help="Folder of finished work and of the ledger.", envvar="MEDTRACE_STORE")]
LedgerOption = Annotated[
    str,
    typer.Option(
        "--ledger",
        metavar="URL",
        envvar="MEDTRACE_LEDGER",
        help="Keep the ledger of this store at s3://, gs:// or file:// from now on; the store remembers it [default: in the store].",
    ),
]
StudentUrlOption = Annotated[
    str | None,
    typer.Option(
        "--student-url",
        metavar="URL,…",
        help="OpenAI-compatible servers of the student, instead of an engine here; their key is MEDTRACE_STUDENT_API_KEY.",
    ),
]
GpusOption = Annotated[
    int | None, typer.Option("--gpus", min=0, help="GPUs of one engine of the student; on Ray there are as many engines as fit.")
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON to stdout instead of tables.")]
STORE = Path(".medtrace")
