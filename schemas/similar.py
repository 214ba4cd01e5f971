"""Questions in nearly the same words: their sketches, what has to be compared, and what was found."""

import pyarrow as pa

from schemas.contract import Column, Contract
from schemas.example import Example
from schemas.graph import SHARD


class TextSketch(Contract):
    """An example's words as they are compared by the million."""

    id = Column("id", pa.string(), "The example")
    least = Column("least", pa.list_(pa.uint64()), "The least of each of 64 hashes of its runs of three words, 16 bits of each")


class NearText(Contract):
    """An example whose words may be those of another."""

    shard = SHARD
    id = Column("id", pa.string(), "The example")


class TextPair(Contract):
    """Two examples whose words have to be compared."""

    one = Column("one", pa.string(), "The example")
    two = Column("two", pa.string(), "Another")


class PickedText(Contract):
    """An example that has to be compared, in its words."""

    id, source, row = Example.id, Example.source, Example.row
    question, context, options = Example.question, Example.context, Example.options
    answer_type, gold_json = Example.answer_type, Example.gold_json


class Similar(Contract):
    """Two examples in nearly the same words; published as similar.parquet."""

    id = Column("id", pa.string(), "The example")
    source = Column("source", pa.string(), "Its source")
    row = Column("row", pa.string(), "Its row there")
    other = Column("other", pa.string(), "The example that comes before it: of the source named first, then of the lower id")
    other_source = Column("other_source", pa.string(), "Its source")
    other_row = Column("other_row", pa.string(), "Its row there")
    similarity = Column("similarity", pa.float64(), "Jaccard similarity of their runs of three words")
    against = Column(
        "against",
        pa.list_(pa.string()),
        "What makes them two questions: numbers, signs, polarity, words, order, options, gold; [] where nothing does",
    )
    words = Column("words", pa.list_(pa.string()), "Words and numbers that only one holds: - the example, + the other; [] where withheld")
