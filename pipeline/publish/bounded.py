"""Shards within bounds: a table whose file would be larger goes out as several, cut where its row groups end."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from pipeline.fingerprint import table_digest
from pipeline.publish.layout import IMAGE_BYTES, shard_options, shard_path
from pipeline.publish.lock import Shard
from pipeline.table_file import TableWriter
from schemas.corpus import CONFIGS
from schemas.errors import StoreError
from schemas.features import ENCODED_IMAGES


def pieces(shard: Shard, folder: Path, most_bytes: int, *, chunked: bool) -> list[Shard]:
    """The shard itself where its file is small enough; else its rows in order as several below `folder`, labelled LABEL-000 and so on.

    A row group that is larger alone stands alone. The cuts follow from the stored file and the bound.
    Raises: StoreError where the stored file is gone.
    """
    try:
        if shard.path.stat().st_size <= most_bytes:
            return [shard]
        with pq.ParquetFile(shard.path, read_dictionary=[IMAGE_BYTES] if "images" in CONFIGS[shard.config].columns else None) as file:
            runs = list(_runs(file, shard.path.stat().st_size, most_bytes))
            return [shard] if len(runs) == 1 else [_piece(shard, file, folder, place, run, chunked) for place, run in enumerate(runs)]
    except FileNotFoundError as error:
        raise StoreError(f"{shard.path} is no longer in the store. Build again: its unit will be redone.") from error


def _runs(file: pq.ParquetFile, size: int, most_bytes: int) -> Iterator[Sequence[int]]:
    """Neighbouring row groups that fit into a file together, with all that the stored file holds besides its pages."""
    meta = file.metadata
    groups = [meta.row_group(place) for place in range(meta.num_row_groups)]
    sizes = [sum(group.column(place).total_compressed_size for place in range(meta.num_columns)) for group in groups]
    room = most_bytes - (size - sum(sizes))
    start = held = 0
    for place, mine in enumerate(sizes):
        if place > start and held + mine > room:
            yield range(start, place)
            start, held = place, 0
        held += mine
    yield range(start, len(sizes))


def _piece(shard: Shard, file: pq.ParquetFile, folder: Path, place: int, groups: Sequence[int], chunked: bool) -> Shard:
    contract = CONFIGS[shard.config]
    label = f"{shard.label}-{place:03d}"
    path = folder / shard_path(shard.config, shard.split, label)
    path.parent.mkdir(parents=True, exist_ok=True)
    fields = [field.with_type(ENCODED_IMAGES) if field.name == "images" else field for field in contract.schema]
    writer = TableWriter(path, pa.schema(fields, contract.schema.metadata), shard_options(contract, chunked=chunked))
    try:
        for group in groups:
            writer.add(file.read_row_group(group, use_threads=False).cast(pa.schema(fields)))
        told = writer.digested()
        writer.close({})
    except BaseException:
        writer.abandon()
        raise
    return Shard(shard.config, shard.split, label, path, writer.rows, told.nbytes, table_digest(told.columns))
