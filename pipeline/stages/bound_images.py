"""Bound images: what is sent to teachers and published in place of images that are too large, or show letters."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from pipeline.images.bound import bounded
from pipeline.images.decode import measure
from pipeline.images.mask import masked
from schemas.image import Image, Lettered


@dataclass(frozen=True)
class BoundRecipe:
    """The most pixels of an image (0: any), which coding of smaller ones, and which search for letters to paint over (0: none)."""

    max_pixels: int
    bound_version: int
    mask_version: int = 0


def bound_images(images: pa.Table, recipe: BoundRecipe) -> dict[str, pa.Table]:
    """`images`: one row an image, in order, under the same upstream digest; what cannot be decoded stays as it is.

    `lettered`: those of which rows of letters were painted over, and how many.
    """
    painted: dict[str, int] = {}
    made = Image.from_rows(_shown(row, recipe, painted) for row in images.to_pylist())
    return {"images": made, "lettered": Lettered.from_rows({Lettered.digest: one, Lettered.lines: rows} for one, rows in painted.items())}


def _shown(row: Mapping[str, Any], recipe: BoundRecipe, painted: dict[str, int]) -> Mapping[str, Any]:
    if row[Image.fault]:
        return row
    try:
        found = masked(row[Image.bytes]) if recipe.mask_version else None
        data = found[0] if found else row[Image.bytes]
        data = (bounded(data, recipe.max_pixels) if recipe.max_pixels else None) or data
    except MemoryError:
        raise
    except Exception:
        # A picture that cannot be read is left out with its rows; one that can must not go out as if nothing stood in it.
        if recipe.mask_version and not measure(row[Image.bytes]).fault:
            raise
        return row
    if found:
        painted[row[Image.digest]] = found[1]
    return row if data is row[Image.bytes] else {**row, **_told(data)}


def _told(data: bytes) -> dict[str, Any]:
    return {Image.bytes: data, Image.size: len(data), Image.published_digest: hashlib.sha256(data).hexdigest()}
