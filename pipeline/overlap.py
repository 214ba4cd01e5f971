"""Which rows of anyone's repeat the questions or pictures of a benchmark, with both texts and what proves it."""

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple

from pipeline.benchmark import Benchmark, Item, Shown
from pipeline.dedup import DuplicateImage, Found, dedup_images
from pipeline.texts.decide import THRESHOLDS, Decision, Thresholds
from pipeline.texts.evidence import Spans
from pipeline.texts.questions import question_of

BATCH_ROWS = 8192


class Overlap(NamedTuple):
    """A candidate that repeats a row of the benchmark; spans are places in the two texts, images sha256 of the shared picture's files."""

    candidate_id: str
    benchmark_id: str
    score: float
    rule: str
    decision: Decision
    candidate_text: str
    benchmark_text: str
    candidate_spans: Spans
    benchmark_spans: Spans
    candidate_image: str = ""
    benchmark_image: str = ""


class Pictures:
    """The picture files of both sides: their digests, and which of the candidates' show a picture of the benchmark's."""

    def __init__(self, candidates: Iterable[Path], benchmark: Iterable[Path], workers: int = 1) -> None:
        theirs = list(dict.fromkeys(benchmark))
        paths = list(dict.fromkeys([*theirs, *(candidates if theirs else ())]))
        self._digests = {path: _digest(path) for path in paths}
        table = dedup_images([Found(str(path), partial(path.read_bytes)) for path in paths], workers=workers)
        clusters = dict(zip(paths, table[DuplicateImage.cluster].to_pylist(), strict=True))
        self._distances = dict(zip(paths, table[DuplicateImage.distance].to_pylist(), strict=True))
        self._clusters = {path: cluster for path, cluster in clusters.items() if cluster is not None}
        self._held = {self._clusters[path]: path for path in reversed(theirs) if path in self._clusters}

    def item(self, row: Mapping[str, Any]) -> Item:
        """A row as it is compared; its `images` are paths."""
        paths = [path for path in row.get("images") or () if path in self._digests]
        shown = tuple((self._digests[path], found) for path in paths if (found := self._shown(path)))
        question = question_of(row)
        return Item(question._replace(question=question.question.strip()), tuple(self._digests[path] for path in paths), shown)

    def _shown(self, path: Path) -> Shown | None:
        held = self._held.get(self._clusters.get(path, ""))
        far = 0 if held is None else max(self._distances[path] or 0, self._distances[held] or 0)
        return Shown(self._digests[held], "picture", 1 - far / 64) if held else None


def find_overlaps(
    candidates: Iterable[Mapping[str, Any]],
    benchmark: Iterable[Mapping[str, Any]],
    limits: Thresholds = THRESHOLDS,
    pictures: Pictures | None = None,
) -> Iterator[Overlap]:
    """Every pair that is a leak or should be looked at, in the candidates' order; candidates are read in batches, never all at once.

    Rows hold `id` and `question`, and where present `options` (a list, or a mapping of letters), `answer`, `context` and
    `images` (paths that `pictures` has seen).
    """
    pictures = pictures or Pictures((), ())
    held = Benchmark([pictures.item(row) for row in benchmark], limits)
    rows = iter(candidates)
    while batch := [pictures.item(row) for row in islice(rows, BATCH_ROWS)]:
        for met in held.find(batch):
            ours, theirs = batch[met.candidate].question, held.rows[met.benchmark].question
            told = (met.score, met.rule, met.decision, ours.stem, theirs.stem, met.spans, met.benchmark_spans)
            yield Overlap(ours.id, theirs.id, *told, met.image, met.benchmark_image)


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
