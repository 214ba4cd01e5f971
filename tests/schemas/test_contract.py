"""Contracts: every fault is named at once, and a table that conforms is what the contract says."""

import pyarrow as pa
import pytest

from schemas.contract import Column, Contract
from schemas.corpus import CONFIGS, Tally
from schemas.errors import SchemaError
from schemas.example import Chosen, Dropped, Example, Reject
from schemas.graph import Duplicate, Finding, Overlap, Partition, Rank
from schemas.image import Image, ImageHash
from schemas.picture import HeldImage, ImageSketch, NearBenchmarkImage, NearImage, NearPair, Picture
from schemas.trace import Judgement, Selected, Trace

ALL = (Example, Reject, Chosen, Dropped, Image, ImageHash, Trace, Judgement, Selected, Partition, Duplicate, Finding, Overlap, Rank, Tally)
ALL += (NearImage, NearBenchmarkImage, NearPair, ImageSketch, Picture, HeldImage)
PAIR = pa.struct([("role", pa.string()), ("content", pa.string())])


class Row(Contract):
    name = Column("name", pa.string(), "A name")
    count = Column("count", pa.int32(), "A count")
    share = Column("share", pa.float64(), "A share; null where unknown", nullable=True)
    pair = Column("pair", PAIR, "A message")


def good() -> dict[str, pa.Array]:
    return {
        "name": pa.array(["x"]),
        "count": pa.array([1], pa.int32()),
        "share": pa.array([None], pa.float64()),
        "pair": pa.array([{"role": "user", "content": "hi"}], PAIR),
    }


def fault(columns: dict[str, pa.Array]) -> str:
    with pytest.raises(SchemaError) as caught:
        Row.conform(pa.table(columns), "judge 01")
    return str(caught.value)


def test_an_error_names_every_offending_column_at_once() -> None:
    columns = good() | {"name": pa.array([None], pa.string()), "count": pa.array(["many"]), "stray": pa.array([1])}
    del columns["pair"]
    said = fault(columns)
    assert "judge 01" in said
    for words in ("name has 1 nulls", "count is string", "pair is missing", "stray is not in the contract"):
        assert words in said


@pytest.mark.parametrize("other", [pa.struct([("speaker", pa.string())]), pa.string(), pa.list_(pa.int8())])
def test_a_nested_column_of_another_shape_is_named_with_the_others(other: pa.DataType) -> None:
    said = fault(good() | {"pair": pa.nulls(1, other), "name": pa.array([None], pa.string())})
    assert "pair " in said
    assert "name has 1 nulls" in said


def test_a_struct_of_other_fields_is_an_offending_column() -> None:
    said = fault(good() | {"pair": pa.array([{"speaker": "user", "words": "hi"}]), "name": pa.array([None], pa.string())})
    assert "pair is struct" in said
    assert "name has 1 nulls" in said


def test_a_column_that_is_there_twice_is_named() -> None:
    columns = good()
    table = pa.Table.from_arrays([*columns.values(), columns["name"]], names=[*columns, "name"])
    with pytest.raises(SchemaError, match="name"):
        Row.conform(table)


def test_a_number_that_does_not_fit_is_not_cut_off() -> None:
    assert "count is int64" in fault(good() | {"count": pa.array([1 << 40])})


def test_conforming_orders_the_columns_and_carries_their_meaning() -> None:
    columns = good()
    table = Row.conform(pa.table(dict(reversed(columns.items()))))
    assert table.column_names == ["name", "count", "share", "pair"]
    assert table.schema.field("count").metadata == {b"doc": b"A count"}
    assert not table.schema.field("name").nullable


def test_a_null_is_allowed_where_the_column_says_so() -> None:
    assert Row.conform(pa.table(good()))["share"].null_count == 1


def test_rows_of_the_wrong_type_name_the_column() -> None:
    with pytest.raises(SchemaError, match=r"Row\.count"):
        Row.from_rows([{"name": "x", "count": "one", "pair": {"role": "user", "content": ""}}])


def test_a_text_that_is_no_unicode_names_the_column() -> None:
    with pytest.raises(SchemaError, match=r"Row\.name"):
        Row.from_rows([{"name": "\ud800", "count": 1, "pair": {"role": "user", "content": ""}}])


def test_rows_that_lack_a_column_are_refused() -> None:
    with pytest.raises(SchemaError, match="count has 1 nulls"):
        Row.from_rows([{"name": "x", "pair": {"role": "user", "content": ""}}])


def test_the_signature_moves_with_types_and_not_with_meanings() -> None:
    class Reworded(Contract):
        name = Column("name", pa.string(), "Another sentence")

    class Same(Contract):
        name = Column("name", pa.string(), "One sentence")

    class Other(Contract):
        name = Column("name", pa.large_string(), "One sentence")

    assert Reworded.signature() == Same.signature() != Other.signature()


@pytest.mark.parametrize("contract", [*ALL, *CONFIGS.values()], ids=lambda contract: contract.__name__)
def test_every_column_has_one_line_of_meaning(contract: type[Contract]) -> None:
    assert contract.columns
    assert len(set(contract.columns)) == len(contract.columns)
    for column in contract.columns:
        assert column.doc
        assert "\n" not in column.doc


@pytest.mark.parametrize("contract", [*ALL, *CONFIGS.values()], ids=lambda contract: contract.__name__)
def test_a_table_of_no_rows_conforms(contract: type[Contract]) -> None:
    assert contract.conform(contract.empty()).num_rows == 0
    assert contract.from_rows([]).schema == contract.schema


def test_sft_text_is_sft_without_images() -> None:
    assert set(CONFIGS["sft"].columns) - set(CONFIGS["sft_text"].columns) == {"images", "image_digests", "time_series", "withheld_images"}
    assert "messages" not in CONFIGS["sft"].columns
