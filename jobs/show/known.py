"""What the commands on datasets print."""

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from rich.markup import escape

from jobs.show.tables import print_json, print_line, print_tables, table_of

if TYPE_CHECKING:
    from sources.check import Checked
    from sources.source import Source


def sources(*, as_json: bool) -> None:
    """The datasets."""
    from sources import SOURCES

    if as_json:
        print_json([_facts(source) for source in SOURCES])
        return
    table = table_of("name", "task", "modality", "rows", "licence", "access")
    for source in SOURCES:
        table.add_row(
            *(escape(word) for word in (source.name, source.task, source.modality, source.rows, source.license, source.access.value))
        )
    print_tables(table)
    print_line('Besides: kind = "table" and kind = "imagefolder" for your own files. See medtrace sources show NAME.')


def source(found: "Source", *, as_json: bool) -> None:
    """One dataset."""
    if as_json:
        print_json(_facts(found))
        return
    for name, value in _facts(found).items():
        shown = ", ".join(value) if isinstance(value, (list, tuple)) else value
        if shown:
            print_line(f"{name + ':':<15}{shown}")


def checked(found: "Checked", *, as_json: bool) -> None:
    """Whether files fit a dataset."""
    if as_json:
        print_json(asdict(found))
        return
    print_line(
        f"{found.source} {found.split}: layout {found.layout}, {found.parts} parts, {found.rows:,} rows read{'' if found.complete else ' (there are more)'}."
    )
    table = table_of("fault", "rows", "first", "detail")
    for fault in found.faults:
        table.add_row(escape(fault.reason), f"{fault.count:,}", escape(fault.row), escape(fault.detail))
    if found.faults:
        print_tables(table)
    if found.first is not None:
        for name, value in asdict(found.first).items():
            if value and name != "images":
                print_line(f"  {name + ':':<13}{value}")


def _facts(source: "Source") -> dict[str, Any]:
    facts = {
        name: getattr(source, name)
        for name in (
            "name",
            "title",
            "homepage",
            "license",
            "task",
            "modality",
            "rows",
            "splits",
            "default_split",
            "repo",
            "note",
            "citation",
        )
    }
    facts["access"] = source.access.value
    facts["layouts"] = [layout.name for layout in source.layouts]
    facts["raw_row"] = source.raw_row
    return facts
