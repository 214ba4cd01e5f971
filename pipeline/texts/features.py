"""What is measured between a benchmark's question and a candidate before anything is decided."""

import re
from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

from pipeline.normalise import wording
from pipeline.texts.evidence import Bag, Lexicon, Match, Token, bag, best_window, match, numbers
from pipeline.texts.questions import Question, spoken_answer

# A candidate that is longer than this many times the benchmark's text is read through a window of that length.
_WINDOW = 2.5
_WINDOW_WORDS = 40
_NEAR_OPTION = 0.5
_ORDER = {"<": "<", "≤": "<", "≦": "<", "＜": "<", ">": ">", "≥": ">", "≧": ">", "＞": ">"}
_COMPARES = re.compile(f"[{''.join(_ORDER)}]")
_EXCEPTION = {"not", "except", "excluding", "false", "incorrect", "untrue", "wrong", "least", "apart", "never"}


class Read(NamedTuple):
    """A question in words."""

    question: Question
    stem: Sequence[Token]
    bag: Bag
    numbers: Counter[str]
    exception: bool
    options: list[list[Token]]
    answer: list[Token]


class Features(NamedTuple):
    """One pair in numbers: shares lie in [0, 1]; None where one side has nothing to compare; `negated`: only one asks for the exception.

    `told`: what the words of the options weigh where both have the same, 0 elsewhere; `golds`: whether both hold the same for right;
    `turned`: both compare with numbers, one with < where the other has >.
    """

    stems: Match
    inside: Match
    options: float | None
    numbers: float | None
    negated: bool
    told: float = 0.0
    golds: bool | None = None
    turned: bool = False


def read(question: Question, lexicon: Lexicon) -> Read:
    """The words of a question's parts."""
    options = [lexicon.tokens(option) for option in question.options]
    answer = lexicon.tokens(spoken_answer(question.answer))
    return _read(question, lexicon.tokens(question.stem), options, answer)


def _read(question: Question, stem: Sequence[Token], options: list[list[Token]], answer: list[Token]) -> Read:
    exception = not _EXCEPTION.isdisjoint([token.word for token in stem])
    return Read(question, stem, bag(stem), Counter(numbers(stem)), exception, options, answer)


def measure(bench: Read, cand: Read) -> Features:
    """What the two share: stem with stem, and the benchmark's stem inside all of the candidate."""
    size = int(_WINDOW * max(len(bench.stem), _WINDOW_WORDS))
    if len(cand.stem) > size:
        cand = _read(cand.question, best_window(cand.stem, bench.bag.held, size), cand.options, cand.answer)
    stems = match(bench.bag, cand.bag)
    options = options_share(bench, cand)
    more = [token for option in cand.options for token in option] + cand.answer
    return Features(
        stems,
        match(bench.bag, bag([*cand.stem, *more])) if more else stems,
        options,
        _numbers_share(bench.numbers, cand.numbers),
        bench.exception != cand.exception,
        _told(bench, cand, options),
        _same_gold(bench, cand),
        turned(bench.question.stem, cand.question.stem),
    )


def turned(one: str, other: str) -> bool:
    """Whether both texts compare with numbers and not the same way; a sign that one lost on its way says nothing."""
    if not (_COMPARES.search(one) and _COMPARES.search(other)):
        return False
    ours, theirs = (Counter(_ORDER[sign] for sign in text if sign in _ORDER) for text in (one, other))
    return (ours["<"] > theirs["<"] and theirs[">"] > ours[">"]) or (theirs["<"] > ours["<"] and ours[">"] > theirs[">"])


def _told(bench: Read, cand: Read, options: float | None) -> float:
    """What the words of the options weigh, each once, where both have the same three or more."""
    if options is None or options < 1.0 or len(bench.options) < 3 or len(bench.options) != len(cand.options):
        return 0.0
    return sum({token.meaning: token.weight for option in bench.options for token in option}.values())


def _same_gold(bench: Read, cand: Read) -> bool | None:
    ours, theirs = bench.question.gold, cand.question.gold
    return wording(ours) == wording(theirs) if ours and theirs else None


def options_share(bench: Read, cand: Read) -> float | None:
    """The share of the shorter option list that the other side has too, each option once; without options the answer speaks."""
    if not bench.options or not (cand.options or cand.answer):
        return None
    ours = [_phrase(option) for option in bench.options]
    theirs = [_phrase(option) for option in cand.options or [cand.answer]]
    same = Counter(ours) & Counter(theirs)
    ours, theirs = list((Counter(ours) - same).elements()), list((Counter(theirs) - same).elements())
    found = float(same.total())
    for one in ours if theirs else ():
        near = max(theirs, key=lambda other: _overlap(one, other), default=None)
        if near is not None and _overlap(one, near) >= _NEAR_OPTION:
            theirs.remove(near)
            found += _overlap(one, near)
    return found / min(len(bench.options), len(cand.options) or 1)


def _overlap(one: tuple[str | int, ...], other: tuple[str | int, ...]) -> float:
    """Jaccard of two options' words; options that differ in a number are different."""
    ours, theirs = set(one), set(other)
    if not ours & theirs or {word for word in ours ^ theirs if isinstance(word, str)}:
        return 0.0
    return len(ours & theirs) / len(ours | theirs)


def _phrase(tokens: Sequence[Token]) -> tuple[str | int, ...]:
    return tuple(token.number or token.meaning for token in tokens)


def _numbers_share(ours: Counter[str], theirs: Counter[str]) -> float | None:
    """Of the numbers of the stem that tells fewer, for a part of a question tells a part of its numbers."""
    if not ours or not theirs:
        return None
    return (ours & theirs).total() / min(ours.total(), theirs.total())
