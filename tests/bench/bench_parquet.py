"""Published shards beside plain Parquet: bytes on disk whatever the input order, and MB of values a CPU second, interleaved in one run.

python -m tests.bench.bench_parquet [traces=20000] [images=2000] [rounds=3] [words of a trace=60]
"""

import hashlib
import io
import os
import resource
import statistics
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import datasets
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from PIL import Image as Pillow

from pipeline.asked import Asked, PublishRecipe
from pipeline.prompts import BOXED
from pipeline.publish.corpus import CorpusShard
from pipeline.publish.layout import IMAGE_BYTES, shard_options
from pipeline.stages.gather import GatherRecipe, gather
from pipeline.stages.publish import publish
from pipeline.store import Store
from schemas.corpus import Sft
from schemas.example import Dropped, Example
from schemas.image import Image
from schemas.trace import Judgement, Selected, Trace
from tests.fixtures.stage_rows import chosen, example, examples, image, judgement, selection, trace

SAMPLES = 4
datasets.disable_progress_bars()
RECIPE = PublishRecipe((Asked("t", ("image",), BOXED, '{"model":"m"}'),), BOXED, "v")
OURS = shard_options(Sft)
OWN = "medtrace, digests included"
# What a table of images and traces has at least.
LEAN = ["id", "question_id", "source", "modality", "problem", "options_json", "answer", "response", "images"]


def jpegs(count: int) -> list[bytes]:
    """Pictures like radiographs in size and grain: smooth shapes under noise, at quality 90."""
    made: list[bytes] = []
    for seed in range(count):
        draw = np.random.default_rng(seed)
        shapes = Pillow.fromarray(draw.integers(0, 256, (7, 7), np.uint8)).resize((384, 384), Pillow.Resampling.BICUBIC)
        grain = np.asarray(shapes, np.int16) + draw.normal(0, 6, (384, 384)).astype(np.int16)
        kept = io.BytesIO()
        Pillow.fromarray(grain.clip(0, 255).astype(np.uint8)).save(kept, "JPEG", quality=90)
        made.append(kept.getvalue())
    return made


def thoughts(count: int, length: int) -> list[str]:
    """Texts of so many words that follow each other as unevenly as those of a language do."""
    draw = np.random.default_rng(7)
    words = np.array(["".join(chr(97 + sign) for sign in draw.integers(0, 26, size)) for size in draw.integers(2, 11, 8_000)])
    shares = 1 / np.arange(1, 8_001)
    picked = draw.choice(8_000, (count, length), p=shares / shares.sum())
    return [" ".join(words[row]) for row in picked]


def tables(blobs: list[bytes], texts: list[str], order: str) -> pa.Table:
    """The `sft` rows of a shard whose questions came in some order."""
    digests = [hashlib.sha256(blob).hexdigest() for blob in blobs]
    count = len(texts) // SAMPLES
    draw = np.random.default_rng(3)
    rows: list[dict[str, Any]] = []
    for place in range(count):
        id = hashlib.sha256(str(place).encode()).hexdigest()[:32]
        shown = digests[place if place < len(digests) else int(draw.integers(len(digests)))]
        key = bytes.fromhex(shown)[:8] + bytes.fromhex(id)[:8]
        rows.append(example(id, images=[shown], modality="x-ray", question=f"What does film {place} show?", key=key))
    if order != "as drawn":
        rows = [rows[place] for place in (draw.permutation(count) if order == "shuffled" else range(count - 1, -1, -1))]
    pictures = [
        image(digest, digest=digest, published_digest=digest, bytes=blob, size=len(blob), format="jpeg")
        for digest, blob in zip(digests, blobs, strict=True)
    ]
    held = gather(examples(rows), Image.from_rows(pictures), GatherRecipe())
    kept = chosen(held["examples"].to_pylist())
    asked = [(row, sample) for row in rows for sample in range(SAMPLES)]
    said = {row[Example.id]: place for place, row in enumerate(sorted(rows, key=lambda row: row[Example.id]))}
    made = publish(
        kept,
        held["images"],
        Dropped.empty(),
        Trace.from_rows(
            trace(row["id"], sample, f"<think>\n{texts[said[row['id']] * SAMPLES + sample]}\n</think>\n\n\\boxed{{B}}")
            for row, sample in asked
        ),
        Judgement.from_rows(judgement(row["id"], sample) for row, sample in asked),
        Selected.from_rows(selection(row["id"], sample, "", SAMPLES, SAMPLES) for row, sample in asked),
        RECIPE,
    )
    return made["sft-train"]


def plain(table: pa.Table) -> pa.Table:
    """The rows with every image repeated, as other writers take them."""
    at = table.column_names.index("images")
    return table.set_column(at, Sft.schema.field("images"), table["images"].cast(Sft.images.type))


class Took(NamedTuple):
    """CPU seconds: those of the process, and those of the kernel for it, which are many where fresh memory is dear."""

    user: float
    system: float

    @property
    def all(self) -> float:
        return self.user + self.system


def timed(work: Callable[[], Any]) -> Took:
    """What some work takes; what others wrote lies on the disk by then, so that who makes a file durable does not flush theirs too."""
    os.sync()
    begun = resource.getrusage(resource.RUSAGE_SELF)
    work()
    ended = resource.getrusage(resource.RUSAGE_SELF)
    return Took(ended.ru_utime - begun.ru_utime, ended.ru_stime - begun.ru_stime)


def main(traces: int = 20_000, images: int = 2_000, rounds: int = 3, words: int = 60) -> None:
    blobs, texts = jpegs(images), thoughts(traces, words)
    unique = sum(map(len, blobs))
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        kept: dict[str, bytes] = {}
        encoded = tables(blobs, texts, "as drawn")
        for order in ("as drawn", "shuffled", "reversed"):
            Store(home).put("bench", order, "sft", encoded if order == "as drawn" else tables(blobs, texts, order), [], OURS)
            kept[order] = Store(home).path("bench", order, "sft").read_bytes()
        text_file = home / "text.parquet"
        pq.write_table(encoded.drop_columns(["images"]), text_file, compression="zstd", compression_level=3)
        floor = unique + text_file.stat().st_size
        print(
            f"{encoded.num_rows:,} traces, {images:,} images: {unique / 1e6:.1f} MB of images and {text_file.stat().st_size / 1e6:.1f} MB of zstd text"
        )
        for order, data in kept.items():
            same = "the same bytes" if data == kept["as drawn"] else "other bytes"
            print(f"  {order:10} {len(data) / 1e6:8.1f} MB, {len(data) / floor:.3f} of these ({same})")
        for name, told in (("the published row", encoded), ("a lean row", encoded.select(LEAN))):
            print(f"{name}, {len(told.column_names)} columns:")
            compare(told, home, rounds)


def compare(encoded: pa.Table, home: Path, rounds: int) -> None:
    """Writes a table and reads it back, by turns with every writer and reader."""
    repeated = plain(encoded)
    logical = repeated.nbytes
    options = shard_options(encoded.schema)
    told = datasets.Dataset(datasets.table.InMemoryTable(repeated.replace_schema_metadata(repeated.schema.metadata)))
    theirs, bare, hub = (home / name for name in ("zstd.parquet", "bare.parquet", "hub.parquet"))
    writers: dict[str, Callable[[], Any]] = {
        OWN: lambda: Store(home).put("bench", "ours", "sft", encoded, [], options),
        "pyarrow zstd-3": lambda: pq.write_table(repeated, theirs, compression="zstd", compression_level=3),
        "pyarrow uncompressed": lambda: pq.write_table(repeated, bare, compression="none", use_dictionary=False),
        "datasets.to_parquet": lambda: told.to_parquet(hub),
    }
    ours = Store(home).path("bench", "ours", "sft")
    files = {OWN: ours, "pyarrow zstd-3": theirs, "pyarrow uncompressed": bare, "datasets.to_parquet": hub}
    written = {name: [] for name in writers}
    for _ in range(rounds):
        for name, work in writers.items():
            files[name].unlink(missing_ok=True)  # or who writes in place would be given its own file's memory, and who does not none
            written[name].append(timed(work))
    shard = CorpusShard("sft", "train", "", ours.name, ours, encoded.num_rows, logical, 0, "", "")
    report("write", written, logical, files)
    readers: dict[str, Callable[[], Any]] = {
        "medtrace, by its own reader": lambda: list(shard.tables(encoded=True)),
        "medtrace, images held once": lambda: pq.read_table(ours, read_dictionary=[IMAGE_BYTES], use_threads=False),
        "medtrace, as anyone reads it": lambda: pq.read_table(ours, use_threads=False),
        "pyarrow zstd-3": lambda: pq.read_table(theirs, use_threads=False),
        "pyarrow uncompressed": lambda: pq.read_table(bare, use_threads=False),
        "datasets.to_parquet's file": lambda: pq.read_table(hub, use_threads=False),
    }
    read = {name: [] for name in readers}
    for _ in range(rounds):
        for name, work in readers.items():
            read[name].append(timed(work))
    report("read", read, logical, {})


def report(what: str, took: dict[str, list[Took]], logical: int, files: dict[str, Path]) -> None:
    first = next(iter(took.values()))
    for name, each in took.items():
        speeds = sorted(logical / 1e6 / one.all for one in each)
        ratio = statistics.median(one.all for one in each) / statistics.median(one.all for one in first)
        own = statistics.median(one.user for one in each) / statistics.median(one.user for one in first)
        size = f", {files[name].stat().st_size / 1e6:8.1f} MB" if name in files else ""
        print(
            f"{what} {name:30} {speeds[0]:8,.0f} / {statistics.median(speeds):8,.0f} / {speeds[-1]:8,.0f} MB/s,"
            f" ours is {ratio:5.1f}x, {own:5.1f}x without the kernel's part{size}"
        )


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
