"""What decides over a whole corpus: partitions, duplicates, overlaps, ranks."""

import pyarrow as pa

from schemas.contract import Column, Contract

SPANS = pa.list_(pa.list_(pa.int32()))
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


class Finding(Contract):
    """An example beside a benchmark's row that it may repeat."""

    id = Column("id", pa.string(), "The example")
    source = Column("source", pa.string(), "Its source")
    benchmark = Column("benchmark", pa.string(), "Name of the benchmark")
    row = Column("row", pa.string(), "The benchmark's row id")
    kind = Column("kind", pa.string(), "What is shared: image, question, case (patient, study, figure)")
    rule = Column(
        "rule", pa.string(), "What was met: bytes, pixels, picture; exact, shuffled, near, options, inside, part, paraphrase, …; same case"
    )
    score = Column("score", pa.float64(), "How much is shared, 1 where it is the same")
    found = Column("found", pa.string(), "What the search says: leak, or report where only a person can tell")
    text = Column("text", pa.string(), "The example's context and question")
    options = Column("options", pa.list_(pa.string()), "The example's options")
    spans = Column("spans", SPANS, "Where the shared words stand in text: [from, to) in characters")
    image = Column("image", pa.string(), "sha256 of the example's upstream picture that is shared; '' if none")
    benchmark_text = Column("benchmark_text", pa.string(), "The benchmark's context and question; '' where its terms forbid passing it on")
    benchmark_options = Column("benchmark_options", pa.list_(pa.string()), "The benchmark's options; [] where its terms forbid")
    benchmark_spans = Column("benchmark_spans", SPANS, "Where the shared words stand in benchmark_text")
    benchmark_image = Column("benchmark_image", pa.string(), "sha256 of the benchmark's picture; '' if none")


class Overlap(Finding):
    """A finding with what is done about it; published as overlaps.parquet."""

    decision = Column("decision", pa.string(), "leak: the example is left out; report: it stays")
    why = Column("why", pa.string(), "What the manifest's rule says that decided; '' where the search did")


class Rank(Contract):
    """What is decided over all rows about one of them."""

    shard = SHARD
    id = Column("id", pa.string(), "The example")
    reason = Column("reason", pa.string(), "Why it is dropped; '' where it stays")
    evidence = Column("evidence", pa.string(), "What it meets; '' if none")
    published_split = Column("published_split", pa.string(), "train or heldout")
    weight = Column("weight", pa.float32(), "How often an epoch should show it, 1 unless the manifest weighs or balances")
