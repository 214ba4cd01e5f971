"""Fingerprints of recipes and digests of tables: what keys are made of."""

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import fields, is_dataclass
from enum import Enum
from json.encoder import c_make_encoder, encode_basestring
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from schemas.features import ENCODED_IMAGE, IMAGE

BLOCK_ROWS = 4096
# Joins texts that are read in one go: no blank, no letter, and written in JSON as it is. A text that has it is read by itself.
BETWEEN = "\x7f"
# Of a sha256.
HEX_DIGITS = 64
# JSONEncoder.encode makes this anew for each value, which takes as long as most values do.
_write = c_make_encoder(None, json.JSONEncoder().default, encode_basestring, None, ":", ",", True, False, True)

# What each hex digit stands for; 255 for any other sign.
_HEX = np.full(256, 255, np.uint8)
_HEX[np.frombuffer(b"0123456789abcdef", np.uint8)] = np.arange(16)


def canonical_json(value: Any) -> str:
    """JSON with sorted keys, no spaces and no escapes: one text for one value."""
    return "".join(_write(value, 0))


def json_texts(texts: Sequence[str]) -> list[str]:
    """Each text as it stands between its quotes in canonical JSON; many at once take little longer than one."""
    written = encode_basestring(BETWEEN.join(texts))[1:-1].split(BETWEEN)
    return written if len(written) == len(texts) else [encode_basestring(text)[1:-1] for text in texts]


def json_list(written: Iterable[str]) -> str:
    """The canonical JSON of a list of texts, each as `json_texts` writes it."""
    listed = '","'.join(written)
    return f'["{listed}"]'


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
    meter = TableMeter()
    meter.add(table)
    return meter.digested()


class TableMeter:
    """Digests a table that comes in pieces, whatever the cuts; at most `BLOCK_ROWS` rows of it are held.

    A column of more rows than that has the digest of its blocks' digests. `named`: published images whose path is their sha256
    are taken at its word and not read, as when they are written; who reads them back hashes them, and finds what is otherwise.
    """

    def __init__(self, *, named: bool = False) -> None:
        self._schema: pa.Schema = pa.schema([])
        self._pending: list[pa.Table] = []
        self._rows = 0
        self._blocks: dict[str, list[str]] = {}
        self._meter = _Meter(named)

    def add(self, table: pa.Table) -> None:
        """Takes the rows that come next."""
        self._schema = table.schema
        while self._rows + table.num_rows > BLOCK_ROWS:
            room = BLOCK_ROWS - self._rows
            self._pending.append(table.slice(0, room))
            table = table.slice(room)
            self._close()
        self._pending.append(table)
        self._rows += table.num_rows

    def digested(self) -> Digested:
        """The digests of all columns, and the size of the values; nothing may be added afterwards."""
        if self._rows or not self._blocks:
            self._close()
        return Digested({name: _whole(blocks) for name, blocks in self._blocks.items()}, self._meter.fed)

    def _close(self) -> None:
        for place, field in enumerate(self._schema):
            chunks = [chunk for table in self._pending for chunk in table.column(place).chunks]
            self._blocks.setdefault(field.name, []).append(self._meter.column(field.type, chunks))
        self._pending, self._rows = [], 0


def _whole(blocks: list[str]) -> str:
    return blocks[0] if len(blocks) == 1 else hashlib.sha256("".join(blocks).encode()).hexdigest()[:32]


def table_digest(columns: Mapping[str, str], names: Iterable[str] | None = None) -> str:
    """One digest of a table, or of some of its columns, from its columns' digests."""
    chosen = columns if names is None else {name: columns[name] for name in names}
    return fingerprint([[name, digest] for name, digest in chosen.items()])


class _Meter:
    """Feeds a hash and counts what it fed."""

    def __init__(self, named: bool) -> None:
        self.fed = 0
        self.named = named
        self._hash = hashlib.sha256()
        self._hashed: tuple[pa.Array | None, tuple[np.ndarray, np.ndarray]] = (None, (np.empty(0), np.empty(0)))

    def column(self, kind: pa.DataType, chunks: list[pa.Array]) -> str:
        self._hash = hashlib.sha256(_type_name(kind).encode())
        _feed(self, kind, chunks)
        return self._hash.hexdigest()[:32]

    def update(self, data: bytes | memoryview, stands_for: int = 0) -> None:
        """Feeds some bytes, which may stand for more than they are."""
        self.fed += max(len(data), stands_for)
        self._hash.update(data)

    def hashed(self, dictionary: pa.Array) -> tuple[np.ndarray, np.ndarray]:
        """What `_sha256` says of a dictionary; of the one asked for last it is remembered."""
        if self._hashed[0] is None or _where(self._hashed[0]) != _where(dictionary):
            self._hashed = dictionary, _sha256(dictionary)
        return self._hashed[1]


def _type_name(kind: pa.DataType) -> str:
    """The type in words; a list's items are called otherwise in memory than in Parquet, which says nothing of its values."""
    if pa.types.is_list(kind) or pa.types.is_large_list(kind):
        return f"{'large_' if pa.types.is_large_list(kind) else ''}list<{_type_name(kind.value_type)}>"
    if pa.types.is_struct(kind):
        types = (field.type.value_type if pa.types.is_dictionary(field.type) else field.type for field in kind)
        return f"struct<{', '.join(f'{field.name}: {_type_name(type)}' for field, type in zip(kind, types, strict=True))}>"
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
            meter.update(lengths(chunk).tobytes())
        _feed(meter, kind.value_type, [chunk.flatten() for chunk in chunks])
    elif pa.types.is_struct(kind):
        _feed_fields(meter, kind, [chunk.flatten() for chunk in chunks])
    elif pa.types.is_boolean(kind):
        _feed_bits(meter, [pc.fill_null(chunk, False) for chunk in chunks])
    elif pa.types.is_integer(kind) or pa.types.is_floating(kind):
        for chunk in chunks:
            values = pc.fill_null(chunk, pa.scalar(0, kind)) if chunk.null_count else chunk
            meter.update(np.ascontiguousarray(values.to_numpy(zero_copy_only=False)).tobytes())
    elif not pa.types.is_null(kind):
        raise TypeError(f"{kind} has no digest")


def _feed_fields(meter: _Meter, kind: pa.StructType, chunks: list[list[pa.Array]]) -> None:
    for place in range(kind.num_fields):
        values = [chunk[place] for chunk in chunks]
        if kind in (IMAGE, ENCODED_IMAGE) and not place:
            _feed_pictures(meter, kind.field(place).type, values, [chunk[1] for chunk in chunks])
        else:
            _feed(meter, kind.field(place).type, values)


def _feed_pictures(meter: _Meter, kind: pa.DataType, chunks: list[pa.Array], paths: list[pa.Array]) -> None:
    """Feeds published images by the sha256 of each, so that one that many rows share is read once, held by a dictionary or not."""
    meter.update(sum(map(len, chunks)).to_bytes(8, "little"))
    meter.update(sum(chunk.null_count for chunk in chunks).to_bytes(8, "little"))
    for chunk, names in zip(chunks, paths, strict=True):
        if pa.types.is_dictionary(kind):
            places = pc.fill_null(chunk.indices, -1).to_numpy()
            told = _told(chunk, places, names) if meter.named else None
            hashes, sizes = told or meter.hashed(chunk.dictionary)
            hashes, sizes = hashes[places], sizes[places]
        else:
            hashes, sizes = _sha256(chunk)
            hashes, sizes = hashes[:-1], sizes[:-1]
        meter.update(hashes.tobytes(), int(sizes.sum()))


def _told(images: pa.DictionaryArray, places: np.ndarray, paths: pa.Array) -> tuple[np.ndarray, np.ndarray] | None:
    """What `_sha256` says of a dictionary, as far as rows name its images, by the paths of these; None where one is no sha256."""
    if not len(images) or images.null_count or paths.null_count:
        return None
    shown, first = np.unique(places, return_index=True)
    names = paths.take(pa.array(first))
    if lengths(names).min() <= HEX_DIGITS:
        return None
    signs = np.frombuffer(names.buffers()[2], np.uint8)[_bounds(names)[:-1, None] + np.arange(HEX_DIGITS + 1)]
    digits = _HEX[signs[:, :HEX_DIGITS]]
    if digits.max() > 15 or np.any(signs[:, HEX_DIGITS] != ord(".")):
        return None
    hashes = np.zeros((len(images.dictionary), 32), np.uint8)
    hashes[shown] = digits[:, ::2] << 4 | digits[:, 1::2]
    return hashes, lengths(images.dictionary)


def _where(array: pa.Array) -> list[int]:
    """Where in memory an array's values lie: two that live at once and lie at one place are the same."""
    return [array.offset, len(array), *(buffer.address if buffer else 0 for buffer in array.buffers())]


def _sha256(values: pa.Array) -> tuple[np.ndarray, np.ndarray]:
    """The sha256 of each value and its length, and in the last place those of a null."""
    hashes = np.zeros((len(values) + 1, 32), np.uint8)
    sizes = np.zeros(len(values) + 1, np.int64)
    for place, value in enumerate(values):
        if value.is_valid:
            data = value.as_buffer()
            hashes[place] = np.frombuffer(hashlib.sha256(data).digest(), np.uint8)
            sizes[place] = data.size
    return hashes, sizes


def lengths(array: pa.Array) -> np.ndarray:
    """The length of each text, bytes or list of an array; 0 of a null (int64)."""
    if not len(array):
        return np.zeros(0, np.int64)
    sizes = np.diff(_bounds(array)).astype(np.int64, copy=False)
    return np.where(pc.is_valid(array).to_numpy(zero_copy_only=False), sizes, 0) if array.null_count else sizes


def _bounds(array: pa.Array) -> np.ndarray:
    """Where the values of an array that is not empty begin in its data, and where the last one ends."""
    wide = pa.types.is_large_string(array.type) or pa.types.is_large_binary(array.type) or pa.types.is_large_list(array.type)
    offsets = np.frombuffer(array.buffers()[1], np.int64 if wide else np.int32)
    return offsets[array.offset : array.offset + len(array) + 1]


def _feed_bits(meter: _Meter, chunks: list[pa.Array]) -> None:
    bits = [chunk.to_numpy(zero_copy_only=False) for chunk in chunks]
    meter.update(np.packbits(np.concatenate(bits)).tobytes() if bits else b"")


def _feed_variable(meter: _Meter, kind: pa.DataType, chunks: list[pa.Array]) -> None:
    filler = pa.scalar("" if pa.types.is_string(kind) or pa.types.is_large_string(kind) else b"", kind)
    chunks = [pc.fill_null(chunk, filler) if chunk.null_count else chunk for chunk in chunks]
    for chunk in chunks:
        meter.update(lengths(chunk).tobytes())
    for chunk in chunks:
        data = chunk.buffers()[2]
        if data is None or not len(chunk):
            continue
        bounds = _bounds(chunk)
        meter.update(memoryview(data)[int(bounds[0]) : int(bounds[-1])])
