"""Texts that repeat each other: every pair whose sets of three-word runs reach a Jaccard threshold, and no other."""

from collections.abc import Sequence
from enum import StrEnum
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from pipeline.texts.index import spread
from pipeline.texts.ngrams import HashSet, ngram_hashes
from pipeline.texts.tokens import Hashes, Places, Words, text_hashes, words

_RUN = 3
_CHUNK = 1 << 22


class Kind(StrEnum):
    """How alike two texts are."""

    EXACT = "exact"
    NORMALISED = "normalised"
    NEAR = "near"


class TextPair(NamedTuple):
    """Two texts, by their places, and the Jaccard similarity of their runs."""

    left: int
    right: int
    similarity: float
    kind: Kind


class _Runs(NamedTuple):
    """The runs of each text that another text may hold too: sorted by text, rarest first; and how many each text has in all."""

    row: Places
    run: Places
    size: Places
    alone: Places


def near_duplicates(texts: Sequence[str] | pa.Array | pa.ChunkedArray, threshold: float = 0.8) -> list[TextPair]:
    """Every pair at or above the threshold, by place; texts of the same words are each paired with the first of them only.

    Exact: a pair above the threshold shares one of the rarest runs of both (prefix filter), and each candidate is counted out.
    """
    found = words(texts)
    hashes = text_hashes(found)
    first, group = _first_of_equal(hashes)
    pairs = [TextPair(*pair) for pair in _equal_pairs(texts, first[group], hashes)]
    keep = np.zeros(found.rows, np.bool_)
    keep[first] = hashes[first] != 0
    runs = _runs(found, keep)
    left, right = _candidates(runs, threshold)
    similarity = _similarity(runs, left, right)
    good = similarity >= threshold - 1e-12
    pairs += [
        TextPair(one, other, value, Kind.NEAR)
        for one, other, value in zip(left[good].tolist(), right[good].tolist(), similarity[good].tolist(), strict=True)
    ]
    return sorted(pairs)


def _first_of_equal(hashes: Hashes) -> tuple[Places, Places]:
    _, first, group = np.unique(hashes, return_index=True, return_inverse=True)
    return first, group


def _equal_pairs(texts: Sequence[str] | pa.Array | pa.ChunkedArray, first: Places, hashes: Hashes) -> list[tuple[int, int, float, Kind]]:
    pairs: list[tuple[int, int, float, Kind]] = []
    for place in np.flatnonzero((first != np.arange(len(first))) & (hashes != 0)).tolist():
        keeper = int(first[place])
        same = _text(texts, keeper) == _text(texts, place)
        pairs.append((keeper, place, 1.0, Kind.EXACT if same else Kind.NORMALISED))
    return pairs


def _text(texts: Sequence[str] | pa.Array | pa.ChunkedArray, place: int) -> str:
    held = texts[place]
    return held.as_py() if isinstance(held, pa.Scalar) else held


def _runs(found: Words, keep: npt.NDArray[np.bool_]) -> _Runs:
    kept = keep[found.row]
    words_kept = Words(found.exact[kept], found.exact[kept], found.row[kept], found.is_number[kept], found.rows)
    hashes, starts = ngram_hashes(words_kept, _RUN)
    row = words_kept.row[starts]
    # A text of one or two words is one run.
    few = np.flatnonzero(keep & (np.bincount(row, minlength=found.rows) == 0))
    hashes = np.concatenate([hashes, text_hashes(words_kept)[few]])
    row = np.concatenate([row, few])
    ordered = np.sort(hashes)
    shared = HashSet(ordered[1:][ordered[1:] == ordered[:-1]])
    at, place = shared.find(hashes)
    alone = np.bincount(row, minlength=found.rows) - np.bincount(row[at], minlength=found.rows)
    things = max(len(shared.hashes), 1)
    distinct = np.sort(row[at] * things + place)
    row, run = np.divmod(distinct[np.flatnonzero(np.diff(distinct, prepend=-1))], things)
    held = np.bincount(run, minlength=things)
    order = np.lexsort((run, held[run], row))
    return _Runs(row[order], run[order], alone + np.bincount(row, minlength=found.rows), alone)


def _candidates(runs: _Runs, threshold: float) -> tuple[Places, Places]:
    """Pairs that share a run of both prefixes and are of a like length."""
    prefix = runs.size - np.ceil(threshold * runs.size - 1e-9).astype(np.int64) + 1 - runs.alone
    place = np.arange(len(runs.row)) - np.searchsorted(runs.row, runs.row)
    kept = place < prefix[runs.row]
    row, run = runs.row[kept], runs.run[kept]
    order = np.lexsort((row, run))
    row, run = row[order], run[order]
    ends = np.searchsorted(run, run, "right")
    found: list[Places] = [np.zeros(0, np.int64)]
    counts = np.cumsum(ends - np.arange(len(row)) - 1)
    cuts = np.unique(np.append(np.flatnonzero(np.diff(counts // _CHUNK)) + 1, len(row)))
    first = 0
    for last in cuts.tolist():
        at, other = spread(np.arange(first, last), np.arange(first, last) + 1, ends[first:last])
        small, large = np.minimum(runs.size[row[at]], runs.size[row[other]]), np.maximum(runs.size[row[at]], runs.size[row[other]])
        like = small >= threshold * large - 1e-9
        found.append(np.unique(row[at[like]] * len(runs.size) + row[other[like]]))
        first = last
    left, right = np.divmod(np.unique(np.concatenate(found)), max(len(runs.size), 1))
    return left, right


def _similarity(runs: _Runs, left: Places, right: Places) -> npt.NDArray[np.float64]:
    """The Jaccard similarity of each pair, counted."""
    things = int(runs.run.max(initial=0)) + 1
    keys = np.sort(runs.row * things + runs.run)
    bounds = np.searchsorted(runs.row, np.arange(len(runs.size) + 1))
    pair, at = spread(np.arange(len(left)), bounds[left], bounds[left + 1])
    wanted = right[pair] * things + runs.run[at]
    same = keys[np.minimum(np.searchsorted(keys, wanted), max(len(keys) - 1, 0))] == wanted if len(keys) else np.zeros(0, np.bool_)
    shared = np.bincount(pair, same, len(left))
    return shared / np.maximum(runs.size[left] + runs.size[right] - shared, 1)
