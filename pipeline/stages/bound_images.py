"""Bound images: what is sent to teachers and published in place of images with more pixels than the manifest allows."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from pipeline.images.bound import bounded
from schemas.image import Image


@dataclass(frozen=True)
class BoundRecipe:
    """The most pixels of an image, and which coding of smaller ones."""

    max_pixels: int
    bound_version: int


def bound_images(images: pa.Table, recipe: BoundRecipe) -> dict[str, pa.Table]:
    """`images`: one row an image, in order, under the same upstream digest; what cannot be decoded stays as it is."""
    return {"images": Image.from_rows(_bound(row, recipe.max_pixels) for row in images.to_pylist())}


def _bound(row: Mapping[str, Any], max_pixels: int) -> Mapping[str, Any]:
    smaller = _smaller(row[Image.bytes], max_pixels) if not row[Image.fault] else None
    if smaller is None:
        return row
    told = {Image.bytes: smaller, Image.size: len(smaller), Image.published_digest: hashlib.sha256(smaller).hexdigest()}
    return {**row, **told}


def _smaller(data: bytes, max_pixels: int) -> bytes | None:
    try:
        return bounded(data, max_pixels)
    except MemoryError:
        raise
    except Exception:
        return None
