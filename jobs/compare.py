"""Comparing evaluations: models beside each other on the benchmarks they share, the first being what others are held against."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from jobs.evaluate import read_evaluation
from pipeline.evaluation.page import Compared, render_page
from pipeline.evaluation.paired import compare
from pipeline.evaluation.summary import summarise
from pipeline.store import writing
from schemas.errors import UsageError


@dataclass(frozen=True)
class Comparison:
    """Evaluations in the order given; each but the first with how it differs from the first."""

    models: tuple[Compared, ...]
    out: Path | None

    def to_json(self) -> dict[str, Any]:
        """The comparison for machines."""
        models = [
            {
                "name": one.name,
                "model": one.model,
                "accuracy": {summary.benchmark: summary.all.accuracy._asdict() for summary in one.summaries},
                "against_the_first": [{**vars(pair), "difference": pair.difference._asdict()} for pair in one.against],
            }
            for one in self.models
        ]
        return {"models": models, "out": str(self.out) if self.out else None}


def compare_folders(folders: Sequence[Path], out: Path | None = None) -> Comparison:
    """Reads the evaluations, compares each with the first, and writes the page where that is asked.

    Raises: UsageError for fewer than two, or where none shares a benchmark with the first; CorpusError, StoreError.
    """
    if len(folders) < 2:
        raise UsageError("A comparison takes two evaluations or more. Name their folders, the one to compare with first.")
    models: list[Compared] = []
    first = None
    for folder in folders:
        numbers, questions = read_evaluation(folder)
        first = questions if first is None else first
        against = tuple(compare(first, questions)) if models else ()
        if models and not against:
            raise UsageError(f"{folder} shares no question with {folders[0]}. Evaluate both on a common benchmark.")
        models.append(Compared(numbers["name"], numbers["asked"]["model"], tuple(summarise(questions)), against))
    found = Comparison(tuple(models), out)
    if out is not None:
        with writing(out) as temporary:
            temporary.write_text(render_page(found.models), encoding="utf-8")
    return found
