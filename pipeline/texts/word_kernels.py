"""Bytes to words, and words to hashes of runs and texts, in compiled loops."""

from typing import Any

import numpy as np
import numpy.typing as npt

from pipeline.texts.compiled import compiled
from pipeline.texts.tokens import Hashes, Places

Array = npt.NDArray[Any]

_U = np.uint64
_BASE, _TURN = _U(0x9E3779B97F4A7C15), _U(0xBF58476D1CE4E5B9)
_SPREAD, _WIDE = _U(32), _U(29)
_ZERO, _ONE, _BYTE = _U(0), _U(1), _U(8)
_AGAIN, _HALF, _BELOW, _LAST = _U(0x94D049BB133111EB), _U(30), _U(27), _U(31)
_MOST = np.uint32(0xFFFFFFFF)
_LONG_WORD = 512
_LETTER, _DIGIT = 1, 2
# What each byte is and how it is compared: letters in lower case, all above ASCII a letter.
_KIND = np.array(
    [_LETTER if chr(at | 32) in "abcdefghijklmnopqrstuvwxyz" or at > 127 else _DIGIT * (48 <= at < 58) for at in range(256)], np.uint8
)
_FOLDED = np.array([at | 32 if 65 <= at < 91 else at for at in range(256)], np.uint64)
_S, _U_SIGN, _I, _D, _E, _G, _N = (ord(sign) for sign in "suidegn")


@compiled
def _scrambled(value: Any) -> Any:
    value *= _BASE
    value ^= value >> _SPREAD
    value *= _TURN
    return value ^ (value >> _WIDE)


@compiled
def _grown(array: Array, size: int) -> Array:
    held = np.empty(size, array.dtype)
    held[: len(array)] = array
    return held


@compiled
def _stem_cut(data: npt.NDArray[np.uint8], start: int, end: int) -> int:
    """How many letters are left off a word: plural s, -ed, -ing, then a last e."""
    length, cut = end - start, 0
    if length < 4:
        return 0
    last, second, third = data[end - 1] | 32, data[end - 2] | 32, data[end - 3] | 32
    if last == _S and second not in (_S, _U_SIGN, _I):
        cut = 1
    elif last == _D and second == _E and length > 4:
        cut = 2
    elif last == _G and second == _N and third == _I and length > 5:
        cut = 3
    return cut + 1 if length - cut > 3 and data[end - cut - 1] | 32 == _E else cut


@compiled
def split(data: npt.NDArray[np.uint8], bounds: Places) -> tuple[Hashes, Hashes, Places, npt.NDArray[np.bool_], Places]:
    """The words of texts that lie between bounds: exact hash, hash of the stem, text, whether a number; and where each of over 512 bytes is."""
    size = (bounds[-1] - bounds[0]) // 5 + 64
    exact, stem = np.empty(size, np.uint64), np.empty(size, np.uint64)
    row, is_number = np.empty(size, np.int64), np.empty(size, np.bool_)
    long, longs, count = np.empty(((bounds[-1] - bounds[0]) // _LONG_WORD + 1, 4), np.int64), 0, 0
    for text in range(len(bounds) - 1):
        at, end = bounds[text], bounds[text + 1]
        if count + end - at > size:  # each byte may be a word: T2N0M0 has six
            size = 2 * size + (end - at)
            exact, stem, row, is_number = _grown(exact, size), _grown(stem, size), _grown(row, size), _grown(is_number, size)
        while at < end:
            kind = _KIND[data[at]]
            if not kind:
                at += 1
                continue
            # Eight letters at a time are hashed onto those before.
            start, stop = at, min(end, at + _LONG_WORD)
            before, earlier, hashed, chunk, used = _ZERO, _ZERO, _ZERO, _ZERO, _ZERO
            while at < stop and _KIND[data[at]] == kind:
                if used == _U(64):
                    before, earlier = hashed, chunk
                    hashed, chunk, used = _scrambled(hashed ^ chunk), _ZERO, _ZERO
                chunk |= _FOLDED[data[at]] << used
                used += _BYTE
                at += 1
            hashed_to = at
            while at < end and _KIND[data[at]] == kind:
                at += 1
            whole = _scrambled(hashed ^ chunk)
            stem_end = at - _stem_cut(data, start, at) if kind == _LETTER else at
            cut = _BYTE * _U(max(hashed_to - stem_end, 0))
            exact[count] = stem[count] = whole
            if cut:
                if cut < used:
                    stem[count] = _scrambled(hashed ^ (chunk & ((_ONE << (used - cut)) - _ONE)))
                elif cut == used:
                    stem[count] = hashed
                else:
                    stem[count] = _scrambled(before ^ (earlier & ((_ONE << (_U(64) + used - cut)) - _ONE)))
            if at > hashed_to:
                long[longs, 0], long[longs, 1], long[longs, 2], long[longs, 3] = count, hashed_to, at, stem_end
                longs += 1
            row[count], is_number[count] = text, kind == _DIGIT
            count += 1
    return exact[:count], stem[:count], row[:count], is_number[:count], long[:longs]


@compiled
def text_hashes(exact: Hashes, row: Places, rows: int) -> Hashes:
    """One hash a text of its words in order."""
    sums, last, place = np.zeros(rows, np.uint64), -1, _ZERO
    for at in range(len(row)):
        place = place + _BASE if row[at] == last else _ZERO
        last = row[at]
        sums[last] += _scrambled(exact[at] ^ place)
    return sums


@compiled
def runs(stem: Hashes, row: Places, powers: Hashes, inverse: np.uint64) -> tuple[Hashes, Places]:
    """The rolling hash of every run of as many words as there are powers within one text, and the place of its first word."""
    size = len(powers)
    hashes, starts, held = np.empty(len(stem), np.uint64), np.empty(len(stem), np.int64), 0
    inside, rolled, last = 0, _ZERO, -1
    for at in range(len(stem)):
        if row[at] != last:
            inside, rolled, last = 0, _ZERO, row[at]
        if inside == size:
            rolled = (rolled - stem[at - size]) * inverse
            inside -= 1
        rolled += stem[at] * powers[inside]
        inside += 1
        if inside == size:
            hashes[held], starts[held] = rolled, at - size + 1
            held += 1
    return hashes[:held], starts[:held]


@compiled
def mix(hashes: Hashes) -> Hashes:
    """The finaliser of splitmix64."""
    mixed = np.empty(len(hashes), np.uint64)
    for at in range(len(hashes)):
        value = (hashes[at] ^ (hashes[at] >> _HALF)) * _TURN
        value = (value ^ (value >> _BELOW)) * _AGAIN
        mixed[at] = value ^ (value >> _LAST)
    return mixed


@compiled
def least(hashes: Hashes, row: Places, rows: int, factors: npt.NDArray[np.uint32], turns: npt.NDArray[np.uint32]) -> npt.NDArray[np.uint16]:
    """For each of many draws the least that the upper halves of a row's hashes come to, 16 bits of it; 0 for a row without any."""
    found, held, at = np.zeros((rows, len(factors)), np.uint16), np.empty(len(factors), np.uint32), 0
    while at < len(row):
        text = row[at]
        held[:] = _MOST
        while at < len(row) and row[at] == text:
            high = np.uint32(hashes[at] >> _SPREAD)
            for draw in range(len(factors)):
                held[draw] = min(held[draw], np.uint32((high ^ turns[draw]) * factors[draw]))
            at += 1
        for draw in range(len(factors)):
            found[text, draw] = np.uint16(held[draw])
    return found
