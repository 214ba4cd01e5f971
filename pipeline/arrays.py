"""Arrow arrays of published columns: messages, one word repeated, chunks as one."""

import numpy as np
import pyarrow as pa

from schemas.corpus import MESSAGE, MESSAGES


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
