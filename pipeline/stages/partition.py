"""Partition: the trie of shards over key prefixes, a function of the data alone."""

from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from schemas.errors import SourceError
from schemas.example import Example
from schemas.graph import SHARD, Partition
from schemas.image import Image


@dataclass(frozen=True)
class PartitionRecipe:
    """When a prefix splits."""

    max_rows: int = 1024
    max_bytes: int = 256 << 20


def partition(keys: pa.Table, sizes: pa.Table, recipe: PartitionRecipe) -> dict[str, pa.Table]:
    """`partition`: row ranges of the ingested tables by shard, in order of prefix and table.

    `keys` has the key of every example and `_shard`, the index of its ingested table, each table sorted by
    key; `sizes` has the digest and size of every image.
    Raises: SourceError where there is no example at all.
    """
    if not keys.num_rows:
        raise SourceError("No source has a usable row: every row was rejected or the files are empty. See `medtrace sources check`.")
    raw = np.frombuffer(b"".join(keys[Example.key].to_pylist()), dtype=">u8").reshape(-1, 2)
    high, low = raw[:, 0].astype(np.uint64), raw[:, 1].astype(np.uint64)
    unit = keys[SHARD].to_numpy()
    order = np.lexsort((unit, low, high))
    high, low, unit = high[order], low[order], unit[order]
    weight = _weights(high, sizes)
    rows: list[dict[str, object]] = []
    first = {int(index): np.flatnonzero(unit == index) for index in np.unique(unit)}
    for prefix, start, stop in _split(high, low, np.concatenate(([0], np.cumsum(weight))), recipe):
        for index, places in first.items():
            begin, end = np.searchsorted(places, (start, stop))
            if end > begin:
                rows.append({Partition.prefix: prefix, Partition.unit: index, Partition.start: int(begin), Partition.stop: int(end)})
    return {"partition": Partition.from_rows(rows)}


def _weights(high: np.ndarray, sizes: pa.Table) -> np.ndarray:
    """The bytes of an example's first image, counted at the first example that has it."""
    weight = np.zeros(len(high), np.int64)
    if not sizes.num_rows:
        return weight
    heads = np.array([int(digest[:16], 16) for digest in sizes[Image.digest].to_pylist()], np.uint64)
    order = np.argsort(heads)
    heads, size = heads[order], sizes[Image.size].to_numpy()[order]
    lead = np.concatenate(([True], high[1:] != high[:-1]))
    place = np.minimum(np.searchsorted(heads, high), len(heads) - 1)
    hit = lead & (heads[place] == high)
    weight[hit] = size[place[hit]]
    return weight


def _split(high: np.ndarray, low: np.ndarray, bytes_before: np.ndarray, recipe: PartitionRecipe) -> list[tuple[str, int, int]]:
    """Leaves of the trie as (prefix, first row, row after the last), in order of prefix."""
    leaves: list[tuple[str, int, int]] = []
    stack = [("", 0, len(high))]
    while stack:
        prefix, start, stop = stack.pop()
        if start == stop:
            continue
        depth = len(prefix)
        small = stop - start <= recipe.max_rows and bytes_before[stop] - bytes_before[start] <= recipe.max_bytes
        if small or depth == 128 or stop - start == 1:
            leaves.append((prefix, start, stop))
            continue
        words = high if depth < 64 else low
        bits = (words[start:stop] >> np.uint64(63 - depth % 64)) & np.uint64(1)
        middle = start + int(np.searchsorted(bits, 1))
        stack += [(prefix + "1", middle, stop), (prefix + "0", start, middle)]
    return leaves
