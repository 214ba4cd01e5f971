"""Any table as a source, without code: a manifest says which columns hold question, options and gold."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import pyarrow as pa

from schemas.errors import ManifestError, SourceError
from schemas.manifest_source import Dataset, GoldAs, GoldColumn
from sources import rows
from sources.files import Record, cut, home, records, to_row
from sources.formats import SUFFIXES, Format, check_name, columns_of, format_of, open_parquet
from sources.images import names_in, pictures, safe_path, size_of
from sources.regions import gold_by_boxes, gold_by_labels
from sources.rows import Fault, Gold, cell, question_of, text
from sources.source import Access, Layout, Part, Row, Source

OPTIONLESS: tuple[GoldAs, ...] = ("number", "yesno", "labels", "boxes")
OPTIONAL: tuple[GoldAs, ...] = ("text",)
ONE_SPLIT = "all"
COLUMN = "column:"


@dataclass(frozen=True)
class TableOptions:
    """Which columns hold what."""

    name: str
    question: str
    gold: GoldColumn
    context: str = ""
    options: tuple[str, ...] = ()
    options_in_one: bool = False
    images: tuple[str, ...] = ()
    id: str = ""
    group: str = ""
    modality: str = ""
    domain: str = ""
    body_part: str = ""
    task: str = ""

    @property
    def columns(self) -> tuple[str, ...]:
        """Every column that is read."""
        named = (self.id, self.group, self.question, self.context, *self.options, self.gold.column, self.label, *self.images)
        return tuple(dict.fromkeys(column for column in named if column))

    @property
    def label(self) -> str:
        """The column of labels of boxes; '' where the manifest says one label for all, or none."""
        return self.gold.label.removeprefix(COLUMN) if self.gold.label.startswith(COLUMN) else ""


def table_source(dataset: Dataset) -> Source:
    """The source that a manifest describes with `kind = "table"`.

    Raises: ManifestError where gold and options do not fit together.
    """
    options = _options_of(dataset)
    split = dataset.split or ONE_SPLIT
    return Source(
        name=dataset.name,
        version=1,
        title=dataset.name,
        homepage=dataset.homepage or "",
        license=dataset.license or "",
        access=Access(dataset.access or "open"),
        task=f"gold as {options.gold.as_}",
        modality=options.modality or ("image" if options.images else "text"),
        rows="not counted",
        splits=(split,),
        default_split=split,
        layouts=(Layout("table", partial(find, options=options), partial(read, options=options)),),
        raw_row="",
    )


def _options_of(dataset: Dataset) -> TableOptions:
    if dataset.gold is None or dataset.question is None:
        raise ManifestError(f"{dataset.name}: a table needs question and gold. Name their columns.")
    gold_as, options = dataset.gold.as_, dataset.options
    if options and gold_as in OPTIONLESS:
        raise ManifestError(f'{dataset.name}: gold as "{gold_as}" goes without options. Leave options out, or choose another "as".')
    if not options and gold_as not in (*OPTIONLESS, *OPTIONAL):
        raise ManifestError(f'{dataset.name}: gold as "{gold_as}" points to an option, but no options are named. Name their columns.')
    if gold_as == "boxes" and not dataset.images:
        raise ManifestError(f'{dataset.name}: gold as "boxes" stands in an image, but no images are named. Name their column.')
    return TableOptions(
        name=dataset.name,
        question=dataset.question,
        gold=dataset.gold,
        context=dataset.context or "",
        options=_names(options),
        options_in_one=isinstance(options, str) or (options is not None and len(options) == 1),
        images=_names(dataset.images),
        id=dataset.id or "",
        group=dataset.group or "",
        modality=dataset.modality or "",
        domain=dataset.domain or "",
        body_part=dataset.body_part or "",
        task=dataset.task or "",
    )


def _names(value: tuple[str, ...] | str | None) -> tuple[str, ...]:
    return (value,) if isinstance(value, str) else value or ()


def find(path: Path, split: str, *, options: TableOptions) -> tuple[Part, ...]:
    """The parts of a table, or of all tables that lie directly in a folder; image files stand behind the table.

    Raises: SourceError where a table lacks a column, naming those it has.
    """
    inside = (item for item in sorted(path.iterdir()) if item.is_file() and not item.name.startswith(".")) if path.is_dir() else (path,)
    files = [item for item in inside if item.suffix.lower() in SUFFIXES]
    for file in files:
        check_name(file)
        _check_columns(file, options)
    parts = (part for file in files for part in cut(home(path), file))
    return tuple(_with_images(part, options) for part in parts)


def _check_columns(file: Path, options: TableOptions) -> None:
    format = format_of(file)
    there = columns_of(file, format) if format else ()
    missing = [column for column in options.columns if column not in there]
    if missing:
        raise SourceError(
            f"{options.name}: {file} has no column {', '.join(missing)}; its columns are {', '.join(there) or 'none'}. "
            f"Name these in the manifest."
        )


def _with_images(part: Part, options: TableOptions) -> Part:
    columns = _image_names(part.files[0], options.images)
    if not columns:
        return part
    found: dict[Path, None] = {}
    for record in records(part, columns):
        for name in (name for column in columns for name in names_in(record.cells.get(column))):
            try:
                found[safe_path(part.files[0].parent, name)] = None
            except Fault:
                continue
    return Part(part.root, (part.files[0], *found), part.start, part.stop)


def _image_names(file: Path, columns: Sequence[str]) -> tuple[str, ...]:
    """The columns that may name files: in Parquet, not those that hold bytes."""
    if format_of(file) is not Format.PARQUET:
        return tuple(columns)
    schema = open_parquet(file).schema_arrow
    return tuple(column for column in columns if not _holds_bytes(schema.field(column).type))


def _holds_bytes(kind: pa.DataType) -> bool:
    if pa.types.is_list(kind) or pa.types.is_large_list(kind):
        return _holds_bytes(kind.value_type)
    if pa.types.is_struct(kind):
        return kind.get_field_index("bytes") >= 0
    return pa.types.is_binary(kind) or pa.types.is_large_binary(kind)


def read(part: Part, *, options: TableOptions) -> Iterator[Row]:
    """The rows of a part."""
    id = (options.id,) if options.id else ()
    row = partial(_row, options=options, folder=part.files[0].parent)
    return (to_row(record, row, id) for record in records(part, options.columns))


def _row(record: Record, *, options: TableOptions, folder: Path) -> Row:
    cells = record.cells
    question = question_of(cell(cells, options.question))
    choices = _choices(cells, options)
    images = tuple(image for column in options.images for image in pictures(cells.get(column), folder))
    if options.images and not images:
        raise Fault("image missing", "no image is named")
    answer_type, gold = _gold(cells, choices, options, images)
    return Row(
        row=record.place,
        question=question,
        answer_type=answer_type,
        gold=gold,
        options=choices,
        context=text(cells.get(options.context)) if options.context else "",
        images=images,
        modality=options.modality or ("image" if images else "text"),
        domain=options.domain,
        body_part=options.body_part,
        task=options.task,
        group=text(cells.get(options.group)) if options.group else "",
    )


def _choices(cells: Any, options: TableOptions) -> tuple[str, ...]:
    if not options.options:
        return ()
    if options.options_in_one:
        return rows.options_in(cell(cells, options.options[0]))
    return rows.options_across([cells.get(column) for column in options.options])


def _gold(cells: Any, choices: tuple[str, ...], options: TableOptions, images: tuple[bytes, ...]) -> Gold:
    value = cells.get(options.gold.column)
    match options.gold.as_:
        case "letter":
            return rows.gold_by_letter(value, len(choices))
        case "index0" | "index1" as index:
            return rows.gold_by_index(value, int(index[-1]), len(choices))
        case "text":
            return rows.gold_by_text(value, choices) if choices else rows.gold_open(value)
        case "number":
            return rows.gold_number(value)
        case "yesno":
            return rows.gold_yesno(value)
        case "labels":
            return gold_by_labels(value, options.gold.labels)
        case "boxes":
            labels = cells.get(options.label) if options.label else options.gold.label
            return gold_by_boxes(value, labels, options.gold, size_of(images[0]))
