"""Choose: every example is either chosen or dropped with its reason."""

from typing import Any

import pyarrow as pa
import pytest

from pipeline.stages.choose import ChooseRecipe, choose
from pipeline.stages.scan_text import ScanRecipe, scan_text
from schemas.example import Chosen, Dropped
from schemas.graph import Rank
from tests.fixtures.stage_rows import example, examples


def ranks(*rows: tuple[str, str, str, str]) -> pa.Table:
    names = [Rank.id, Rank.reason, Rank.evidence, Rank.published_split]
    table = pa.Table.from_pylist([dict(zip(names, row, strict=True)) for row in rows], pa.schema([(name, pa.string()) for name in names]))
    return table.append_column(Rank.weight, pa.array([1.0] * len(rows), pa.float32()))


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
    assert chosen == row | {Chosen.published_split: "train", Chosen.weight: 1.0, Chosen.identifiers: [], Chosen.traces: None}


def test_none_or_all_may_be_chosen() -> None:
    rows = [example("1"), example("2")]
    assert made(rows, ("1", "", "", "train"), ("2", "", "", "train"))["dropped"].num_rows == 0
    assert made(rows, ("1", "x", "", "train"), ("2", "x", "", "train"))["chosen"].num_rows == 0
    assert made([])["chosen"].num_rows == 0


def test_ranks_of_another_order_are_refused() -> None:
    with pytest.raises(ValueError, match="order"):
        made([example("1"), example("2")], ("2", "", "", "train"), ("1", "", "", "train"))


TOLD = "Mrs. Ada Byron (MRN 0048291) has a cough?"
KEPT = ("1", "", "", "train")


def scanned(row: dict[str, Any], identifiers: str, exempt: tuple[str, ...] = ()) -> dict[str, pa.Table]:
    table = examples([row])
    tables = choose(table, ranks(KEPT), ChooseRecipe(identifiers, exempt), scan_text(table, ScanRecipe(1))["identified"])
    return {"chosen": Chosen.conform(tables["chosen"]), "dropped": Dropped.conform(tables["dropped"])}


def test_a_row_with_identifiers_is_chosen_and_says_which_it_holds() -> None:
    (chosen,) = scanned(example("1", question=TOLD), "report")["chosen"].to_pylist()
    assert chosen[Chosen.question] == TOLD
    assert chosen[Chosen.identifiers] == ["mrn", "name"]


def test_a_masked_row_says_what_stood_there_and_may_be_sent() -> None:
    (chosen,) = scanned(example("1", question=TOLD, context=f"{TOLD} {TOLD}"), "mask")["chosen"].to_pylist()
    masked = "Mrs. [REDACTED:name] (MRN [REDACTED:mrn]) has a cough?"
    assert (chosen[Chosen.question], chosen[Chosen.context]) == (masked, f"{masked} {masked}")
    assert chosen[Chosen.identifiers] == []


@pytest.mark.parametrize(
    "told",
    [
        {"options": ["none", TOLD]},
        {"options": [], "answer_type": "open", "gold_json": f'{{"values":["{TOLD}"]}}'},
    ],
)
def test_what_is_answered_with_is_never_masked(told: dict[str, Any]) -> None:
    assert [row[Dropped.evidence] for row in scanned(example("1", **told), "mask")["dropped"].to_pylist()] == ["mrn, name"]


def test_rows_with_identifiers_are_dropped_where_the_manifest_says_so() -> None:
    (dropped,) = scanned(example("1", question=TOLD), "drop")["dropped"].to_pylist()
    assert (dropped[Dropped.reason], dropped[Dropped.evidence]) == ("identifiers", "mrn, name")


@pytest.mark.parametrize("identifiers", ["report", "mask", "drop"])
def test_rows_of_a_source_that_may_be_sent_stay_as_they_are(identifiers: str) -> None:
    (chosen,) = scanned(example("1", question=TOLD), identifiers, ("a",))["chosen"].to_pylist()
    assert (chosen[Chosen.question], chosen[Chosen.identifiers]) == (TOLD, [])


def test_what_rank_drops_keeps_the_reason_of_rank() -> None:
    table = examples([example("1", question=TOLD)])
    found = scan_text(table, ScanRecipe(1))["identified"]
    dropped = choose(table, ranks(("1", "row cap", "1", "train")), ChooseRecipe("drop"), found)["dropped"]
    assert dropped[Dropped.reason].to_pylist() == ["row cap"]
