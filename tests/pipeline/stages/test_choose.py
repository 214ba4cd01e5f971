"""Choose: every example is either chosen or dropped with its reason."""

from typing import Any

import pyarrow as pa
import pytest

from pipeline.stages.choose import ChooseRecipe, choose
from schemas.example import Chosen, Dropped
from schemas.graph import Rank
from tests.fixtures.stage_rows import example, examples


def ranks(*rows: tuple[str, str, str, str]) -> pa.Table:
    names = [Rank.id, Rank.reason, Rank.evidence, Rank.published_split]
    return pa.Table.from_pylist([dict(zip(names, row, strict=True)) for row in rows], pa.schema([(name, pa.string()) for name in names]))


def made(rows: list[dict[str, Any]], *ranked: tuple[str, str, str, str]) -> dict[str, pa.Table]:
    tables = choose(examples(rows), ranks(*ranked), ChooseRecipe())
    return {"chosen": Chosen.conform(tables["chosen"]), "dropped": Dropped.conform(tables["dropped"])}


def test_every_example_is_chosen_or_dropped_in_order() -> None:
    rows = [example(id, source=source) for id, source in zip("2413", "abab", strict=True)]
    tables = made(
        rows, ("2", "", "", "train"), ("4", "row cap", "1", "train"), ("1", "", "", "heldout"), ("3", "in benchmark", "medqa 7", "train")
    )
    assert tables["chosen"][Chosen.id].to_pylist() == ["2", "1"]
    assert tables["chosen"][Chosen.published_split].to_pylist() == ["train", "heldout"]
    assert [tuple(row.values()) for row in tables["dropped"].to_pylist()] == [
        ("4", "b", "row cap", "1"),
        ("3", "b", "in benchmark", "medqa 7"),
    ]


def test_a_chosen_example_keeps_all_its_columns() -> None:
    row = example("1", images=["d"], group="g", context="c")
    (chosen,) = made([row], ("1", "", "", "train"))["chosen"].to_pylist()
    assert chosen == row | {Chosen.published_split: "train"}


def test_none_or_all_may_be_chosen() -> None:
    rows = [example("1"), example("2")]
    assert made(rows, ("1", "", "", "train"), ("2", "", "", "train"))["dropped"].num_rows == 0
    assert made(rows, ("1", "x", "", "train"), ("2", "x", "", "train"))["chosen"].num_rows == 0
    assert made([])["chosen"].num_rows == 0


def test_ranks_of_another_order_are_refused() -> None:
    with pytest.raises(ValueError, match="order"):
        made([example("1"), example("2")], ("2", "", "", "train"), ("1", "", "", "train"))
