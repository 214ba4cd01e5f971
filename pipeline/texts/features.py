"""What is measured between a benchmark's question and a candidate before anything is decided."""

import re
from collections import Counter
from typing import NamedTuple

import numpy as np

from pipeline.normalise import wording
from pipeline.texts.evidence import Bag, Match, match
from pipeline.texts.lexicon import Ids, Lexicon, Said
from pipeline.texts.questions import Question, spoken_answer

# A candidate that is longer than this many times the benchmark's text is read through a window of that length.
_WINDOW = 2.5
_WINDOW_WORDS = 40
_NEAR_OPTION = 0.5
_NONE: Counter[int] = Counter()
_ORDER = {"<": "<", "≤": "<", "≦": "<", "＜": "<", ">": ">", "≥": ">", "≧": ">", "＞": ">"}
_COMPARES = re.compile(f"[{''.join(_ORDER)}]")


class Read(NamedTuple):
    """A question in words; numbers and options by the numbers that the lexicon gives them."""

    question: Question
    stem: Said
    bag: Bag
    numbers: Counter[int]
    exception: bool
    options: list[Ids]
    answer: Ids


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
    options = [lexicon.said(option).words for option in question.options]
    stem, answer = lexicon.said(question.stem), lexicon.said(spoken_answer(question.answer)).words
    return Read(question, stem, *_weighed(stem.words, lexicon), options, answer)


def _weighed(words: Ids, lexicon: Lexicon) -> tuple[Bag, Counter[int], bool]:
    from pipeline.texts.evidence_kernels import bag

    held, total, numbers, exception = bag(words, lexicon.known.words, lexicon.known.marks)
    return Bag(held, total), Counter(numbers.tolist()) if len(numbers) else _NONE, exception


def measure(bench: Read, cand: Read, lexicon: Lexicon) -> Features:
    """What the two share: stem with stem, and the benchmark's stem inside all of the candidate."""
    from pipeline.texts.evidence_kernels import best_window

    words, size = cand.stem.words, int(_WINDOW * max(len(bench.stem.words), _WINDOW_WORDS))
    if len(words) > size:
        start = best_window(words, bench.bag.words, size, lexicon.known.words, lexicon.known.marks)
        words = words[start : start + size]
        held, told, exception = _weighed(words, lexicon)
        cand = cand._replace(bag=held, numbers=told, exception=exception)
    stems = match(bench.bag, cand.bag, lexicon)
    options = options_share(bench, cand, lexicon)
    more = [part for part in (*cand.options, cand.answer) if len(part)]
    return Features(
        stems,
        match(bench.bag, _weighed(np.concatenate([words, *more]), lexicon)[0], lexicon) if more else stems,
        options,
        _numbers_share(bench.numbers, cand.numbers),
        bench.exception != cand.exception,
        _told(bench, cand, options, lexicon),
        _same_gold(bench, cand),
        turned(bench.question.stem, cand.question.stem),
    )


def turned(one: str, other: str) -> bool:
    """Whether both texts compare with numbers and not the same way; a sign that one lost on its way says nothing."""
    if not (_COMPARES.search(one) and _COMPARES.search(other)):
        return False
    ours, theirs = (Counter(_ORDER[sign] for sign in text if sign in _ORDER) for text in (one, other))
    return (ours["<"] > theirs["<"] and theirs[">"] > ours[">"]) or (theirs["<"] > ours["<"] and ours[">"] > theirs[">"])


def _told(bench: Read, cand: Read, options: float | None, lexicon: Lexicon) -> float:
    """What the words of the options weigh, each once, where both have the same three or more."""
    if options is None or options < 1.0 or len(bench.options) < 3 or len(bench.options) != len(cand.options):
        return 0.0
    return _weighed(np.concatenate(bench.options), lexicon)[0].total


def _same_gold(bench: Read, cand: Read) -> bool | None:
    ours, theirs = bench.question.gold, cand.question.gold
    return wording(ours) == wording(theirs) if ours and theirs else None


def options_share(bench: Read, cand: Read, lexicon: Lexicon) -> float | None:
    """The share of the shorter option list that the other side has too, each option once; without options the answer speaks."""
    if not bench.options or not (cand.options or len(cand.answer)):
        return None
    ours = [tuple(lexicon.phrase[option].tolist()) for option in bench.options]
    theirs = [tuple(lexicon.phrase[option].tolist()) for option in cand.options or [cand.answer]]
    same = Counter(ours) & Counter(theirs)
    ours, theirs = list((Counter(ours) - same).elements()), list((Counter(theirs) - same).elements())
    found = float(same.total())
    for one in ours if theirs else ():
        near = max(theirs, key=lambda other: _overlap(one, other), default=None)
        if near is not None and _overlap(one, near) >= _NEAR_OPTION:
            theirs.remove(near)
            found += _overlap(one, near)
    return found / min(len(bench.options), len(cand.options) or 1)


def _overlap(one: tuple[int, ...], other: tuple[int, ...]) -> float:
    """Jaccard of two options' words; options that differ in a number are different."""
    ours, theirs = set(one), set(other)
    if not ours & theirs or min(ours ^ theirs, default=0) < 0:
        return 0.0
    return len(ours & theirs) / len(ours | theirs)


def _numbers_share(ours: Counter[int], theirs: Counter[int]) -> float | None:
    """Of the numbers of the stem that tells fewer, for a part of a question tells a part of its numbers."""
    if not ours or not theirs:
        return None
    return (ours & theirs).total() / min(ours.total(), theirs.total())
