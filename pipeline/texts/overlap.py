"""Benchmark questions that stand inside other questions: candidates by rare words, then one decision a pair."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from pipeline.texts.decide import THRESHOLDS, Decision, Thresholds, decide
from pipeline.texts.evidence import Spans, spans
from pipeline.texts.features import Read, measure, read, turned
from pipeline.texts.index import Index, Pairs, Rarity
from pipeline.texts.lexicon import Lexicon
from pipeline.texts.questions import Block, Question, block_of, without_options
from pipeline.texts.sift import Equals, Sieve
from pipeline.texts.tokens import distinct, fold

# What is found: raised whenever a finding, a score or a span moves.
DETECTOR_VERSION = 5

_CACHED, _WORDS = 1 << 14, 1 << 18
_SHARED_OPTIONS = 8


class Hit(NamedTuple):
    """A candidate and the benchmark's question that it repeats, by their places, with what proves it; spans lie in the stems."""

    candidate: int
    benchmark: int
    score: float
    rule: str
    decision: Decision
    candidate_spans: Spans
    benchmark_spans: Spans


class Detector:
    """Finds which questions of one benchmark other questions repeat."""

    def __init__(self, benchmark: Sequence[Question], limits: Thresholds = THRESHOLDS) -> None:
        self._limits = limits
        self._block = block_of([without_options(question) for question in benchmark])
        whole = self._block.whole
        rarity = Rarity(whole, len(benchmark))
        self._sieve = Sieve(self._block, rarity, limits)
        # The options help to find what its stem alone does not tell.
        self._index = Index(self._block.stems, whole, rarity, self._sieve.weights < limits.long)
        self._rarity, self._lexicon = rarity, Lexicon(rarity)
        # Options that a benchmark lists for many questions ("I only") tell none of them.
        told, place, count = np.unique(self._block.options_hash, return_inverse=True, return_counts=True)
        self._told = Equals(np.where(_many(self._block) & (count <= _SHARED_OPTIONS)[place], told[place], 0))
        self._stems = Equals(self._block.stem_hash)
        self._cached: dict[int, Read] = {}

    @property
    def rows(self) -> Sequence[Question]:
        """The benchmark's questions as they are compared."""
        return self._block.rows

    def find(self, candidates: Sequence[Question]) -> list[Hit]:
        """Every finding among these candidates, by candidate and then best first."""
        block = block_of([without_options(question) for question in candidates])
        pairs = self.pairs(block)
        hits: list[Hit] = []
        equal = [self._exact(block, row, doc) for row, doc in zip(pairs.row.tolist(), pairs.doc.tolist(), strict=True)]
        unequal = np.array([hit is None for hit in equal], np.bool_)
        self._learn(block, Pairs(pairs.row[unequal], pairs.doc[unequal]))
        last, cand = -1, None
        for hit, row, doc in zip(equal, pairs.row.tolist(), pairs.doc.tolist(), strict=True):
            if hit is None:
                if cand is None or row != last:
                    last, cand = row, read(block.rows[row], self._lexicon)
                hit = self._compared(cand, row, doc)
            if hit:
                hits.append(hit)
        return sorted(hits, key=lambda hit: (hit.candidate, hit.decision is not Decision.LEAK, -hit.score, hit.benchmark))

    def _learn(self, block: Block, pairs: Pairs) -> None:
        """Looks up every word that the pairs will be compared by in one go."""
        if len(self._lexicon) > _WORDS:
            self._lexicon = Lexicon(self._rarity)
            self._cached.clear()
        asked = [block.rows[row] for row in distinct(pairs.row).tolist()]
        asked += [self.rows[doc] for doc in distinct(pairs.doc).tolist() if doc not in self._cached]
        self._lexicon.learn(text for question in asked for text in (question.stem, *question.options, question.answer) if text)

    def _exact(self, block: Block, row: int, doc: int) -> Hit | None:
        """The same words in stem and options: nothing is left to weigh."""
        ours = self._block
        if not ours.stem_hash[doc] or ours.stem_hash[doc] != block.stem_hash[row] or ours.options_hash[doc] != block.options_hash[row]:
            return None
        theirs, mine = block.rows[row], ours.rows[doc]
        if turned(mine.stem, theirs.stem):
            return Hit(row, doc, 1.0, "other signs", Decision.REPORT, ((0, len(theirs.stem)),), ((0, len(mine.stem)),))
        rule = "exact" if [fold(one) for one in theirs.options] == [fold(one) for one in mine.options] else "shuffled"
        return Hit(row, doc, 1.0, rule, Decision.LEAK, ((0, len(theirs.stem)),), ((0, len(mine.stem)),))

    def _compared(self, cand: Read, row: int, doc: int) -> Hit | None:
        bench = self._read(doc)
        found = measure(bench, cand, self._lexicon)
        verdict = decide(found, self._limits)
        if verdict is None:
            return None
        shared = np.array(list(bench.numbers.keys() & cand.numbers.keys()), np.int32)
        return Hit(
            row,
            doc,
            round(verdict.score, 4),
            verdict.rule,
            verdict.decision,
            spans(self._lexicon, cand.stem, found.stems.right_meanings, shared),
            spans(self._lexicon, bench.stem, found.stems.left_meanings, shared),
        )

    def _read(self, doc: int) -> Read:
        if doc not in self._cached:
            if len(self._cached) > _CACHED:
                self._cached.clear()
            self._cached[doc] = read(self._block.rows[doc], self._lexicon)
        return self._cached[doc]

    def pairs(self, block: Block) -> Pairs:
        """Every pair that is worth a closer look: equal stems, and what the sieve leaves of those that share rare words."""
        rare = self._index.meet(block.whole)
        equal = self._stems.find(block.stem_hash), self._told.find(np.where(_many(block), block.options_hash, 0))
        return _union([self._sieve.sift(block, rare), *equal], len(self.rows))


def _many(block: Block) -> npt.NDArray[np.bool_]:
    """Which questions have three options or more."""
    return np.bincount(block.option_row, minlength=len(block.rows)) >= 3


def _union(parts: Sequence[Pairs], docs: int) -> Pairs:
    return Pairs(*np.divmod(distinct(np.concatenate([part.row * docs + part.doc for part in parts])), max(docs, 1)))
