from pathlib import Path

import pyarrow.parquet as pq
import pytest

from pipeline.publish.layout import IMAGE_BYTES, data_files, leaves, parquet_options, shard_path
from schemas.corpus import CONFIGS, Sft
from tests.fixtures.corpora import boxed, published_table, question, traced


@pytest.fixture
def columns(tmp_path: Path):
    """The column chunks of a written `sft` table of 40 rows with four large images, by leaf."""
    blobs = [bytes([colour]) * 600_000 for colour in range(4)]
    rows = [traced(question(f"q{place}", images=[blobs[place % 4]]), boxed("A")) for place in range(40)]
    pq.write_table(published_table(Sft, rows), tmp_path / "sft.parquet", **parquet_options(Sft))
    group = pq.read_metadata(tmp_path / "sft.parquet").row_group(0)
    return {group.column(place).path_in_schema: group.column(place) for place in range(group.num_columns)}


def test_every_leaf_is_named_as_parquet_names_it(columns):
    assert [leaf.path for leaf in leaves(Sft.schema)] == list(columns)


def test_an_image_is_written_once_a_row_group_and_not_compressed(columns):
    image = columns[IMAGE_BYTES]
    assert image.compression == "UNCOMPRESSED"
    assert image.has_dictionary_page
    assert 4 * 600_000 <= image.total_compressed_size < 4 * 600_000 + 10_000


def test_texts_are_zstd_and_long_ones_plain(columns):
    others = [column for path, column in columns.items() if path != IMAGE_BYTES]
    assert {column.compression for column in others} == {"ZSTD"}
    assert columns["source"].has_dictionary_page
    assert columns["prompt.list.element.role"].has_dictionary_page
    assert not columns["problem"].has_dictionary_page
    assert not columns["prompt.list.element.content"].has_dictionary_page


def test_pages_are_indexed_and_long_texts_have_no_statistics(columns):
    assert all(column.has_offset_index for column in columns.values())
    assert columns["id"].has_column_index
    assert columns["id"].is_stats_set
    assert not columns["response"].is_stats_set
    assert not columns[IMAGE_BYTES].is_stats_set


@pytest.mark.parametrize("config", CONFIGS)
def test_the_options_fit_every_contract(config: str, tmp_path: Path):
    contract = CONFIGS[config]
    pq.write_table(contract.empty(), tmp_path / "empty.parquet", **parquet_options(contract))
    assert pq.read_table(tmp_path / "empty.parquet").column_names == list(contract.columns)


def test_shards_lie_under_their_config_and_split():
    assert shard_path("rl", "heldout", "0110") == "data/rl/heldout-0110.parquet"
    assert shard_path("rejected", "heldout", "all") == "data/rejected/heldout-all.parquet"
    assert data_files("sft_text", "train") == "data/sft_text/train-*.parquet"
