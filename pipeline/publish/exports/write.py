"""Writing an export: shard by shard, whole or not at all."""

import os
import shutil
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from pipeline.prompts import by_name
from pipeline.publish.corpus import Corpus, CorpusShard, check_outside, check_tables, read_corpus
from pipeline.publish.exports.columns import finished
from pipeline.publish.exports.formats import FORMATS, Format, Part
from pipeline.publish.exports.octomed import octomed_tables
from pipeline.publish.exports.stubs import Known
from pipeline.publish.layout import shard_options
from pipeline.publish.withheld import LEFT_OUT
from pipeline.store import sync_folder
from pipeline.table_file import TableWriter
from schemas.corpus import CONFIGS
from schemas.errors import StoreError, UsageError


@dataclass(frozen=True)
class Written:
    """One file of an export."""

    path: str
    rows: int
    size: int


@dataclass(frozen=True)
class Exported:
    """What an export wrote, and what it left out, by reason."""

    format: str
    out: Path
    files: tuple[Written, ...]
    left_out: Mapping[str, int]


def format_named(name: str) -> Format:
    """The format of that name.

    Raises: UsageError that lists the known ones.
    """
    for one in FORMATS:
        if one.name == name:
            return one
    raise UsageError(f"There is no format {name!r}. The formats are {', '.join(one.name for one in FORMATS)}.")


def export(corpus: Path, name: str, out: Path) -> Exported:
    """A lean copy of a corpus for one trainer at `out`, where nothing may be yet.

    Raises: CorpusError where the corpus cannot be read or its shards are not those of the lock; UsageError for an unknown format or a
    place within the corpus; StoreError where `out` is not free or cannot be written.
    """
    format, held = format_named(name), read_corpus(corpus)
    out = out.absolute()
    check_outside(out, corpus)
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise StoreError(f"{out} is there already. Choose another folder with --out, or move it away.")
    check_tables(held, {part.config for part in format.parts})
    partial = out.parent / f".{out.name}.partial"
    try:
        shutil.rmtree(partial, ignore_errors=True)
        partial.mkdir(parents=True)
        exported = _write(held, format, partial, out)
        sync_folder(partial)
        if out.exists():
            out.rmdir()
        os.rename(partial, out)
    except OSError as error:
        raise StoreError(f"{out} cannot be written: {error.strerror or error}. Make room or choose another folder with --out.") from error
    finally:
        shutil.rmtree(partial, ignore_errors=True)
    return exported


def _write(corpus: Corpus, format: Format, folder: Path, out: Path) -> Exported:
    left_out: Counter[str] = Counter()
    files: list[Written] = []
    most = 0
    for part in format.parts:
        if not format.by_question and not _there(corpus, part):
            continue
        for shard in corpus.of(part.config):
            tables = octomed_tables(shard, left_out) if format.by_question else _made(shard, part, left_out)
            path = f"{part.folder}/{shard.split}-{shard.label}.parquet"
            rows, images = _put(tables, folder / path)
            most = max(most, images)
            if rows:
                files.append(Written(path, rows, (folder / path).stat().st_size))
    manifest, told = corpus.manifest, tuple((one.path, one.rows) for one in files)
    boxed = any(by_name(teacher.prompt).asks_box for teacher in manifest.teachers)
    known = Known(manifest.name, manifest.version, format.name, told, most, dict(left_out), corpus.lock, "train" if boxed else "eval")
    for name, text in format.beside(known).items():
        (folder / name).write_text(text, encoding="utf-8", newline="\n")
    return Exported(format.name, out, tuple(files), dict(sorted(left_out.items())))


def _there(corpus: Corpus, part: Part) -> bool:
    """Whether the config has rows with images, or such without."""
    kinds = {kind for held in corpus.lock["counts"].get(part.config, {}).values() for kind in held.get("modality", {})}
    return bool(kinds - {"text"}) if part.pictured else "text" in kinds


def _made(shard: CorpusShard, part: Part, left_out: Counter[str]) -> Iterator[pa.Table]:
    held = "withheld_images" in CONFIGS[shard.config].columns
    for table in shard.tables([*part.columns, *(["withheld_images"] if held else [])], encoded=True):
        table = _whole(table, left_out) if held else table
        made = part.make(table.select(part.columns).replace_schema_metadata(None))
        if part.pictured and made.num_rows < table.num_rows:
            left_out["boxes of a picture whose size is not known"] += table.num_rows - made.num_rows
        yield made


def _whole(table: pa.Table, left_out: Counter[str]) -> pa.Table:
    """The rows whose pictures are there; the others are counted."""
    there = pc.equal(pc.list_value_length(table["withheld_images"]), 0)
    whole = table.filter(there)
    if whole.num_rows < table.num_rows:
        left_out[LEFT_OUT] += table.num_rows - whole.num_rows
    return whole


def _put(tables: Iterator[pa.Table], path: Path) -> tuple[int, int]:
    """Writes tables as one file; none where they hold no row. Returns the rows, and the most images of one."""
    writer: TableWriter | None = None
    most = 0
    try:
        for table in tables:
            if not table.num_rows:
                continue
            if "images" in table.column_names:
                most = max(most, pc.max(pc.list_value_length(table["images"])).as_py() or 0)
            schema = finished(table)
            if writer is None:
                path.parent.mkdir(parents=True, exist_ok=True)
                writer = TableWriter(path, schema, shard_options(schema))
            writer.add(table.cast(schema) if table.schema.types != schema.types else pa.Table.from_arrays(table.columns, schema=schema))
        if writer is None:
            return 0, 0
        writer.close({})
        return writer.rows, most
    except BaseException:
        if writer is not None:
            writer.abandon()
        raise
