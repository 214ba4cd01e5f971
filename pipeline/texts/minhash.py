"""Questions whose words are mostly the same: candidates by MinHash, then the share of their runs of words counted out."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from pipeline.texts.index import Pairs, spread
from pipeline.texts.ngrams import ngram_hashes
from pipeline.texts.questions import Question, without_options
from pipeline.texts.tokens import Hashes, Places, Words, distinct, mix, text_hashes, words

# Which sketch and which candidates: raised whenever either moves.
SKETCH_VERSION = 2

RUN = 3
# Two texts that share 0.8 of their runs meet in one of 16 bands of 4 with probability 0.9998, at 0.7 with 0.988, at 0.3 with 0.12.
BANDS, _DEEP = 16, 4
# Of 64 hashes so much fewer may agree than the threshold says: 4.4 standard deviations at 0.7, 5 at 0.8.
_SLACK = 0.25
# What is looked at within one bucket: of thousands of texts made from one template each meets its neighbours, not all of them.
_NEIGHBOURS = 32
_BLOCK_PAIRS = 1 << 14
_CHUNK = 1 << 22
_ROW_ODD = np.uint64(0x9E3779B97F4A7C15)

Keys = npt.NDArray[np.uint64]


class Runs(NamedTuple):
    """Runs of three words of each question, by row: of the stem and of each option by itself, so that their order does not count."""

    hash: Hashes
    row: Places
    rows: int


def runs_of(questions: Sequence[Question]) -> Runs:
    """The runs of questions; a stem or option of fewer than three words is one run. Options that the stem repeats count once."""
    asked = [without_options(question) for question in questions]
    stems = words([question.stem for question in asked])
    options = words([option for question in asked for option in question.options])
    owner = np.repeat(np.arange(len(asked)), [len(question.options) for question in asked])
    stem, stem_row = _runs(stems)
    option, option_row = _runs(options)
    row = np.concatenate([stem_row, owner[option_row] if len(owner) else option_row])
    return _by_row(np.concatenate([stem, option]), row, len(asked))


def runs_of_texts(texts: Sequence[str]) -> Runs:
    """The runs of whole texts."""
    return _by_row(*_runs(words(texts)), len(texts))


def _by_row(hashes: Hashes, row: Places, rows: int) -> Runs:
    if (row[1:] >= row[:-1]).all():
        return Runs(hashes, row, rows)
    order = np.argsort(row, kind="stable")
    return Runs(hashes[order], row[order], rows)


def _runs(found: Words) -> tuple[Hashes, Places]:
    exact = found._replace(stem=found.exact)
    hashes, starts = ngram_hashes(exact, RUN)
    row = found.row[starts]
    held = np.bincount(found.row, minlength=found.rows)
    few = np.flatnonzero((held > 0) & (held < RUN))
    return np.concatenate([hashes, mix(text_hashes(found)[few])]), np.concatenate([row, few])


def sketches_of(runs: Runs) -> Keys:
    """The least of each of 64 hashes of a row's runs, 16 bits of each, four to a key; all 0 for a row without words."""
    from pipeline.texts.word_kernels import least

    chance = np.random.Generator(np.random.PCG64(20261126))
    factors = chance.integers(0, 1 << 32, BANDS * _DEEP, np.uint32) | np.uint32(1)
    turns = chance.integers(0, 1 << 32, BANDS * _DEEP, np.uint32)
    return least(runs.hash, runs.row, runs.rows, factors, turns).view("<u8").astype(np.uint64)


def candidates(keys: Keys, threshold: float) -> Pairs:
    """Pairs of rows that share a band and most of whose hashes may agree, each once, the earlier row first.

    Rows of equal keys each meet the first of them alone; of more than 32 in one bucket each meets the next 32.
    """
    known = np.flatnonzero((keys != 0).any(axis=1))
    whole = np.zeros(len(known), np.uint64)
    for band in range(keys.shape[1]):
        whole = mix(whole * _ROW_ODD + keys[known, band])
    order = np.argsort(whole, kind="stable")
    begins = np.diff(whole[order], prepend=whole[order[:1]] - np.uint64(1)) != 0 if len(order) else np.zeros(0, np.bool_)
    first = known[order[np.flatnonzero(begins)]]
    leader = first[np.cumsum(begins) - 1] if len(order) else first
    twins = leader != known[order]
    rows = len(keys)
    found = [leader[twins] * rows + known[order[twins]]]
    first = np.sort(first)
    for band in range(keys.shape[1]):
        found.append(_neighbours(keys[first, band], first, rows))
        if sum(map(len, found)) > _CHUNK:
            found = [distinct(np.concatenate(found))]
    return _likely(keys, Pairs(*np.divmod(distinct(np.concatenate(found)), max(rows, 1))), threshold)


def _likely(keys: Keys, pairs: Pairs, threshold: float) -> Pairs:
    least = keys.astype("<u8").view(np.uint16).reshape(len(keys), BANDS * _DEEP)
    needed = (threshold - _SLACK) * BANDS * _DEEP
    good = np.zeros(len(pairs.row), np.bool_)
    for first in range(0, len(good), _BLOCK_PAIRS):
        held = slice(first, first + _BLOCK_PAIRS)
        good[held] = (least[pairs.row[held]] == least[pairs.doc[held]]).sum(axis=1) >= needed
    return Pairs(pairs.row[good], pairs.doc[good])


def _neighbours(keys: Hashes, rows: Places, count: int) -> Places:
    """Each row with those behind it in its bucket, as one number a pair."""
    order = np.argsort(keys, kind="stable")
    ordered = keys[order]
    bucket = np.cumsum(np.diff(ordered, prepend=ordered[:1]) != 0) if len(ordered) else np.zeros(0, np.int64)
    found = [np.zeros(0, np.int64)]
    for step in range(1, _NEIGHBOURS + 1):
        same = np.flatnonzero(bucket[step:] == bucket[:-step])
        if not len(same):
            break
        found.append(rows[order[same]] * count + rows[order[same + step]])
    return np.concatenate(found)


def similarities(runs: Runs, pairs: Pairs) -> npt.NDArray[np.float64]:
    """The Jaccard similarity of the runs of each pair, counted."""
    asked = np.zeros(runs.rows, np.bool_)
    asked[pairs.row], asked[pairs.doc] = True, True
    runs = Runs(runs.hash[asked[runs.row]], runs.row[asked[runs.row]], runs.rows)
    key = mix(runs.hash + runs.row.astype(np.uint64) * _ROW_ODD)
    order = np.lexsort((key, runs.row))
    key, row = key[order], runs.row[order]
    once = np.flatnonzero((np.diff(key, prepend=key[:1] ^ np.uint64(1)) != 0) | (np.diff(row, prepend=-1) != 0))
    key, row, hashes = key[once], row[once], runs.hash[order[once]]
    held = np.sort(key)
    bounds = np.searchsorted(row, np.arange(runs.rows + 1))
    size = np.diff(bounds)
    shared = np.zeros(len(pairs.row), np.int64)
    cuts = np.append(np.searchsorted(np.cumsum(size[pairs.row]), np.arange(0, int(size[pairs.row].sum()), _CHUNK)), len(pairs.row))
    for first, last in zip(cuts[:-1].tolist(), cuts[1:].tolist(), strict=True):
        left, right = pairs.row[first:last], pairs.doc[first:last]
        pair, at = spread(np.arange(last - first), bounds[left], bounds[left + 1])
        wanted = mix(hashes[at] + right[pair].astype(np.uint64) * _ROW_ODD)
        same = held[np.minimum(np.searchsorted(held, wanted), len(held) - 1)] == wanted
        shared[first:last] = np.bincount(pair, same, last - first)
    return shared / np.maximum(size[pairs.row] + size[pairs.doc] - shared, 1)


def near_pairs(questions: Sequence[Question], threshold: float) -> tuple[Pairs, npt.NDArray[np.float64]]:
    """The pairs at or above the threshold, and their similarities; none below."""
    runs = runs_of(questions)
    pairs = candidates(sketches_of(runs), threshold)
    similarity = similarities(runs, pairs)
    good = similarity >= threshold - 1e-12
    return Pairs(pairs.row[good], pairs.doc[good]), similarity[good]
