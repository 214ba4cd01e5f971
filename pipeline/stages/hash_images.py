"""Hash images: the size and the digest of the pixels of every image, or why it cannot be used."""

from dataclasses import dataclass

import pyarrow as pa

from pipeline.images.decode import measure
from schemas.image import Image, ImageHash


@dataclass(frozen=True)
class HashRecipe:
    """Which measuring: sha256 of size and upright RGB pixels."""

    measure_version: int


def hash_images(images: pa.Table, recipe: HashRecipe) -> dict[str, pa.Table]:
    """`hashes`: one row an image, in order."""
    rows = []
    for digest, data, fault in zip(images[Image.digest].to_pylist(), images[Image.bytes], images[Image.fault].to_pylist(), strict=True):
        if fault:
            rows.append({ImageHash.digest: digest, ImageHash.pixels: "", ImageHash.width: 0, ImageHash.height: 0, ImageHash.fault: fault})
            continue
        found = measure(data.as_py())
        rows.append(
            {
                ImageHash.digest: digest,
                ImageHash.pixels: found.pixels_digest,
                ImageHash.width: found.width,
                ImageHash.height: found.height,
                ImageHash.fault: found.fault,
            }
        )
    return {"hashes": ImageHash.from_rows(rows)}
