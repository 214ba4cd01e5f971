"""Filling: a corpus whose withheld pictures are put back, each proved by the sha256 that its rows name."""

from collections.abc import Callable, Collection, Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa

from pipeline.arrays import flat, messages
from pipeline.markers import MARKER
from pipeline.publish.corpus import Corpus, CorpusShard
from pipeline.publish.finish import finish
from pipeline.publish.layout import shard_options
from pipeline.publish.lock import Shard
from pipeline.publish.overlaps import Evidence
from pipeline.publish.redact import facts_of
from pipeline.publish.similar import SIMILAR
from pipeline.store import Store
from schemas.corpus import CONFIGS, Rl, Tally
from schemas.features import ENCODED_IMAGE, ENCODED_IMAGES

_ROWS_AT_ONCE = 256

Read = Callable[[str], bytes]


def withheld(corpus: Corpus, sources: Collection[str]) -> dict[str, str]:
    """The names of the pictures that some sources withhold, by the sha256 of upstream's file.

    Raises: CorpusError where a shard cannot be read.
    """
    found: dict[str, str] = {}
    for _, table in corpus.read("rl", [Rl.source, Rl.image_digests, Rl.withheld_images]):
        for row in table.to_pylist():
            if row[Rl.source] in sources:
                found |= zip(row[Rl.image_digests], row[Rl.withheld_images], strict=bool(row[Rl.withheld_images]))
    return found


def fill(corpus: Corpus, out: Path, sources: Sequence[str], read: Read, folder: Path) -> None:
    """Lays the corpus out at `out` with the pictures of these sources, which `read` gives by name; `folder` is for tables on the way.

    Raises: CorpusError, StoreError.
    """
    names = (Tally.stage, Tally.source, Tally.reason, Tally.count)
    store = Store(folder)
    shards = [_filled(store, place, shard, corpus, sources, read) for place, shard in enumerate(corpus.shards)]
    finish(
        out,
        shards,
        Tally.from_rows(dict(zip(names, told, strict=True)) for told in corpus.lock["tallies"]),
        corpus.manifest,
        (corpus.path / "manifest.toml").read_text(encoding="utf-8"),
        corpus.lock["manifest"]["name"],
        {str(place): facts_of(one) for place, one in enumerate(corpus.lock["datasets"])},
        corpus.lock["build"],
        Evidence.beside(corpus.path) if corpus.lock.get("overlaps") else None,
        corpus.path / SIMILAR if corpus.lock.get("similar") else None,
        sorted({*(corpus.lock.get("filled") or ()), *sources}),
    )


def _filled(store: Store, place: int, shard: CorpusShard, corpus: Corpus, sources: Collection[str], read: Read) -> Shard:
    contract = CONFIGS[shard.config]
    pictured = "images" in contract.columns
    fields = [field.with_type(ENCODED_IMAGES) if field.name == "images" else field for field in contract.schema]
    schema = pa.schema(fields, contract.schema.metadata)
    options = shard_options(contract, chunked=corpus.manifest.publish.content_defined_chunking)
    with store.adding("publish", f"{place:032x}", f"{shard.config}-{shard.split}", schema, [], options) as adding:
        for table in shard.tables(encoded=True):
            for start in range(0, table.num_rows, _ROWS_AT_ONCE):
                piece = table.slice(start, _ROWS_AT_ONCE)
                piece = _pictured(piece, sources, read) if pictured else piece
                adding.add(_marked(piece, sources).cast(schema))
    ref = adding.ref
    path = store.path(ref.step, ref.key, ref.output)
    return Shard(shard.config, shard.split, shard.label, path, ref.rows, ref.nbytes, ref.digest())


def _marked(table: pa.Table, sources: Collection[str]) -> pa.Table:
    """The rows whose pictures come back, with a marker for each before their texts."""
    if "image_digests" not in table.column_names:
        return table
    told = zip(*(table[name].to_pylist() for name in ("source", "image_digests", "problem")), strict=True)
    marks = [MARKER * len(digests) if source in sources and MARKER not in text else "" for source, digests, text in told]
    problem = pa.array([mark + text for mark, text in zip(marks, table["problem"].to_pylist(), strict=True)], pa.string())
    table = _put(table, "problem", problem)
    return _put(table, "verl_prompt", messages("user", problem)) if "verl_prompt" in table.column_names else table


def _pictured(table: pa.Table, sources: Collection[str], read: Read) -> pa.Table:
    """The rows with all of their pictures, each held once."""
    there = flat(table["images"])
    coded = there.flatten()
    at = dict(zip(coded.field("path").to_pylist(), coded.field("bytes").indices.to_pylist(), strict=True))
    dictionary = coded.field("bytes").dictionary
    named: list[list[str]] = []
    stays: list[list[str]] = []
    for source, images, absent in zip(table["source"].to_pylist(), _paths(there), table["withheld_images"].to_pylist(), strict=True):
        comes = bool(absent) and source in sources
        named.append(absent if comes else images)
        stays.append([] if comes else absent)
    paths = list(dict.fromkeys(path for row in named for path in row))
    held = pa.array([dictionary[at[path]].as_py() if path in at else read(path) for path in paths], pa.binary())
    index = {path: place for place, path in enumerate(paths)}
    codes = pa.array([index[path] for row in named for path in row], pa.int32())
    blobs = pa.DictionaryArray.from_arrays(codes, held)
    structs = pa.StructArray.from_arrays([blobs, pa.array(paths, pa.string()).take(codes)], fields=list(ENCODED_IMAGE))
    offsets = pa.array(np.concatenate(([0], np.cumsum([len(row) for row in named]))), pa.int32())
    table = _put(table, "images", pa.ListArray.from_arrays(offsets, structs, type=ENCODED_IMAGES))
    return _put(table, "withheld_images", pa.array(stays, pa.list_(pa.string())))


def _paths(images: pa.ListArray) -> list[list[str]]:
    ends = np.cumsum(images.value_lengths().to_numpy())
    flattened = images.flatten().field("path").to_pylist()
    return [flattened[start:stop] for start, stop in zip([0, *ends[:-1]], ends, strict=True)]


def _put(table: pa.Table, name: str, values: pa.Array) -> pa.Table:
    return table.set_column(table.column_names.index(name), pa.field(name, values.type), values)
