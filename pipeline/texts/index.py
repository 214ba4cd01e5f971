"""Which questions of a benchmark share rare words or a rare run of words with a text."""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from pipeline.texts.ngrams import HashSet, find_runs, ngram_weights, runs
from pipeline.texts.paraphrase import COMMON, meanings, same_words
from pipeline.texts.tokens import Hashes, Places, Words, distinct

Weights = npt.NDArray[np.float64]

RUN = 8
# A run of words counts when it weighs nearly as much as three words that one row in a hundred holds; vital signs weigh nothing.
_RUN_WEIGHT = 8.0
_RAREST = 8
# How much of the weight of a doc's rarest words must be met: a doc of few words is whole in them, and a long text holds any few words.
_SHARED, _SHARED_FEW, _SHARED_BY_LONG, _LONG = 0.19, 0.38, 0.5, 60


class Pairs(NamedTuple):
    """Texts beside benchmark rows, sorted and distinct."""

    row: Places
    doc: Places


class Rarity:
    """How much a word tells within a benchmark: the logarithm of how rarely its rows hold it; numbers and common words nothing."""

    def __init__(self, found: Words, rows: int) -> None:
        from pipeline.texts.pair_kernels import distinct_by_row

        kept = ~found.is_number
        stems = same_words(found.stem[kept])
        self.set = HashSet(stems)
        ids = self.set.places(stems)
        held = np.bincount(distinct_by_row(ids, found.row[kept], found.rows, len(self.set.hashes))[1], minlength=len(self.set.hashes))
        # One in e rows is as good as every row: what a third of a benchmark says is its boilerplate.
        self.most = float(np.log(max(rows, 200))) - 1.0
        weight = np.maximum(np.log(max(rows, 200) / np.maximum(held, 1)) - 1.0, 0.0)
        weight[self.set.find(COMMON.hashes())[1]] = 0.0
        self.weight: Weights = weight

    def meant(self, found: Words) -> Places:
        """The number of each word's meaning among the benchmark's words, -1 for one that it does not hold."""
        from pipeline.texts.pair_kernels import meant

        held, firsts = meanings()
        return meant(found.stem, held.table, firsts, self.set.table)

    def weighed(self, found: Words) -> npt.NDArray[np.int64]:
        """The number of each word among the benchmark's, -1 for one that it does not hold or that weighs nothing."""
        ids = self.meant(found)
        return np.where((ids >= 0) & (np.append(self.weight, 0.0)[ids] > 0), ids, -1)

    def weights(self, stems: Hashes, is_number: npt.NDArray[np.bool_]) -> Weights:
        """What each word weighs; one that the benchmark does not hold as much as one that a single row holds."""
        ids = self.set.places(stems)
        weight = np.where(ids >= 0, np.append(self.weight, 0.0)[ids], self.most)
        weight[is_number] = 0.0
        weight[COMMON.find(stems)[0]] = 0.0
        return weight


class Index:
    """The rarest words and the rare runs of a benchmark's texts (docs), to be met by other texts."""

    def __init__(self, stems: Words, whole: Words, rarity: Rarity, by_whole: npt.NDArray[np.bool_]) -> None:
        """Each text is known by its stem, and where `by_whole` says so also by all of it."""
        from pipeline.texts.pair_kernels import Posted, distinct_by_row, grouped, rarest

        self._rarity, self._texts = rarity, stems.rows
        docs, words = 2 * stems.rows, len(rarity.weight)
        ids = rarity.weighed(whole)
        rank = np.empty(words, np.int64)
        rank[np.argsort(-rarity.weight, kind="stable")] = np.arange(words)
        doc, word = rarest(*distinct_by_row(ids if stems is whole else rarity.weighed(stems), stems.row, stems.rows, words), rank, _RAREST)
        also, other = rarest(*distinct_by_row(np.where(by_whole[whole.row], ids, -1), whole.row, whole.rows, words), rank, _RAREST)
        doc, word = np.concatenate([doc, also + self._texts]), np.concatenate([word, other])
        weight = rarity.weight[word]
        total = np.bincount(doc, weight, docs)
        held = np.bincount(doc, minlength=docs)
        bounds, order = grouped(word, words)
        named = np.where(held[doc] < 2, -1 - doc, doc)[order].astype(np.int32)
        theirs, shares = np.full((docs, _RAREST), -1, np.int32), np.zeros((docs, _RAREST))
        place = np.arange(len(doc)) - np.repeat(np.cumsum(held) - held, held)
        theirs[doc, place], shares[doc, place] = word, weight / np.maximum(total[doc], 1e-9)
        needed, by_long = (np.where(held < _RAREST, few, _SHARED) - 1e-9 for few in (_SHARED_FEW, _SHARED_BY_LONG))
        self._posted = Posted(bounds.astype(np.int32), named, theirs, shares, needed, by_long)
        self._index_runs(whole, np.append(rarity.weight, 0.0)[ids])

    def meet(self, found: Words) -> Pairs:
        """Every text with every one of the benchmark's that it shares enough of the rarest words with, or a rare run."""
        from pipeline.texts.pair_kernels import meet

        by_words = meet(self._rarity.meant(found), found.row, self._posted, _LONG)
        by_runs = self._meet_runs(found)
        key = distinct(np.concatenate([by_words, by_runs.row * self._texts + by_runs.doc]))
        return Pairs(*np.divmod(key, max(self._texts, 1)))

    def _index_runs(self, docs: Words, weights: Weights) -> None:
        from pipeline.texts.pair_kernels import grouped

        hashes, starts = runs(docs, RUN)
        rare = np.flatnonzero(ngram_weights(weights, starts, RUN) >= _RUN_WEIGHT)
        self._runs = HashSet(hashes[rare])
        doc, place = _once(docs.row[starts[rare]], self._runs.places(hashes[rare]), len(self._runs.hashes))
        self._run_bounds, order = grouped(place, len(self._runs.hashes))
        self._run_doc = doc[order]

    def _meet_runs(self, found: Words) -> Pairs:
        at, place = find_runs(found, RUN, self._runs)
        row, place = _once(found.row[at], place, len(self._runs.hashes))
        row, doc = spread(row, self._run_bounds[place], self._run_bounds[place + 1])
        return Pairs(row, self._run_doc[doc])


def _once(row: Places, place: Places, count: int) -> tuple[Places, Places]:
    """Each place below count once a row: a text that says one thing a million times meets another like it once, not 10¹² times."""
    return np.divmod(distinct(row * count + place), max(count, 1))


def spread(row: Places, starts: Places, stops: Places) -> tuple[Places, Places]:
    """Each row once for every place from its start to its stop, and those places."""
    counts = stops - starts
    spread = np.repeat(row, counts)
    ends = np.cumsum(counts)
    places = np.arange(len(spread)) + np.repeat(starts - (ends - counts), counts)
    return spread, places
