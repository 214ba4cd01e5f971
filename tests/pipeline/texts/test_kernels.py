import re
from hashlib import blake2b
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numba.core.caching import CacheImpl, IndexDataCacheFile

from pipeline.texts.compiled import compiled
from pipeline.texts.ngrams import HashSet, find_runs, runs
from pipeline.texts.pair_kernels import distinct_by_row, grouped, rarest, shared, strange_by_row
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


@pytest.mark.parametrize("texts", [["a1" * 50], [" " * 2000, "T2N0M0" * 100], ["x", "0f" * 300, ""]])
def test_every_byte_may_be_a_word(texts: list[str]) -> None:
    found = words(texts)
    assert list(zip(found.row.tolist(), found.exact.tolist(), strict=True)) == [
        (row, exact) for row, text in enumerate(texts) for exact, _, _ in split(text)
    ]


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


def test_what_was_compiled_is_made_again_where_its_files_are_torn(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("numba.core.config.CACHE_DIR", str(tmp_path))

    def thrice(number: int) -> int:
        return 3 * number

    for suffix in ("nbi", "nbc"):
        assert compiled(thrice)(14) == 42
        kept = list(tmp_path.rglob(f"*.{suffix}"))
        assert len(kept) == 1
        kept[0].write_bytes(kept[0].read_bytes()[:9])
        assert compiled(thrice)(14) == 42
        assert len(kept[0].read_bytes()) > 9


def test_what_is_compiled_runs_where_a_disk_is_full(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("numba.core.config.CACHE_DIR", str(tmp_path))

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(IndexDataCacheFile, "_save_data", full)

    def fourfold(number: int) -> int:
        return 4 * number

    assert compiled(fourfold)(10) == 40


ROWS = st.lists(st.lists(st.integers(-1, 9), max_size=12), min_size=1, max_size=5)


def flat(rows: list[list[int]]) -> tuple[np.ndarray, np.ndarray]:
    return np.array([one for row in rows for one in row], np.int64), np.repeat(np.arange(len(rows)), [len(row) for row in rows])


@given(ROWS, st.permutations(range(10)), st.integers(1, 4))
@settings(max_examples=80, deadline=None)
def test_things_are_counted_once_a_row_and_the_rarest_are_kept(rows: list[list[int]], rank: list[int], most: int) -> None:
    things, row = flat(rows)
    told = [list(dict.fromkeys(one for one in row if one >= 0)) for row in rows]
    bounds, found = distinct_by_row(things, row, len(rows), 10)
    assert [found[a:b].tolist() for a, b in pairwise(bounds.tolist())] == told
    texts, kept = rarest(bounds, found, np.array(rank), most)
    best = [(text, one) for text, held in enumerate(told) for one in sorted(held, key=rank.__getitem__)[:most]]
    assert list(zip(texts.tolist(), kept.tolist(), strict=True)) == best
    begins, order = grouped(found, 10)
    held = found.tolist()
    assert [order[a:b].tolist() for a, b in pairwise(begins.tolist())] == [
        [at for at, one in enumerate(held) if one == thing] for thing in range(10)
    ]
    strange = strange_by_row(np.array([hashed(str(one).encode()) for one in things.tolist()], np.uint64), things % 2 == 0, row, len(rows))
    assert strange.tolist() == [len({one for one in row if one % 2 == 0}) for row in rows]


@given(ROWS, ROWS)
@settings(max_examples=80, deadline=None)
def test_what_two_rows_share_is_weighed(ours: list[list[int]], theirs: list[list[int]]) -> None:
    weight = np.arange(10) / 4
    mine, yours = (distinct_by_row(*flat(rows), len(rows), 10) for rows in (ours, theirs))
    row, doc = np.repeat(np.arange(len(ours)), len(theirs)), np.tile(np.arange(len(theirs)), len(ours))
    found = shared(*yours, weight, *mine, row, doc).reshape(len(ours), len(theirs))
    assert found.tolist() == [[sum(one / 4 for one in {*one} & {*other} if one > 0) for other in theirs] for one in ours]


@given(st.lists(st.text("ab ", max_size=24), min_size=1, max_size=3), st.text("ab ", max_size=24))
@settings(max_examples=50, deadline=None)
def test_runs_that_a_set_holds_are_found_where_they_end(held: list[str], asked: str) -> None:
    told, found = runs(words(held), 3)[0], words([asked])
    at, place = find_runs(found, 3, HashSet(told))
    hashes, starts = runs(found, 3)
    known = np.unique(told).tolist()
    assert [(last - 2, known[one]) for last, one in zip(at.tolist(), place.tolist(), strict=True)] == [
        (start, one) for start, one in zip(starts.tolist(), hashes.tolist(), strict=True) if one in known
    ]
