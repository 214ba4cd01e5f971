"""The answers to one question of a benchmark: how many are right, and what most of them say."""

import json
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from pipeline.verify.fold import fold
from schemas.evaluation import Scored
from schemas.example import AnswerType
from schemas.trace import Verdict

CLOSED = (AnswerType.MCQ, AnswerType.MULTI, AnswerType.YESNO, AnswerType.YESNOMAYBE)
_READ = (Verdict.CORRECT, Verdict.INCORRECT)


@dataclass(frozen=True)
class Answered:
    """One question with all its answers, in order of their samples."""

    benchmark: str
    row: str
    example: str
    answer_type: str
    subject: str
    modality: str
    options: tuple[str, ...]
    gold: str
    chance: float
    verdicts: tuple[str, ...]
    said: tuple[str, ...]
    measures: tuple[Mapping[str, Any], ...]
    kit: tuple[Mapping[str, float], ...]
    tokens: int
    cost_nanousd: int

    @property
    def closed(self) -> bool:
        """Whether its possible answers are given."""
        return self.answer_type in CLOSED

    @property
    def correct(self) -> int:
        """How many of its answers are right."""
        return self.verdicts.count(Verdict.CORRECT)

    @property
    def rate(self) -> float:
        """The share of its answers that are right."""
        return self.correct / len(self.verdicts)

    @property
    def vote(self) -> int | None:
        """The sample whose answer most samples give; of equally many the one that came first. None where none can be read."""
        votes = Counter(said for said in self.said if said)
        if not votes:
            return None
        most = max(votes.values())
        return next(place for place, said in enumerate(self.said) if said and votes[said] == most)

    @property
    def voted_right(self) -> bool:
        """Whether the answer that most samples give is right."""
        vote = self.vote
        return vote is not None and self.verdicts[vote] == Verdict.CORRECT

    @property
    def right(self) -> str:
        """The gold as a class that questions share: the text of its option, else the word itself."""
        return self._class(self.gold)

    def predicted(self, sample: int) -> str:
        """The class that a sample's answer names; '' where none was read."""
        return self._class(self.said[sample])

    @property
    def predicted_among(self) -> tuple[str, ...]:
        """The classes that an answer can name; none where several may be right at once."""
        words = {AnswerType.YESNO: ("yes", "no"), AnswerType.YESNOMAYBE: ("yes", "no", "maybe")}
        return tuple(map(fold, self.options)) if self.answer_type == AnswerType.MCQ else words.get(AnswerType(self.answer_type), ())

    def _class(self, answer: str) -> str:
        place = ord(answer) - ord("A") if len(answer) == 1 and answer.isupper() else -1
        return fold(self.options[place]) if 0 <= place < len(self.options) else fold(answer)


def answered_of(rows: Iterable[Mapping[str, Any]]) -> list[Answered]:
    """The questions of scored rows, by benchmark and upstream's row, each with its answers in order."""
    grouped: defaultdict[tuple[str, str, str], list[Mapping[str, Any]]] = defaultdict(list)
    for row in rows:
        grouped[row[Scored.benchmark], row[Scored.row], row[Scored.example]].append(row)
    return [_answered(sorted(grouped[key], key=lambda row: row[Scored.sample])) for key in sorted(grouped)]


def _answered(rows: list[Mapping[str, Any]]) -> Answered:
    first = rows[0]
    return Answered(
        benchmark=first[Scored.benchmark],
        row=first[Scored.row],
        example=first[Scored.example],
        answer_type=first[Scored.answer_type],
        subject=first[Scored.subject],
        modality=first[Scored.modality],
        options=tuple(first[Scored.options]),
        gold=first[Scored.gold],
        chance=first[Scored.chance],
        verdicts=tuple(row[Scored.verdict] for row in rows),
        said=tuple(_said(row) for row in rows),
        measures=tuple(json.loads(row[Scored.measures_json]) for row in rows),
        kit=tuple(json.loads(row[Scored.kit_json]) for row in rows),
        tokens=sum(row[Scored.prompt_tokens] + row[Scored.completion_tokens] for row in rows),
        cost_nanousd=sum(row[Scored.cost_nanousd] or 0 for row in rows),
    )


def _said(row: Mapping[str, Any]) -> str:
    """An answer as it is counted in a vote: what is right is one answer, however it is written."""
    if row[Scored.verdict] not in _READ:
        return ""
    if row[Scored.verdict] == Verdict.CORRECT:
        return row[Scored.gold]
    return row[Scored.extracted] if row[Scored.answer_type] == AnswerType.MCQ else fold(row[Scored.extracted])
