"""Bounds of shards and row groups, at a scale that a test can read."""

import random
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pipeline.publish.audit import audit, bound_faults
from pipeline.publish.finish import Shard, finish
from pipeline.publish.layout import shard_options
from pipeline.store import Store
from schemas.corpus import CONFIGS, Tally
from schemas.manifest import read_manifest
from tests.fixtures.corpora import FACTS, MANIFEST, boxed, png, posed, published_table, question, tallies_of, traced
from tests.fixtures.local_build import contents

TRACES = 60
GROUP_BYTES = 12_000
SHARD_BYTES = 40_000


def many_traces() -> dict[str, list[dict[str, object]]]:
    """Two questions, one of them with a picture and very many traces whose texts do not compress."""
    draw = random.Random(1)
    asked, other = question("q1", images=[png(1)]), question("q2", gold=1)
    said = ["".join(draw.choices("abcdefghij klmnop", k=900)) for _ in range(TRACES)]
    rows = [
        traced(asked, boxed("A").replace("signs", text), sample=place, n_sampled=TRACES, n_correct=TRACES)
        for place, text in enumerate(said)
    ]
    told = traced(other, boxed("B"), n_sampled=1, n_correct=1)
    return {
        "sft-train": [*rows, told],
        "sft_text-train": [told],
        "rl-train": [posed(asked, n_sampled=TRACES, n_correct=TRACES), posed(other, n_sampled=1, n_correct=1)],
    }


def laid_out(folder: Path, shard_bytes: int = SHARD_BYTES) -> Path:
    """A corpus of them whose shards are to have at most so many bytes."""
    store, rows, shards = Store(folder / "store"), many_traces(), list[Shard]()
    for name, table in rows.items():
        config, _, split = name.partition("-")
        options = {**shard_options(CONFIGS[config]), "max_group_bytes": GROUP_BYTES}
        ref = store.put("publish", "all", name, published_table(CONFIGS[config], table), [], options)
        shards.append(Shard(config, split, "all", store.path("publish", "all", name), ref.rows, ref.nbytes, ref.digest()))
    counted = Tally.from_rows([dict(zip(Tally.columns, row, strict=True)) for row in tallies_of(rows)])
    finish(folder / "out", shards, counted, read_manifest(MANIFEST, "m"), MANIFEST, "m.toml", FACTS, {"seed": 0}, shard_bytes=shard_bytes)
    return folder / "out"


def test_a_table_that_is_too_large_goes_out_as_several_in_order(tmp_path: Path):
    out = laid_out(tmp_path)
    parts = sorted((out / "data/sft").iterdir())
    assert [path.name for path in parts] == [f"train-all-{place:03d}.parquet" for place in range(len(parts))]
    assert len(parts) > 2
    assert all(path.stat().st_size <= SHARD_BYTES for path in parts)
    rows = [row for path in parts for row in pq.read_table(path).to_pylist()]
    assert rows == pq.read_table(tmp_path / "store/publish/all.sft-train.parquet").to_pylist()
    assert [path.name for path in (out / "data/rl").iterdir()] == ["train-all.parquet"]
    found = audit(out, strict=True)
    assert not found.failed, [check for check in found.checks if check.examples]


def test_the_cuts_follow_from_the_rows_alone(tmp_path: Path):
    assert contents(laid_out(tmp_path / "one")) == contents(laid_out(tmp_path / "two"))


def test_small_tables_and_single_row_groups_stay_whole(tmp_path: Path):
    assert [path.name for path in (laid_out(tmp_path / "wide", 10**9) / "data/sft").iterdir()] == ["train-all.parquet"]
    parts = list((laid_out(tmp_path / "narrow", 1) / "data/sft").iterdir())
    assert len(parts) == pq.read_metadata(tmp_path / "narrow/store/publish/all.sft-train.parquet").num_row_groups


def test_the_corpus_loads_as_one_split(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    import datasets

    monkeypatch.setenv("HF_DATASETS_CACHE", str(tmp_path / "cache"))
    loaded = datasets.load_dataset(str(laid_out(tmp_path)), "sft", split="train", cache_dir=str(tmp_path / "cache"))
    assert loaded.num_rows == TRACES + 1


def test_an_audit_tells_files_and_row_groups_over_their_bounds_and_pages_without_an_index(tmp_path: Path):
    held = pq.read_metadata(laid_out(tmp_path, 10**9) / "data/sft/train-all.parquet")
    size = held.serialized_size + sum(held.row_group(place).total_byte_size for place in range(held.num_row_groups))
    assert bound_faults(held, size, 10**9, GROUP_BYTES * 2) == []
    told = bound_faults(held, size, 1_000, 1_000)
    assert [fault.partition(":")[0] for fault in told] == ["file over 1,000 bytes", "row group over 1,000 bytes"]
    pq.write_table(pa.table({"a": [1]}), tmp_path / "bare.parquet")
    assert bound_faults(pq.read_metadata(tmp_path / "bare.parquet"), 1) == ["no page index: readers must scan whole row groups"]
