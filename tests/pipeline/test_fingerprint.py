"""Digests name values and not how they lie in memory; fingerprints take plain values alone."""

import datetime
import decimal
import enum
import itertools
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.fingerprint import canonical_json, digest_columns, fingerprint, json_list, json_texts, plain, stable_seed, table_digest
from schemas.corpus import IMAGES, MESSAGES

COLUMNS: dict[str, tuple[pa.DataType, list[Any]]] = {
    "string": (pa.string(), ["a", None, "", "née", "a", "bc"]),
    "large_string": (pa.large_string(), ["a", None, "", "née", "a", "bc"]),
    "binary": (pa.binary(), [b"a", None, b"", b"\0", b"a\0", b"\0a"]),
    "large_binary": (pa.large_binary(), [b"a", None, b"", b"\0", b"a\0", b"\0a"]),
    "fixed": (pa.binary(2), [b"ab", None, b"\0\0", b"cd", b"ab", b"dc"]),
    "int32": (pa.int32(), [1, None, 0, -1, 1, 2]),
    "float64": (pa.float64(), [1.5, None, 0.0, -1.0, 1.5, float("inf")]),
    "bool": (pa.bool_(), [True, None, False, True, True, False]),
    "list": (pa.list_(pa.string()), [["a"], None, [], ["a", None], ["", "b"], ["ab"]]),
    "messages": (
        MESSAGES,
        [[{"role": "u", "content": "x"}], None, [], [None], [{"role": None, "content": "x"}], [{"role": "u", "content": ""}]],
    ),
    "images": (IMAGES, [[{"bytes": b"1", "path": "p"}], None, [], [{"bytes": None, "path": "p"}], [None], [{"bytes": b"", "path": ""}]]),
    "struct": (
        pa.struct([("a", pa.int8()), ("b", pa.string())]),
        [{"a": 1, "b": "x"}, None, {"a": None, "b": None}, {"a": 0, "b": ""}, {"a": 2, "b": "x"}, {"a": 1, "b": "y"}],
    ),
}
each_type = pytest.mark.parametrize("name", COLUMNS)


def digest(array: pa.Array | pa.ChunkedArray) -> str:
    return digest_columns(pa.table({"x": array})).columns["x"]


@each_type
def test_equal_values_have_one_digest_however_they_are_cut(name: str) -> None:
    kind, values = COLUMNS[name]
    whole = pa.array(values, kind)
    expected = digest(whole)
    for cut in range(len(values) + 1):
        assert digest(pa.chunked_array([whole[:cut], whole[cut:]], kind)) == expected
        assert digest(pa.chunked_array([pa.array(values[:cut], kind), pa.array(values[cut:], kind)], kind)) == expected
    assert digest(pa.chunked_array([pa.array([value], kind) for value in values], kind)) == expected


@each_type
def test_a_slice_has_the_digest_of_its_values(name: str) -> None:
    kind, values = COLUMNS[name]
    whole = pa.array([*values, *values], kind)
    for start in range(len(values)):
        for length in (0, 1, 3):
            assert digest(whole.slice(start, length)) == digest(pa.array((values + values)[start : start + length], kind))


@each_type
def test_what_lies_under_a_null_is_hidden(name: str) -> None:
    kind, values = COLUMNS[name]
    full = pa.array([value for value in values if value is not None], kind)
    masked = pa.table({"x": full}).take(pa.array([0, None, 1], pa.int64()))["x"]
    assert digest(masked) == digest(pa.array([full[0].as_py(), None, full[1].as_py()], kind))


@each_type
def test_any_other_value_order_length_or_null_has_another_digest(name: str) -> None:
    kind, values = COLUMNS[name]
    seen = {digest(pa.array(values, kind))}
    others = [values[1:], values[:-1], [*values, None], values[::-1], [], [None]]
    for place in range(len(values)):
        others += [[*values[:place], other, *values[place + 1 :]] for other in values if other != values[place]]
    distinct = {repr(other): other for other in others}
    for other in distinct.values():
        found = digest(pa.array(other, kind))
        assert found not in seen
        seen.add(found)


def test_types_are_part_of_a_digest() -> None:
    kinds = (
        pa.string(),
        pa.large_string(),
        pa.binary(),
        pa.int8(),
        pa.int32(),
        pa.int64(),
        pa.float64(),
        pa.bool_(),
        pa.list_(pa.int8()),
        pa.null(),
    )
    assert len({digest(pa.array([], kind)) for kind in kinds}) == len(kinds)
    assert len({digest(pa.array([None], kind)) for kind in kinds}) == len(kinds)


def test_borders_between_strings_and_between_lists_are_part_of_a_digest() -> None:
    assert digest(pa.array(["ab", "c"])) != digest(pa.array(["a", "bc"]))
    assert digest(pa.array([["a", "b"], []])) != digest(pa.array([["a"], ["b"]]))
    assert digest(pa.array([["a"], None])) != digest(pa.array([["a"], []]))


@given(st.lists(st.one_of(st.none(), st.lists(st.one_of(st.none(), st.text(max_size=3)), max_size=3)), max_size=8), st.data())
@settings(max_examples=60, deadline=None)
def test_no_cut_of_nested_lists_moves_their_digest(values: list[Any], data: st.DataObject) -> None:
    kind = pa.list_(pa.string())
    cuts = sorted(data.draw(st.lists(st.integers(0, len(values)), max_size=3)))
    whole = pa.array(values, kind)
    bounds = [0, *cuts, len(values)]
    chunks = [whole[start:stop] for start, stop in itertools.pairwise(bounds)]
    assert digest(pa.chunked_array(chunks, kind)) == digest(whole)


def test_a_dictionary_is_digested_by_its_values() -> None:
    plainly = pa.array(["a", "b", "a"])
    one = pa.DictionaryArray.from_arrays(pa.array([0, 1, 0]), pa.array(["a", "b"]))
    two = pa.DictionaryArray.from_arrays(pa.array([1, 0, 1]), pa.array(["b", "a"]))
    assert digest(one) == digest(two) == digest(pa.chunked_array([one[:1], two[1:]]))
    assert digest(one) != digest(plainly)


@pytest.mark.parametrize(
    "array",
    [
        pa.array([decimal.Decimal("1.5")]),
        pa.array([datetime.date(2020, 1, 1)]),
        pa.array([[("a", 1)]], pa.map_(pa.string(), pa.int8())),
        pa.array([[1, 2]], pa.list_(pa.int8(), 2)),
    ],
)
def test_a_type_that_cannot_be_digested_is_refused(array: pa.Array) -> None:
    with pytest.raises(TypeError, match="digest"):
        digest(array)


def test_a_table_digest_covers_names_and_order_of_the_columns_asked_for() -> None:
    columns = {"a": "1", "b": "2", "c": "3"}
    assert table_digest(columns, ["a"]) != table_digest(columns, ["b"])
    assert table_digest(columns, ["a", "b"]) == table_digest({"a": "1", "b": "2"})
    assert table_digest({"a": "1", "b": "2"}) != table_digest({"b": "2", "a": "1"})
    assert table_digest({"a": "1"}) != table_digest({"b": "1"})


def test_the_size_counts_what_was_fed() -> None:
    small, large = (digest_columns(pa.table({"x": pa.array([text])})).nbytes for text in ("", "x" * 1000))
    assert large - small == 1000


@dataclass(frozen=True)
class One:
    value: Any


@dataclass(frozen=True)
class Two:
    value: Any


class Colour(enum.StrEnum):
    RED = "red"


@pytest.mark.parametrize(
    "value",
    [Path("x"), b"x", {1, 2}, object(), np.int64(1), np.float32(1), datetime.date(2020, 1, 1), One, len, decimal.Decimal(1)],
    ids=lambda value: type(value).__name__,
)
@pytest.mark.parametrize(
    "wrap", [lambda value: value, One, lambda value: {"a": [value]}, lambda value: (value,)], ids=["bare", "recipe", "mapping", "tuple"]
)
def test_a_fingerprint_refuses_what_it_does_not_know(value: Any, wrap: Any) -> None:
    with pytest.raises(TypeError, match="no place in a recipe"):
        fingerprint(wrap(value))


def test_recipes_differ_by_class_field_value_and_type() -> None:
    values: list[Any] = [
        One(1),
        Two(1),
        One(2),
        One("1"),
        One(1.0),
        One(True),
        One(None),
        One(()),
        One((1,)),
        One(((1,),)),
        One({"a": 1}),
        One(""),
    ]
    assert len({fingerprint(value) for value in values}) == len(values)


def test_equal_values_have_one_fingerprint() -> None:
    assert fingerprint(One((1, 2))) == fingerprint(One([1, 2]))
    assert fingerprint({"b": 1, "a": 2}) == fingerprint({"a": 2, "b": 1})
    assert fingerprint(Colour.RED) == fingerprint("red")
    assert fingerprint("ab", "c") != fingerprint("a", "bc")


def test_canonical_json_is_one_text_for_one_value() -> None:
    assert canonical_json({"é": [1, None], "a": "x"}) == '{"a":"x","é":[1,null]}'
    assert plain(One(Colour.RED)) == {"_": "One", "value": "red"}


@given(st.integers(0, 1 << 40), st.text(max_size=20))
@settings(max_examples=50, deadline=None)
def test_a_seed_is_a_multiple_of_1024_in_31_bits(seed: int, name: str) -> None:
    drawn = stable_seed(seed, name)
    assert drawn % 1024 == 0
    assert 0 <= drawn + 1023 < 1 << 31
    assert drawn == stable_seed(seed, name)


def test_seeds_differ_by_seed_and_name() -> None:
    assert len({stable_seed(seed, name) for seed in range(20) for name in ("a", "b", "c")}) == 60


@given(st.lists(st.text(st.characters(exclude_categories=()) | st.sampled_from('"\\\x7f\0'), max_size=6), min_size=1, max_size=6))
def test_texts_written_at_once_are_canonical_json(texts: list[str]) -> None:
    assert json_list(json_texts(texts)) == canonical_json(texts)
