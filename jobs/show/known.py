"""What the commands on datasets print."""

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from rich.markup import escape

from jobs.show.tables import print_json, print_line, print_tables, table_of

if TYPE_CHECKING:
    from sources.check import Checked
    from sources.source import Row, Source

MOST_SHOWN = 400


def sources(found: "Sequence[Source]", *, as_json: bool) -> None:
    """The datasets, those that anyone may have first, then by modality and size."""
    if as_json:
        print_json([_facts(source) for source in found])
        return
    table = table_of("name", "access", "modality", "licence", "rows", "task")
    for source in sorted(found, key=_by_access):
        rows = f"{source.sizes.get(source.default_split, 0):,} {source.default_split}"
        task = f"{source.task} (benchmark)" if source.benchmark_only else source.task
        table.add_row(*(escape(word) for word in (source.name, source.access.value, source.modality, source.license, rows, task)))
    print_tables(table)
    print_line('Besides: kind = "table" and kind = "imagefolder" for your own files. See medtrace sources show NAME.')


def _by_access(source: "Source") -> tuple[int, str, int]:
    return list(type(source.access)).index(source.access), source.modality, -source.sizes.get(source.default_split, 0)


def source(found: "Source", *, as_json: bool) -> None:
    """One dataset."""
    if as_json:
        print_json(_facts(found))
        return
    for name, value in _facts(found).items():
        shown = ", ".join(value) if isinstance(value, (list, tuple)) else value
        if isinstance(value, dict):
            shown = ", ".join(f"{count:,} {split}" for split, count in value.items())
        if shown:
            print_line(f"{name + ':':<15}{shown}")
    example = _example_of(found)
    if example:
        print_line("A row of its layout becomes, for instance (invented):")
        _print_row(example)


def checked(found: "Checked", *, as_json: bool) -> None:
    """Whether files fit a dataset."""
    if as_json:
        print_json({**vars(found), "faults": [asdict(fault) for fault in found.faults], "first": found.first and found.first._asdict()})
        return
    print_line(
        f"{found.source} {found.split}: layout {found.layout}, {found.parts} parts, {found.rows:,} rows read{'' if found.complete else ' (there are more)'}."
    )
    table = table_of("fault", "rows", "first", "detail")
    for fault in found.faults:
        table.add_row(escape(fault.reason), f"{fault.count:,}", escape(fault.row), escape(fault.detail))
    if found.faults:
        print_tables(table)
    if found.unverified:
        print_line(f"Nobody here has seen files in this layout; assumed: {found.unverified}. Look at the row below.")
    if found.first is not None:
        _print_row(found.first)


def _print_row(row: "Row") -> None:
    for name, value in row._asdict().items():
        if name in ("images", "time_series"):
            held = f"{len(value)} with {sum(map(len, value)):,} bytes" if name == "images" else f"{len(value):,} bytes"
            if value:
                print_line(f"  {name + ':':<13}{held}")
        elif value:
            shown = str(value)
            print_line(f"  {name + ':':<13}{shown[:MOST_SHOWN]}{'…' if len(shown) > MOST_SHOWN else ''}")


def _example_of(source: "Source") -> "Row | None":
    """What a stand-in's first row reads as."""
    from jobs.standins import write_standin
    from sources.check import check

    with TemporaryDirectory(prefix="medtrace-") as folder:
        path = Path(folder) / source.name
        write_standin(source.name, path, rows=6)
        return check(source, path, limit=1).first


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
    facts["benchmark_only"] = "yes: for evaluation and leaks, never trained on" if source.benchmark_only else ""
    facts["place"], facts["apply"] = source.place, source.apply
    facts["sizes"] = dict(source.sizes)
    facts["layouts"] = [layout.name for layout in source.layouts]
    facts["unverified"] = [f"{layout.name}: assumed, {layout.unverified}" for layout in source.layouts if layout.unverified]
    facts["raw_row"] = source.raw_row
    return facts
