"""Words of many texts at once: split, folded and hashed on the raw UTF-8 bytes."""

import re
import unicodedata
from collections.abc import Sequence
from functools import cache
from hashlib import blake2b
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

Hashes = npt.NDArray[np.uint64]
Places = npt.NDArray[np.int64]

# Blocks that stay in the cache of one core are twice as fast as one pass over 40 MB.
_BLOCK_BYTES = 1 << 18
_BASE = 0x9E3779B97F4A7C15
_CHUNK, _LONG_WORD = 8, 512
_KEPT_BITS = 20
_MASKS = np.array([(1 << (8 * size)) - 1 for size in range(_CHUNK + 1)], np.uint64)
_FOREIGN = re.compile("[^\x00-\x7f]")
_CJK = re.compile("[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]")
_GREEK = {"α": "alpha", "β": "beta", "γ": "gamma", "δ": "delta", "κ": "kappa", "λ": "lambda", "ω": "omega", "μ": "u"}


class Words(NamedTuple):
    """Every word of a list of texts, in order: a run of letters or a run of digits."""

    exact: Hashes
    stem: Hashes
    row: Places
    is_number: npt.NDArray[np.bool_]
    rows: int


def fold(text: str) -> str:
    """A text as its words are compared: lower case, no accents, signs or invisible characters; each CJK sign a word."""
    return text.lower() if text.isascii() else _FOREIGN.sub(lambda found: _folded_sign(found[0]), text).lower()


def words(texts: Sequence[str] | pa.Array | pa.ChunkedArray) -> Words:
    """The words of texts, by text and place; a null is an empty text."""
    held = _folded(texts)
    data = np.frombuffer(held.buffers()[2] or b"", np.uint8)
    bounds = np.frombuffer(held.buffers()[1], np.int64)[held.offset : held.offset + len(held) + 1] if len(held) else np.zeros(1, np.int64)
    parts: list[Words] = []
    first = 0
    while first < len(held):
        last = max(int(np.searchsorted(bounds, bounds[first] + _BLOCK_BYTES, "right")) - 1, first + 1)
        parts.append(_block(data[bounds[first] : bounds[last]], bounds[first : last + 1] - bounds[first], first))
        first = last
    if not parts:
        return Words(np.zeros(0, np.uint64), np.zeros(0, np.uint64), np.zeros(0, np.int64), np.zeros(0, np.bool_), len(held))
    return Words(*(np.concatenate([part[place] for part in parts]) for place in range(4)), len(held))  # type: ignore[arg-type]


def word_hash(word: str) -> tuple[int, int]:
    """The exact hash and the stem's hash of one word."""
    found = words([word])
    assert len(found.exact) == 1, f"{word!r} is not one word"
    return int(found.exact[0]), int(found.stem[0])


def mix(hashes: Hashes) -> Hashes:
    """Hashes whose every bit depends on every bit (the finaliser of splitmix64)."""
    mixed = (hashes ^ (hashes >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    mixed = (mixed ^ (mixed >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return mixed ^ (mixed >> np.uint64(31))


def text_hashes(found: Words) -> Hashes:
    """One hash a text of its words in order, numbers too; 0 for a text without words."""
    starts = np.flatnonzero(np.diff(found.row, prepend=-1))
    place = np.arange(len(found.row)) - np.repeat(starts, np.diff(np.append(starts, len(found.row))))
    return sum_by(_scrambled(found.exact ^ (place.astype(np.uint64) * np.uint64(_BASE))), found.row, found.rows)


def order_hashes(found: Words) -> Hashes:
    """Like `text_hashes` in half the time, for hashes that are compared and never kept: a polynomial of each text's words."""
    bits = len(found.row).bit_length()
    powers, inverse = _powers(bits) if bits <= _KEPT_BITS else _powers.__wrapped__(bits)
    starts = np.flatnonzero(np.diff(found.row, prepend=-1))
    sums = np.zeros(found.rows, np.uint64)
    if len(starts):
        # Every text as if it were the first: the power of its first word taken out.
        sums[found.row[starts]] = np.add.reduceat(found.exact * powers[: len(found.row)], starts) * inverse[starts]
    return sums


@cache
def _powers(bits: int) -> tuple[Hashes, Hashes]:
    return tuple(np.multiply.accumulate(np.full(1 << bits, base, np.uint64)) for base in (_BASE, pow(_BASE, -1, 1 << 64)))  # type: ignore[return-value]


def distinct(keys: Places) -> Places:
    """The distinct keys in order; np.unique of 2.3 and later hashes first, which is ten times slower here."""
    ordered = np.sort(keys)
    return ordered[np.flatnonzero(np.diff(ordered, prepend=ordered[:1] - 1))] if len(ordered) else ordered


def sum_by(terms: Hashes, row: Places, rows: int) -> Hashes:
    """Sums of hashes by row, for rows in ascending order."""
    sums = np.zeros(rows, np.uint64)
    if len(row):
        starts = np.flatnonzero(np.diff(row, prepend=-1))
        sums[row[starts]] = np.add.reduceat(terms, starts)
    return sums


@cache
def _folded_sign(sign: str) -> str:
    """What stands for one character outside ASCII."""
    plain = ""
    for part in unicodedata.normalize("NFKD", sign).casefold():
        kind = unicodedata.category(part)
        if part in _GREEK:
            plain += _GREEK[part]
        elif kind not in ("Mn", "Cf"):
            plain += part if part.isascii() or kind[0] in "LN" else " "
    return f" {plain} " if _CJK.match(plain) else plain


def _folded(texts: Sequence[str] | pa.Array | pa.ChunkedArray) -> pa.Array:
    """The texts as one Arrow array in which no byte above 127 is anything but a letter."""
    column = texts.combine_chunks() if isinstance(texts, pa.ChunkedArray) else texts
    held = pa.array(column, pa.large_string()) if not isinstance(column, pa.Array) else column.cast(pa.large_string())
    if held.null_count:
        held = held.fill_null("")
    if not len(held):
        return held
    bounds = np.frombuffer(held.buffers()[1], np.int64)[held.offset : held.offset + len(held) + 1]
    data = np.frombuffer(held.buffers()[2] or b"", np.uint8)[: bounds[-1]]
    foreign = np.flatnonzero(data > 127)
    if not len(foreign):
        return held
    rows = np.unique(np.searchsorted(bounds, foreign, "right") - 1)
    rows = rows[rows >= 0]
    mask = np.zeros(len(held), np.bool_)
    mask[rows] = True
    plain = [fold(text) for text in held.take(pa.array(rows)).to_pylist()]
    return pc.replace_with_mask(held, pa.array(mask), pa.array(plain, pa.large_string()))


def _block(data: npt.NDArray[np.uint8], bounds: Places, first: int) -> Words:
    lower = data | 32
    latin = (lower - 97) < 26
    digit = (data - 48) < 10
    letter = latin | (data > 127)
    kind = letter.view(np.uint8) | (digit.view(np.uint8) << 1)
    change = np.empty(len(data) + 1, np.bool_)
    np.not_equal(kind[1:], kind[:-1], out=change[1:-1])
    change[bounds] = True
    edges = np.flatnonzero(change)
    solid = np.flatnonzero(kind[edges[:-1]])
    starts, ends = edges[solid], edges[solid + 1]
    # One unaligned read takes eight letters; the blanks behind the last let it read past the end.
    folded = np.zeros(len(data) + _CHUNK, np.uint8)
    np.bitwise_or(data, latin.view(np.uint8) << 5, out=folded[: len(data)])
    chunks = np.ndarray(len(data) + 1, "<u8", folded, strides=(1,))
    is_number = digit[starts]
    exact = _hashed(chunks, starts, ends - starts)
    stem_ends = _stem_ends(data, starts, ends, is_number)
    cut = np.flatnonzero(stem_ends != ends)
    stems = exact.copy()
    stems[cut] = _hashed(chunks, starts[cut], (stem_ends - starts)[cut])
    row = np.repeat(np.arange(first, first + len(bounds) - 1), np.diff(np.searchsorted(starts, bounds)))
    return Words(exact, stems, row, is_number, 0)


def _hashed(chunks: Hashes, starts: Places, lengths: Places) -> Hashes:
    """The hash of each word from eight letters at a time; of the few over 512 bytes the rest is hashed as a whole."""
    hashes = _scrambled(chunks[starts] & _MASKS[np.minimum(lengths, _CHUNK)])
    at, done = np.flatnonzero(lengths > _CHUNK), _CHUNK
    while len(at) and done < _LONG_WORD:
        read = chunks[starts[at] + done] & _MASKS[np.minimum(lengths[at] - done, _CHUNK)]
        hashes[at] = _scrambled(hashes[at] ^ read)
        done += _CHUNK
        at = at[lengths[at] > done]
    for place in at.tolist():
        start = int(starts[place])
        rest = chunks[start + done : start + int(lengths[place])].astype(np.uint8)
        hashes[place] ^= np.frombuffer(blake2b(rest.tobytes(), digest_size=8).digest(), "<u8")[0]
    return hashes


def _scrambled(hashes: Hashes) -> Hashes:
    """Hashes whose high bits, the ones that tables are asked by, depend on every bit; half the work of `mix`."""
    mixed = hashes * np.uint64(_BASE)
    mixed ^= mixed >> np.uint64(32)
    mixed *= np.uint64(0xBF58476D1CE4E5B9)
    return mixed ^ (mixed >> np.uint64(29))


def _stem_ends(data: npt.NDArray[np.uint8], starts: Places, ends: Places, is_number: npt.NDArray[np.bool_]) -> Places:
    """Where words end without plural s, -ed, -ing and a last e: presents, presented, presenting, present are one."""
    length = ends - starts
    cut = ends.copy()
    long = np.flatnonzero((length > 3) & ~is_number)
    end = ends[long]
    last, second, third = data[end - 1] | 32, data[end - 2] | 32, data[end - 3] | 32
    plural = (last == ord("s")) & (second != ord("s")) & (second != ord("u")) & (second != ord("i"))
    past = (last == ord("d")) & (second == ord("e")) & (length[long] > 4)
    going = (last == ord("g")) & (second == ord("n")) & (third == ord("i")) & (length[long] > 5)
    take = plural.astype(np.int64) + 2 * past + 3 * going
    end = end - take
    silent = (data[end - 1] | 32) == ord("e")
    cut[long] = end - (silent & (end - starts[long] > 3))
    return cut
