"""Show overlaps: the thumbnails of the pictures that the findings name, each once."""

from dataclasses import dataclass

import pyarrow as pa

from schemas.corpus import Thumbnail
from schemas.graph import Overlap


@dataclass(frozen=True)
class ShowRecipe:
    """Benchmarks that are not passed on: of them no picture is shown; and sources whose pictures are not, nor what shows the same."""

    withheld: tuple[str, ...] = ()
    sources: tuple[str, ...] = ()


def show_overlaps(overlaps: pa.Table, thumbnails: pa.Table, recipe: ShowRecipe, benchmark_thumbnails: pa.Table) -> dict[str, pa.Table]:
    """`thumbnails`: of the sources' images and the benchmarks' that findings name, by digest."""
    named: set[str] = set()
    columns = (Overlap.benchmark, Overlap.source, Overlap.image, Overlap.benchmark_image)
    for benchmark, source, image, theirs in zip(*(overlaps[column].to_pylist() for column in columns), strict=True):
        if source in recipe.sources:
            continue
        named |= {image} if benchmark in recipe.withheld else {image, theirs}
    found = {
        digest.as_py(): small
        for table in (benchmark_thumbnails, thumbnails)
        for digest, small in zip(table[Thumbnail.digest], table[Thumbnail.image], strict=True)
        if digest.as_py() in named
    }
    return {
        "thumbnails": Thumbnail.from_rows(
            {Thumbnail.digest: digest, Thumbnail.image: small.as_py()} for digest, small in sorted(found.items())
        )
    }
