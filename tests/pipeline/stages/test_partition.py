"""Partition: shards are a function of the keys alone."""

from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.stages.partition import PartitionRecipe, partition
from schemas.errors import SourceError
from schemas.example import Example
from schemas.graph import Partition
from tests.fixtures.stage_rows import sharded

Leaf = tuple[str, tuple[bytes, ...]]
# Few first bytes, so that images are shared and prefixes are deep.
keys = st.builds(lambda lead, tail: bytes([lead]) * 8 + tail, st.sampled_from([0, 1, 2, 128, 255]), st.binary(min_size=8, max_size=8))
tails = st.binary(min_size=16, max_size=16)
some = st.lists(st.one_of(keys, tails), min_size=1, max_size=40)


def split(tables: list[list[bytes]], sizes: dict[bytes, int] | None = None, max_rows: int = 3, max_bytes: int = 1 << 40) -> pa.Table:
    """The partition of tables of keys, each sorted; `sizes` by the first 8 bytes of a key."""
    ordered = [sorted(table) for table in tables]
    owner = [place for place, table in enumerate(ordered) for _ in table]
    told = pa.table({Example.key: pa.array([key for table in ordered for key in table], pa.binary(16))})
    weights = list((sizes or {}).items())
    images = pa.table(
        {
            "digest": pa.array([lead.hex() + "0" * 48 for lead, _ in weights], pa.string()),
            "size": pa.array([size for _, size in weights], pa.int64()),
        }
    )
    return partition(sharded(told, owner), sharded(images), PartitionRecipe(max_rows, max_bytes))["partition"]


def leaves(tables: list[list[bytes]], **told: Any) -> dict[str, tuple[bytes, ...]]:
    """The keys of every shard, from its ranges."""
    ordered = [sorted(table) for table in tables]
    found: dict[str, list[bytes]] = {}
    for row in split(tables, **told).to_pylist():
        found.setdefault(row[Partition.prefix], []).extend(ordered[row[Partition.unit]][row[Partition.start] : row[Partition.stop]])
    return {prefix: tuple(sorted(held)) for prefix, held in found.items()}


def bits(key: bytes) -> str:
    return "".join(f"{byte:08b}" for byte in key)


def spread(rows: list[bytes], over: int, seed: int) -> list[list[bytes]]:
    owner = np.random.default_rng(seed).integers(0, over, len(rows))
    return [[row for row, mine in zip(rows, owner, strict=True) if mine == place] for place in range(over)]


@given(some, st.integers(1, 4), st.integers(0, 99))
@settings(max_examples=150, deadline=None)
def test_every_row_is_in_exactly_one_range_and_under_its_prefix(rows: list[bytes], over: int, seed: int) -> None:
    tables = spread(rows, over, seed)
    ordered = [sorted(table) for table in tables]
    covered = [[0] * len(table) for table in ordered]
    for row in split(tables).to_pylist():
        assert row[Partition.start] < row[Partition.stop]
        for place in range(row[Partition.start], row[Partition.stop]):
            covered[row[Partition.unit]][place] += 1
            assert bits(ordered[row[Partition.unit]][place]).startswith(row[Partition.prefix])
    assert all(count == 1 for table in covered for count in table)


@given(some, st.integers(1, 5))
@settings(max_examples=150, deadline=None)
def test_a_shard_is_within_its_limit_unless_its_keys_are_one(rows: list[bytes], max_rows: int) -> None:
    found = leaves([rows], max_rows=max_rows)
    assert all(len(held) <= max_rows or len(set(held)) == 1 for held in found.values())
    assert list(found) == sorted(found)
    for prefix in found:
        if prefix:
            beside = [held for other, held in leaves([rows], max_rows=max_rows).items() if other.startswith(prefix[:-1])]
            assert sum(map(len, beside)) > max_rows


@given(some, st.integers(2, 5), st.integers(0, 99))
@settings(max_examples=150, deadline=None)
def test_it_does_not_matter_how_rows_are_spread_over_tables(rows: list[bytes], over: int, seed: int) -> None:
    assert leaves(spread(rows, over, seed)) == leaves([rows])


@given(some, st.one_of(keys, tails), st.integers(1, 5))
@settings(max_examples=200, deadline=None)
def test_a_row_more_changes_only_the_shard_that_it_falls_in(rows: list[bytes], new: bytes, max_rows: int) -> None:
    before, after = leaves([rows], max_rows=max_rows), leaves([[*rows, new]], max_rows=max_rows)
    touched = [prefix for prefix in before if bits(new).startswith(prefix)]
    untouched = {prefix: held for prefix, held in before.items() if prefix not in touched}
    assert untouched.items() <= after.items()
    for prefix in set(after) - set(untouched):
        assert any(prefix.startswith(old) for old in touched) or after[prefix] == (new,)


def test_order_of_ranges_is_by_prefix_then_table() -> None:
    rows = [bytes([lead]) * 16 for lead in (0, 10, 100, 128, 200, 255)]
    found = [(row[Partition.prefix], row[Partition.unit]) for row in split([rows[::2], rows[1::2]]).to_pylist()]
    assert found == sorted(found) == [("0", 0), ("0", 1), ("1", 0), ("1", 1)]


def test_few_rows_are_one_shard_without_a_prefix() -> None:
    assert leaves([[b"a" * 16], [b"b" * 16]]) == {"": (b"a" * 16, b"b" * 16)}


def test_bytes_of_images_split_a_shard_and_count_once_an_image() -> None:
    leads = [b"\x00" * 8, b"\xf0" * 8]
    rows = [lead + bytes([tail]) * 8 for lead in leads for tail in (1, 2, 200)]
    sizes = dict.fromkeys(leads, 60)
    whole = split([rows], sizes, max_rows=100, max_bytes=120).to_pylist()
    assert [row[Partition.prefix] for row in whole] == [""]
    halves = split([rows], sizes, max_rows=100, max_bytes=119).to_pylist()
    assert [(row[Partition.prefix], row[Partition.stop] - row[Partition.start]) for row in halves] == [("0", 3), ("1", 3)]


def test_an_image_with_many_questions_splits_on_by_their_ids() -> None:
    rows = [b"\x07" * 8 + bytes([tail]) * 8 for tail in (1, 2, 200, 201, 202)]
    found = leaves([rows], max_rows=3)
    assert [len(held) for held in found.values()] == [2, 3]
    assert all(len(prefix) == 65 for prefix in found)


def test_equal_keys_stay_together_above_any_limit() -> None:
    assert [len(held) for held in leaves([[b"k" * 16] * 9, [b"k" * 16] * 2], max_rows=3).values()] == [11]


def test_an_image_above_the_limit_does_not_split_forever() -> None:
    rows = [b"\x07" * 8 + bytes([tail]) * 8 for tail in (1, 200)]
    assert len(split([rows], {b"\x07" * 8: 1000}, max_rows=5, max_bytes=10).to_pylist()) == 2


def test_no_row_at_all_is_told() -> None:
    with pytest.raises(SourceError, match="No source has a usable row"):
        split([[], []])
