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
    from pipeline.texts.word_kernels import split

    held = _folded(texts)
    if not len(held):
        return Words(np.zeros(0, np.uint64), np.zeros(0, np.uint64), np.zeros(0, np.int64), np.zeros(0, np.bool_), 0)
    data = np.frombuffer(held.buffers()[2] or b"\0", np.uint8)
    bounds = np.frombuffer(held.buffers()[1], np.int64)[held.offset : held.offset + len(held) + 1]
    # Arrow's memory may be written or not; to the compiler those are two types.
    data.flags.writeable = bounds.flags.writeable = False
    exact, stem, row, is_number, long = split(data, bounds)
    for word, start, end, stem_end in long.tolist():
        exact[word] ^= _rest(data[start:end])
        stem[word] ^= _rest(data[start:stem_end])
    return Words(exact, stem, row, is_number, len(held))


def word_hash(word: str) -> tuple[int, int]:
    """The exact hash and the stem's hash of one word."""
    found = words([word])
    assert len(found.exact) == 1, f"{word!r} is not one word"
    return int(found.exact[0]), int(found.stem[0])


def mix(hashes: Hashes) -> Hashes:
    """Hashes whose every bit depends on every bit (the finaliser of splitmix64)."""
    from pipeline.texts.word_kernels import mix as mixed

    return mixed(hashes)


def text_hashes(found: Words) -> Hashes:
    """One hash a text of its words in order, numbers too; 0 for a text without words."""
    from pipeline.texts.word_kernels import text_hashes as hashes

    return hashes(found.exact, found.row, found.rows)


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
    if data.max(initial=0) < 128:
        return held
    foreign = np.flatnonzero(data > 127)
    rows = np.unique(np.searchsorted(bounds, foreign, "right") - 1)
    rows = rows[rows >= 0]
    mask = np.zeros(len(held), np.bool_)
    mask[rows] = True
    plain = [fold(text) for text in held.take(pa.array(rows)).to_pylist()]
    return pc.replace_with_mask(held, pa.array(mask), pa.array(plain, pa.large_string()))


def _rest(data: npt.NDArray[np.uint8]) -> np.uint64:
    """What the letters behind the first 512 of a word add to its hash."""
    return np.frombuffer(blake2b(data.tobytes().lower(), digest_size=8).digest(), "<u8")[0] if len(data) else np.uint64(0)
