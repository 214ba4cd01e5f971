"""Tables that tell one class of each image, or of each scan: a source in a few lines."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from schemas.example import AnswerType
from schemas.vocabulary import BodyPart, Modality, Task
from sources.files import Record
from sources.formats import Format
from sources.images import IMAGE_SUFFIXES
from sources.pictures import PART_IMAGES, Pictures, find_pictured, read_pictured
from sources.rows import Fault, cell, text
from sources.source import Layout, Row
from sources.templates import CHOICE

# Files of which one fills much memory: a part's images are held at once.
PART_SCANS = 16
DICOMS = IMAGE_SUFFIXES | {".dcm", ".dicom"}
SCANS = frozenset((".gz", ".nii"))


@dataclass(frozen=True)
class Classed:
    """How a table reads. `shown` tells the class of a row's cells, one of `options`; `names` its images, `group` its patient.

    `what` is how the question calls the image.
    """

    table: str
    needs: tuple[str, ...]
    options: tuple[str, ...]
    shown: Callable[[Mapping[str, Any]], str]
    names: Callable[[Record], Sequence[str]]
    group: Callable[[Record], str]
    what: str
    modality: Modality
    part: BodyPart
    id: tuple[str, ...] = ()
    format: Format = Format.CSV
    suffixes: frozenset[str] = IMAGE_SUFFIXES
    part_rows: int = PART_IMAGES


def classed_layout(name: str, splits: Sequence[str], classed: Classed, unverified: str) -> Layout:
    """The layout of such a table; all splits read all of it."""
    find = partial(
        find_pictured,
        patterns=dict.fromkeys(splits, (classed.table,)),
        format=classed.format,
        needs=classed.needs,
        names=partial(_names, classed=classed),
        part_rows=classed.part_rows,
        suffixes=classed.suffixes,
    )
    read = partial(read_pictured, row=partial(read_row, classed=classed), id=classed.id, suffixes=classed.suffixes)
    return Layout(name, find, read, unverified)


def _names(record: Record, *, classed: Classed) -> Sequence[str]:
    try:
        return classed.names(record)
    except Fault:
        return ()


def read_row(record: Record, pictures: Pictures, *, classed: Classed) -> Row:
    """One question an image or scan."""
    shown = classed.shown(record.cells)
    return Row(
        row=record.place,
        question=CHOICE.ask(what=classed.what),
        answer_type=AnswerType.MCQ,
        gold={"index": classed.options.index(shown)},
        options=classed.options,
        images=tuple(pictures.read(name) for name in classed.names(record)),
        modality=classed.modality,
        body_part=classed.part,
        task=Task.CLASSIFICATION,
        group=classed.group(record),
    )


def told(cells: Mapping[str, Any], column: str) -> str:
    """The text of a cell that must be filled.

    Raises: Fault where it is missing or empty.
    """
    said = text(cell(cells, column))
    if not said:
        raise Fault("no gold", column)
    return said


def flag(cells: Mapping[str, Any], column: str) -> bool:
    """A cell of 0 or 1, however it is written.

    Raises: Fault where it holds something else.
    """
    said = told(cells, column).casefold().removesuffix(".0")
    if said not in ("0", "1", "false", "true"):
        raise Fault("gold not 0 or 1", f"{column} {said}"[:80])
    return said in ("1", "true")


def word(cells: Mapping[str, Any], *, column: str, words: Mapping[str, str]) -> str:
    """The class that a cell's word stands for.

    Raises: Fault where it is missing or no known word.
    """
    said = told(cells, column)
    if said.casefold() not in words:
        raise Fault("unknown class", said[:80])
    return words[said.casefold()]


def named(record: Record, *, form: str, columns: tuple[str, ...]) -> Sequence[str]:
    """The file that a row's cells name, put into a form.

    Raises: Fault where one is missing or empty.
    """
    parts = [text(cell(record.cells, column)) for column in columns]
    if not all(parts):
        raise Fault("image missing", "no image is named")
    return (form.format(*parts),)


def grouped_by(record: Record, *, column: str) -> str:
    """The group that a cell tells; '' where it is missing."""
    return text(record.cells.get(column))
