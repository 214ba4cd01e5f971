"""Do these files fit a source: which layout they have, how their rows read, and what is wrong with which."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from sources.source import Layout, Part, Row, Source


@dataclass(frozen=True)
class FaultCount:
    """How many rows share a fault, with the first of them."""

    reason: str
    count: int
    row: str
    detail: str


@dataclass(frozen=True)
class Checked:
    """What was found; `rows` counts all that were read, those with a fault among them."""

    source: str
    split: str
    layout: str
    unverified: str
    parts: int
    rows: int
    faults: tuple[FaultCount, ...]
    first: Row | None
    complete: bool


def check(source: Source, path: Path, split: str | None = None, limit: int | None = None) -> Checked:
    """Reads the split's rows, at most `limit`; `first` is the first row that reads without a fault.

    Raises: SourceError where no layout fits or a file cannot be read.
    """
    layout, parts = source.fit(path, split)
    rows = _rows(layout, parts)
    faults: dict[str, FaultCount] = {}
    first: Row | None = None
    count = 0
    for row in islice(rows, limit):
        count += 1
        if not row.fault:
            first = first or row
            continue
        known = faults.get(row.fault, FaultCount(row.fault, 0, row.row, row.detail))
        faults[row.fault] = FaultCount(known.reason, known.count + 1, known.row, known.detail)
    return Checked(
        source=source.name,
        split=split or source.default_split,
        layout=layout.name,
        unverified=layout.unverified,
        parts=len(parts),
        rows=count,
        faults=tuple(sorted(faults.values(), key=_by_count)),
        first=first,
        complete=next(rows, None) is None,
    )


def _rows(layout: Layout, parts: tuple[Part, ...]) -> Iterator[Row]:
    for part in parts:
        yield from layout.read(part)


def _by_count(fault: FaultCount) -> tuple[int, str]:
    return -fault.count, fault.reason
