"""Fingerprints of recipes and digests of tables: what keys are made of."""

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import fields, is_dataclass
from enum import Enum
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc


def canonical_json(value: Any) -> str:
    """JSON with sorted keys, no spaces and no escapes: one text for one value."""
    return json.dumps(value, sort_keys=True, ensure_ascii=False, separators=(",", ":"))


def plain(value: Any) -> Any:
    """A recipe as JSON values, each dataclass with its class name."""
    if is_dataclass(value) and not isinstance(value, type):
        return {"_": type(value).__name__} | {field.name: plain(getattr(value, field.name)) for field in fields(value)}
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    if value is None or isinstance(value, (str, int, float, bool)):
        return value
    raise TypeError(f"{type(value).__name__} has no place in a recipe")


def fingerprint(*values: Any) -> str:
    """Hash of plain values and recipes (32 hex digits)."""
    return hashlib.sha256(canonical_json([plain(value) for value in values]).encode()).hexdigest()[:32]


def stable_seed(seed: int, *names: str) -> int:
    """A seed drawn from data: 31 bits, a multiple of 1024, so that sample i may add i."""
    words = "\0".join((str(seed), *names)).encode()
    return int.from_bytes(hashlib.blake2b(words, digest_size=8).digest(), "big") % (1 << 21) * 1024


class Digested(NamedTuple):
    """What identifies a table's values."""

    columns: dict[str, str]
    nbytes: int


def digest_columns(table: pa.Table) -> Digested:
    """A digest of each column's type and values in order, whatever the chunks (32 hex digits), and the values' size."""
    meter = _Meter()
    columns = {name: meter.column(table[name]) for name in table.column_names}
    return Digested(columns, meter.fed)


def table_digest(columns: Mapping[str, str], names: Iterable[str] | None = None) -> str:
    """One digest of a table, or of some of its columns, from its columns' digests."""
    chosen = columns if names is None else {name: columns[name] for name in names}
    return fingerprint([[name, digest] for name, digest in chosen.items()])


class _Meter:
    """Feeds a hash and counts what it fed."""

    def __init__(self) -> None:
        self.fed = 0
        self._hash = hashlib.sha256()

    def column(self, column: pa.ChunkedArray) -> str:
        self._hash = hashlib.sha256(str(column.type).encode())
        _feed(self, _one(column))
        return self._hash.hexdigest()[:32]

    def update(self, data: bytes | memoryview) -> None:
        self.fed += len(data)
        self._hash.update(data)


def _one(column: pa.ChunkedArray) -> pa.Array:
    if column.num_chunks == 1:
        return column.chunk(0)
    whole = column.combine_chunks()
    return pa.concat_arrays(whole.chunks) if isinstance(whole, pa.ChunkedArray) else whole


def _feed(hasher: _Meter, array: pa.Array) -> None:
    """Feeds length, validity and values; nulls count as such and hide what lies under them."""
    kind = array.type
    if pa.types.is_dictionary(kind):
        array = array.dictionary_decode()
        kind = array.type
    hasher.update(len(array).to_bytes(8, "little"))
    hasher.update(array.null_count.to_bytes(8, "little"))
    if array.null_count:
        hasher.update(np.packbits(pc.is_valid(array).to_numpy(zero_copy_only=False)).tobytes())
    if pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_binary(kind) or pa.types.is_large_binary(kind):
        _feed_variable(hasher, array)
    elif pa.types.is_list(kind) or pa.types.is_large_list(kind):
        lengths = pc.fill_null(pc.list_value_length(array), 0).cast(pa.int64())
        hasher.update(lengths.to_numpy().tobytes())
        _feed(hasher, array.flatten())
    elif pa.types.is_struct(kind):
        for child in array.flatten():
            _feed(hasher, child)
    elif pa.types.is_fixed_size_binary(kind):
        _feed_variable(hasher, array.cast(pa.binary()))
    elif pa.types.is_boolean(kind):
        hasher.update(np.packbits(pc.fill_null(array, False).to_numpy(zero_copy_only=False)).tobytes())
    elif pa.types.is_null(kind):
        return
    else:
        values = pc.fill_null(array, 0) if array.null_count else array
        hasher.update(np.ascontiguousarray(values.to_numpy(zero_copy_only=False)).tobytes())


def _feed_variable(hasher: _Meter, array: pa.Array) -> None:
    if array.null_count:
        array = pc.fill_null(array, b"" if pa.types.is_binary(array.type) or pa.types.is_large_binary(array.type) else "")
    hasher.update(pc.binary_length(array).cast(pa.int64()).to_numpy().tobytes())
    wide = pa.types.is_large_string(array.type) or pa.types.is_large_binary(array.type)
    _, offsets, data = array.buffers()
    if data is None or not len(array):
        return
    width = np.int64 if wide else np.int32
    bounds = np.frombuffer(offsets, dtype=width)[array.offset : array.offset + len(array) + 1]
    hasher.update(memoryview(data)[int(bounds[0]) : int(bounds[-1])])
