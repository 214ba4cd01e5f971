"""Images: their bytes as published, and what is measured of them."""

import pyarrow as pa

from schemas.contract import Column, Contract


class Image(Contract):
    """One image, its metadata segments removed."""

    digest = Column("digest", pa.string(), "sha256 of the upstream bytes (hex); the image's identity")
    published_digest = Column("published_digest", pa.string(), "sha256 of the bytes kept here (hex)")
    bytes = Column("bytes", pa.large_binary(), "The image as it is published; empty where it is broken")
    size = Column("size", pa.int64(), "Length of these bytes")
    format = Column("format", pa.string(), "jpeg, png, gif, webp, tiff, bmp; '' where it is broken")
    fault = Column("fault", pa.string(), "Why the image cannot be used; '' if it can")


class ImageHash(Contract):
    """What one read of an image measures."""

    digest = Column("digest", pa.string(), "The image")
    phash64 = Column("phash64", pa.binary(), "64-bit perceptual hash; empty where it does not decode")
    phash256 = Column("phash256", pa.binary(), "256-bit perceptual hash; empty where it does not decode")
    dhash64 = Column("dhash64", pa.binary(), "64-bit difference hash; empty where it does not decode")
    width = Column("width", pa.int32(), "Pixels across, upright; 0 where it does not decode")
    height = Column("height", pa.int32(), "Pixels down, upright; 0 where it does not decode")
    size = Column("size", pa.int64(), "Length of its bytes")
    fault = Column("fault", pa.string(), "Why the image cannot be used; '' if it can")


class Lettered(Contract):
    """An image that shows rows of letters near its borders."""

    digest = Column("digest", pa.string(), "The image")
    lines = Column("lines", pa.int32(), "Rows of letters")
