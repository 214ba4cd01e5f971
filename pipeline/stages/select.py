"""Select: which correct traces are kept; the others stay with their reason."""

from collections import Counter
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from pipeline.verify.think import normalise_trace
from schemas.trace import Judgement, Selected, Trace, Verdict


@dataclass(frozen=True)
class SelectRecipe:
    """How many correct traces a question keeps, and whether a trace needs a thought."""

    max_per_question: int
    need_thought: bool


def select(traces: pa.Table, judgements: pa.Table, recipe: SelectRecipe) -> dict[str, pa.Table]:
    """`selected`: one row a trace, in order. Lower sample indexes go first; a text is kept once a question."""
    if not traces[Trace.id].equals(judgements[Judgement.id]):
        raise ValueError("traces and judgements are not in the same order")
    examples = traces[Trace.example].to_pylist()
    verdicts = judgements[Judgement.verdict].to_pylist()
    sampled = Counter(examples)
    correct = Counter(example for example, verdict in zip(examples, verdicts, strict=True) if verdict == Verdict.CORRECT)
    kept: Counter[str] = Counter()
    seen: set[tuple[str, str]] = set()
    rows: list[dict[str, Any]] = []
    columns = zip(
        traces[Trace.id].to_pylist(),
        examples,
        verdicts,
        judgements[Judgement.thought].to_pylist(),
        traces[Trace.text].to_pylist(),
        strict=True,
    )
    for id, example, verdict, thought, text in columns:
        reason = ""
        if verdict != Verdict.CORRECT:
            reason = verdict
        elif recipe.need_thought and not thought:
            reason = "no thought"
        elif (example, normalise_trace(text)) in seen:
            reason = "repeated text"
        elif kept[example] == recipe.max_per_question:
            reason = "over the limit"
        else:
            kept[example] += 1
            seen.add((example, normalise_trace(text)))
        rows.append(
            {
                Selected.id: id,
                Selected.example: example,
                Selected.kept: not reason,
                Selected.reason: reason,
                Selected.n_sampled: sampled[example],
                Selected.n_correct: correct[example],
            }
        )
    return {"selected": Selected.from_rows(rows)}
