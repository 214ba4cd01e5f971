"""MedMCQA: two layouts that count the gold from different numbers."""

from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from schemas.errors import SourceError
from sources.medmcqa import SOURCE
from tests.fixtures.upstream import by_id, real, rows_of, write_lines, write_parquet


def question(id: str, cop: int | None, **other: Any) -> dict[str, Any]:
    row = {
        "id": id,
        "question": " Which vitamin prevents scurvy? ",
        "opa": "Vitamin A",
        "opb": "None",
        "opc": "Vitamin C",
        "opd": "Vitamin D",
        "subject_name": "Biochemistry",
        "choice_type": "single",
        "exp": "Ans. is 'c'",
    } | other
    return row | ({} if cop is None else {"cop": cop})


def test_hub_parquet_counts_the_gold_from_0(tmp_path: Path) -> None:
    write_parquet(tmp_path / "data" / "train-00000-of-00001.parquet", [question("a", 2)])
    (row,) = rows_of(SOURCE, tmp_path)
    assert row.options[row.gold["index"]] == "Vitamin C"
    assert (row.row, row.question, row.subject, row.fault) == ("a", "Which vitamin prevents scurvy?", "Biochemistry", "")


def test_upstream_json_lines_count_the_gold_from_1(tmp_path: Path) -> None:
    write_lines(tmp_path / "data" / "train.json", [question("a", 3), question("b", 4)])
    first, second = rows_of(SOURCE, tmp_path)
    assert first.options[first.gold["index"]] == "Vitamin C"
    assert second.options[second.gold["index"]] == "Vitamin D"


def test_json_lines_that_count_from_0_stop_the_build(tmp_path: Path) -> None:
    write_lines(tmp_path / "train.json", [question("a", 0), question("b", 1)])
    with pytest.raises(SourceError, match=r"row a: cop 0 .* count from 1"):
        rows_of(SOURCE, tmp_path)


def test_parquet_that_counts_from_1_stops_the_build(tmp_path: Path) -> None:
    write_parquet(tmp_path / "train-00000.parquet", [question("a", 1), question("b", 4)])
    with pytest.raises(SourceError, match=r"row b: cop 4 .* count from 0"):
        rows_of(SOURCE, tmp_path)


def test_the_word_none_stays_an_option(tmp_path: Path) -> None:
    write_parquet(tmp_path / "data" / "train-0.parquet", [question("a", 1)])
    (row,) = rows_of(SOURCE, tmp_path)
    assert row.options[row.gold["index"]] == "None"


@pytest.mark.parametrize("layout", ["parquet", "json lines"])
def test_a_withheld_gold_is_a_fault(tmp_path: Path, layout: str) -> None:
    if layout == "parquet":
        write_parquet(tmp_path / "data" / "test-0.parquet", [question("a", -1)])
    else:
        write_lines(tmp_path / "test.json", [question("a", None), question("b", None)])
    assert {row.fault for row in rows_of(SOURCE, tmp_path, "test")} == {"no gold"}


def test_the_explanation_is_never_shown(tmp_path: Path) -> None:
    write_parquet(tmp_path / "data" / "train-0.parquet", [question("a", 2)])
    (row,) = rows_of(SOURCE, tmp_path)
    assert "Ans." not in repr(row)


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        ({"question": "  "}, "no question"),
        ({"opb": None}, "empty option"),
        ({"cop": 9}, "gold out of range"),
        ({"cop": "two"}, "gold not an index"),
        ({"question": ["a"]}, "not text"),
    ],
)
def test_a_row_that_cannot_be_read_keeps_its_id(tmp_path: Path, change: dict[str, Any], fault: str) -> None:
    write_lines(tmp_path / "train.json", [question("a", 1), question("b", 1) | change])
    rows = by_id(rows_of(SOURCE, tmp_path))
    assert rows["a"].fault == ""
    assert rows["b"].fault == fault


def test_real_rows_agree_with_their_explanations() -> None:
    rows = by_id(rows_of(SOURCE, real("medmcqa"), "validation"))
    assert Counter(row.fault for row in rows.values()) == {"": 2069}
    known = rows["17360c6c-2c98-4fe2-aa85-487dcf4678df"]
    assert known.question == "Concentration of tropicamide:"
    assert known.options[known.gold["index"]] == "0.01"
    assert known.subject == "Ophthalmology"
    assert sum("None" in row.options for row in rows.values()) > 0
