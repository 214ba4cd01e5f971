"""Shrink images: thumbnails of the images that a finding of overlap shows, so that a person can check it."""

from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc

from pipeline.images.mask import masked
from pipeline.images.thumbnail import shrink
from schemas.corpus import Thumbnail
from schemas.image import Image
from schemas.picture import ShownImage


@dataclass(frozen=True)
class ShrinkRecipe:
    """Which thumbnails, and which search for letters to paint over first (0: none)."""

    thumbnail_version: int
    mask_version: int = 0


def shrink_images(images: pa.Table, shown: pa.Table, recipe: ShrinkRecipe) -> dict[str, pa.Table]:
    """`thumbnails`: one row an image that `shown` names and that decodes, in order."""
    asked = images.filter(pc.is_in(images[Image.digest], pc.unique(shown[ShownImage.digest].combine_chunks())))
    made = (
        (digest, shrink(_told(data.as_py(), recipe)))
        for digest, data in zip(asked[Image.digest].to_pylist(), asked[Image.bytes], strict=True)
    )
    rows = ({Thumbnail.digest: digest, Thumbnail.image: {"bytes": small, "path": f"{digest}.jpg"}} for digest, small in made if small)
    return {"thumbnails": Thumbnail.from_rows(rows)}


def _told(data: bytes, recipe: ShrinkRecipe) -> bytes:
    try:
        found = masked(data) if recipe.mask_version else None
    except MemoryError:
        raise
    except Exception:
        return b""
    return found[0] if found else data
