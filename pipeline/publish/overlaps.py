"""The findings of overlap with benchmarks as a corpus holds them: where they lie, how they are counted, what the card says of them."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple, Self

import pyarrow.parquet as pq

from pipeline.fingerprint import digest_columns, table_digest
from pipeline.publish.markdown import code, table, text
from pipeline.rulings import Ruling, first_of, rulings_of
from schemas.graph import Finding, Overlap
from schemas.manifest import Manifest, OverlapRule

OVERLAPS = "overlaps.parquet"
THUMBNAILS = "overlap_images.parquet"


class Evidence(NamedTuple):
    """Where the findings of overlap lie, and the thumbnails of the pictures that they name."""

    overlaps: Path
    thumbnails: Path

    @classmethod
    def beside(cls, corpus: Path) -> Self:
        """As a corpus holds them."""
        return cls(corpus / OVERLAPS, corpus / THUMBNAILS)


def count_evidence(evidence: Evidence, rulings: Sequence[Ruling]) -> dict[str, Any]:
    """What the lock says of the findings: rows, logical digest, a count a benchmark, kind, rule and decision; and of the thumbnails.

    A count is of findings, of the examples that they are about, and of the findings that a rule of the manifest decided.
    `rulings`: how many findings each rule of the manifest decides, in order.
    """
    thumbnails = pq.read_table(evidence.thumbnails, use_threads=False)
    digest = table_digest(digest_columns(thumbnails).columns)
    told = {"path": THUMBNAILS, "rows": thumbnails.num_rows, "digest": digest}
    return {**_count_overlaps(evidence.overlaps), "rulings": rulings_met(evidence.overlaps, rulings), "thumbnails": told}


def rulings_met(path: Path, rulings: Sequence[Ruling]) -> list[int]:
    """How many findings each rule decides, in order; the first that speaks of one decides it."""
    met = [0] * len(rulings)
    if rulings:
        columns = [Finding.benchmark, Finding.source, Finding.kind, Finding.rule, Finding.row, Finding.id, Finding.score]
        for row in pq.read_table(path, columns=columns, use_threads=False).to_pylist():
            place = first_of(row, rulings)
            if place is not None:
                met[place] += 1
    return met


def idle_rulings(path: Path, manifest: Manifest) -> list[str]:
    """A sentence for each rule of the manifest that decides about no finding."""
    met = rulings_met(path, rulings_of(manifest))
    return [
        f"overlap.{place} of the manifest ({_ruling(rule)}) decides about no finding: none is of that kind, or an earlier rule decides. "
        f"Look at {OVERLAPS}, then mend the rule or take it out."
        for place, (rule, count) in enumerate(zip(manifest.overlap, met, strict=True))
        if not count
    ]


def _count_overlaps(path: Path) -> dict[str, Any]:
    held = pq.read_table(path, use_threads=False)
    found: dict[tuple[str, ...], tuple[list[str], list[bool]]] = {}
    columns = (Overlap.benchmark, Overlap.kind, Overlap.rule, Overlap.decision, Overlap.id, Overlap.why)
    for *place, id, why in zip(*(held[column].to_pylist() for column in columns), strict=True):
        ids, ruled = found.setdefault(tuple(place), ([], []))
        ids.append(id)
        ruled.append(bool(why))
    counts = [[*place, len(ids), len(set(ids)), sum(ruled)] for place, (ids, ruled) in sorted(found.items())]
    return {"path": OVERLAPS, "rows": held.num_rows, "digest": table_digest(digest_columns(held).columns), "counts": counts}


def overlaps_section(lock: Mapping[str, Any], manifest: Manifest) -> str:
    """What the card says of overlaps: a count a benchmark, rule and decision, and what the manifest decided."""
    told = lock["overlaps"]
    if not told:
        return "No benchmark was named: overlaps with test sets were not looked for."
    named = ", ".join(code(one["name"]) for one in lock["datasets"] if one["role"] == "benchmark")
    count = f"{told['rows']:,} finding{'' if told['rows'] == 1 else 's'}"
    said = f"Every question was held against {named}. {code(told['path'])} holds {count} with both texts, the matched spans, score, rule "
    said += "and decision: of a `leak` the question was left out, a `report` is for a person to look at and stays."
    pictures = (told.get("thumbnails") or {}).get("rows")
    if pictures:
        said += f" {code(THUMBNAILS)} holds small copies of the {pictures:,} pictures that they name; {code('report.html')} shows both side by side."
    parts = [said]
    if told["counts"]:
        head = ("benchmark", "shared", "rule", "decision", "findings", "questions", "by the manifest")
        parts.append(table(head, [[*(code(word) for word in row[:4]), *row[4:]] for row in told["counts"]]))
    if manifest.overlap:
        met = told.get("rulings") or [None] * len(manifest.overlap)
        lines = (f"- {_ruling(one)}{_met(count)}" for one, count in zip(manifest.overlap, met, strict=True))
        parts.append("Decided by the manifest:\n\n" + "\n".join(lines))
    return "\n\n".join(parts)


def _ruling(one: OverlapRule) -> str:
    names = {"below": "score below", "at_least": "score at least"}
    asked = {name: value for name, value in one.model_dump(exclude={"decision", "why"}).items() if value is not None}
    which = ", ".join(f"{names.get(name, name)} {code(str(value))}" for name, value in asked.items())
    return f"{code(one.decision)} where {which}: {text(one.why)}"


def _met(count: int | None) -> str:
    if count is None:
        return ""
    return f" ({count:,} finding{'' if count == 1 else 's'})" if count else " (**meets no finding**)"
