"""Which pairs of questions can be anything at all, decided by the million before words are read one by one."""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from pipeline.texts.decide import Thresholds
from pipeline.texts.index import Pairs, Rarity, Weights, spread
from pipeline.texts.ngrams import HashSet
from pipeline.texts.paraphrase import same_words
from pipeline.texts.questions import Block
from pipeline.texts.tokens import Hashes, Places, Words

# Words of one root count only when words are read one by one: they add up to a quarter.
_ROOTS = 0.8
_SOME_OPTIONS = 0.4
_SOME_STEM = 0.3
_WINDOW = 2.5


class Bags(NamedTuple):
    """Distinct things by row: bounds of rows, things, what each thing weighs, and totals."""

    bounds: Places
    thing: Places
    weight: Weights
    total: Weights


class Sifted(NamedTuple):
    """The bags of many questions."""

    stems: Bags
    options: Bags
    told: Bags


class Sieve:
    """Sifts pairs of candidates and one benchmark's questions."""

    def __init__(self, benchmark: Block, rarity: Rarity, limits: Thresholds) -> None:
        self._rarity, self._limits = rarity, limits
        self._told = HashSet(benchmark.option_hash)
        self._held = self._bags(benchmark)

    @property
    def weights(self) -> Weights:
        """What the words of each benchmark stem weigh."""
        return self._held.stems.total

    def sift(self, block: Block, pairs: Pairs) -> Pairs:
        """The pairs that a rule could take: enough of the stems, or some of both stems and options, or one whole in the other."""
        wanted = np.zeros(block.stems.rows, np.bool_)
        wanted[pairs.row] = True
        ours, theirs, limits = self._bags(_only(block, wanted)), self._held, self._limits
        stem = _shared(theirs.stems, ours.stems, pairs)
        whole = np.minimum(stem + _shared(theirs.stems, ours.options, pairs), theirs.stems.total[pairs.doc])
        said, mine = theirs.stems.total[pairs.doc], ours.stems.total[pairs.row]
        # Of a long candidate only a window is compared.
        both = 2 * stem / np.maximum(said + np.minimum(mine, np.maximum(_WINDOW * said, 1.0)), 1e-9)
        way = np.clip((said - limits.rich) / (limits.long - limits.rich), 0.0, 1.0)
        needed = limits.short_stem + way * (limits.long_stem - limits.short_stem) - limits.doubt
        needed = np.where(said < limits.rich, limits.near - limits.doubt, needed)
        good = both >= _ROOTS * needed
        options = 2 * _shared(theirs.options, ours.options, pairs)
        options /= np.maximum(theirs.options.total[pairs.doc] + ours.options.total[pairs.row], 1e-9)
        told = _shared(theirs.told, ours.told, pairs)
        told /= np.maximum(np.minimum(theirs.told.total[pairs.doc], ours.told.total[pairs.row]), 1.0)
        good |= (both >= _SOME_STEM) & (np.maximum(options, told) >= _SOME_OPTIONS)
        bare = (ours.told.total[pairs.row] == 0) | (theirs.told.total[pairs.doc] == 0)
        good |= bare & _looked_at(stem / _ROOTS, said, mine, limits)
        inside = _ROOTS * limits.inside
        good |= (whole >= inside * said) & (said >= limits.rich)
        good |= (stem >= inside * mine) & (mine >= np.maximum(limits.rich, limits.part * said))
        return Pairs(pairs.row[good], pairs.doc[good])

    def _bags(self, block: Block) -> Sifted:
        return Sifted(self._words(block.stems), self._words(block.options), self._options(block))

    def _words(self, found: Words) -> Bags:
        from pipeline.texts.pair_kernels import strange_by_row

        stems = same_words(found.stem)
        ids = self._rarity.set.places(stems)
        strange = strange_by_row(stems, (ids < 0) & ~found.is_number, found.row, found.rows)
        bags = _bags(found.row, ids, self._rarity.weight, found.rows)
        return bags._replace(total=bags.total + strange * self._rarity.most)

    def _options(self, block: Block) -> Bags:
        ids, rows = self._told.places(block.option_hash), block.stems.rows
        bags = _bags(block.option_row, ids, np.ones(len(self._told.hashes)), rows)
        return bags._replace(total=np.bincount(block.option_row, minlength=rows).astype(np.float64))


def _looked_at(stem: Weights, said: Weights, mine: Weights, limits: Thresholds) -> npt.NDArray[np.bool_]:
    """The pairs whose stems alone share so much that a person looks, as `decide` says."""
    both, of_right = 2 * stem / np.maximum(said + mine, 1e-9), stem / np.maximum(mine, 1e-9)
    short = (both >= limits.bare_short) & (stem >= limits.bare_short_weight)
    line = (of_right >= limits.bare_line) & (stem >= limits.bare_line_weight)
    case = (both >= limits.bare_case) & (stem >= limits.bare_case_weight)
    return np.where(said < 2 * limits.rich, short, np.where(mine < limits.bare_line * said, line, case))


def _bags(row: Places, thing: Places, weight: Weights, rows: int) -> Bags:
    from pipeline.texts.pair_kernels import distinct_by_row

    bounds, thing = distinct_by_row(thing, row, rows, len(weight))
    owner = np.repeat(np.arange(rows), np.diff(bounds))
    return Bags(bounds, thing, weight, np.bincount(owner, weight[thing], rows).astype(np.float64))


def _shared(theirs: Bags, ours: Bags, pairs: Pairs) -> Weights:
    """The weight of what each pair's two bags both hold."""
    from pipeline.texts.pair_kernels import shared

    return shared(theirs.bounds, theirs.thing, theirs.weight, ours.bounds, ours.thing, pairs.row, pairs.doc)


def _only(block: Block, wanted: npt.NDArray[np.bool_]) -> Block:
    """The words of some rows, under the same row numbers."""
    rows = np.flatnonzero(wanted)
    stems, options = (_some(found, rows) for found in (block.stems, block.options))
    told = np.flatnonzero(wanted[block.option_row])
    return block._replace(stems=stems, options=options, option_hash=block.option_hash[told], option_row=block.option_row[told])


def _some(found: Words, rows: Places) -> Words:
    _, kept = spread(rows, np.searchsorted(found.row, rows), np.searchsorted(found.row, rows, "right"))
    return Words(found.exact[:0], found.stem[kept], found.row[kept], found.is_number[kept], found.rows)


class Equals:
    """Hashes of a benchmark's rows, to be met by equal ones; 0 is equal to none."""

    def __init__(self, hashes: Hashes) -> None:
        from pipeline.texts.pair_kernels import grouped

        self._set = HashSet(hashes)
        self._bounds, self._order = grouped(self._set.places(hashes), len(self._set.hashes))

    def find(self, asked: Hashes) -> Pairs:
        """Every pair of equal hashes."""
        row, place = self._set.find(asked)
        kept = asked[row] != 0
        row, at = spread(row[kept], self._bounds[place[kept]], self._bounds[place[kept] + 1])
        return Pairs(row, self._order[at])
