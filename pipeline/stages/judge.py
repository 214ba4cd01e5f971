"""Judge: a verdict for every trace."""

from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from pipeline.markers import unmarked
from pipeline.verify.answer import Gold, Judged, Policy, verify
from pipeline.verify.direct import direct_verdict, published_form
from pipeline.verify.flags import flags
from schemas.example import Chosen
from schemas.trace import Judgement, Trace, Verdict

FLAGS = ("truncated", "no_thought", "looping", "mixed_language", "identity", "leaks_answer", "image_blind")
Row = dict[str, Any]


@dataclass(frozen=True)
class JudgeRecipe:
    """The policy, the verifier whose words are taken, and whether direct answers stand among the traces."""

    policy: str
    verifier: str
    direct: bool = False


def judge(traces: pa.Table, chosen: pa.Table, recipe: JudgeRecipe) -> dict[str, pa.Table]:
    """`judgements`: one verdict per trace with its flags, in order. A gold that is its own completion is right by definition."""
    golds: dict[str, Gold] = {}
    rows = {row[Chosen.id]: row for row in chosen.select([Chosen.id, Chosen.answer_type, Chosen.options, Chosen.gold_json]).to_pylist()}
    judgements: list[Row] = []
    columns = (traces[name].to_pylist() for name in (Trace.id, Trace.example, Trace.teacher, Trace.sample, Trace.text, Trace.finish_reason))
    for id, example, teacher, sample, text, finish_reason in zip(*columns, strict=True):
        if not teacher:
            said = _gold(text)
        else:
            if example not in golds:
                row = rows[example]
                golds[example] = Gold.from_json(row[Chosen.answer_type], tuple(row[Chosen.options]), row[Chosen.gold_json])
            said = _judged(text, golds[example], recipe, finish_reason)
        odd = flags(text, finish_reason)
        said |= {Judgement.flags: [name for name in FLAGS if getattr(odd, name)], Judgement.boxes: odd.boxes, Judgement.error: ""}
        judgements.append({Judgement.id: id, Judgement.example: example, Judgement.sample: sample, **said})
    return {"judgements": Judgement.from_rows(judgements)}


def _gold(text: str) -> Row:
    """The judgement on a gold that is its own completion."""
    return {
        Judgement.verdict: Verdict.CORRECT.value,
        Judgement.extracted: text,
        Judgement.rule: "gold",
        Judgement.thought: False,
        **_spans((0, len(text)), (0, len(unmarked(text)))),
    }


def _judged(text: str, gold: Gold, recipe: JudgeRecipe, finish_reason: str) -> Row:
    found = _verified(text, gold, recipe, finish_reason)
    return {
        Judgement.verdict: found.verdict.value,
        Judgement.extracted: found.extracted,
        Judgement.rule: found.rule,
        Judgement.thought: found.thought,
        **_spans(found.span, _published(text, found, gold, recipe, finish_reason)),
    }


def _verified(text: str, gold: Gold, recipe: JudgeRecipe, finish_reason: str) -> Judged:
    direct = direct_verdict(text, gold) if recipe.direct else None
    return direct or verify(text, gold, policy=Policy(recipe.policy), finish_reason=finish_reason)


def _published(text: str, found: Judged, gold: Gold, recipe: JudgeRecipe, finish_reason: str) -> tuple[int, int] | None:
    """Where the answer stands in the form that is published, where that form says the same."""
    form = published_form(text, found.rule)
    again = found if form == text else _verified(form, gold, recipe, finish_reason)
    return again.span if (again.verdict, again.extracted, again.rule) == (found.verdict, found.extracted, found.rule) else None


def _spans(raw: tuple[int, int] | None, published: tuple[int, int] | None) -> Row:
    start, stop = raw or (None, None)
    published_start, published_stop = published or (None, None)
    return {
        Judgement.start: start,
        Judgement.stop: stop,
        Judgement.published_start: published_start,
        Judgement.published_stop: published_stop,
    }
