"""What makes two questions different although nearly all their words are the same."""

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from enum import StrEnum
from typing import NamedTuple

from pipeline.normalise import wording
from pipeline.texts.lexicon import plain_number
from pipeline.texts.questions import Question, without_options

# Raised whenever what speaks against comes to mean something else.
DIFFER_VERSION = 1

MOST_WORDS = 12
_PART = re.compile("[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]|[^\\W\\d_]+|\\d+(?:[.,:/]\\d+)*|[<>≤≥≦≧=≠≈~+%‰°^!×÷±√µ#$€&@*]|-(?=\\s*\\d)")
# Words that say nothing here; "or", "not", "most", "before" and "man" do.
_GRAMMAR_WORDS = """
a an the of is are was were be been being which what following this that these those there it its please select choose pick
"""
_POLARITY_WORDS = """
not no non nor never none without except excluding exception false true incorrect correct untrue wrong least most unlikely likely cannot
neither nicht kein keine ohne außer ne pas sans sauf non falso verdadero excepto sin no incorrecta correcta senza tranne
"""
_GRAMMAR, _POLARITY = frozenset(_GRAMMAR_WORDS.split()), frozenset(_POLARITY_WORDS.split())


class Against(StrEnum):
    """What one of two questions says and the other does not."""

    NUMBERS = "numbers"
    SIGNS = "signs"
    POLARITY = "polarity"
    WORDS = "words"
    ORDER = "order"
    OPTIONS = "options"
    GOLD = "gold"


class Told(NamedTuple):
    """What counts of a question: its numbers, signs and words in order, its options as a set, what it holds for right."""

    numbers: tuple[str, ...]
    signs: tuple[str, ...]
    words: tuple[str, ...]
    options: tuple[str, ...]
    gold: str


def told_by(question: Question, gold: str) -> Told:
    """What counts of a question whose gold is worded."""
    asked = without_options(question)
    parts = [part for part in _PART.findall(wording(asked.stem)) if part not in _GRAMMAR]
    numbers = tuple(plain_number(part) for part in parts if part[0].isdigit())
    said = tuple(part for part in parts if part[0].isalpha())
    signs = tuple(part for part in parts if not part[0].isalnum())
    return Told(numbers, signs, said, tuple(sorted(wording(option) for option in asked.options)), gold)


def against(one: Told, two: Told) -> list[Against]:
    """What makes them two questions; nothing where they ask the same."""
    found = [Against.NUMBERS] if one.numbers != two.numbers else []
    found += [Against.SIGNS] if one.signs != two.signs else []
    apart = set(_only(one.words, two.words)) | set(_only(two.words, one.words))
    found += [Against.POLARITY] if apart & _POLARITY else []
    found += [Against.WORDS] if apart - _POLARITY else []
    found += [Against.ORDER] if not apart and one.words != two.words else []
    found += [Against.OPTIONS] if one.options != two.options else []
    found += [Against.GOLD] if one.gold != two.gold else []
    return found


def apart(one: Told, two: Told) -> list[str]:
    """The words and numbers that only one of them holds, as the evidence shows them."""
    ours, theirs = ((*told.words, *told.numbers, *told.signs) for told in (one, two))
    return [f"-{word}" for word in _only(ours, theirs)][:MOST_WORDS] + [f"+{word}" for word in _only(theirs, ours)][:MOST_WORDS]


def _only(ours: Sequence[str], theirs: Iterable[str]) -> list[str]:
    return list((Counter(ours) - Counter(theirs)).elements())
