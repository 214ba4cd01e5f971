"""Hash images: size and perceptual hashes of every image from one read, or why it cannot be used."""

from dataclasses import dataclass

import pyarrow as pa

from pipeline.images.phash import Hashes, perceptual_hashes
from schemas.image import Image, ImageHash


@dataclass(frozen=True)
class HashRecipe:
    """Which hashes."""

    hash_version: int


def hash_images(images: pa.Table, recipe: HashRecipe) -> dict[str, pa.Table]:
    """`hashes`: one row an image, in order."""
    rows = []
    for digest, data, fault in zip(images[Image.digest].to_pylist(), images[Image.bytes], images[Image.fault].to_pylist(), strict=True):
        found = Hashes(b"", b"", b"", 0, 0, fault) if fault else perceptual_hashes(data.as_py())
        rows.append(
            {
                ImageHash.digest: digest,
                ImageHash.phash64: found.phash64,
                ImageHash.phash256: found.phash256,
                ImageHash.dhash64: found.dhash64,
                ImageHash.width: found.width,
                ImageHash.height: found.height,
                ImageHash.size: 0 if fault else len(data.as_py()),
                ImageHash.fault: found.fault,
            }
        )
    return {"hashes": ImageHash.from_rows(rows)}
