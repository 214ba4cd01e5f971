"""Counts of what became of questions and traces, by stage, source and reason."""

from collections import Counter
from collections.abc import Mapping, Sequence

import numpy as np
import pyarrow as pa

from schemas.corpus import Tally
from schemas.example import Dropped


def tally(
    sources: Sequence[str], dropped: pa.Table, questions: Mapping[str, Sequence[str]], of: np.ndarray, traces: Mapping[str, Sequence[str]]
) -> pa.Table:
    """A row for each stage, source and reason.

    `sources`: of the chosen questions; `questions`: what each stage made of them, in order; `traces`: the same of the traces, `of`
    being the question of each.
    """
    counts: Counter[tuple[str, str, str]] = Counter()
    counts.update(("choose", source, "chosen") for source in sources)
    rows = dropped.select([Dropped.source, Dropped.reason]).to_pylist()
    counts.update(("choose", row[Dropped.source], row[Dropped.reason]) for row in rows)
    for stage, reasons in questions.items():
        counts.update((stage, source, reason) for source, reason in zip(sources, reasons, strict=True))
    for stage, reasons in traces.items():
        counts.update((stage, str(sources[question]), reason) for question, reason in zip(of, reasons, strict=True))
    names = (Tally.stage, Tally.source, Tally.reason)
    return Tally.from_rows(dict(zip(names, key, strict=True)) | {Tally.count: count} for key, count in sorted(counts.items()))
