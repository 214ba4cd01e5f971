"""Find overlaps: examples whose pictures or whole question a benchmark also holds, with the benchmark's row."""

from collections.abc import Mapping
from dataclasses import dataclass

import pyarrow as pa

from schemas.example import Example
from schemas.graph import SHARD, Overlap
from schemas.image import ImageHash


@dataclass(frozen=True)
class OverlapsRecipe:
    """What is compared: bytes, decoded pixels, and question with context and options as normalised."""

    compared: tuple[str, ...] = ("image", "pixels", "question")


def find_overlaps(
    examples: pa.Table,
    hashes: pa.Table,
    recipe: OverlapsRecipe,
    benchmark: pa.Table | None = None,
    benchmark_hashes: pa.Table | None = None,
) -> dict[str, pa.Table]:
    """`overlaps`: one row an example that meets a benchmark (the first meeting, images before text), by shard and order."""
    if benchmark is None or not benchmark.num_rows:
        return {"overlaps": Overlap.empty()}
    assert benchmark_hashes is not None
    theirs = _Held(benchmark, _pixels(benchmark_hashes))
    ours = _pixels(hashes)
    rows = []
    columns = (examples[name].to_pylist() for name in (SHARD, Example.id, Example.content, Example.images))
    for shard, id, content, images in zip(*columns, strict=True):
        met = theirs.meet(content, images, ours)
        if met:
            kind, (name, row) = met
            rows.append({SHARD: shard, Overlap.id: id, Overlap.benchmark: name, Overlap.row: row, Overlap.kind: kind})
    return {"overlaps": Overlap.from_rows(rows)}


class _Held:
    """What benchmarks hold, by image, by pixels and by text."""

    def __init__(self, benchmark: pa.Table, pixels: Mapping[str, str]) -> None:
        self._images: dict[str, tuple[str, str]] = {}
        self._pixels: dict[str, tuple[str, str]] = {}
        self._texts: dict[str, tuple[str, str]] = {}
        columns = (benchmark[name].to_pylist() for name in (Example.source, Example.row, Example.content, Example.images))
        for name, row, content, images in zip(*columns, strict=True):
            if not images:
                self._texts.setdefault(content, (name, row))
            for digest in images:
                self._images.setdefault(digest, (name, row))
                if pixels.get(digest):
                    self._pixels.setdefault(pixels[digest], (name, row))

    def meet(self, content: str, images: list[str], pixels: Mapping[str, str]) -> tuple[str, tuple[str, str]] | None:
        """The kind of the meeting and the benchmark's row."""
        for digest in images:
            if digest in self._images:
                return "image", self._images[digest]
            shown = pixels.get(digest)
            if shown and shown in self._pixels:
                return "pixels", self._pixels[shown]
        if not images and content in self._texts:
            return "question", self._texts[content]
        return None


def _pixels(hashes: pa.Table) -> dict[str, str]:
    return dict(zip(hashes[ImageHash.digest].to_pylist(), hashes[ImageHash.pixels].to_pylist(), strict=True))
