"""Pictures: which images are one picture, whatever their files, and what that was found by."""

import pyarrow as pa

from schemas.contract import Column, Contract
from schemas.graph import SHARD


class NearImage(Contract):
    """An image of a source that may be one picture with another by its hashes."""

    shard = SHARD
    digest = Column("digest", pa.string(), "The image")


class NearBenchmarkImage(Contract):
    """An image of a benchmark that may be one picture with another by its hashes."""

    digest = Column("digest", pa.string(), "The image")


class NearPair(Contract):
    """Two classes of equal hashes whose images have to be compared, each named by its first image."""

    one = Column("one", pa.string(), "First image of a class")
    two = Column("two", pa.string(), "First image of another")


class ImageSketch(Contract):
    """What a second read gives of an image that has to be compared."""

    digest = Column("digest", pa.string(), "The image")
    pixels = Column("pixels", pa.string(), "sha256 of size and upright RGB pixels (hex); '' where it does not decode whole")
    width = Column("width", pa.int32(), "Pixels across, upright")
    height = Column("height", pa.int32(), "Pixels down, upright")
    down = Column("down", pa.int32(), "Rows of the sketch; 0 where there is none")
    across = Column("across", pa.int32(), "Columns of the sketch; 0 where there is none")
    grey = Column("grey", pa.large_binary(), "Grey pixels, rows one after another; one byte where all are equal")


class Picture(Contract):
    """Which picture an image shows."""

    shard = SHARD
    digest = Column("digest", pa.string(), "The image")
    picture = Column("picture", pa.string(), "The image kept of those that show the same picture; itself where it is alone")
    distance = Column("distance", pa.int32(), "Bits of the 64-bit pHash to that image")
    reason = Column("reason", pa.string(), "same pixels, same picture; '' for the image itself")


class ShownImage(Contract):
    """An image of a source that a finding of overlap shows to a person."""

    shard = SHARD
    digest = Column("digest", pa.string(), "The image")


class ShownBenchmarkImage(Contract):
    """An image of a benchmark that a finding of overlap shows to a person."""

    digest = Column("digest", pa.string(), "The image")


class HeldImage(Contract):
    """An image that shows a picture which a benchmark also holds: the nearest image of that benchmark."""

    shard = SHARD
    digest = Column("digest", pa.string(), "The image")
    benchmark = Column("benchmark", pa.string(), "Name of the benchmark")
    image = Column("image", pa.string(), "The benchmark's image")
    kind = Column("kind", pa.string(), "image (same bytes), pixels (same pixels), near (same picture)")
    distance = Column("distance", pa.int32(), "Bits of the 64-bit pHash between them")
