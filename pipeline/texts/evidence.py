"""The words that two questions share, where they stand, and how they are weighed one pair at a time."""

import re
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from typing import NamedTuple

from pipeline.texts.index import Rarity
from pipeline.texts.paraphrase import ABBREVIATIONS, same_words
from pipeline.texts.tokens import fold, words

_CJK, _NUMBER = "[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]", "\\d+(?:[.,]\\d+)*"
_WORD = re.compile(f"[^\\W\\d_]+|{_NUMBER}")
# Accents that stand behind their letter and signs that nobody sees are inside a word.
_FOREIGN_WORD = re.compile(f"{_CJK}|[^\\W\\d_](?:(?!{_CJK})[^\\W\\d_]|[\u0300-\u036f\u00ad\u200b-\u200d\u2060\ufeff])*|{_NUMBER}")
# Two words of one root (diagnosis, diagnostic) share this much of the longer one.
_ROOT_LETTERS, _ROOT_SHARE, _ROOT_CREDIT = 5, 0.6, 0.8
_GAP = 3
_DIGRAPH = re.compile("(?<=[^\\W\\d_])[ao]e(?=[^\\W\\d_])|^oe")
_UNKNOWN = (0, 0.0)

Spans = tuple[tuple[int, int], ...]


class Token(NamedTuple):
    """One word of a text: where it stands, how it is written, what it means, what it weighs."""

    start: int
    end: int
    word: str
    meaning: int
    weight: float


class Lexicon:
    """The meaning and the weight of words, looked up once each."""

    def __init__(self, rarity: Rarity, limit: int = 1 << 18) -> None:
        self._rarity = rarity
        self._known: dict[str, tuple[int, float]] = {}
        self._limit = limit
        self._split: dict[str, list[tuple[int, int, str]]] = {}

    def learn(self, texts: Iterable[str]) -> None:
        """Splits the texts and looks up every word of them in one go."""
        if len(self._known) > self._limit:
            self._known.clear()
        self._split = {text: _places(text) for text in texts}
        self._look_up({word for places in self._split.values() for _, _, word in places})

    def _look_up(self, told: Iterable[str]) -> None:
        asked = sorted(set(told) - self._known.keys())
        if not asked:
            return
        found = words(asked)
        weights = self._rarity.weights(same_words(found.stem), found.is_number)
        # One spelling for words of Greek: haematuria and hematuria. What a word weighs is what it weighs as it is written.
        spelt = words([_DIGRAPH.sub("e", word) for word in asked])
        meanings = same_words(spelt.stem if len(spelt.stem) == len(found.stem) else found.stem)
        self._known.update(dict.fromkeys(asked, _UNKNOWN))
        for row, meaning, weight in zip(found.row.tolist(), meanings.tolist(), weights.tolist(), strict=True):
            if self._known[asked[row]] is _UNKNOWN:
                self._known[asked[row]] = (meaning, weight)

    def tokens(self, text: str) -> list[Token]:
        """The words of a text in order, with their places in it."""
        known, make = self._known, Token._make
        places = self._split.get(text) or _places(text)
        if not known.keys() >= {word for _, _, word in places}:
            self._look_up(word for _, _, word in places)
        found = [make((start, end, word, *known.get(word, _UNKNOWN))) for start, end, word in places]
        short = [at for at, (start, end, word) in enumerate(places) if word in ABBREVIATIONS and text[start:end].isupper()]
        for at in reversed(short):
            start, end, word = places[at]
            said = ABBREVIATIONS[word]
            if not known.keys() >= set(said):
                self._look_up(said)
            found[at : at + 1] = [make((start, end, one, *known.get(one, _UNKNOWN))) for one in said]
        return found


def _places(text: str) -> list[tuple[int, int, str]]:
    """From where to where each word stands, and the word; the lower case of ASCII keeps every place."""
    if text.isascii():
        return [(found.start(), found.end(), found[0]) for found in _WORD.finditer(text.lower())]
    return [(found.start(), found.end(), fold(found[0])) for found in _FOREIGN_WORD.finditer(text)]


class Match(NamedTuple):
    """How much of the weight of two bags of words is shared."""

    shared: float
    left: float
    right: float
    meanings: Mapping[int, int]

    @property
    def of_left(self) -> float:
        return min(self.shared / self.left, 1.0) if self.left else 0.0

    @property
    def of_right(self) -> float:
        return min(self.shared / self.right, 1.0) if self.right else 0.0

    @property
    def both(self) -> float:
        return min(2 * self.shared / (self.left + self.right), 1.0) if self.left + self.right else 0.0


def match(left: Sequence[Token], right: Sequence[Token]) -> Match:
    """What two texts share: words of one meaning in full, words of one root for a part."""
    ours, theirs = _bag(left), _bag(right)
    pairs = {meaning: meaning for meaning in ours.keys() & theirs.keys()}
    shared = sum(ours[meaning][0] for meaning in pairs)
    free = [(word, meaning) for meaning, (weight, word) in theirs.items() if meaning not in pairs and weight and len(word) >= _ROOT_LETTERS]
    roots: dict[str, list[tuple[str, int]]] = {}
    for word, meaning in sorted(free):
        roots.setdefault(word[:_ROOT_LETTERS], []).append((word, meaning))
    for meaning, (weight, word) in ours.items():
        if meaning in pairs or not weight or len(word) < _ROOT_LETTERS:
            continue
        near = roots.get(word[:_ROOT_LETTERS], [])
        found = next((place for place, (other, _) in enumerate(near) if _one_root(word, other)), None)
        if found is not None:
            other = near.pop(found)[1]
            pairs[meaning] = other
            shared += _ROOT_CREDIT * min(weight, theirs[other][0])
    return Match(shared, sum(weight for weight, _ in ours.values()), sum(weight for weight, _ in theirs.values()), pairs)


def spans(tokens: Sequence[Token], meanings: Iterable[int], numbers: Iterable[str] = ()) -> Spans:
    """Where the shared words stand; neighbours with no more than three other words between them are one span."""
    wanted, told = set(meanings), set(numbers)
    found: list[tuple[int, int]] = []
    last = -_GAP - 2
    for place, token in enumerate(tokens):
        if not (token.meaning in wanted and token.weight) and token.word not in told:
            continue
        if place - last <= _GAP + 1 and found:
            found[-1] = (found[-1][0], token.end)
        else:
            found.append((token.start, token.end))
        last = place
    return tuple(found)


def numbers(tokens: Sequence[Token]) -> list[str]:
    """The numbers of a text, written one way."""
    return [plain_number(token.word) for token in tokens if token.word[:1].isdigit()]


@lru_cache(1 << 14)
def plain_number(word: str) -> str:
    """1,000 as 1000, 5.0 and 5,0 as 5."""
    plain = re.sub(r",(?=\d{3}(?:\D|$))", "", word).replace(",", ".")
    if plain.count(".") == 1:
        plain = plain.rstrip("0").rstrip(".")
    return plain.lstrip("0") or "0"


def best_window(tokens: Sequence[Token], wanted: Iterable[int], size: int) -> Sequence[Token]:
    """The run of at most `size` words that holds most of the wanted weight: a long text holds any few words somewhere."""
    if len(tokens) <= size:
        return tokens
    keys, held, total = set(wanted), {}, 0.0
    best, place = -1.0, 0
    for at, token in enumerate(tokens):
        if token.meaning in keys:
            if not held.get(token.meaning):
                total += token.weight
            held[token.meaning] = held.get(token.meaning, 0) + 1
        if at >= size and tokens[at - size].meaning in keys:
            gone = tokens[at - size]
            held[gone.meaning] -= 1
            if not held[gone.meaning]:
                total -= gone.weight
        if total > best + 1e-9:
            best, place = total, at
    start = max(place - size + 1, 0)
    return tokens[start : start + size]


def _bag(tokens: Sequence[Token]) -> dict[int, tuple[float, str]]:
    return {token.meaning: (token.weight, token.word) for token in tokens if token.weight}


def _one_root(one: str, other: str) -> bool:
    same = next((place for place, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other)))
    return same >= max(_ROOT_LETTERS, _ROOT_SHARE * max(len(one), len(other)))
