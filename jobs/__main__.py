"""The command line: `medtrace`, or `python -m jobs` where the package is not installed."""

import sys
from collections.abc import Sequence

import typer

from jobs.commands import batch, corpus, export, files, kept, known, loop, models, passing, train
from jobs.interrupts import INTERRUPTED
from schemas.errors import MedtraceError

app = typer.Typer(
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode="markdown",
    context_settings={"help_option_names": ["-h", "--help"]},
    help="Turns open medical datasets into verified reasoning corpora.",
)
for commands in (corpus, loop, export, passing, files, models, train, known, kept, batch):
    app.add_typer(commands.app)


def main(arguments: Sequence[str] | None = None) -> None:
    """Runs the command line; an expected error is one sentence and an exit code."""
    try:
        app(args=arguments, prog_name="medtrace")
    except MedtraceError as error:
        print(f"Error: {error}", file=sys.stderr)
        sys.exit(error.exit_code)
    except SystemExit as ended:
        # Typer takes Ctrl-C itself and leaves its exit code.
        if ended.code == INTERRUPTED:
            print("Stopped. What was finished is kept; run the same command to go on.", file=sys.stderr)
        raise


if __name__ == "__main__":
    main()
