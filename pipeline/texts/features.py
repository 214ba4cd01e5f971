"""What is measured between a benchmark's question and a candidate before anything is decided."""

from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

from pipeline.normalise import wording
from pipeline.texts.evidence import Lexicon, Match, Token, best_window, match, numbers, plain_number
from pipeline.texts.questions import Question, spoken_answer

# A candidate that is longer than this many times the benchmark's text is read through a window of that length.
_WINDOW = 2.5
_WINDOW_WORDS = 40
_NEAR_OPTION = 0.5
_ORDER = {"<": "<", "≤": "<", "≦": "<", "＜": "<", ">": ">", "≥": ">", "≧": ">", "＞": ">"}
_EXCEPTION = {"not", "except", "excluding", "false", "incorrect", "untrue", "wrong", "least", "apart", "never"}


class Read(NamedTuple):
    """A question in words."""

    question: Question
    stem: list[Token]
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
    return Read(question, lexicon.tokens(question.stem), options, lexicon.tokens(spoken_answer(question.answer)))


def measure(bench: Read, cand: Read) -> Features:
    """What the two share: stem with stem, and the benchmark's stem inside all of the candidate."""
    size = int(_WINDOW * max(len(bench.stem), _WINDOW_WORDS))
    stem = cand.stem
    if len(stem) > size:
        stem = best_window(stem, {token.meaning for token in bench.stem if token.weight}, size)
    stems = match(bench.stem, stem)
    options = options_share(bench, cand)
    more = [token for option in cand.options for token in option] + cand.answer
    return Features(
        stems,
        match(bench.stem, [*stem, *more]) if more else stems,
        options,
        _numbers_share(bench.stem, stem),
        _asks_exception(bench.stem) != _asks_exception(stem),
        _told(bench, cand, options),
        _same_gold(bench, cand),
        turned(bench.question.stem, cand.question.stem),
    )


def turned(one: str, other: str) -> bool:
    """Whether both texts compare with numbers and not the same way; a sign that one lost on its way says nothing."""
    ours, theirs = (Counter(_ORDER[sign] for sign in text if sign in _ORDER) for text in (one, other))
    return bool(ours and theirs) and (
        (ours["<"] > theirs["<"] and theirs[">"] > ours[">"]) or (theirs["<"] > ours["<"] and ours[">"] > theirs[">"])
    )


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


def _asks_exception(stem: Sequence[Token]) -> bool:
    return any(token.word in _EXCEPTION for token in stem)


def _phrase(tokens: Sequence[Token]) -> tuple[str | int, ...]:
    return tuple(plain_number(token.word) if token.word[:1].isdigit() else token.meaning for token in tokens)


def _numbers_share(bench: Sequence[Token], cand: Sequence[Token]) -> float | None:
    """Of the numbers of the stem that tells fewer, for a part of a question tells a part of its numbers."""
    ours, theirs = Counter(numbers(bench)), Counter(numbers(cand))
    if not ours or not theirs:
        return None
    return (ours & theirs).total() / min(ours.total(), theirs.total())
