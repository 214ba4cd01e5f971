"""The meaning and the weight of words, and texts as the numbers of their words."""

import re
from collections.abc import Iterable, Sequence
from functools import lru_cache
from itertools import pairwise
from typing import NamedTuple, TypeVar

import numpy as np
import numpy.typing as npt

from pipeline.texts.index import Rarity
from pipeline.texts.paraphrase import ABBREVIATIONS, same_words
from pipeline.texts.tokens import Places, fold, words

_CJK, _NUMBER = "[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]", "\\d+(?:[.,]\\d+)*"
# Accents that stand behind their letter and signs that nobody sees are inside a word.
_FOREIGN_WORD = re.compile(f"{_CJK}|[^\\W\\d_](?:(?!{_CJK})[^\\W\\d_]|[\u0300-\u036f\u00ad\u200b-\u200d\u2060\ufeff])*|{_NUMBER}")
_DIGRAPH = re.compile("(?<=[^\\W\\d_])[ao]e(?=[^\\W\\d_])|^oe")
_EXCEPTION = {"not", "except", "excluding", "false", "incorrect", "untrue", "wrong", "least", "apart", "never"}


Key = TypeVar("Key", str, int)


Ids = npt.NDArray[np.int32]


class Said(NamedTuple):
    """The words of a text by their numbers, and from where to where each stands; what an abbreviation means stands where it does."""

    words: Ids
    starts: Places
    ends: Places


class Lexicon:
    """The meaning and the weight of words, looked up once each."""

    def __init__(self, rarity: Rarity) -> None:
        from pipeline.texts.evidence_kernels import Known

        self._rarity = rarity
        self._ids: dict[str, int] = {}
        self._meanings: dict[int, int] = {}
        self._roots: dict[str, int] = {}
        self._numbers: dict[str, int] = {}
        self._said: dict[str, Said] = {}
        ids, flags, marks = np.zeros(0, np.int32), np.zeros(0, np.bool_), np.zeros(0, np.int64)
        bounds, turn = np.zeros(1, np.int64), np.zeros(1, np.int64)
        self.known = Known(ids, np.zeros(0), ids, ids, flags, flags, np.zeros(0, np.uint32), bounds, turn, marks, marks, marks, marks)
        # How options are compared: a number as a number, below 0, any other word by its meaning.
        self.phrase = np.zeros(0, np.int64)
        self._look_up(word for said in ABBREVIATIONS.values() for word in said)

    def __len__(self) -> int:
        return len(self._ids)

    def learn(self, texts: Iterable[str]) -> None:
        """Reads the texts and looks up every word of them in one go; the texts that were read before are forgotten."""
        self._said.clear()
        self._read(["", *texts])

    def _read(self, texts: Iterable[str]) -> None:
        asked = dict.fromkeys(texts)
        plain = [text for text in asked if text.isascii()]
        held, starts, ends, bounds = _split_all(plain)
        foreign = [(text, *_split(text)) for text in asked if not text.isascii()]
        self._look_up(set(held).union(*(found for _, found, _, _ in foreign)))
        ids = np.fromiter(map(self._ids.__getitem__, held), np.int32, len(held))
        # Copies: what is kept of one text keeps no other.
        for text, (a, b) in zip(plain, pairwise(bounds), strict=True):
            self._said[text] = Said(ids[a:b].copy(), starts[a:b].copy(), ends[a:b].copy())
        for text, found, first, last in foreign:
            self._said[text] = Said(np.array([self._ids[word] for word in found], np.int32), first, last)
        short = np.zeros(len(self), np.bool_)
        short[[self._ids[word] for word in ABBREVIATIONS if word in self._ids]] = True
        holding = np.searchsorted(bounds, np.flatnonzero(short[ids]), "right") - 1
        for text in {*(plain[at] for at in holding.tolist()), *(text for text, *_ in foreign)}:
            self._said[text] = self._spelt_out(text, self._said[text])

    def said(self, text: str) -> Said:
        """The words of a text in order; an abbreviation is read as what it means."""
        if text not in self._said:
            self._read([text])
        return self._said[text]

    def _spelt_out(self, text: str, said: Said) -> Said:
        """Abbreviations in capitals as what they mean."""
        words = [text[start:end] for start, end in zip(said.starts.tolist(), said.ends.tolist(), strict=True)]
        meant = [ABBREVIATIONS.get(fold(word), ()) if word.isupper() else () for word in words]
        counts = [max(len(one), 1) for one in meant]
        ids = [id for held, one in zip(said.words.tolist(), meant, strict=True) for id in ([self._ids[word] for word in one] or [held])]
        return Said(np.array(ids, np.int32), np.repeat(said.starts, counts), np.repeat(said.ends, counts))

    def _look_up(self, told: Iterable[str]) -> None:
        asked = sorted(set(told) - self._ids.keys())
        if not asked:
            return
        from pipeline.texts.evidence_kernels import ROOT_LETTERS, Known

        found = words(asked)
        stems = same_words(found.stem)
        weights = self._rarity.weights(stems, found.is_number)
        rows, first = np.unique(found.row, return_index=True)
        weight, meant = np.zeros(len(asked)), np.zeros(len(asked), np.uint64)
        weight[rows], meant[rows] = weights[first], stems[first]
        # One spelling for words of Greek: haematuria and hematuria. What a word weighs is what it weighs as it is written.
        greek = np.array([at for at, word in enumerate(asked) if "ae" in word or "oe" in word], np.int64)
        spelt = words([_DIGRAPH.sub("e", asked[at]) for at in greek.tolist()])
        rows, first = np.unique(spelt.row, return_index=True)
        meant[greek[rows]] = same_words(spelt.stem[first])
        self._ids |= zip(asked, range(len(self._ids), len(self._ids) + len(asked)), strict=True)
        rooted = [
            word[:ROOT_LETTERS] if weighs and len(word) >= ROOT_LETTERS else "" for word, weighs in zip(asked, weight.tolist(), strict=True)
        ]
        number = [plain_number(word) if word[0].isdigit() else "" for word in asked]
        old, ends = self.known, np.cumsum([len(word) for word in asked])
        more = (
            _numbered(self._meanings, meant.tolist()),
            weight,
            _numbered(self._roots, rooted),
            _numbered(self._numbers, number),
            np.array([bool(one) and one == word for one, word in zip(number, asked, strict=True)], np.bool_),
            np.array([word in _EXCEPTION for word in asked], np.bool_),
            np.frombuffer("".join(asked).encode("utf-32-le"), np.uint32),
            ends + old.bounds[-1],
        )
        meaning, weight, root, number, *rest = [np.concatenate(pair) for pair in zip(old[: len(more)], more, strict=True)]
        self.phrase = np.where(number >= 0, -1 - number, meaning)
        marks = *np.zeros((2, len(self._meanings)), np.int64), *np.zeros((2, len(self._roots)), np.int64)
        self.known = Known._make([meaning, weight, root, number, *rest, old.turn, *marks])


def _numbered(held: dict[Key, int], keys: Iterable[Key]) -> npt.NDArray[np.int32]:
    """Each key by its number, one that is new by the next; -1 for ''."""
    return np.array([-1 if key == "" else held.setdefault(key, len(held)) for key in keys], np.int32)


def _split(text: str) -> tuple[list[str], Places, Places]:
    """The words of a text that is not in ASCII, and from where to where each stands."""
    found = list(_FOREIGN_WORD.finditer(text))
    places = np.array([word.span() for word in found], np.int64).reshape(-1, 2)
    return [fold(word[0]) for word in found], places[:, 0].copy(), places[:, 1].copy()


def _split_all(texts: Sequence[str]) -> tuple[list[str], Places, Places, list[int]]:
    """The words of texts in ASCII, from where to where each stands in its text, and how many words there are before each text."""
    from pipeline.texts.evidence_kernels import split

    joined = "".join(texts).lower()
    bounds = np.cumsum([0, *map(len, texts)])
    starts, ends, counts = split(np.frombuffer(joined.encode("ascii") or b" ", np.uint8), bounds)
    held = [joined[start:end] for start, end in zip(starts.tolist(), ends.tolist(), strict=True)]
    before = np.repeat(bounds[:-1], np.diff(counts))
    return held, starts - before, ends - before, counts.tolist()


@lru_cache(1 << 14)
def plain_number(word: str) -> str:
    """1,000 as 1000, 5.0 and 5,0 as 5."""
    plain = re.sub(r",(?=\d{3}(?:\D|$))", "", word).replace(",", ".")
    if plain.count(".") == 1:
        plain = plain.rstrip("0").rstrip(".")
    return plain.lstrip("0") or "0"
