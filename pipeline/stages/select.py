"""Select: which correct traces are kept; the others stay with their reason."""

from collections import Counter, defaultdict
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from pipeline.sampling import Design
from pipeline.texts.unlike import farthest_first, sketch
from pipeline.verify.direct import is_direct
from pipeline.verify.score import wilson
from pipeline.verify.think import normalise_trace, split_think
from schemas.trace import JUDGE_UNREADABLE, Judgement, Selected, Trace, Verdict

_OVER = "over the limit"
# Texts that are compared at once.
_BLOCK = 4096


@dataclass(frozen=True)
class SelectRecipe:
    """How many correct traces a question keeps, whether a trace needs a thought, and how many samples a question got.

    `diverse`: the version of the sketches by which the traces least like each other stay; 0 where the first ones do.
    `withheld`: why no trace of this teacher is kept at all.
    """

    max_per_question: int
    need_thought: bool
    design: Design | None = None
    method: str = ""
    diverse: int = 0
    withheld: str = ""


def select(traces: pa.Table, judgements: pa.Table, recipe: SelectRecipe, earlier: pa.Table | None = None) -> dict[str, pa.Table]:
    """`selected`: one row a trace, in order. A text is kept once a question; over the limit lower sample indexes go first, or what is unlike.

    `earlier`: what was selected of the teachers before this one in a cascade, which counts against the limit.
    """
    if not traces[Trace.id].equals(judgements[Judgement.id]):
        raise ValueError("traces and judgements are not in the same order")
    examples = traces[Trace.example].to_pylist()
    texts = traces[Trace.text].to_pylist()
    verdicts = judgements[Judgement.verdict].to_pylist()
    sampled = Counter(examples)
    correct = Counter(example for example, verdict in zip(examples, verdicts, strict=True) if verdict == Verdict.CORRECT)
    rates = {example: _rate(recipe, sampled[example], correct[example]) for example in sampled}
    reasons = _reasons(examples, texts, judgements, recipe)
    for place in _over(examples, texts, reasons, Counter(_kept(earlier)), recipe):
        reasons[place] = _OVER
    rows = [
        {
            Selected.id: id,
            Selected.example: example,
            Selected.kept: not reason,
            Selected.reason: reason,
            Selected.n_sampled: sampled[example],
            Selected.n_correct: correct[example],
            **rates[example],
        }
        for id, example, reason in zip(traces[Trace.id].to_pylist(), examples, reasons, strict=True)
    ]
    return {"selected": Selected.from_rows(rows)}


def _reasons(examples: list[str], texts: list[str], judgements: pa.Table, recipe: SelectRecipe) -> list[str]:
    """Why each trace is not fit to be kept, whatever the limit; '' where it is."""
    seen: set[tuple[str, str]] = set()
    reasons: list[str] = []
    told = (Judgement.verdict, Judgement.rule, Judgement.thought, Judgement.published_start)
    columns = zip(examples, texts, *(judgements[name].to_pylist() for name in told), strict=True)
    for example, text, verdict, rule, thought, published in columns:
        reason, form = "", (example, normalise_trace(text)) if verdict == Verdict.CORRECT else ("", "")
        if rule == JUDGE_UNREADABLE:
            reason = "judge unreadable"
        elif verdict != Verdict.CORRECT:
            reason = verdict
        elif recipe.withheld:
            reason = recipe.withheld
        elif recipe.need_thought and not thought and not is_direct(rule):
            reason = "no thought"
        elif published is None:
            reason = "other answer when published"
        elif form in seen:
            reason = "repeated text"
        else:
            seen.add(form)
        reasons.append(reason)
    return reasons


def _over(examples: list[str], texts: list[str], reasons: list[str], before: Counter[str], recipe: SelectRecipe) -> list[int]:
    """The places of the traces that the limit leaves out."""
    fit: defaultdict[str, list[int]] = defaultdict(list)
    for place, (example, reason) in enumerate(zip(examples, reasons, strict=True)):
        if not reason:
            fit[example].append(place)
    over: list[int] = []
    crowded: list[tuple[int, list[int]]] = []
    for example, places in fit.items():
        room = max(recipe.max_per_question - before[example], 0)
        if len(places) > room and recipe.diverse:
            crowded.append((room, places))
        else:
            over += places[room:]
    return over + [place for block in _blocks(crowded) for place in _alike(block, texts)]


def _blocks(crowded: list[tuple[int, list[int]]]) -> list[list[tuple[int, list[int]]]]:
    """Whole questions, so many at once that their texts fit into memory."""
    blocks: list[list[tuple[int, list[int]]]] = []
    held = _BLOCK
    for room, places in crowded:
        if held + len(places) > _BLOCK:
            blocks.append([])
            held = 0
        blocks[-1].append((room, places))
        held += len(places)
    return blocks


def _alike(block: list[tuple[int, list[int]]], texts: list[str]) -> list[int]:
    """The places of the traces that are too much like those which stay."""
    sketches = sketch([_thought(texts[place]) for _, places in block for place in places])
    over: list[int] = []
    start = 0
    for room, places in block:
        stay = set(farthest_first(sketches[start : start + len(places)], room))
        over += [place for at, place in enumerate(places) if at not in stay]
        start += len(places)
    return over


def _thought(text: str) -> str:
    """What makes two traces two: the thought, or the answer where there is none."""
    found = split_think(text)
    return found.think or found.answer


def _kept(earlier: pa.Table | None) -> list[str]:
    return [] if earlier is None else earlier.filter(earlier[Selected.kept])[Selected.example].to_pylist()


def _rate(recipe: SelectRecipe, sampled: int, correct: int) -> dict[str, Any]:
    """The pass rate with its interval and pass@k; nothing where no teacher was asked."""
    design = recipe.design
    if design is None:
        return {
            Selected.pass_rate: None,
            Selected.pass_rate_low: None,
            Selected.pass_rate_high: None,
            Selected.pass_rate_method: recipe.method,
            Selected.pass_at: [],
        }
    low, high = wilson(correct, sampled)
    interval = {Selected.pass_rate_low: low, Selected.pass_rate_high: high}
    told = {Selected.pass_rate_method: design.method, Selected.pass_at: list(design.pass_at(sampled, correct))}
    return {Selected.pass_rate: design.estimate(sampled, correct), **interval, **told}
