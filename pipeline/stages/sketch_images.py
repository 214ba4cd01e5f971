"""Sketch images: the second read, of the images alone whose hashes are near another's: digest of the pixels, small grey copy."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from pipeline.images.cluster import sketch_of
from pipeline.images.confirm import Sketch
from pipeline.images.decode import measure
from schemas.image import Image
from schemas.picture import ImageSketch, NearImage


@dataclass(frozen=True)
class SketchRecipe:
    """Which measuring; `aligned`: pictures are also compared by their aligned pixels, for which they are sketched."""

    measure_version: int
    confirm_version: int
    aligned: bool


def sketch_images(images: pa.Table, near: pa.Table, recipe: SketchRecipe) -> dict[str, pa.Table]:
    """`sketches`: one row an image that `near` names, in order; images of the same pixels are sketched once."""
    asked = images.filter(pc.is_in(images[Image.digest], pc.unique(near[NearImage.digest].combine_chunks())))
    rows: list[Mapping[Any, Any]] = []
    known: set[str] = set()
    for digest, data in zip(asked[Image.digest].to_pylist(), asked[Image.bytes], strict=True):
        found = measure(data.as_py())
        drawn = sketch_of(data.as_py()) if recipe.aligned and found.pixels_digest not in known else None
        known |= {found.pixels_digest} - {""}
        rows.append({ImageSketch.digest: digest, ImageSketch.pixels: found.pixels_digest, **_row(drawn)})
    return {"sketches": ImageSketch.from_rows(rows)}


def _row(drawn: Sketch | None) -> dict[Any, Any]:
    if drawn is None:
        return {ImageSketch.width: 0, ImageSketch.height: 0, ImageSketch.down: 0, ImageSketch.across: 0, ImageSketch.grey: b""}
    flat = (drawn.grey == drawn.grey[0, 0]).all()
    return {
        ImageSketch.width: drawn.width,
        ImageSketch.height: drawn.height,
        ImageSketch.down: drawn.grey.shape[0],
        ImageSketch.across: drawn.grey.shape[1],
        ImageSketch.grey: drawn.grey[:1, :1].tobytes() if flat else drawn.grey.tobytes(),
    }
