import re
from hashlib import blake2b

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numba.core.caching import CacheImpl

from pipeline.texts.compiled import compiled
from pipeline.texts.ngrams import HashSet, runs
from pipeline.texts.tokens import fold, text_hashes, words

ALL = (1 << 64) - 1


def scrambled(value: int) -> int:
    value = value * 0x9E3779B97F4A7C15 & ALL
    value ^= value >> 32
    value = value * 0xBF58476D1CE4E5B9 & ALL
    return value ^ value >> 29


def hashed(word: bytes) -> int:
    value = 0
    for at in range(0, min(len(word), 512), 8):
        value = scrambled(value ^ int.from_bytes(word[at : min(at + 8, 512)], "little"))
    return value ^ int.from_bytes(blake2b(word[512:], digest_size=8).digest(), "little") if len(word) > 512 else value


def stem(word: bytes) -> bytes:
    if word[-1:] == b"s" and word[-2:-1] not in (b"s", b"u", b"i") and len(word) > 3:
        word = word[:-1]
    elif (word.endswith(b"ed") and len(word) > 4) or (word.endswith(b"ing") and len(word) > 5):
        word = word[: -2 if word.endswith(b"d") else -3]
    elif len(word) < 4:
        return word
    return word[:-1] if word.endswith(b"e") and len(word) > 3 else word


def split(text: str) -> list[tuple[int, int, bool]]:
    found = re.findall(rb"[a-z\x80-\xff]+|[0-9]+", fold(text).encode())
    return [(hashed(word), hashed(word if word[0] < 58 else stem(word)), word[0] < 58) for word in found]


SIGNS = st.sampled_from([*"aesdingEDGSubc  -.,019", "é", "ß", "Α", "½", "日", "\u0301", "\u200b", "😀", "\x00", "\x7f"])
LONG = st.builds(
    lambda letters, count, end: letters * count + end,
    st.sampled_from(["ab", "é", "7", "s"]),
    st.integers(250, 600),
    st.text(SIGNS, max_size=6),
)


@given(st.lists(st.one_of(st.text(SIGNS, max_size=40), st.text(max_size=12), LONG), max_size=6))
@settings(max_examples=150, deadline=None)
def test_words_are_cut_folded_and_hashed_as_a_plain_reading_does(texts: list[str]) -> None:
    found = words(texts)
    told = zip(found.row.tolist(), found.exact.tolist(), found.stem.tolist(), found.is_number.tolist(), strict=True)
    assert list(told) == [(row, *word) for row, text in enumerate(texts) for word in split(text)]
    base = 0x9E3779B97F4A7C15
    sums = [sum(scrambled(word ^ place * base & ALL) for place, (word, _, _) in enumerate(split(text))) & ALL for text in texts]
    assert text_hashes(found).tolist() == sums


@given(st.lists(st.text("ab ", max_size=30), min_size=1, max_size=4), st.integers(1, 9))
@settings(max_examples=50, deadline=None)
def test_runs_stay_within_one_text(texts: list[str], size: int) -> None:
    found = words(texts)
    hashes, starts = runs(found, size)
    row, stems = found.row.tolist(), found.stem.tolist()
    inside = [at for at in range(len(row) - size + 1) if row[at] == row[at + size - 1]]
    assert starts.tolist() == inside
    assert hashes.tolist() == [
        sum(stems[at + step] * pow(0xD6E8FEB86659FD93, step, 1 << 64) for step in range(size)) & ALL for at in inside
    ]


@given(st.lists(st.integers(0, ALL)), st.lists(st.integers(0, ALL)), st.integers(0, 60))
@settings(max_examples=100, deadline=None)
def test_a_set_of_hashes_holds_what_was_put_in_and_nothing_else(held: list[int], other: list[int], alike: int) -> None:
    # Hashes that share their upper bits stand in one slot.
    held, asked = [one >> alike for one in held], [one >> alike for one in [*other, *held, *held]]
    ordered = sorted(set(held))
    table = HashSet(np.array(held, np.uint64))
    at, place = table.find(np.array(asked, np.uint64))
    assert at.tolist() == [at for at, one in enumerate(asked) if one in ordered]
    assert place.tolist() == [ordered.index(one) for one in asked if one in ordered]
    assert table.places(np.array(asked, np.uint64)).tolist() == [ordered.index(one) if one in ordered else -1 for one in asked]


def test_loops_are_compiled_where_no_folder_can_hold_them(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(CacheImpl, "_locator_classes", [])

    @compiled
    def twice(number: int) -> int:
        return 2 * number

    assert twice(21) == 42
