"""A benchmark as other rows are held against it: its pictures, its cases and its texts."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import compress
from typing import NamedTuple

from pipeline.normalise import normalise
from pipeline.texts.decide import THRESHOLDS, Decision, Thresholds
from pipeline.texts.evidence import Spans
from pipeline.texts.overlap import Detector
from pipeline.texts.questions import Question, gold_of
from pipeline.texts.telling import tells_case
from schemas.example import AnswerType


class Kind(StrEnum):
    """What an example shares with a benchmark's row."""

    IMAGE = "image"
    QUESTION = "question"
    CASE = "case"


class Shown(NamedTuple):
    """A benchmark's image that shows the same picture, by which rule (bytes, pixels, picture), and how near their hashes are."""

    image: str
    rule: str
    score: float


@dataclass(frozen=True)
class Item:
    """A row of either side. `images`: digests of its files; `shown`: which of them the benchmark holds too; `case`: patient, study, figure."""

    question: Question
    images: tuple[str, ...] = ()
    shown: tuple[tuple[str, Shown], ...] = ()
    case: str = ""


class Met(NamedTuple):
    """A row and the benchmark's row that it repeats, by their places, with what proves it; spans lie in the stems."""

    candidate: int
    benchmark: int
    kind: Kind
    rule: str
    score: float
    decision: Decision
    spans: Spans = ()
    benchmark_spans: Spans = ()
    image: str = ""
    benchmark_image: str = ""


def asked(
    id: str, question: str, context: str = "", options: Sequence[str] = (), answer_type: str = AnswerType.MCQ, answer: str = ""
) -> Question:
    """A question as it is compared; only an open answer says something that the options do not."""
    said = answer if answer_type == AnswerType.OPEN else ""
    return Question(id, question.strip(), context.strip(), tuple(options), said, gold_of(options, answer))


class Benchmark:
    """Finds the rows that repeat one of a benchmark's."""

    def __init__(self, rows: Sequence[Item], limits: Thresholds = THRESHOLDS) -> None:
        self.rows = rows
        self._images = _places((digest, place) for place, row in enumerate(rows) for digest in row.images)
        self._cases = _places((row.case, place) for place, row in enumerate(rows) if row.case)
        self._told = list(compress(range(len(rows)), _comparable(rows)))
        self._detector = Detector([rows[place].question for place in self._told], limits) if self._told else None

    def find(self, rows: Sequence[Item]) -> list[Met]:
        """Every finding among these rows, in their order: pictures, then cases, then texts with the best first.

        A picture is told once, with the row that asks the same about it or else the first that shows it.
        """
        found = [met for place, row in enumerate(rows) for met in (*self._pictures(place, row), *self._case(place, row))]
        found += self._texts(rows)
        return sorted(found, key=lambda met: met.candidate)

    def _pictures(self, place: int, row: Item) -> list[Met]:
        found: list[Met] = []
        shown = dict(row.shown)
        for digest in dict.fromkeys(row.images):
            held = Shown(digest, "bytes", 1.0) if digest in self._images else shown.get(digest)
            places = self._images.get(held.image, []) if held else []
            if held and places:
                told = held.rule, held.score, Decision.LEAK
                met = Met(place, self._asks_the_same(row, places), Kind.IMAGE, *told, image=digest, benchmark_image=held.image)
                found.append(met)
        return found

    def _asks_the_same(self, row: Item, places: Sequence[int]) -> int:
        wanted = normalise(row.question.question)
        return next((place for place in places if normalise(self.rows[place].question.question) == wanted), places[0])

    def _case(self, place: int, row: Item) -> list[Met]:
        places = self._cases.get(row.case, []) if row.case else []
        return [Met(place, self._asks_the_same(row, places), Kind.CASE, "same case", 1.0, Decision.REPORT)] if places else []

    def _texts(self, rows: Sequence[Item]) -> list[Met]:
        if self._detector is None:
            return []
        told = list(compress(range(len(rows)), _comparable(rows)))
        hits = self._detector.find([rows[place].question for place in told])
        return [
            Met(told[hit.candidate], self._told[hit.benchmark], Kind.QUESTION, hit.rule, hit.score, hit.decision, *hit[5:]) for hit in hits
        ]


def _comparable(rows: Sequence[Item]) -> list[bool]:
    """Whether the text of each row says enough by itself: a question about a picture is often one about many."""
    tells = tells_case([row.question.stem for row in rows])
    return [told or not row.images for row, told in zip(rows, tells, strict=True)]


def _places(pairs: Iterable[tuple[str, int]]) -> Mapping[str, list[int]]:
    found: dict[str, list[int]] = {}
    for key, place in pairs:
        found.setdefault(key, []).append(place)
    return found
