"""The meaning and the weight of words, and texts as the numbers of their words."""

import re
from collections.abc import Iterable, Sequence
from functools import lru_cache
from itertools import chain, pairwise
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
# Room for so many words at first; a power of two.
_SLOTS = 1 << 12
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
        from pipeline.texts.evidence_kernels import WORD, Known

        self._rarity = rarity
        # 0 is none of them.
        self._meanings: dict[int, int] = {-1: 0}
        self._roots, self._numbers = {"": 0}, {"": 0}
        self._said: dict[str, Said] = {}
        self._hashes, self._ids = np.zeros(_SLOTS, np.uint64), np.full(_SLOTS, -1, np.int32)
        self.known = Known(np.zeros(0, WORD), np.zeros(0, np.uint32), np.zeros(1, np.int64), np.zeros((4, 1), np.int64))
        # What options are compared by: a number as a number, below 0, any other word by its meaning.
        self.phrase = np.zeros(0, np.int32)
        # Numbers are given in the order of looking up: those of abbreviations are the first.
        short = self._numbers_of([*ABBREVIATIONS, *chain.from_iterable(ABBREVIATIONS.values())])
        self._spelt = {one: self._numbers_of(said).tolist() for one, said in zip(short.tolist(), ABBREVIATIONS.values(), strict=False)}

    def __len__(self) -> int:
        return len(self.known.words)

    def learn(self, texts: Iterable[str]) -> None:
        """Reads the texts and looks up every word of them in one go; the texts that were read before are forgotten."""
        self._said.clear()
        self._read(["", *texts])

    def said(self, text: str) -> Said:
        """The words of a text in order; an abbreviation is read as what it means."""
        if text not in self._said:
            self._read([text])
        return self._said[text]

    def _read(self, texts: Iterable[str]) -> None:
        from pipeline.texts.evidence_kernels import split

        asked = dict.fromkeys(texts)
        plain = [text for text in asked if text.isascii()]
        joined = "".join(plain).lower()
        data, bounds = np.frombuffer(joined.encode("ascii") or b" ", np.uint8), np.cumsum([0, *map(len, plain)])
        starts, ends, counts = split(data, bounds)
        ids = self._number(joined, data, starts, ends)
        before = np.repeat(bounds[:-1], np.diff(counts))
        starts, ends = starts - before, ends - before
        self._said |= {text: Said(ids[a:b], starts[a:b], ends[a:b]) for text, (a, b) in zip(plain, pairwise(counts.tolist()), strict=True)}
        foreign = [text for text in asked if not text.isascii()]
        self._said |= {text: self._foreign(text) for text in foreign}
        held = ids < len(ABBREVIATIONS)
        holding = np.searchsorted(counts, np.flatnonzero(held), "right") - 1 if held.any() else held[:0]
        for text in {*(plain[at] for at in holding.tolist()), *foreign}:
            self._said[text] = self._spelt_out(text, self._said[text])

    def _foreign(self, text: str) -> Said:
        """A text that is not in ASCII."""
        found = list(_FOREIGN_WORD.finditer(text))
        places = np.array([word.span() for word in found], np.int64).reshape(-1, 2)
        return Said(self._numbers_of([fold(word[0]) for word in found]), places[:, 0].copy(), places[:, 1].copy())

    def _spelt_out(self, text: str, said: Said) -> Said:
        """Abbreviations in capitals as what they mean."""
        held = zip(said.words.tolist(), said.starts.tolist(), said.ends.tolist(), strict=True)
        meant = [self._spelt[id] if id in self._spelt and text[start:end].isupper() else [id] for id, start, end in held]
        counts = list(map(len, meant))
        return Said(np.array(list(chain.from_iterable(meant)), np.int32), np.repeat(said.starts, counts), np.repeat(said.ends, counts))

    def _numbers_of(self, said: Sequence[str]) -> Ids:
        joined, ends = "".join(said), np.cumsum([0, *map(len, said)])
        data = joined.encode()
        places = ends if len(data) == len(joined) else np.cumsum([0, *(len(word.encode()) for word in said)])
        return self._number(joined, np.frombuffer(data or b" ", np.uint8), places[:-1], places[1:], ends)

    def _number(self, joined: str, data: npt.NDArray[np.uint8], starts: Places, ends: Places, letters: Places | None = None) -> Ids:
        """The numbers of the words of a text whose bytes are data; new ones are looked up."""
        from pipeline.texts.evidence_kernels import number, widened

        if 2 * (len(self) + len(starts)) > len(self._ids):
            hashes, ids, size = self._hashes, self._ids, 1 << (2 * (len(self) + len(starts))).bit_length()
            self._hashes, self._ids = np.zeros(size, np.uint64), np.full(size, -1, np.int32)
            widened(hashes, ids, self._hashes, self._ids)
        found, new = number(data, starts, ends, self._hashes, self._ids, len(self))
        if len(new):
            first, last = (starts, ends) if letters is None else (letters[:-1], letters[1:])
            self._look_up([joined[a:b] for a, b in zip(first[new].tolist(), last[new].tolist(), strict=True)])
        return found

    def _look_up(self, asked: list[str]) -> None:
        from pipeline.texts.evidence_kernels import ROOT_LETTERS, WORD, Known

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
        lengths = np.fromiter(map(len, asked), np.int64, len(asked))
        more, old = np.zeros(len(asked), WORD), self.known
        more["weight"], more["meaning"] = weight, _numbered(self._meanings, meant.tolist())
        rooted = np.flatnonzero((weight > 0) & (lengths >= ROOT_LETTERS))
        more["root"][rooted] = _numbered(self._roots, [asked[at][:ROOT_LETTERS] for at in rooted.tolist()])
        for at, word in enumerate(asked):
            if word[:1].isdigit():
                plain = plain_number(word)
                more["number"][at], more["plain"][at] = self._numbers.setdefault(plain, len(self._numbers)), plain == word
            elif word in _EXCEPTION:
                more["exception"][at] = True
        letters = np.frombuffer("".join(asked).encode("utf-32-le"), np.uint32)
        held = np.concatenate([old.words, more])
        marks = np.zeros((4, len(held) + 1), np.int64)
        marks[0, 0] = old.marks[0, 0]
        bounds = np.concatenate([old.bounds, old.bounds[-1] + np.cumsum(lengths)])
        self.phrase = np.where(held["number"] > 0, -held["number"], held["meaning"])
        self.known = Known(held, np.concatenate([old.letters, letters]), bounds, marks)


def _numbered(held: dict[Key, int], keys: Iterable[Key]) -> list[int]:
    """Each key by its number, one that is new by the next."""
    return [held.setdefault(key, len(held)) for key in keys]


@lru_cache(1 << 14)
def plain_number(word: str) -> str:
    """1,000 as 1000, 5.0 and 5,0 as 5."""
    plain = re.sub(r",(?=\d{3}(?:\D|$))", "", word).replace(",", ".")
    if plain.count(".") == 1:
        plain = plain.rstrip("0").rstrip(".")
    return plain.lstrip("0") or "0"
