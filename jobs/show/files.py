"""What the commands on anyone's files print."""

import json
from typing import TYPE_CHECKING

from rich.markup import escape

from jobs.show.tables import print_json, print_line, print_tables, table_of

if TYPE_CHECKING:
    from pathlib import Path

    import pyarrow as pa

    from jobs.overlap import Overlaps
    from jobs.scores import Scored


def scored(found: "Scored", *, as_json: bool, lines: bool) -> None:
    """The verdicts where they were not written to a file, and the rates: as JSON alone where that is asked."""
    if as_json:
        print_json(found.to_json())
        return
    if lines:
        from jobs.scores import result_lines

        for line in result_lines(found):
            print_line(line)
    table = table_of("task", "rate", "rows", "of", "share", "95 % interval")
    for task, rates in found.rates.items():
        for rate in rates:
            table.add_row(task, rate.name, f"{rate.hits:,}", f"{rate.total:,}", f"{rate.share:.1%}", f"{rate.low:.1%} to {rate.high:.1%}")
    means = table_of("task", "measure", "mean")
    for task, measures in (*found.measures.items(), *found.compat.items()):
        for name, mean in measures.items():
            means.add_row(escape(task), escape(name), f"{mean:.3f}")
    print_tables(*(one for one in (table, means) if one.row_count), stderr=lines)


def deduplicated(found: "pa.Table", out: "Path | None", *, as_json: bool) -> None:
    """The clusters of pictures: every row where they are not written to a file, and the sum."""
    from jobs.dedup import summary

    if as_json:
        print_json(found.to_pylist())
        return
    if out is None:
        table = table_of(*found.column_names)
        for row in found.to_pylist():
            table.add_row(*("" if value is None else escape(str(value)) for value in row.values()))
        print_tables(table)
    print_line(summary(found))


def overlapping(found: "Overlaps", out: "Path | None", *, as_json: bool) -> None:
    """What two sets of questions share."""
    if as_json:
        print_json(found._asdict())
        return
    if out is None:
        for row in found.rows:
            print_line(json.dumps(row, ensure_ascii=False))
    table = table_of("candidates", "benchmark rows", "leak", "for a person to decide")
    table.add_row(f"{found.candidates:,}", f"{found.benchmark:,}", f"{found.leaked:,}", f"{found.reported:,}")
    print_tables(table, stderr=out is None)
