"""Which rows of anyone's repeat the questions of a benchmark, with both texts and what proves it."""

from collections.abc import Iterable, Iterator, Mapping
from itertools import islice
from typing import Any, NamedTuple

from pipeline.texts.decide import THRESHOLDS, Decision, Thresholds
from pipeline.texts.evidence import Spans
from pipeline.texts.overlap import Detector
from pipeline.texts.questions import question_of

BATCH_ROWS = 4096


class Overlap(NamedTuple):
    """A candidate that repeats a question of the benchmark; spans are places in the two texts."""

    candidate_id: str
    benchmark_id: str
    score: float
    rule: str
    decision: Decision
    candidate_text: str
    benchmark_text: str
    candidate_spans: Spans
    benchmark_spans: Spans


def find_overlaps(
    candidates: Iterable[Mapping[str, Any]], benchmark: Iterable[Mapping[str, Any]], limits: Thresholds = THRESHOLDS
) -> Iterator[Overlap]:
    """Every pair that is a leak or should be looked at, in the candidates' order; candidates are read in batches, never all at once.

    Rows hold `id` and `question`, and where present `options` (a list, or a mapping of letters), `answer` and `context`.
    """
    held = [question_of(row) for row in benchmark]
    if not held:
        return
    detector = Detector(held, limits)
    rows = iter(candidates)
    while batch := [question_of(row) for row in islice(rows, BATCH_ROWS)]:
        for hit in detector.find(batch):
            ours, theirs = batch[hit.candidate], detector.rows[hit.benchmark]
            yield Overlap(ours.id, theirs.id, *hit[2:5], ours.stem, held[hit.benchmark].stem, *hit[5:])
