"""Select: which correct traces are kept; the others stay with their reason."""

from collections import Counter
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from pipeline.sampling import Design
from pipeline.verify.score import wilson
from pipeline.verify.think import normalise_trace
from schemas.trace import JUDGE_UNREADABLE, Judgement, Selected, Trace, Verdict


@dataclass(frozen=True)
class SelectRecipe:
    """How many correct traces a question keeps, whether a trace needs a thought, and how many samples a question got."""

    max_per_question: int
    need_thought: bool
    design: Design | None = None
    method: str = ""


def select(traces: pa.Table, judgements: pa.Table, recipe: SelectRecipe, earlier: pa.Table | None = None) -> dict[str, pa.Table]:
    """`selected`: one row a trace, in order. Lower sample indexes go first; a text is kept once a question.

    `earlier`: what was selected of the teachers before this one in a cascade, which counts against the limit.
    """
    if not traces[Trace.id].equals(judgements[Judgement.id]):
        raise ValueError("traces and judgements are not in the same order")
    examples = traces[Trace.example].to_pylist()
    verdicts = judgements[Judgement.verdict].to_pylist()
    sampled = Counter(examples)
    correct = Counter(example for example, verdict in zip(examples, verdicts, strict=True) if verdict == Verdict.CORRECT)
    rates = {example: _rate(recipe, sampled[example], correct[example]) for example in sampled}
    kept = Counter(_kept(earlier))
    seen: set[tuple[str, str]] = set()
    rows: list[dict[str, Any]] = []
    columns = zip(
        traces[Trace.id].to_pylist(),
        examples,
        verdicts,
        judgements[Judgement.rule].to_pylist(),
        judgements[Judgement.thought].to_pylist(),
        judgements[Judgement.published_start].to_pylist(),
        traces[Trace.text].to_pylist(),
        strict=True,
    )
    for id, example, verdict, rule, thought, published, text in columns:
        reason, form = "", (example, normalise_trace(text)) if verdict == Verdict.CORRECT else ("", "")
        if rule == JUDGE_UNREADABLE:
            reason = "judge unreadable"
        elif verdict != Verdict.CORRECT:
            reason = verdict
        elif recipe.need_thought and not thought:
            reason = "no thought"
        elif published is None:
            reason = "other answer when published"
        elif form in seen:
            reason = "repeated text"
        elif kept[example] == recipe.max_per_question:
            reason = "over the limit"
        else:
            kept[example] += 1
            seen.add(form)
        rows.append(
            {
                Selected.id: id,
                Selected.example: example,
                Selected.kept: not reason,
                Selected.reason: reason,
                Selected.n_sampled: sampled[example],
                Selected.n_correct: correct[example],
                **rates[example],
            }
        )
    return {"selected": Selected.from_rows(rows)}


def _kept(earlier: pa.Table | None) -> list[str]:
    return [] if earlier is None else earlier.filter(earlier[Selected.kept])[Selected.example].to_pylist()


def _rate(recipe: SelectRecipe, sampled: int, correct: int) -> dict[str, Any]:
    """The pass rate with its interval; nothing where no teacher was asked."""
    design = recipe.design
    if design is None:
        return {
            Selected.pass_rate: None,
            Selected.pass_rate_low: None,
            Selected.pass_rate_high: None,
            Selected.pass_rate_method: recipe.method,
        }
    low, high = wilson(correct, sampled)
    rate = design.estimate(sampled, correct)
    interval = {Selected.pass_rate_low: low, Selected.pass_rate_high: high}
    return {Selected.pass_rate: rate, **interval, Selected.pass_rate_method: design.method}
