"""Decide overlaps: the search's word stands unless a rule of the manifest speaks, and what is withheld shows no text."""

from typing import Any

import pytest

from pipeline.rulings import Ruling
from pipeline.stages.decide_overlaps import DecideOverlapsRecipe, decide_overlaps
from pipeline.texts.decide import Decision
from schemas.graph import Finding, Overlap
from tests.fixtures.stage_rows import finding, sharded

Row = dict[str, Any]
KEEP = Ruling(Decision.REPORT, "other drug")


def decided(*rows: Row, **recipe: Any) -> list[Row]:
    return decide_overlaps(sharded(Finding.from_rows(rows)), DecideOverlapsRecipe(**recipe))["overlaps"].to_pylist()


def decisions(*rows: Row, **recipe: Any) -> dict[str, tuple[str, str]]:
    return {row[Overlap.id]: (row[Overlap.decision], row[Overlap.why]) for row in decided(*rows, **recipe)}


def test_without_a_rule_the_search_decides() -> None:
    assert decisions(finding("1"), finding("2", found="report")) == {"1": ("leak", ""), "2": ("report", "")}


@pytest.mark.parametrize(
    "asked",
    [
        {"benchmark": "bench"},
        {"source": "a"},
        {"kind": "question"},
        {"rule": "near"},
        {"row": "row 7"},
        {"id": "1"},
        {"below": 0.95},
        {"at_least": 0.9},
        {"rule": "near", "below": 0.91, "at_least": 0.9, "row": "row 7"},
    ],
)
def test_a_rule_decides_about_what_it_names(asked: Row) -> None:
    near = finding("1", rule="near", score=0.9, row="row 7")
    other = finding("2", benchmark="other", source="b", kind="image", rule="bytes", score=0.95 if "below" in asked else 0.1, row="row 8")
    ruling = Ruling(KEEP.decision, KEEP.why, **asked)
    assert decisions(near, other, rulings=(ruling,)) == {"1": ("report", "other drug"), "2": ("leak", "")}


def test_the_first_rule_that_speaks_decides_and_what_was_found_stays_told() -> None:
    rulings = (
        Ruling(Decision.LEAK, "too alike", rule="paraphrase", at_least=0.6),
        Ruling(Decision.REPORT, "told apart", rule="paraphrase"),
    )
    rows = [finding("1", rule="paraphrase", score=0.7, found="report"), finding("2", rule="paraphrase", score=0.5)]
    assert decisions(*rows, rulings=rulings) == {"1": ("leak", "too alike"), "2": ("report", "told apart")}
    assert [row[Overlap.found] for row in decided(*rows, rulings=rulings)] == ["report", "leak"]


def test_cases_count_between_sets_that_name_them_alike() -> None:
    rows = [
        finding(id, kind="case", rule="same case", found="report", source=source) for id, source in (("1", "a"), ("2", "b"), ("3", "c"))
    ]
    told = decisions(*rows, same_cases=(("a", "bench"),), like_cases=(("b", "bench"),))
    assert told == {"1": ("leak", ""), "2": ("report", "")}


def test_a_benchmark_that_is_withheld_is_named_by_its_rows_alone() -> None:
    (row,) = decided(finding("1"), withheld=("bench",))
    assert (row[Overlap.benchmark_text], row[Overlap.benchmark_options], row[Overlap.benchmark_spans]) == ("", [], [])
    assert (row[Overlap.row], row[Overlap.text], row[Overlap.rule]) == ("row 90", "Question 1?", "exact")


def test_findings_are_ordered_leaks_and_high_scores_first_wherever_they_came_from() -> None:
    rows = [
        finding("2"),
        finding("1", benchmark="later"),
        finding("1", found="report"),
        finding("1", score=0.8),
        finding("1", kind="image", rule="pixels"),
        finding("1", row="row 1"),
    ]
    assert decided(*rows) == decided(*rows[::-1])
    told = [(row[Overlap.benchmark], row[Overlap.id], row[Overlap.kind], row[Overlap.row], row[Overlap.decision]) for row in decided(*rows)]
    assert told == [
        ("bench", "1", "image", "row 90", "leak"),
        ("bench", "1", "question", "row 1", "leak"),
        ("bench", "1", "question", "row 90", "leak"),
        ("bench", "1", "question", "row 90", "report"),
        ("bench", "2", "question", "row 90", "leak"),
        ("later", "1", "question", "row 90", "leak"),
    ]
