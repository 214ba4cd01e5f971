"""Redacting: some upstream rows leave a corpus, the store and the ledger, and no build brings them back."""

from collections.abc import Callable, Collection
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from jobs.inputs import open_manifest
from jobs.purging import check_batches, keys_of, tables
from pipeline.groups import group_name, row_name
from pipeline.models.purge import purge
from pipeline.publish.corpus import Corpus, check_outside, check_tables, read_corpus
from pipeline.publish.redact import find, redact
from pipeline.store import Store
from pipeline.takedown import list_path, read_takedown, told_by, write_takedown
from schemas.errors import StoreError, UsageError
from schemas.example import Example

# Texts and bytes: no id stands in them alone, and reading them takes long.
_LONG = frozenset(
    ("question", "context", "text", "raw", "response", "problem", "detail", "gold_json", "grading_json", "options_json", "benchmark_text")
)
_LISTS = frozenset((Example.images, "image_digests"))


@dataclass(frozen=True)
class Wanted:
    """What is to go: of a source, rows by upstream's own ids, and groups (patients, studies, cases)."""

    source: str
    rows: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()

    @property
    def names(self) -> dict[str, str]:
        """What was asked for, by the name that takedown lists give it."""
        return {row_name(self.source, row): row for row in self.rows} | {group_name(self.source, group): group for group in self.groups}


@dataclass(frozen=True)
class Redacted:
    """What a redaction did. `answers`: purged from the ledger; `units`: stored files removed; `unmet`: asked for and met nowhere.

    `sharing`: questions that stay and show a picture that also went. `takedown`: the list that keeps later builds from it.
    """

    out: Path
    version: str
    source: str
    questions: int
    rows: dict[str, int]
    pictures: int
    sharing: tuple[str, ...]
    answers: int
    units: int
    unmet: tuple[str, ...]
    takedown: Path | None

    def to_json(self) -> dict[str, Any]:
        """For machines."""
        told = asdict(self)
        return told | {"out": str(self.out), "takedown": str(self.takedown) if self.takedown else None}


def run(
    path: Path,
    wanted: Wanted,
    out: Path,
    store_root: Path | None,
    manifest: Path | None,
    version: str = "",
    say: Callable[[str], None] = print,
) -> Redacted:
    """Takes rows down: first the list beside the manifest, then the corpus, then answers and stored units.

    Raises: UsageError where nothing that is asked for is there; CorpusError, StoreError, LedgerError, ManifestError.
    """
    corpus = read_corpus(path)
    check_outside(out, path)
    check_tables(corpus)
    sources = [one["name"] for one in corpus.lock["datasets"] if one["role"] == "source"]
    if wanted.source not in sources:
        raise UsageError(f"--source {wanted.source}: the corpus has no such source, only {', '.join(sources)}.")
    if store_root is not None and not store_root.is_dir():
        raise StoreError(f"There is no store at {store_root}. Name it with --store, or leave that out where none is kept.")
    store = Store(store_root) if store_root else None
    manifests = [corpus.manifest, *([open_manifest(manifest).manifest] if manifest else [])]
    ids, pictures, met = _stored(store, wanted) if store else (set[str](), set[str](), set[str]())
    found = find(corpus, wanted.source, wanted.names, ids)
    met |= _met(corpus, wanted)
    unmet = tuple(sorted(asked for name, asked in wanted.names.items() if name not in met))
    if not found.questions and not ids:
        raise UsageError(f"None of the {len(wanted.names):,} ids is one of {wanted.source} in {path}. Look at source_row in its shards.")
    ids |= found.questions
    keys = keys_of(store, ids, manifests) if store else set[str]()
    if store is not None:
        check_batches(store, keys)
    takedown = told_by(corpus.lock["build"]).plus(wanted.source, {*wanted.names, *ids})
    listed = list_path(manifest) if manifest else None
    if listed is not None:
        write_takedown(listed, read_takedown(listed).both(takedown))
        say(f"{listed} keeps later builds from {len(ids):,} rows")
    told = redact(path, out, wanted.source, found, takedown, version)
    answers = units = 0
    if store is not None:
        answers = purge(store.root / "ledger", keys)
        units = _remove(store, ids | pictures | found.pictures, wanted)
    rows = {config: count for config, count in sorted(found.rows.items()) if count}
    sharing = tuple(sorted(found.sharing))
    return Redacted(out, told, wanted.source, len(found.questions), rows, len(found.pictures), sharing, answers, units, unmet, listed)


def _met(corpus: Corpus, wanted: Wanted) -> set[str]:
    """The names that published rows go by."""
    found: set[str] = set()
    for _, table in corpus.read("rl", ["source", "source_row", "source_group"]):
        for row in table.to_pylist():
            if row["source"] == wanted.source:
                found |= {row_name(wanted.source, row["source_row"]), row["source_group"]}
    return found


def _stored(store: Store, wanted: Wanted) -> tuple[set[str], set[str], set[str]]:
    """Of all rows that were ever ingested: ids of those that go, their pictures where no other row shows them, and the names that were met."""
    ids, gone, stay, met = set[str](), set[str](), set[str](), set[str]()
    columns = [Example.id, Example.source, Example.row, Example.group, Example.images]
    names = set(wanted.names)
    for path in store.entries():
        if path.parent.name != "ingest" or not path.name.endswith(".examples.parquet"):
            continue
        for row in pq.read_table(path, columns=columns, use_threads=False).to_pylist():
            named = {row_name(wanted.source, row[Example.row]), group_name(wanted.source, row[Example.group])} & names
            if row[Example.source] == wanted.source and named:
                ids.add(row[Example.id])
                gone.update(row[Example.images])
                met |= named
            else:
                stay.update(row[Example.images])
    return ids, gone - stay, met


def _remove(store: Store, values: Collection[str], wanted: Wanted) -> int:
    """Removes every stored file that names one of these ids or pictures, or rejects one of the rows; returns how many."""
    removed = 0
    sought = pa.array(sorted(values), pa.string())
    for path, schema in list(tables(store)):
        if _names(path, schema, sought, wanted):
            path.unlink(missing_ok=True)
            removed += 1
    return removed


def _names(path: Path, schema: pa.Schema, sought: pa.Array, wanted: Wanted) -> bool:
    listed = [one.name for one in schema if one.name in _LISTS and pa.types.is_list(one.type) and pa.types.is_string(one.type.value_type)]
    columns = listed + [one.name for one in schema if pa.types.is_string(one.type) and one.name not in _LONG]
    if not columns:
        return False
    table = pq.read_table(path, columns=columns, use_threads=False)
    for name in columns:
        values = pc.list_flatten(table[name]) if name in listed else table[name]
        if pc.any(pc.is_in(values, value_set=sought)).as_py():
            return True
    if {"source", "row"} <= set(columns) and wanted.rows:
        ours = table.filter(pc.equal(table["source"], wanted.source))
        return bool(pc.any(pc.is_in(ours["row"], value_set=pa.array(wanted.rows, pa.string()))).as_py())
    return False
