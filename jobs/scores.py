"""Scoring anyone's model outputs: a verdict a row, and the rates of the file."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean
from typing import Any

from pipeline.store import writing
from pipeline.verify import medevalkit
from pipeline.verify.answer import VERIFIER, Policy
from pipeline.verify.measures import summarise_measures
from pipeline.verify.score import Rate, score_rows, summarise
from schemas.errors import SourceError


@dataclass(frozen=True)
class Scored:
    """The verdicts of a file in order, and what they sum up to. `errors` are rows that could not be scored.

    `measures`: means by task. `compat`: another kit's means, by its name with the task.
    """

    policy: str
    results: tuple[dict[str, Any], ...]
    errors: tuple[str, ...]
    rates: dict[str, list[Rate]]
    measures: dict[str, dict[str, float]]
    compat: dict[str, dict[str, float]]

    def to_json(self) -> dict[str, Any]:
        """The summary for machines."""
        rates = {task: {rate.name: rate._asdict() for rate in found} for task, found in self.rates.items()}
        return {
            "verifier": VERIFIER,
            "policy": self.policy,
            "rows": len(self.results),
            "rates": rates,
            "measures": self.measures,
            "compat": self.compat,
            "errors": list(self.errors),
        }


def score(path: Path, policy: Policy, *, compat: bool) -> Scored:
    """Scores a file of JSON lines. With `compat`, MedEvalKit's numbers stand beside each verdict, under that kit's name.

    Raises: SourceError where the file cannot be read.
    """
    results: list[dict[str, Any]] = []
    errors: list[str] = []
    lines = list(_lines(path))
    for result, line in zip(score_rows(lines, policy), (line for line in lines if line.strip()), strict=True):
        if "error" in result:
            errors.append(result["error"])
            continue
        results.append(result | {medevalkit.LABEL: _kit(line)} if compat else result)
    means = summarise_measures(results)
    return Scored(policy.value, tuple(results), tuple(errors), summarise(results), means, _kit_means(results))


def write_results(found: Scored, out: Path) -> None:
    """Writes the verdicts as JSON lines.

    Raises: StoreError where the file cannot be written.
    """
    with writing(out) as temporary, temporary.open("w", encoding="utf-8") as file:
        file.writelines(f"{line}\n" for line in result_lines(found))


def result_lines(found: Scored) -> Iterator[str]:
    """One JSON text a verdict."""
    return (json.dumps(result, ensure_ascii=False).encode("utf-8", "replace").decode() for result in found.results)


def _kit(line: str) -> dict[str, float]:
    """The kit's numbers for a row that we could score; none where the kit has none."""
    try:
        return medevalkit.kit_row(json.loads(line))
    except (LookupError, TypeError, ValueError):
        return {}


def _kit_means(results: list[dict[str, Any]]) -> dict[str, dict[str, float]]:
    found: dict[str, dict[str, list[float]]] = {}
    for result in results:
        for name, number in result.get(medevalkit.LABEL, {}).items():
            found.setdefault(f"{medevalkit.LABEL} {result['task']}", {}).setdefault(name, []).append(number)
    return {task: {name: fmean(numbers) for name, numbers in named.items()} for task, named in sorted(found.items())}


def _lines(path: Path) -> Iterator[str]:
    try:
        with path.open(encoding="utf-8-sig", errors="replace") as file:
            yield from file
    except OSError as error:
        raise SourceError(f"{path} cannot be read: {error.strerror or error}. Name a file of JSON lines, one response a line.") from error
