"""What two texts share, one pair of them at a time, in compiled loops over the numbers of words."""

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from pipeline.texts.compiled import compiled
from pipeline.texts.tokens import Places

# Two words of one root (diagnosis, diagnostic) share this much of the longer one.
ROOT_LETTERS = 5
_ROOT_SHARE, _ROOT_CREDIT = 0.6, 0.8
_GAP = 3

Ids = npt.NDArray[np.int32]


class Known(NamedTuple):
    """What is known of each word by its number; -1 is no root and no number. Then room to mark meanings and roots with the turn of a call."""

    meaning: Ids
    weight: npt.NDArray[np.float64]
    root: Ids
    number: Ids
    plain: npt.NDArray[np.bool_]
    exception: npt.NDArray[np.bool_]
    letters: npt.NDArray[np.uint32]
    bounds: npt.NDArray[np.int64]
    turn: npt.NDArray[np.int64]
    marked: npt.NDArray[np.int64]
    place: npt.NDArray[np.int64]
    root_marked: npt.NDArray[np.int64]
    root_place: npt.NDArray[np.int64]


@compiled
def split(data: npt.NDArray[np.uint8], bounds: Places) -> tuple[Places, Places, Places]:
    """From where to where each word of texts in lower case stands, 1,000.5 one word, and how many words there are before each text."""
    size = bounds[-1] // 2 + 1
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
def bag(words: Ids, known: Known) -> tuple[Ids, Any, Ids, Any]:
    """The words that weigh anything, of two of one meaning the last, and their weight; the numbers; whether an exception is asked for."""
    meaning, weight, _, number, _, exception, _, _, turn, marked, place, _, _ = known
    turn[0] += 1
    held, count, numbers, counted, excepted = np.empty(len(words), np.int32), 0, np.empty(len(words), np.int32), 0, False
    for word in words:
        if number[word] >= 0:
            numbers[counted] = number[word]
            counted += 1
        excepted |= exception[word]
        if weight[word] == 0.0:
            continue
        if marked[meaning[word]] != turn[0]:
            marked[meaning[word]], place[meaning[word]] = turn[0], count
            count += 1
        held[place[meaning[word]]] = word
    total = 0.0
    for word in held[:count]:
        total += weight[word]
    return held[:count], total, numbers[:counted], excepted


@compiled
def _shared_letters(one: int, other: int, letters: npt.NDArray[np.uint32], bounds: npt.NDArray[np.int64]) -> int:
    most = min(bounds[one + 1] - bounds[one], bounds[other + 1] - bounds[other])
    same = 0
    while same < most and letters[bounds[one] + same] == letters[bounds[other] + same]:
        same += 1
    return same


@compiled
def _before(one: int, other: int, letters: npt.NDArray[np.uint32], bounds: npt.NDArray[np.int64]) -> Any:
    same = _shared_letters(one, other, letters, bounds)
    if bounds[one] + same == bounds[one + 1] or bounds[other] + same == bounds[other + 1]:
        return bounds[one] + same == bounds[one + 1]
    return letters[bounds[one] + same] < letters[bounds[other] + same]


@compiled
def match(left: Ids, right: Ids, known: Known) -> tuple[Any, Ids, Ids]:
    """What two bags share: words of one meaning in full, words of one root for a part. The weight, and the meanings on both sides."""
    meaning, weight, root, _, _, _, letters, bounds, turn, marked, place, root_marked, root_place = known
    turn[0] += 1
    ours, theirs, met, shared = np.empty(len(left), np.int32), np.empty(len(left), np.int32), 0, 0.0
    free, frees, behind = np.empty(len(left), np.int32), 0, np.full(len(right), -1, np.int64)
    for at in range(len(right)):
        marked[meaning[right[at]]], place[meaning[right[at]]] = turn[0], at
    for word in left:
        if marked[meaning[word]] == turn[0]:
            place[meaning[word]] = -1
            ours[met] = theirs[met] = meaning[word]
            met += 1
            shared += weight[word]
        elif root[word] >= 0:
            free[frees] = word
            frees += 1
    if not frees:
        return shared, ours[:met], theirs[:met]
    # The words of each root that are left, as chains.
    for at in range(len(right)):
        word = right[at]
        if root[word] >= 0 and place[meaning[word]] == at:
            if root_marked[root[word]] == turn[0]:
                behind[at] = root_place[root[word]]
            root_marked[root[word]], root_place[root[word]] = turn[0], at
    for word in free[:frees]:
        at, best = root_place[root[word]] if root_marked[root[word]] == turn[0] else -1, -1
        length = bounds[word + 1] - bounds[word]
        while at >= 0:
            other = right[at]
            longer = max(length, bounds[other + 1] - bounds[other])
            if (
                place[meaning[other]] == at
                and _shared_letters(word, other, letters, bounds) >= max(ROOT_LETTERS, _ROOT_SHARE * longer)
                and (best < 0 or _before(other, right[best], letters, bounds))
            ):
                best = at
            at = behind[at]
        if best >= 0:
            other = right[best]
            place[meaning[other]] = -1
            ours[met], theirs[met] = meaning[word], meaning[other]
            met += 1
            shared += _ROOT_CREDIT * min(weight[word], weight[other])
    return shared, ours[:met], theirs[:met]


@compiled
def best_window(words: Ids, wanted: Ids, size: int, known: Known) -> int:
    """Where the run of so many words begins that holds most of the weight of the wanted: a long text holds any few words somewhere."""
    meaning, weight, _, _, _, _, _, _, turn, marked, place, _, _ = known
    turn[0] += 1
    for word in wanted:
        marked[meaning[word]], place[meaning[word]] = turn[0], 0
    total, best, found = 0.0, -1.0, 0
    for at in range(len(words)):
        if marked[meaning[words[at]]] == turn[0]:
            if not place[meaning[words[at]]]:
                total += weight[words[at]]
            place[meaning[words[at]]] += 1
        if at >= size and marked[meaning[words[at - size]]] == turn[0]:
            place[meaning[words[at - size]]] -= 1
            if not place[meaning[words[at - size]]]:
                total -= weight[words[at - size]]
        if total > best + 1e-9:
            best, found = total, at
    return max(found - size + 1, 0)


@compiled
def spans(words: Ids, wanted: Ids, numbers: Ids, known: Known) -> tuple[Places, Places]:
    """The first and the last word of each run of wanted meanings and numbers with no more than three other words between them."""
    meaning, weight, _, number, plain, _, _, _, turn, marked, _, _, _ = known
    turn[0] += 1
    for one in wanted:
        marked[one] = turn[0]
    first, last, count = np.empty(len(words), np.int64), np.empty(len(words), np.int64), 0
    for at in range(len(words)):
        word = words[at]
        shared = weight[word] != 0.0 and marked[meaning[word]] == turn[0]
        if not shared and plain[word]:
            for one in numbers:
                shared |= number[word] == one
        if shared:
            if not count or at - last[count - 1] > _GAP + 1:
                first[count] = at
                count += 1
            last[count - 1] = at
    return first[:count], last[:count]
