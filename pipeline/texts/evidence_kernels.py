"""What two texts share, one pair of them at a time, in compiled loops over the numbers of words."""

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from pipeline.texts.compiled import compiled
from pipeline.texts.tokens import Hashes, Places

# Two words of one root (diagnosis, diagnostic) share this much of the longer one.
ROOT_LETTERS = 5
_ROOT_SHARE, _ROOT_CREDIT = 0.6, 0.8
_GAP = 3

_ZERO, _SPREAD, _WIDE = np.uint64(0), np.uint64(32), np.uint64(29)
_BASE, _TURN = np.uint64(0x9E3779B97F4A7C15), np.uint64(0xBF58476D1CE4E5B9)

Ids = npt.NDArray[np.int32]

# What is known of a word: what it weighs, the numbers of its meaning, of its root and of it as a number (0 where it has none), whether it is
# written as that number is, and whether it asks for the exception.
WORD = np.dtype(
    [("weight", "f8"), ("meaning", "i4"), ("root", "i4"), ("number", "i4"), ("plain", "?"), ("exception", "?")],
    align=True,
)


class Known(NamedTuple):
    """What is known of each word by its number, how it is written, and room to mark meanings and roots with the turn of a call."""

    words: npt.NDArray[np.void]
    letters: npt.NDArray[np.uint32]
    bounds: Places
    # Marked by meaning (the first is the turn itself), a place by meaning; and by root.
    marks: npt.NDArray[np.int64]


@compiled
def split(data: npt.NDArray[np.uint8], bounds: Places) -> tuple[Places, Places, Places]:
    """From where to where each word of texts in lower case stands, 1,000.5 one word, and how many words there are before each text."""
    size = bounds[-1]  # each byte may be a word: t2n0m0 has six
    starts, ends, counts, count = np.empty(size, np.int64), np.empty(size, np.int64), np.zeros(len(bounds), np.int64), 0
    for text in range(len(bounds) - 1):
        at, end = bounds[text], bounds[text + 1]
        while at < end:
            start = at
            while at < end and 97 <= data[at] < 123:
                at += 1
            if at == start:
                while at < end and 48 <= data[at] < 58:
                    at += 1
                    if at + 1 < end and (data[at] == 44 or data[at] == 46) and 48 <= data[at + 1] < 58:
                        at += 1
            if at > start:
                starts[count], ends[count] = start, at
                count += 1
            else:
                at += 1
        counts[text + 1] = count
    return starts[:count], ends[:count], counts


@compiled
def number(data: npt.NDArray[np.uint8], starts: Places, ends: Places, hashes: Hashes, ids: Ids, count: int) -> tuple[Ids, Places]:
    """The number of each word, of one that the open table of hashes does not hold the next; and where the new ones stand first."""
    found, new, added = np.empty(len(starts), np.int32), np.empty(len(starts), np.int64), 0
    last = np.uint64(len(hashes) - 1)
    for word in range(len(starts)):
        hashed = _ZERO
        for at in range(starts[word], ends[word]):
            hashed = (hashed ^ np.uint64(data[at])) * _BASE
            hashed ^= hashed >> _SPREAD
        hashed *= _TURN
        slot = (hashed ^ (hashed >> _WIDE)) & last
        while ids[slot] >= 0 and hashes[slot] != hashed:
            slot = (slot + np.uint64(1)) & last
        if ids[slot] < 0:
            hashes[slot], ids[slot] = hashed, count + added
            new[added] = word
            added += 1
        found[word] = ids[slot]
    return found, new[:added]


@compiled
def widened(hashes: Hashes, ids: Ids, more: Hashes, more_ids: Ids) -> None:
    """Moves an open table of hashes into a larger one."""
    last = np.uint64(len(more) - 1)
    for at in range(len(hashes)):
        if ids[at] >= 0:
            slot = (hashes[at] ^ (hashes[at] >> _WIDE)) & last
            while more_ids[slot] >= 0:
                slot = (slot + np.uint64(1)) & last
            more[slot], more_ids[slot] = hashes[at], ids[at]


@compiled
def bag(words: Ids, known: npt.NDArray[np.void], marks: npt.NDArray[np.int64]) -> tuple[Ids, Any, Ids, Any]:
    """The words that weigh anything, of two of one meaning the last, and their weight; the numbers; whether an exception is asked for."""
    marks[0, 0] += 1
    turn = marks[0, 0]
    held, count, numbers, counted, excepted = np.empty(len(words), np.int32), 0, np.empty(len(words), np.int32), 0, False
    for word in words:
        one = known[word]
        if one.number:
            numbers[counted] = one.number
            counted += 1
        excepted |= one.exception
        if one.weight == 0.0:
            continue
        if marks[0, one.meaning] != turn:
            marks[0, one.meaning], marks[1, one.meaning] = turn, count
            count += 1
        held[marks[1, one.meaning]] = word
    total = 0.0
    for word in held[:count]:
        total += known[word].weight
    return held[:count], total, numbers[:counted], excepted


@compiled
def _shared_letters(one: int, other: int, letters: npt.NDArray[np.uint32], bounds: Places) -> int:
    most = min(bounds[one + 1] - bounds[one], bounds[other + 1] - bounds[other])
    same = 0
    while same < most and letters[bounds[one] + same] == letters[bounds[other] + same]:
        same += 1
    return same


@compiled
def _before(one: int, other: int, letters: npt.NDArray[np.uint32], bounds: Places) -> Any:
    same = _shared_letters(one, other, letters, bounds)
    if bounds[one] + same == bounds[one + 1] or bounds[other] + same == bounds[other + 1]:
        return bounds[one] + same == bounds[one + 1]
    return letters[bounds[one] + same] < letters[bounds[other] + same]


@compiled
def match(
    left: Ids, right: Ids, known: npt.NDArray[np.void], letters: npt.NDArray[np.uint32], bounds: Places, marks: npt.NDArray[np.int64]
) -> tuple[Any, Ids, Ids]:
    """What two bags share: words of one meaning in full, words of one root for a part. The weight, and the meanings on both sides."""
    marks[0, 0] += 1
    turn = marks[0, 0]
    ours, theirs, met, shared = np.empty(len(left), np.int32), np.empty(len(left), np.int32), 0, 0.0
    free, frees, behind = np.empty(len(left), np.int32), 0, np.full(len(right), -1, np.int64)
    for at in range(len(right)):
        meaning = known[right[at]].meaning
        marks[0, meaning], marks[1, meaning] = turn, at
    for word in left:
        meaning = known[word].meaning
        if marks[0, meaning] == turn:
            marks[1, meaning] = -1
            ours[met] = theirs[met] = meaning
            met += 1
            shared += known[word].weight
        elif known[word].root:
            free[frees] = word
            frees += 1
    if not frees:
        return shared, ours[:met], theirs[:met]
    # The words of each root that are left, as chains.
    for at in range(len(right)):
        one = known[right[at]]
        if one.root and marks[1, one.meaning] == at:
            if marks[2, one.root] == turn:
                behind[at] = marks[3, one.root]
            marks[2, one.root], marks[3, one.root] = turn, at
    for word in free[:frees]:
        at, best = marks[3, known[word].root] if marks[2, known[word].root] == turn else -1, -1
        length = bounds[word + 1] - bounds[word]
        while at >= 0:
            other = right[at]
            longer = max(length, bounds[other + 1] - bounds[other])
            if (
                marks[1, known[other].meaning] == at
                and _shared_letters(word, other, letters, bounds) >= max(ROOT_LETTERS, _ROOT_SHARE * longer)
                and (best < 0 or _before(other, right[best], letters, bounds))
            ):
                best = at
            at = behind[at]
        if best >= 0:
            one = known[right[best]]
            marks[1, one.meaning] = -1
            ours[met], theirs[met] = known[word].meaning, one.meaning
            met += 1
            shared += _ROOT_CREDIT * min(known[word].weight, one.weight)
    return shared, ours[:met], theirs[:met]


@compiled
def best_window(words: Ids, wanted: Ids, size: int, known: npt.NDArray[np.void], marks: npt.NDArray[np.int64]) -> int:
    """Where the run of so many words begins that holds most of the weight of the wanted: a long text holds any few words somewhere."""
    marks[0, 0] += 1
    turn = marks[0, 0]
    for word in wanted:
        marks[0, known[word].meaning], marks[1, known[word].meaning] = turn, 0
    total, best, found = 0.0, -1.0, 0
    for at in range(len(words)):
        one = known[words[at]]
        if marks[0, one.meaning] == turn:
            if not marks[1, one.meaning]:
                total += one.weight
            marks[1, one.meaning] += 1
        if at >= size:
            gone = known[words[at - size]]
            if marks[0, gone.meaning] == turn:
                marks[1, gone.meaning] -= 1
                if not marks[1, gone.meaning]:
                    total -= gone.weight
        if total > best + 1e-9:
            best, found = total, at
    return max(found - size + 1, 0)


@compiled
def spans(words: Ids, wanted: Ids, numbers: Ids, known: npt.NDArray[np.void], marks: npt.NDArray[np.int64]) -> tuple[Places, Places]:
    """The first and the last word of each run of wanted meanings and numbers with no more than three other words between them."""
    marks[0, 0] += 1
    turn = marks[0, 0]
    for meaning in wanted:
        marks[0, meaning] = turn
    first, last, count = np.empty(len(words), np.int64), np.empty(len(words), np.int64), 0
    for at in range(len(words)):
        one = known[words[at]]
        shared = one.weight != 0.0 and marks[0, one.meaning] == turn
        if not shared and one.plain:
            for told in numbers:
                shared |= one.number == told
        if shared:
            if not count or at - last[count - 1] > _GAP + 1:
                first[count] = at
                count += 1
            last[count - 1] = at
    return first[:count], last[:count]
