"""The pieces that every command prints with: tables, lines and JSON."""

import json
import sys
from collections.abc import Iterable, Sequence
from typing import Any

from rich import box
from rich.console import Console
from rich.table import Table

_WIDE = 160


def table_of(*columns: str) -> Table:
    """An empty table with these columns, counts to the right."""
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for column in columns:
        table.add_column(
            column, overflow="fold", justify="right" if column in ("units", "stored", "to run", "ran", "failed", "left") else "left"
        )
    return table


def size_told(size: int) -> str:
    """A size in bytes, kB, MB or GB, three digits or so of it."""
    for unit, bytes in (("GB", 10**9), ("MB", 10**6), ("kB", 10**3)):
        if size >= bytes:
            return f"{size / bytes:,.{0 if size >= 100 * bytes else 1}f} {unit}"
    return f"{size} bytes"


def print_tables(*tables: Table, stderr: bool = False) -> None:
    """Prints tables, wide where nobody looks at a terminal."""
    console = Console(stderr=stderr)
    if not console.is_terminal:
        console = Console(width=_WIDE, stderr=stderr)
    for table in tables:
        console.print(table)


def print_line(text: str) -> None:
    """Prints a line to stdout."""
    sys.stdout.write(text + "\n")


def print_lines(texts: Iterable[str]) -> None:
    """Prints lines to stdout."""
    for text in texts:
        print_line(text)


def print_json(value: Any) -> None:
    """Prints a value as JSON to stdout."""
    json.dump(value, sys.stdout, ensure_ascii=False, indent=2, default=_plain)
    sys.stdout.write("\n")


def _plain(value: Any) -> Any:
    if isinstance(value, bytes):
        return f"{len(value)} bytes"
    if isinstance(value, Iterable) and not isinstance(value, (str, bytes)):
        return list(value) if not isinstance(value, Sequence) else [*value]
    return str(value)
