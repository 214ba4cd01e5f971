"""Tables in pieces: the same bytes and digests whatever the cuts, bounded row groups, an image once in each."""

import hashlib
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pipeline.fingerprint import BLOCK_ROWS, TableMeter, digest_columns
from pipeline.publish.layout import IMAGE_BYTES
from pipeline.store import Store
from pipeline.table_file import TableWriter, row_bytes
from schemas.corpus import Rl
from schemas.features import ENCODED_IMAGE, ENCODED_IMAGES, IMAGES

BLOBS = [np.random.default_rng(seed).bytes(3_000) for seed in range(8)]


def pictured(places: list[list[int]], blobs: list[bytes] = BLOBS, names: list[str] | None = None) -> pa.Table:
    """Ids and images, each image held once."""
    stems = names or [str(place) for place in range(len(blobs))]
    codes = pa.array([place for row in places for place in row], pa.int32())
    paths = pa.array([f"{stems[place]}.png" for row in places for place in row], pa.string())
    structs = pa.StructArray.from_arrays(
        [pa.DictionaryArray.from_arrays(codes, pa.array(blobs, pa.binary())), paths], fields=list(ENCODED_IMAGE)
    )
    offsets = np.concatenate(([0], np.cumsum([len(row) for row in places]))).astype(np.int32)
    images = pa.ListArray.from_arrays(pa.array(offsets), structs, type=ENCODED_IMAGES)
    schema = pa.schema([Rl.id.field(), pa.field("images", ENCODED_IMAGES)], {"huggingface": "{}"})
    return pa.Table.from_arrays([pa.array([f"q{at}" for at in range(len(places))]), images], schema=schema)


def plain(table: pa.Table) -> pa.Table:
    return table.set_column(1, "images", table["images"].cast(IMAGES))


def written(path: Path, tables: list[pa.Table], **options: Any) -> bytes:
    writer = TableWriter(path, tables[0].schema, {"use_dictionary": [IMAGE_BYTES], "write_statistics": False, **options})
    for table in tables:
        writer.add(table)
    writer.close({b"more": b"told"})
    return path.read_bytes()


ROWS = [[place // 4 % 8] if place % 5 else [] for place in range(40)]


def test_the_bytes_follow_from_the_rows_however_they_are_cut(tmp_path: Path) -> None:
    table = pictured(ROWS)
    whole = written(tmp_path / "whole", [table], max_group_bytes=20_000)
    for cut in (1, 7, 39):
        assert written(tmp_path / "cut", [table[:cut], table[cut:]], max_group_bytes=20_000) == whole
    parts = [pictured(ROWS[start : start + 10]) for start in range(0, 40, 10)]
    ids = table["id"]
    parts = [part.set_column(0, Rl.id.field(), ids[start : start + 10]) for part, start in zip(parts, range(0, 40, 10), strict=True)]
    assert written(tmp_path / "parts", parts, max_group_bytes=20_000) == whole
    backwards = [pictured([[7 - place for place in row] for row in ROWS], BLOBS[::-1])]
    again = backwards[0].set_column(1, "images", _renamed(backwards[0]["images"], table["images"]))
    assert written(tmp_path / "backwards", [again], max_group_bytes=20_000) == whole


def _renamed(column: pa.ChunkedArray, like: pa.ChunkedArray) -> pa.ListArray:
    """The bytes of one column with the paths of another."""
    structs, others = column.chunk(0).flatten(), like.chunk(0).flatten()
    both = pa.StructArray.from_arrays([structs.field("bytes"), others.field("path")], fields=list(ENCODED_IMAGE))
    return pa.ListArray.from_arrays(column.chunk(0).offsets, both, type=ENCODED_IMAGES)


def test_readers_see_plain_images_with_their_metadata(tmp_path: Path) -> None:
    table = pictured(ROWS)
    written(tmp_path / "t", [table])
    read = pq.read_table(tmp_path / "t")
    assert read.schema.field("images").type == IMAGES
    assert read.schema.metadata == {b"huggingface": b"{}", b"more": b"told"}
    assert read.schema.field("id").metadata[b"doc"]
    assert read.to_pylist() == plain(table).to_pylist()
    assert pq.read_table(tmp_path / "t", read_dictionary=[IMAGE_BYTES]).schema.field("images").type == ENCODED_IMAGES


def test_a_row_group_holds_at_most_its_bytes_and_each_image_once(tmp_path: Path) -> None:
    table = pictured(ROWS)
    written(tmp_path / "t", [table], max_group_bytes=20_000)
    metadata = pq.read_metadata(tmp_path / "t")
    sizes = row_bytes(table)
    start = 0
    for group in range(metadata.num_row_groups):
        rows = metadata.row_group(group).num_rows
        assert 0 < sizes[start : start + rows].sum() <= 20_000
        named = {place for row in ROWS[start : start + rows] for place in row}
        held = metadata.row_group(group).column(1).total_uncompressed_size
        assert 3_000 * len(named) <= held < 3_000 * len(named) + 500
        start += rows
    assert start == 40


def test_a_row_larger_than_a_group_stands_alone(tmp_path: Path) -> None:
    written(tmp_path / "t", [pictured([[], [0, 1, 2], [], [3]])], max_group_bytes=3_500)
    metadata = pq.read_metadata(tmp_path / "t")
    assert [metadata.row_group(group).num_rows for group in range(metadata.num_row_groups)] == [1, 1, 2]


@pytest.mark.parametrize("rows", [0, 1, 3])
def test_rows_are_bounded_too_and_no_rows_are_a_table(rows: int, tmp_path: Path) -> None:
    written(tmp_path / "t", [pictured(ROWS[:rows])], row_group_size=2)
    assert pq.read_table(tmp_path / "t").num_rows == rows
    assert pq.read_metadata(tmp_path / "t").num_row_groups == max(1, (rows + 1) // 2)


def test_images_have_one_digest_held_once_or_repeated() -> None:
    table = pictured(ROWS)
    assert digest_columns(table) == digest_columns(plain(table))
    assert digest_columns(table[3:9]) == digest_columns(plain(pictured(ROWS)[3:9]))
    other = pictured([[7] if row == [0] else row for row in ROWS])
    assert digest_columns(other).columns["images"] != digest_columns(table).columns["images"]


def test_images_behind_two_slices_of_one_buffer_are_told_apart() -> None:
    blobs = pa.array(BLOBS[:2], pa.binary())
    first, second = (pa.DictionaryArray.from_arrays(pa.array([0], pa.int32()), blobs.slice(at, 1)) for at in (0, 1))
    structs = [pa.StructArray.from_arrays([one, pa.array(["p"])], fields=list(ENCODED_IMAGE)) for one in (first, second)]
    lists = [pa.ListArray.from_arrays(pa.array([0, 1], pa.int32()), one, type=ENCODED_IMAGES) for one in structs]
    wanted = pa.array([[{"bytes": blob, "path": "p"}] for blob in BLOBS[:2]], IMAGES)
    assert digest_columns(pa.table({"x": pa.chunked_array(lists)})) == digest_columns(pa.table({"x": wanted}))


def test_long_tables_have_one_digest_however_they_come() -> None:
    table = pa.table({"x": pa.array(np.arange(2 * BLOCK_ROWS + 5)), "y": pa.array([str(place % 7) for place in range(2 * BLOCK_ROWS + 5)])})
    whole = digest_columns(table)
    for cut in (1, BLOCK_ROWS - 1, BLOCK_ROWS, BLOCK_ROWS + 1, 2 * BLOCK_ROWS):
        meter = TableMeter()
        meter.add(table[:cut])
        meter.add(table[cut:])
        assert meter.digested() == whole
    moved = pa.table({"x": table["x"], "y": table["y"].take(pa.array([1, 0, *range(2, len(table))]))})
    assert digest_columns(moved).columns["y"] != whole.columns["y"]
    assert digest_columns(moved).columns["x"] == whole.columns["x"]


NAMES = [hashlib.sha256(blob).hexdigest() for blob in BLOBS]


@pytest.mark.parametrize("rows", [ROWS, [[7, 0], [], [3, 3, 1]], [[]], ROWS * 150])
def test_images_that_are_named_by_their_sha256_have_the_digest_that_reading_finds(rows: list[list[int]]) -> None:
    table = pictured(rows, names=NAMES)
    for cut in (0, len(rows) // 2):
        meter = TableMeter(named=True)
        meter.add(table[:cut])
        meter.add(table[cut:])
        assert meter.digested() == digest_columns(plain(table))


@pytest.mark.parametrize("other", ["", "x", NAMES[0].upper(), NAMES[0] + "0", "g" + NAMES[0][1:], NAMES[0][:-1]])
def test_images_that_are_named_otherwise_are_read(other: str) -> None:
    table = pictured(ROWS, names=[*NAMES[:7], other])
    meter = TableMeter(named=True)
    meter.add(table)
    assert meter.digested() == digest_columns(table)


def test_an_image_that_is_not_what_its_name_says_is_found_as_damage(tmp_path: Path) -> None:
    Store(tmp_path).put("step", "0" * 32, "true", pictured(ROWS, names=NAMES), [])
    assert not list(Store(tmp_path).verify())
    Store(tmp_path).put("step", "0" * 32, "false", pictured(ROWS, names=[*NAMES[:6], NAMES[7], NAMES[6]]), [])
    (damage,) = Store(tmp_path).verify()
    assert damage.path == Store(tmp_path).path("step", "0" * 32, "false")
    assert "images no longer have the digest" in damage.reason


def test_the_size_of_images_is_that_of_all_rows() -> None:
    assert digest_columns(pictured([[0]] * 10)).nbytes - digest_columns(pictured([[]] * 10)).nbytes >= 10 * 3_000


def test_texts_can_be_cut_by_content_and_read_the_same(tmp_path: Path) -> None:
    table = pictured(ROWS)
    written(tmp_path / "plain", [table])
    written(tmp_path / "cut", [table], use_content_defined_chunking=True)
    assert pq.read_table(tmp_path / "cut").equals(pq.read_table(tmp_path / "plain"))
    assert (tmp_path / "cut").stat().st_size < (tmp_path / "plain").stat().st_size + 5_000
