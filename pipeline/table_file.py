"""Writing a Parquet table that comes in pieces: row groups of bounded size, an image once in each, digests on the way."""

import base64
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from pipeline.fingerprint import Digested, TableMeter, lengths
from schemas.features import ENCODED_IMAGE, ENCODED_IMAGES, IMAGES

PIECE_ROWS = 4096
_MOST_ROWS = 1 << 20


class TableWriter:
    """A Parquet file that is open for more rows. Its bytes follow from the rows and options, however the rows were cut.

    `options` are those of `pyarrow.parquet.ParquetWriter`, and `row_group_size` and `max_group_bytes`: the most rows, and the most
    bytes of values that a row group takes (one row stands alone where it is larger).
    """

    def __init__(self, path: Path, schema: pa.Schema, options: Mapping[str, Any]) -> None:
        kinds = dict(options)
        self._most_rows: int = kinds.pop("row_group_size", _MOST_ROWS)
        self._most_bytes: int | None = kinds.pop("max_group_bytes", None)
        self._schema = schema
        self._plain = pa.schema([field.with_type(IMAGES if field.type == ENCODED_IMAGES else field.type) for field in schema])
        self._writer = pq.ParquetWriter(path, schema.remove_metadata(), store_schema=False, **kinds)
        self._meter = TableMeter(named=True)
        self._pending: list[pa.Table] = []
        self._held = self._weight = 0
        self.rows = 0

    def add(self, table: pa.Table) -> None:
        """Writes the rows that come next, as far as they fill row groups."""
        self._meter.add(table)
        self.rows += table.num_rows
        for start in range(0, table.num_rows, PIECE_ROWS):
            self._take(table.slice(start, PIECE_ROWS))

    def digested(self) -> Digested:
        """The digests of what was added; nothing may be added afterwards."""
        return self._meter.digested()

    def close(self, metadata: Mapping[bytes, bytes]) -> None:
        """Ends the file, with the schema's metadata and some more."""
        if self._held or not self.rows:
            self._flush()
        told = {**(self._schema.metadata or {}), **metadata}
        described = self._plain.with_metadata(told).serialize().to_pybytes()
        self._writer.add_key_value_metadata({**told, b"ARROW:schema": base64.b64encode(described)})
        self._writer.close()

    def abandon(self) -> None:
        """Lets go of a file that will not be ended; what went wrong before is the error that is told."""
        with suppress(OSError, pa.ArrowException):
            self._writer.close()

    def _take(self, table: pa.Table) -> None:
        sizes = row_bytes(table) if self._most_bytes else np.zeros(table.num_rows, np.int64)
        ends = np.cumsum(sizes)
        start = done = 0
        while start < table.num_rows:
            room = self._most_rows - self._held
            fits = (
                int(np.searchsorted(ends, done + (self._most_bytes or 0) - self._weight, "right")) if self._most_bytes else table.num_rows
            )
            stop = min(table.num_rows, start + room, max(fits, start + (0 if self._held else 1)))
            self._pending.append(table.slice(start, stop - start))
            self._held += stop - start
            taken = int(ends[stop - 1]) if stop else 0
            self._weight += taken - done
            start, done = stop, taken
            if start < table.num_rows:
                self._flush()

    def _flush(self) -> None:
        """Writes what is pending as one row group."""
        table = pa.concat_tables(self._pending) if self._pending else self._schema.empty_table()
        for place, field in enumerate(table.schema):
            if field.type == ENCODED_IMAGES:
                table = table.set_column(place, field, _compact(table.column(place)))
        self._writer.write_table(table.replace_schema_metadata(None), row_group_size=max(table.num_rows, 1))
        self._pending, self._held, self._weight = [], 0, 0


def _compact(column: pa.ChunkedArray) -> pa.ListArray:
    """Images whose dictionary holds those alone that the rows name, in their order."""
    array = column.combine_chunks() if column.num_chunks != 1 else column.chunk(0)
    structs = array.flatten()
    coded = structs.field("bytes")
    used, first, codes = np.unique(coded.indices.to_numpy(), return_index=True, return_inverse=True)
    order = np.argsort(first)
    rank = np.empty_like(order)
    rank[order] = np.arange(len(order))
    named = used[order]
    # Most often the images lie in the rows' order already: then they are not copied.
    follows = bool(len(named)) and named[-1] - named[0] == len(named) - 1 and bool(np.all(np.diff(named) == 1))
    values = coded.dictionary.slice(int(named[0]), len(named)) if follows else coded.dictionary.take(pa.array(named, pa.int64()))
    held = pa.DictionaryArray.from_arrays(pa.array(rank[codes], pa.int32()), values)
    pictures = pa.StructArray.from_arrays([held, structs.field("path")], fields=list(ENCODED_IMAGE))
    return pa.ListArray.from_arrays(pc.subtract(array.offsets, array.offsets[0]), pictures, type=ENCODED_IMAGES)


def row_bytes(table: pa.Table) -> np.ndarray:
    """The size of each row's values as they are read, images repeated (int64)."""
    sizes = np.zeros(table.num_rows, np.int64)
    for column in table.columns:
        start = 0
        for chunk in column.chunks:
            sizes[start : start + len(chunk)] += _sizes(chunk)
            start += len(chunk)
    return sizes


def _sizes(array: pa.Array) -> np.ndarray | int:
    """The size of each value; one number where all have the same."""
    kind = array.type
    if pa.types.is_dictionary(kind):
        each = np.broadcast_to(_sizes(array.dictionary), len(array.dictionary))
        return np.append(each, 0)[pc.fill_null(array.indices, -1).to_numpy()]
    if pa.types.is_list(kind) or pa.types.is_large_list(kind):
        counts, sizes = lengths(array), _sizes(array.flatten())
        if isinstance(sizes, int):
            return counts * sizes + 4
        bounds = np.concatenate(([0], np.cumsum(sizes)))
        ends = np.cumsum(counts)
        return bounds[ends] - bounds[ends - counts] + 4
    if pa.types.is_struct(kind):
        return sum(_sizes(child) for child in array.flatten())
    if pa.types.is_string(kind) or pa.types.is_binary(kind) or pa.types.is_large_string(kind) or pa.types.is_large_binary(kind):
        return lengths(array) + 4
    return max(kind.bit_width // 8, 1)
