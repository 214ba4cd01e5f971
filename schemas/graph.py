"""What decides over a whole corpus: partitions, duplicates, overlaps, ranks."""

import pyarrow as pa

from schemas.contract import Column, Contract

SHARD = Column("_shard", pa.int32(), "Which shard a row of a reduce belongs to")


class Partition(Contract):
    """Which rows of which ingested table belong to a shard."""

    prefix = Column("prefix", pa.string(), "The shard: leading bits of its keys, '' for the root")
    unit = Column("unit", pa.int32(), "Index of the ingested table")
    start = Column("start", pa.int64(), "First row in it")
    stop = Column("stop", pa.int64(), "Row after the last")


class Duplicate(Contract):
    """An example that repeats another."""

    shard = SHARD
    id = Column("id", pa.string(), "The example")
    group = Column("group", pa.string(), "Hash of what they share: pictures, question, context and options")
    kind = Column("kind", pa.string(), "question (same gold), contradiction (other gold)")


class Overlap(Contract):
    """An example that a benchmark also holds."""

    shard = SHARD
    id = Column("id", pa.string(), "The example")
    benchmark = Column("benchmark", pa.string(), "Name of the benchmark")
    row = Column("row", pa.string(), "The benchmark's row id")
    kind = Column("kind", pa.string(), "image (same bytes), pixels (same picture), question (same text)")


class Rank(Contract):
    """What is decided over all rows about one of them."""

    shard = SHARD
    id = Column("id", pa.string(), "The example")
    reason = Column("reason", pa.string(), "Why it is dropped; '' where it stays")
    evidence = Column("evidence", pa.string(), "What it meets; '' if none")
    published_split = Column("published_split", pa.string(), "train or heldout")
