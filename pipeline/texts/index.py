"""Which questions of a benchmark share rare words or a rare run of words with a text."""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from pipeline.texts.ngrams import HashSet, ngram_weights, runs
from pipeline.texts.paraphrase import COMMON, same_words
from pipeline.texts.tokens import Hashes, Places, Words, distinct

Weights = npt.NDArray[np.float64]

RUN = 8
# A run of words counts when it weighs nearly as much as three words that one row in a hundred holds; vital signs weigh nothing.
_RUN_WEIGHT = 8.0
_RAREST = 8
# How much of the weight of a doc's rarest words must be met: a doc of few words is whole in them, and a long text holds any few words.
_SHARED, _SHARED_FEW, _SHARED_BY_LONG, _LONG = 0.19, 0.38, 0.5, 60
_CHUNK = 1 << 13
_ROW_ODD, _DOC_ODD, _AGAIN_ODD = np.uint32(0x9E3779B1), np.uint32(0x85EBCA77), np.uint32(0xC2B2AE3D)


class Pairs(NamedTuple):
    """Texts beside benchmark rows, sorted and distinct."""

    row: Places
    doc: Places


class Rarity:
    """How much a word tells within a benchmark: the logarithm of how rarely its rows hold it; numbers and common words nothing."""

    def __init__(self, found: Words, rows: int) -> None:
        kept = ~found.is_number
        stems, row = same_words(found.stem[kept]), found.row[kept]
        self._set = HashSet(stems)
        self.words = self._set.hashes
        key = distinct(self._set.find(stems)[1] * max(rows, 1) + row)
        held = np.bincount(key // max(rows, 1), minlength=len(self.words))
        # One in e rows is as good as every row: what a third of a benchmark says is its boilerplate.
        self.most = float(np.log(max(rows, 200))) - 1.0
        weight = np.maximum(np.log(max(rows, 200) / np.maximum(held, 1)) - 1.0, 0.0)
        weight[np.isin(self.words, COMMON.hashes())] = 0.0
        self.weight: Weights = weight

    def find(self, found: Words) -> tuple[Places, Places]:
        """Which words of texts the benchmark holds, and their numbers among its words."""
        return self._set.find(same_words(found.stem))

    def ids(self, stems: Hashes) -> npt.NDArray[np.int64]:
        """The number of each word, -1 for a word that the benchmark does not hold."""
        ids = np.full(len(stems), -1, np.int64)
        at, place = self._set.find(stems)
        ids[at] = place
        return ids

    def weights(self, stems: Hashes, is_number: npt.NDArray[np.bool_]) -> Weights:
        """What each word weighs; one that the benchmark does not hold as much as one that a single row holds."""
        ids = self.ids(stems)
        weight = np.where(ids >= 0, self.weight[ids] if len(self.weight) else 0.0, self.most)
        weight[is_number] = 0.0
        weight[COMMON.find(stems)[0]] = 0.0
        return weight


class Index:
    """The rarest words and the rare runs of a benchmark's texts (docs), to be met by other texts."""

    def __init__(self, stems: Words, whole: Words, rarity: Rarity, by_whole: npt.NDArray[np.bool_]) -> None:
        """Each text is known by its stem, and where `by_whole` says so also by all of it."""
        self._rarity = rarity
        self._texts, self._docs = stems.rows, 2 * stems.rows
        at, held = rarity.find(whole)
        ids = np.full(len(whole.row), -1, np.int64)
        ids[at] = held
        stem_ids = ids if stems is whole else rarity.ids(same_words(stems.stem))
        doc, word = _words_of(stem_ids, stems.row, rarity)
        some = by_whole[whole.row]
        also, other = _words_of(ids[some], whole.row[some], rarity)
        doc, word = np.concatenate([doc, also + self._texts]), np.concatenate([word, other])
        rare = np.arange(len(doc)) - np.searchsorted(doc, np.arange(self._docs))[doc] < _RAREST
        doc, word = doc[rare], word[rare]
        weight = rarity.weight[word]
        total = np.bincount(doc, weight, self._docs)
        order = np.argsort(word, kind="stable")
        self._posted = doc[order]
        self._share = (weight / np.maximum(total[doc], 1e-9))[order]
        held = np.bincount(doc, minlength=self._docs)
        self._one, self._few = held < 2, held < _RAREST
        self._posted_least = self._share / np.where(self._few, _SHARED_FEW, _SHARED)[self._posted]
        self._posted_cell = self._posted.astype(np.uint32) * _DOC_ODD
        # Most words of any text are none of the rarest: a set of those alone settles them with one read.
        asked = distinct(word)
        self._asked = HashSet(rarity.words[asked])
        self._bounds = np.append(np.searchsorted(word[order], asked), len(word))
        self._count = np.diff(self._bounds)
        self._index_runs(whole, np.where(ids >= 0, rarity.weight[ids], 0.0) if len(rarity.weight) else np.zeros(len(ids)))

    def meet(self, found: Words) -> Pairs:
        """Every text with every one of the benchmark's that it shares enough of the rarest words with, or a rare run."""
        shared = [self._meet_words(found), self._meet_runs(found)]
        key = distinct(np.concatenate([pairs.row * self._texts + pairs.doc % max(self._texts, 1) for pairs in shared]))
        return Pairs(*np.divmod(key, max(self._texts, 1)))

    def _index_runs(self, docs: Words, weights: Weights) -> None:
        hashes, starts = runs(docs, RUN)
        rare = np.flatnonzero(ngram_weights(weights, starts, RUN) >= _RUN_WEIGHT)
        hashes, doc = hashes[rare], docs.row[starts[rare]]
        order = np.argsort(hashes)
        hashes, self._run_doc = hashes[order], doc[order]
        self._runs = HashSet(hashes)
        self._run_bounds = np.append(np.flatnonzero(np.diff(hashes, prepend=~hashes[:1]) != 0), len(hashes))

    def _meet_runs(self, found: Words) -> Pairs:
        hashes, starts = runs(found, RUN)
        at, place = self._runs.find(hashes)
        row, doc = spread(found.row[starts[at]], self._run_bounds[place], self._run_bounds[place + 1])
        return Pairs(row, self._run_doc[doc])

    def _meet_words(self, found: Words) -> Pairs:
        at, word = self._asked.find(same_words(found.stem))
        row = found.row[at]
        starts, ends = self._bounds[word], np.cumsum(self._count[word])
        cuts = np.searchsorted(ends, np.arange(_CHUNK, ends[-1] if len(ends) else 0, _CHUNK))
        cuts = np.append(np.searchsorted(row, row[cuts]), len(row))
        rows, places, first = [row[:0]], [row[:0]], 0
        for last in distinct(cuts).tolist():
            at, place = self._likely(row[first:last], starts[first:last], self._count[word[first:last]])
            rows.append(row[first + at])
            places.append(place)
            first = last
        long = np.bincount(found.row, minlength=found.rows) > _LONG
        return self._enough(np.concatenate(rows), np.concatenate(places), long)

    def _likely(self, row: Places, starts: Places, counts: Places) -> tuple[Places, Places]:
        """Which of the rows' words meet which posted ones, for pairs that may share enough."""
        ends = np.cumsum(counts)
        places = np.arange(int(ends[-1]) if len(ends) else 0)
        places += np.repeat(starts - (ends - counts), counts)
        # Most pairs meet in one word only: cells of a hashed table throw them out before rows and docs are even looked up,
        # and of those that share a cell by chance a second table most.
        mixed = np.repeat(row.astype(np.uint32) * _ROW_ODD, counts)
        mixed += self._posted_cell.take(places, mode="clip")
        least = self._posted_least.take(places, mode="clip")
        enough = _full_cells(mixed, least)
        enough = enough[_full_cells(mixed[enough] * _AGAIN_ODD, least[enough])]
        return np.searchsorted(ends, enough, "right"), places[enough]

    def _enough(self, row: Places, places: Places, long: npt.NDArray[np.bool_]) -> Pairs:
        """The pairs that share enough, each word counted once; one word is never enough where a doc has two."""
        row, at = np.divmod(distinct(row * len(self._posted) + places), max(len(self._posted), 1))
        doc, share = self._posted[at], self._share[at]
        needed = np.where(self._few[doc], np.where(long[row], _SHARED_BY_LONG, _SHARED_FEW), _SHARED) - 1e-9
        key = row * self._docs + doc
        order = np.argsort(key)
        key = key[order]
        first = np.flatnonzero(np.diff(key, prepend=-1))
        if not len(first):
            return Pairs(key, key)
        whole, met = np.add.reduceat(share[order], first), np.diff(np.append(first, len(key)))
        row, doc = np.divmod(key[first], self._docs)
        good = (whole >= needed[order][first]) & ((met > 1) | self._one[doc])
        return Pairs(row[good], doc[good])


def _full_cells(mixed: npt.NDArray[np.uint32], least: Weights) -> Places:
    """The places whose cell holds enough, each cell the top bits of a hash."""
    bits = max(len(mixed).bit_length() + 1, 10)
    cell = (mixed >> np.uint32(32 - bits)).astype(np.int64)
    return np.flatnonzero(np.bincount(cell, least, 1 << bits).take(cell, mode="clip") >= 1 - 1e-6)


def _words_of(ids: npt.NDArray[np.int64], row: Places, rarity: Rarity) -> tuple[Places, Places]:
    """The distinct words that weigh anything, by text, the rarest first."""
    kept = np.flatnonzero(ids >= 0)
    kept = kept[rarity.weight[ids[kept]] > 0]
    by_rarity = np.argsort(-rarity.weight, kind="stable")
    rank = np.empty(len(by_rarity), np.int64)
    rank[by_rarity] = np.arange(len(by_rarity))
    text, place = np.divmod(distinct(row[kept] * len(rank) + rank[ids[kept]]), max(len(rank), 1))
    return text, by_rarity[place]


def spread(row: Places, starts: Places, stops: Places) -> tuple[Places, Places]:
    """Each row once for every place from its start to its stop, and those places."""
    counts = stops - starts
    spread = np.repeat(row, counts)
    ends = np.cumsum(counts)
    places = np.arange(len(spread)) + np.repeat(starts - (ends - counts), counts)
    return spread, places
