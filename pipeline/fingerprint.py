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

_ENCODER = json.JSONEncoder(sort_keys=True, ensure_ascii=False, separators=(",", ":"))


def canonical_json(value: Any) -> str:
    """JSON with sorted keys, no spaces and no escapes: one text for one value."""
    return _ENCODER.encode(value)


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


def type_name(kind: pa.DataType) -> str:
    """A type as digests know it: what Parquet renames on the way (the items of lists) left out, dictionaries as their values."""
    if pa.types.is_dictionary(kind):
        return type_name(kind.value_type)
    if pa.types.is_list(kind) or pa.types.is_large_list(kind):
        return f"list<{type_name(kind.value_type)}>"
    if pa.types.is_struct(kind):
        return f"struct<{', '.join(f'{field.name}: {type_name(field.type)}' for field in kind)}>"
    return str(kind)


class _Meter:
    """Feeds a hash and counts what it fed."""

    def __init__(self) -> None:
        self.fed = 0
        self._hash = hashlib.sha256()

    def column(self, column: pa.ChunkedArray) -> str:
        self._hash = hashlib.sha256(_type_name(column.type).encode())
        _feed(self, column.type, column.chunks)
        return self._hash.hexdigest()[:32]

    def update(self, data: bytes | memoryview) -> None:
        self.fed += len(data)
        self._hash.update(data)


def _type_name(kind: pa.DataType) -> str:
    """The type in words; a list's items are called otherwise in memory than in Parquet, which says nothing of its values."""
    if pa.types.is_list(kind) or pa.types.is_large_list(kind):
        return f"{'large_' if pa.types.is_large_list(kind) else ''}list<{_type_name(kind.value_type)}>"
    if pa.types.is_struct(kind):
        return f"struct<{', '.join(f'{field.name}: {_type_name(field.type)}' for field in kind)}>"
    return str(kind)


def _feed(meter: _Meter, kind: pa.DataType, chunks: list[pa.Array]) -> None:
    """Feeds length, validity and values; nulls count as such and hide what lies under them.

    Chunks are fed one after the other and never joined: a column may hold more than the 2 GiB of one array.
    """
    if pa.types.is_dictionary(kind):
        chunks, kind = [chunk.dictionary_decode() for chunk in chunks], kind.value_type
    nulls = sum(chunk.null_count for chunk in chunks)
    meter.update(sum(map(len, chunks)).to_bytes(8, "little"))
    meter.update(nulls.to_bytes(8, "little"))
    if nulls:
        _feed_bits(meter, [pc.is_valid(chunk) for chunk in chunks])
    if pa.types.is_fixed_size_binary(kind):
        chunks, kind = [chunk.cast(pa.binary()) for chunk in chunks], pa.binary()
    if pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_binary(kind) or pa.types.is_large_binary(kind):
        _feed_variable(meter, kind, chunks)
    elif pa.types.is_list(kind) or pa.types.is_large_list(kind):
        for chunk in chunks:
            meter.update(pc.fill_null(pc.list_value_length(chunk), 0).cast(pa.int64()).to_numpy().tobytes())
        _feed(meter, kind.value_type, [chunk.flatten() for chunk in chunks])
    elif pa.types.is_struct(kind):
        children = [chunk.flatten() for chunk in chunks]
        for place in range(kind.num_fields):
            _feed(meter, kind.field(place).type, [child[place] for child in children])
    elif pa.types.is_boolean(kind):
        _feed_bits(meter, [pc.fill_null(chunk, False) for chunk in chunks])
    elif pa.types.is_integer(kind) or pa.types.is_floating(kind):
        for chunk in chunks:
            values = pc.fill_null(chunk, pa.scalar(0, kind)) if chunk.null_count else chunk
            meter.update(np.ascontiguousarray(values.to_numpy(zero_copy_only=False)).tobytes())
    elif not pa.types.is_null(kind):
        raise TypeError(f"{kind} has no digest")


def _feed_bits(meter: _Meter, chunks: list[pa.Array]) -> None:
    bits = [chunk.to_numpy(zero_copy_only=False) for chunk in chunks]
    meter.update(np.packbits(np.concatenate(bits)).tobytes() if bits else b"")


def _feed_variable(meter: _Meter, kind: pa.DataType, chunks: list[pa.Array]) -> None:
    wide = pa.types.is_large_string(kind) or pa.types.is_large_binary(kind)
    filler = pa.scalar("" if pa.types.is_string(kind) or pa.types.is_large_string(kind) else b"", kind)
    chunks = [pc.fill_null(chunk, filler) if chunk.null_count else chunk for chunk in chunks]
    for chunk in chunks:
        meter.update(pc.binary_length(chunk).cast(pa.int64()).to_numpy().tobytes())
    for chunk in chunks:
        _, offsets, data = chunk.buffers()
        if data is None or not len(chunk):
            continue
        bounds = np.frombuffer(offsets, dtype=np.int64 if wide else np.int32)[chunk.offset : chunk.offset + len(chunk) + 1]
        meter.update(memoryview(data)[int(bounds[0]) : int(bounds[-1])])
