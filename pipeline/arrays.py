"""Arrow arrays of published columns: messages, one word repeated, chunks as one."""

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from schemas.corpus import MESSAGE, MESSAGES, SERIES
from schemas.example import LEAD_SAMPLES


def messages(role: str, contents: pa.Array) -> pa.Array:
    """One message of a role a row."""
    structs = pa.StructArray.from_arrays([same(role, len(contents)), contents], fields=list(MESSAGE))
    return pa.ListArray.from_arrays(pa.array(np.arange(len(contents) + 1), pa.int32()), structs, type=MESSAGES)


def same(word: str, count: int) -> pa.Array:
    """One word as often."""
    return pa.DictionaryArray.from_arrays(pa.array(np.zeros(count, np.int32)), pa.array([word])).dictionary_decode()


def flat(column: pa.ChunkedArray) -> pa.Array:
    """The chunks of a column as one array."""
    if column.num_chunks == 1:
        return column.chunk(0)
    return pa.concat_arrays(column.chunks) if column.num_chunks else pa.array([], column.type)


def leads(column: pa.Array) -> pa.Array:
    """The leads of each row's time series; [] where it has none."""
    held = [np.frombuffer(data, "<f4") for data in column.to_pylist()]
    rows = np.concatenate(([0], np.cumsum([len(samples) // LEAD_SAMPLES for samples in held], dtype=np.int64)))
    samples = np.concatenate([*held, np.array([], np.float32)])
    inner = pa.ListArray.from_arrays(pa.array(np.arange(rows[-1] + 1) * LEAD_SAMPLES, pa.int32()), pa.array(samples, pa.float32()))
    return pa.ListArray.from_arrays(pa.array(rows, pa.int32()), inner, type=SERIES)


def beside(ids: pa.ChunkedArray, table: pa.Table, column: str) -> pa.Table:
    """The rows of a table in the order of some ids."""
    places = pc.index_in(ids, table[column].combine_chunks())
    if places.null_count or table.num_rows != len(ids):
        raise ValueError(f"the values of {column} are not those of the traces")
    return table.take(places)
