"""Tables of which several rows make one question: all lesions of an image, all views of a study, all readers of an X-ray."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache, partial
from pathlib import Path

from schemas.errors import SourceError
from sources.files import Record, home, located, records, to_row
from sources.formats import columns_of, format_of
from sources.images import IMAGE_SUFFIXES
from sources.pictures import PART_IMAGES, Pictures, picture_files, pictures_of
from sources.rows import Fault, text
from sources.source import Part, Row

# DICOM files of 10 MB and more: a part's images are held at once.
PART_DICOMS = 32
DICOMS = IMAGE_SUFFIXES | {".dcm", ".dicom"}
Key = Callable[[Record], str]


@dataclass(frozen=True)
class Group:
    """Rows with one key, in order of the table, with what they are read beside: pictures, and the rows of other tables by their names."""

    key: str
    records: tuple[Record, ...]
    pictures: Pictures
    beside: Mapping[str, Path]

    def cells(self, column: str) -> tuple[str, ...]:
        """The texts of a column, row by row. Raises: Fault where the table lacks it."""
        return tuple(text(record.cells.get(column)) for record in self.records)


@dataclass(frozen=True)
class Grouping:
    """How a table is grouped: the files of each split, what they and the tables beside them must have, and the rows' key.

    `names` tells the images of a group, `wanted` whether a record is of a split, `chosen` whether a group is.
    """

    tables: Mapping[str, tuple[str, ...]]
    needs: tuple[str, ...]
    key: Key
    names: Callable[[Group], Sequence[str]]
    beside: Mapping[str, tuple[str, ...]] | None = None
    wanted: Callable[[Record, str], bool] | None = None
    chosen: Callable[[Group, str], bool] | None = None
    part_groups: int = PART_IMAGES
    suffixes: frozenset[str] = IMAGE_SUFFIXES


def find(path: Path, split: str, *, by: Grouping) -> tuple[Part, ...]:
    """Parts of up to `part_groups` groups: the tables, the tables beside them, then the images of these groups that are there.

    Raises: SourceError where a table that stands beside is missing.
    """
    tables = _fitting(path, by.tables.get(split, ()), by.needs)
    if not tables:
        return ()
    root = home(path)
    beside = _beside(path, by)
    pictures = Pictures(root, picture_files(root, by.suffixes), by.suffixes)
    groups = _groups(tables, split, by)
    keys = [key for key, rows in groups.items() if by.chosen is None or by.chosen(Group(key, rows, pictures, beside), split)]
    parts: list[Part] = []
    for start in range(0, max(len(keys), 1), by.part_groups):
        piece = keys[start : start + by.part_groups]
        found: dict[Path, None] = {}
        for key in piece:
            for name in by.names(Group(key, groups[key], pictures, beside)):
                try:
                    found[pictures.find(name).file] = None
                except Fault:
                    continue
        held = tuple(file for file in found if file not in beside.values())
        parts.append(Part(root, (*tables, *beside.values(), *held), 0, len(tables), about=(split, *piece)))
    return tuple(parts)


def read(part: Part, *, by: Grouping, row: Callable[[Group], Row]) -> Iterator[Row]:
    """One question a group."""
    split, *keys = part.about
    tables, rest = part.files[: part.stop], part.files[part.stop :]
    beside = dict(zip(by.beside or {}, rest, strict=False))
    groups = _groups(tables, split, by)
    pictures = pictures_of(part.root, rest[len(beside) :], by.suffixes)
    for key in keys:
        yield to_row(Record(key), partial(_row, row=row, group=Group(key, groups[key], pictures, beside)))


def _row(_: Record, *, row: Callable[[Group], Row], group: Group) -> Row:
    broken = next((record for record in group.records if record.fault), None)
    if broken:
        raise Fault(broken.fault, broken.detail)
    return row(group)


def _fitting(path: Path, patterns: tuple[str, ...], needs: tuple[str, ...]) -> tuple[Path, ...]:
    told = ((file, format_of(file)) for file in located(path, patterns))
    return tuple(file for file, format in told if format and not set(needs).difference(columns_of(file, format)))


def _beside(path: Path, by: Grouping) -> dict[str, Path]:
    found: dict[str, Path] = {}
    for name, needs in (by.beside or {}).items():
        files = _fitting(home(path), (name,), needs)
        if not files:
            raise SourceError(f"{path} holds no {name} with the columns {', '.join(needs)}. Put upstream's file there.")
        found[name] = files[0]
    return found


def _groups(tables: tuple[Path, ...], split: str, by: Grouping) -> Mapping[str, tuple[Record, ...]]:
    stamps = tuple(table.stat().st_mtime_ns for table in tables)
    return _grouped(tables, stamps, split, by.key, by.wanted)


@lru_cache(maxsize=2)
def _grouped(
    tables: tuple[Path, ...], stamps: tuple[int, ...], split: str, key: Key, wanted: Callable[[Record, str], bool] | None
) -> Mapping[str, tuple[Record, ...]]:
    """The records by key, in order; one that cannot be read is a group of its own."""
    groups: dict[str, list[Record]] = {}
    for table in tables:
        for record in records(Part(table.parent, (table,))):
            if record.fault:
                groups[record.place] = [record]
            elif wanted is None or wanted(record, split):
                groups.setdefault(key(record) or record.place, []).append(record)
    return {name: tuple(found) for name, found in groups.items()}


@lru_cache(maxsize=4)
def rows_by(table: Path, columns: tuple[str, ...]) -> Mapping[tuple[str, ...], tuple[Record, ...]]:
    """The records of a table that stands beside, by the texts of some columns."""
    found: dict[tuple[str, ...], list[Record]] = {}
    for record in records(Part(table.parent, (table,))):
        if not record.fault:
            found.setdefault(tuple(text(record.cells.get(column)) for column in columns), []).append(record)
    return {key: tuple(held) for key, held in found.items()}
