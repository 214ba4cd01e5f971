"""Scan text: findings are told by place and kind, never by what they say."""

from typing import Any

import pytest

from pipeline.stages.scan_text import ScanRecipe, scan_text
from schemas.example import Identified
from tests.fixtures.stage_rows import example, examples

NAMED = "seen with Mrs. Ada Byron"


def found(**told: Any) -> list[dict[str, Any]]:
    return scan_text(examples([example("1", **told)]), ScanRecipe(1))["identified"].to_pylist()


@pytest.mark.parametrize(
    ("told", "column", "place"),
    [
        ({"question": NAMED}, "question", 0),
        ({"context": NAMED}, "context", 0),
        ({"options": ["none", NAMED]}, "options", 1),
        ({"answer_type": "open", "gold_json": f'{{"values":["none","{NAMED}"]}}'}, "gold_json", 1),
        ({"traces": ["none", NAMED]}, "traces", 1),
    ],
)
def test_a_name_is_found_wherever_a_teacher_or_a_judge_would_read_it(told: dict[str, Any], column: str, place: int) -> None:
    (row,) = found(**told)
    assert (row[Identified.column], row[Identified.place], row[Identified.kind], row[Identified.fails]) == (column, place, "name", True)
    assert NAMED[row[Identified.start] : row[Identified.stop]] == "Ada Byron"
    assert not any("Byron" in str(value) for value in row.values())


def test_a_gold_that_only_stands_for_an_option_is_not_read() -> None:
    assert found(gold_json='{"index":1}') == []
