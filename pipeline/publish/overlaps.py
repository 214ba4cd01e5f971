"""The findings of overlap with benchmarks as a corpus holds them: where they lie, how they are counted, what the card says of them."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from pipeline.fingerprint import digest_columns, table_digest
from pipeline.publish.markdown import code, table, text
from schemas.graph import Overlap
from schemas.manifest import Manifest, OverlapRule

OVERLAPS = "overlaps.parquet"


def count_overlaps(path: Path) -> dict[str, Any]:
    """What the lock says of the findings: rows, logical digest, and a count a benchmark, kind, rule and decision.

    A count is of findings, of the examples that they are about, and of the findings that a rule of the manifest decided.
    """
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
    parts = [said]
    if told["counts"]:
        head = ("benchmark", "shared", "rule", "decision", "findings", "questions", "by the manifest")
        parts.append(table(head, [[*(code(word) for word in row[:4]), *row[4:]] for row in told["counts"]]))
    if manifest.overlap:
        parts.append("Decided by the manifest:\n\n" + "\n".join(f"- {_ruling(one)}" for one in manifest.overlap))
    return "\n\n".join(parts)


def _ruling(one: OverlapRule) -> str:
    names = {"below": "score below", "at_least": "score at least"}
    asked = {name: value for name, value in one.model_dump(exclude={"decision", "why"}).items() if value is not None}
    which = ", ".join(f"{names.get(name, name)} {code(str(value))}" for name, value in asked.items())
    return f"{code(one.decision)} where {which}: {text(one.why)}"
