"""What an answer is compared with, what a reader makes of it, and what a verdict says."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from enum import StrEnum
from functools import cached_property
from string import ascii_uppercase
from typing import Any, NamedTuple, TypeVar

from pipeline.verify.fold import fold
from schemas.errors import MedtraceError
from schemas.example import AnswerType
from schemas.trace import Verdict

_ARTICLE = re.compile(r"A (?!and\b|or\b)[a-z]{2}")
Item = TypeVar("Item")
Box = tuple[float, float, float, float]


class GoldError(MedtraceError):
    """A gold that cannot be compared with anything."""


class Policy(StrEnum):
    """Where an answer may stand: in a box after the thought (train), or also in anchored prose (eval)."""

    TRAIN = "train"
    EVAL = "eval"


class Reading(NamedTuple):
    """What a piece of text says as an answer of one type, compared with the gold."""

    verdict: Verdict
    extracted: str
    rule: str
    score: float


class Found(NamedTuple):
    """A reading and where its text stands in the answer part."""

    reading: Reading
    start: int
    end: int


class Judged(NamedTuple):
    """A verdict on one completion.

    `span`: where the extracted answer stands in the completion, in characters; None where nothing was read.
    `thought`: whether a thought that is not empty ends before the answer. `score`: 1.0 where correct, else the
    part that is right where the type has parts (F1, mean IoU), else 0.0.
    """

    verdict: Verdict
    extracted: str
    rule: str
    span: tuple[int, int] | None
    thought: bool
    score: float


@dataclass(frozen=True)
class Gold:
    """The right answer of one question, typed.

    `indexes`: of options, from 0. `values`: the word, the references or the labels. `low`, `high`: inclusive limits.
    `frame`: the coordinates the model was asked for: pixel, norm1000, qwen2.5 or WIDTHxHEIGHT of the picture it saw.
    """

    answer_type: AnswerType
    options: tuple[str, ...] = ()
    indexes: tuple[int, ...] = ()
    values: tuple[str, ...] = ()
    vocabulary: tuple[str, ...] = ()
    value: Decimal = Decimal(0)
    low: Decimal = Decimal(0)
    high: Decimal = Decimal(0)
    unit: str = ""
    date: tuple[int, int, int] | None = None
    weeks_days: tuple[int, int] | None = None
    date_order: str = "mdy"
    boxes: tuple[Box, ...] = ()
    box_labels: tuple[str, ...] = ()
    width: int = 0
    height: int = 0
    frame: str = "pixel"
    iou: float = 0.5

    @classmethod
    def from_json(cls, answer_type: AnswerType | str, options: tuple[str, ...] | list[str], gold_json: str) -> "Gold":
        """The gold of an example, from three of its columns. Raises: GoldError where they do not fit together."""
        try:
            return cls._typed(AnswerType(answer_type), tuple(options), json.loads(gold_json))
        except (KeyError, ValueError, TypeError, IndexError, InvalidOperation) as error:
            raise GoldError(f"gold_json of type {answer_type} is {gold_json[:120]!r}: {error!r}; write it as the contract says.") from error

    @cached_property
    def folded(self) -> tuple[str, ...]:
        """The option texts as they are compared."""
        return tuple(fold("a" + option[1:] if _ARTICLE.match(option) else option) for option in self.options)

    @cached_property
    def letter_texts(self) -> bool:
        """Whether an option's text is one letter, so that a letter alone may mean a text."""
        short = [fold(option) for option in self.options if len(option) < 4]
        return any(len(option) == 1 and option.isalpha() for option in short)

    @cached_property
    def single(self) -> tuple[str, str]:
        """The options' letters and the right one; empty where not one option is asked for, or where a letter may mean a text."""
        if self.answer_type is not AnswerType.MCQ or self.letter_texts:
            return "", ""
        return ascii_uppercase[: len(self.options)], ascii_uppercase[self.indexes[0] : self.indexes[0] + 1]

    @cached_property
    def lone_letters(self) -> frozenset[str]:
        """The single letters that option texts come to."""
        return frozenset(option for option in self.folded if len(option) == 1)

    @cached_property
    def letters_in_texts(self) -> bool:
        """Whether an option's text holds single letters, as `Both A and B` does."""
        return any(len(word) == 1 and word.isupper() for option in self.options for word in option.replace(",", " ").split())

    @classmethod
    def _typed(cls, kind: AnswerType, options: tuple[str, ...], raw: Mapping[str, Any]) -> "Gold":
        match kind:
            case AnswerType.MCQ:
                return cls(kind, options, indexes=(_index(raw["index"], options),))
            case AnswerType.MULTI:
                indexes = tuple(sorted({_index(index, options) for index in raw["indexes"]}))
                return cls(kind, options, indexes=_some(indexes))
            case AnswerType.YESNO | AnswerType.YESNOMAYBE:
                return cls(kind, options, values=(_word(raw["value"], kind),))
            case AnswerType.NUMERIC:
                return cls._number(options, raw)
            case AnswerType.DATE if "value" in raw:
                year, month, day = (int(part) for part in str(raw["value"]).split("-"))
                return cls(kind, options, date=(year, month, day), date_order=str(raw.get("date_order", "mdy")))
            case AnswerType.DATE:
                return cls(kind, options, weeks_days=(int(raw["weeks"]), int(raw["days"])))
            case AnswerType.OPEN:
                return cls(kind, options, values=_some(tuple(str(value) for value in raw["values"])))
            case AnswerType.LABEL_SET:
                labels, vocabulary = tuple(map(str, raw["labels"])), tuple(map(str, raw.get("vocabulary", ())))
                return cls(kind, options, values=labels, vocabulary=vocabulary)
            case AnswerType.BBOX:
                return cls._regions(options, raw)

    @classmethod
    def _number(cls, options: tuple[str, ...], raw: Mapping[str, Any]) -> "Gold":
        value = Decimal(str(raw["value"]))
        limits = [Decimal(str(raw[name])) if raw.get(name) not in (None, "") else value for name in ("low", "high")]
        if not all(number.is_finite() for number in (value, *limits)):
            raise ValueError("a number is not finite")
        return cls(AnswerType.NUMERIC, options, value=value, low=min(limits), high=max(limits), unit=str(raw.get("unit") or ""))

    @classmethod
    def _regions(cls, options: tuple[str, ...], raw: Mapping[str, Any]) -> "Gold":
        boxes = tuple(_box(box) for box in raw["boxes"])
        labels = tuple(map(str, raw.get("labels") or ()))
        if labels and len(labels) != len(boxes):
            raise ValueError("labels and boxes differ in number")
        size = int(raw.get("width") or 0), int(raw.get("height") or 0)
        frame, iou = str(raw.get("frame") or "pixel"), float(raw.get("iou") or 0.5)
        if frame != "pixel" and min(size) <= 0:
            raise ValueError(f"frame {frame} needs width and height")
        kind = AnswerType.BBOX
        return cls(kind, options, boxes=_some(boxes), box_labels=labels, width=size[0], height=size[1], frame=frame, iou=iou)


def _some(values: tuple[Item, ...]) -> tuple[Item, ...]:
    if not values:
        raise ValueError("no value")
    return values


def _index(index: Any, options: tuple[str, ...]) -> int:
    if not isinstance(index, int) or not 0 <= index < len(options):
        raise ValueError(f"index {index!r} is not one of {len(options)} options")
    return index


def _word(value: Any, kind: AnswerType) -> str:
    word = str(value).strip().lower()
    if word not in ("yes", "no", "maybe") or (word == "maybe" and kind is AnswerType.YESNO):
        raise ValueError(f"{value!r} is not an answer of this type")
    return word


def _box(box: Any) -> Box:
    left, top, right, bottom = (float(edge) for edge in box)
    return min(left, right), min(top, bottom), max(left, right), max(top, bottom)
