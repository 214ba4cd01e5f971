"""Decide overlaps: what is done about each finding, as the search says or as a rule of the manifest does."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from pipeline.benchmark import Kind
from pipeline.rulings import Ruling, decide
from pipeline.texts.decide import Decision
from schemas.graph import SHARD, Finding, Overlap


@dataclass(frozen=True)
class DecideOverlapsRecipe:
    """The manifest's rules; the pairs of source and benchmark whose case names mean one thing, or may; benchmarks that are not passed on."""

    rulings: tuple[Ruling, ...] = ()
    same_cases: tuple[tuple[str, str], ...] = ()
    like_cases: tuple[tuple[str, str], ...] = ()
    withheld: tuple[str, ...] = ()


def decide_overlaps(findings: pa.Table, recipe: DecideOverlapsRecipe) -> dict[str, pa.Table]:
    """`overlaps`: the findings with their decisions, by benchmark, example and decision, leaks and high scores first.

    A case counts only between sets that name cases alike. Of a benchmark that is withheld the texts are left out.
    """
    rows: list[dict[str, Any]] = []
    for row in findings.drop_columns([SHARD]).to_pylist():
        pair = (row[Finding.source], row[Finding.benchmark])
        if row[Finding.kind] == Kind.CASE:
            if pair not in recipe.same_cases and pair not in recipe.like_cases:
                continue
            row[Finding.found] = (Decision.LEAK if pair in recipe.same_cases else Decision.REPORT).value
        ruled = decide(row, recipe.rulings)
        if row[Finding.benchmark] in recipe.withheld:
            row |= {Finding.benchmark_text: "", Finding.benchmark_options: [], Finding.benchmark_spans: []}
        rows.append(row | {Overlap.decision: ruled.decision.value, Overlap.why: ruled.why})
    rows.sort(key=_place)
    return {"overlaps": Overlap.from_rows(rows)}


def _place(row: Mapping[str, Any]) -> tuple[Any, ...]:
    kinds = [kind.value for kind in Kind]
    return (
        row[Overlap.benchmark],
        row[Overlap.id],
        row[Overlap.decision] != Decision.LEAK,
        -row[Overlap.score],
        kinds.index(row[Overlap.kind]),
        row[Overlap.row],
        row[Overlap.rule],
        row[Overlap.image],
    )
