"""The words that two questions share, where they stand, and how they are weighed one pair at a time."""

import re
from collections.abc import Container, Iterable, Mapping, Sequence
from functools import lru_cache
from itertools import pairwise
from typing import NamedTuple

import numpy as np

from pipeline.texts.index import Rarity
from pipeline.texts.paraphrase import ABBREVIATIONS, same_words
from pipeline.texts.tokens import Places, fold, words

_CJK, _NUMBER = "[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]", "\\d+(?:[.,]\\d+)*"
_WORD = re.compile(f"[^\\W\\d_]+|{_NUMBER}")
# Accents that stand behind their letter and signs that nobody sees are inside a word.
_FOREIGN_WORD = re.compile(f"{_CJK}|[^\\W\\d_](?:(?!{_CJK})[^\\W\\d_]|[\u0300-\u036f\u00ad\u200b-\u200d\u2060\ufeff])*|{_NUMBER}")
# Two words of one root (diagnosis, diagnostic) share this much of the longer one.
_ROOT_LETTERS, _ROOT_SHARE, _ROOT_CREDIT = 5, 0.6, 0.8
_GAP = 3
_DIGRAPH = re.compile("(?<=[^\\W\\d_])[ao]e(?=[^\\W\\d_])|^oe")

Spans = tuple[tuple[int, int], ...]


class Token(NamedTuple):
    """One word: how it is written, what it means, what it weighs, its root and its number ('' where it has none)."""

    word: str
    meaning: int
    weight: float
    root: str = ""
    number: str = ""


class Bag(NamedTuple):
    """The words of a text that weigh anything, by meaning, and what they weigh."""

    held: Mapping[int, Token]
    total: float


class Split(NamedTuple):
    """The words of a text; of one in ASCII also where they stand."""

    words: list[str]
    starts: Places | Sequence[int] = ()
    ends: Places | Sequence[int] = ()


class Lexicon:
    """The meaning and the weight of words, looked up once each."""

    def __init__(self, rarity: Rarity, limit: int = 1 << 18) -> None:
        self._rarity = rarity
        self._known: dict[str, Token] = {}
        self._limit = limit
        self._split: dict[str, Split] = {}

    def learn(self, texts: Iterable[str]) -> None:
        """Splits the texts and looks up every word of them in one go."""
        if len(self._known) > self._limit:
            self._known.clear()
        asked = dict.fromkeys(texts)
        self._split = _split_all([text for text in asked if text.isascii()])
        self._split |= {text: Split(_split(text)) for text in asked if not text.isascii()}
        self._look_up(set().union(*[split.words for split in self._split.values()]))

    def _look_up(self, told: Iterable[str]) -> None:
        asked = sorted(set(told) - self._known.keys())
        if not asked:
            return
        found = words(asked)
        meanings = same_words(found.stem)
        weights = self._rarity.weights(meanings, found.is_number)
        rows, first = np.unique(found.row, return_index=True)
        meant, weighs = [0] * len(asked), [0.0] * len(asked)
        for row, meaning, weight in zip(rows.tolist(), meanings[first].tolist(), weights[first].tolist(), strict=True):
            meant[row], weighs[row] = meaning, weight
        # One spelling for words of Greek: haematuria and hematuria. What a word weighs is what it weighs as it is written.
        greek = [at for at, word in enumerate(asked) if "ae" in word or "oe" in word]
        spelt = words([_DIGRAPH.sub("e", asked[at]) for at in greek])
        rows, first = np.unique(spelt.row, return_index=True)
        for row, meaning in zip(rows.tolist(), same_words(spelt.stem[first]).tolist(), strict=True):
            meant[greek[row]] = meaning
        root = [word[:_ROOT_LETTERS] if weight and len(word) >= _ROOT_LETTERS else "" for word, weight in zip(asked, weighs, strict=True)]
        number = [plain_number(word) if word[0].isdigit() else "" for word in asked]
        self._known.update(zip(asked, map(Token._make, zip(asked, meant, weighs, root, number, strict=True)), strict=True))

    def tokens(self, text: str) -> list[Token]:
        """The words of a text in order; an abbreviation is read as what it means."""
        split = self._split[text].words if text in self._split else _split(text)
        try:
            found = list(map(self._known.__getitem__, split))
        except KeyError:
            self._look_up(split)
            found = list(map(self._known.__getitem__, split))
        if not ABBREVIATIONS.keys().isdisjoint(split):
            for at, said in reversed(_abbreviated(text, split, _places(text))):
                self._look_up(said)
                found[at : at + 1] = [self._known[one] for one in said]
        return found

    def places(self, text: str, tokens: Sequence[Token]) -> tuple[Places | Sequence[int], Places | Sequence[int]]:
        """From where and to where each word of a text stands."""
        held = self._split.get(text)
        if held and len(held.starts) == len(tokens):
            return held.starts, held.ends
        found = places(text, tokens)
        return [start for start, _ in found], [end for _, end in found]


def places(text: str, tokens: Sequence[Token]) -> list[tuple[int, int]]:
    """From where to where each word of a text stands; the words that an abbreviation means all stand where it does."""
    found = _places(text)
    if len(found) != len(tokens):
        for at, said in reversed(_abbreviated(text, _split(text), found)):
            found[at : at + 1] = [found[at]] * len(said)
    return found


def _split(text: str) -> list[str]:
    """The words of a text; the lower case of ASCII keeps every place."""
    return _WORD.findall(text.lower()) if text.isascii() else [fold(word) for word in _FOREIGN_WORD.findall(text)]


def _split_all(texts: Sequence[str]) -> dict[str, Split]:
    """The words of many texts in ASCII, as `_split` and `_places` find them."""
    joined = "\n".join(texts).lower()
    data = np.frombuffer(joined.encode("ascii"), np.uint8)
    digit = (data - 48) < 10
    sign = np.flatnonzero((data == ord(".")) | (data == ord(",")))
    sign = sign[(sign > 0) & (sign < len(data) - 1)]
    kind = ((data - 97) < 26).view(np.uint8) | (digit.view(np.uint8) << 1)
    kind[sign[digit[sign - 1] & digit[sign + 1]]] = 2
    edges = np.flatnonzero(np.diff(kind, prepend=0, append=0))
    solid = np.flatnonzero(np.append(kind, 0)[edges])
    starts, ends = edges[solid], edges[solid + 1]
    held = [joined[start:end] for start, end in zip(starts.tolist(), ends.tolist(), strict=True)]
    first = np.cumsum([0] + [len(text) + 1 for text in texts])
    cuts = np.searchsorted(starts, first)
    before = np.repeat(first[:-1], np.diff(cuts))
    starts -= before
    ends -= before
    return {text: Split(held[a:b], starts[a:b], ends[a:b]) for text, (a, b) in zip(texts, pairwise(cuts.tolist()), strict=True)}


def _places(text: str) -> list[tuple[int, int]]:
    return [word.span() for word in (_WORD.finditer(text.lower()) if text.isascii() else _FOREIGN_WORD.finditer(text))]


def _abbreviated(text: str, split: Iterable[str], places: Iterable[tuple[int, int]]) -> list[tuple[int, tuple[str, ...]]]:
    """Which words of a text are abbreviations in capitals, and what each means."""
    held = enumerate(zip(split, places, strict=True))
    return [(at, ABBREVIATIONS[word]) for at, (word, (start, end)) in held if word in ABBREVIATIONS and text[start:end].isupper()]


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


def bag(tokens: Iterable[Token]) -> Bag:
    """The words of a text without their order; of two of one meaning the last."""
    held = {token[1]: token for token in tokens if token[2]}
    return Bag(held, sum([token[2] for token in held.values()]))


def match(left: Bag, right: Bag) -> Match:
    """What two texts share: words of one meaning in full, words of one root for a part."""
    ours, theirs = left.held, right.held
    pairs = {meaning: meaning for meaning in ours.keys() & theirs.keys()}
    shared = sum([ours[meaning].weight for meaning in pairs])
    free = [token for meaning, token in ours.items() if token.root and meaning not in pairs]
    wanted = {token.root for token in free}
    roots: dict[str, list[tuple[str, int]]] = {}
    for word, meaning in sorted(
        (token.word, meaning) for meaning, token in theirs.items() if token.root in wanted and meaning not in pairs
    ):
        roots.setdefault(word[:_ROOT_LETTERS], []).append((word, meaning))
    for token in free if roots else ():
        near = roots.get(token.root, [])
        found = next((place for place, (other, _) in enumerate(near) if _one_root(token.word, other)), None)
        if found is not None:
            other = near.pop(found)[1]
            pairs[token.meaning] = other
            shared += _ROOT_CREDIT * min(token.weight, theirs[other].weight)
    return Match(shared, left.total, right.total, pairs)


def spans(lexicon: Lexicon, text: str, tokens: Sequence[Token], wanted: Container[int], numbers: Iterable[str] = ()) -> Spans:
    """Where the shared words of a text stand; neighbours with no more than three other words between them are one span."""
    told = set(numbers)
    shared = [at for at, (word, meaning, weight, _, _) in enumerate(tokens) if (weight and meaning in wanted) or (told and word in told)]
    if not shared:
        return ()
    first = [shared[0], *(at for last, at in pairwise(shared) if at - last > _GAP + 1)]
    last = [*(last for last, at in pairwise(shared) if at - last > _GAP + 1), shared[-1]]
    starts, ends = lexicon.places(text, tokens)
    return tuple([(int(starts[one]), int(ends[other])) for one, other in zip(first, last, strict=True)])


def numbers(tokens: Iterable[Token]) -> list[str]:
    """The numbers of a text, written one way."""
    return [token[4] for token in tokens if token[4]]


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


def _one_root(one: str, other: str) -> bool:
    same = next((place for place, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other)))
    return same >= max(_ROOT_LETTERS, _ROOT_SHARE * max(len(one), len(other)))
