"""Judge: a verdict for every trace."""

from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from pipeline.verify.answer import Gold, Policy, verify
from pipeline.verify.flags import flags
from schemas.example import Chosen
from schemas.trace import Judgement, Trace, Verdict

FLAGS = ("truncated", "no_thought", "looping", "mixed_language", "identity", "leaks_answer", "image_blind")


@dataclass(frozen=True)
class JudgeRecipe:
    """The policy, and the verifier whose words are taken."""

    policy: str
    verifier: str


def judge(traces: pa.Table, chosen: pa.Table, recipe: JudgeRecipe) -> dict[str, pa.Table]:
    """`judgements`: one verdict per trace with its flags, in order. A gold that is its own completion is right by definition."""
    golds: dict[str, Gold] = {}
    rows = {row[Chosen.id]: row for row in chosen.select([Chosen.id, Chosen.answer_type, Chosen.options, Chosen.gold_json]).to_pylist()}
    judgements: list[dict[str, Any]] = []
    columns = (traces[name].to_pylist() for name in (Trace.id, Trace.example, Trace.teacher, Trace.sample, Trace.text, Trace.finish_reason))
    for id, example, teacher, sample, text, finish_reason in zip(*columns, strict=True):
        said: dict[str, Any] = {
            Judgement.verdict: Verdict.CORRECT.value,
            Judgement.extracted: text,
            Judgement.rule: "gold",
            Judgement.thought: False,
        }
        if teacher:
            if example not in golds:
                row = rows[example]
                golds[example] = Gold.from_json(row[Chosen.answer_type], tuple(row[Chosen.options]), row[Chosen.gold_json])
            found = verify(text, golds[example], policy=Policy(recipe.policy), finish_reason=finish_reason)
            said = {
                Judgement.verdict: found.verdict.value,
                Judgement.extracted: found.extracted,
                Judgement.rule: found.rule,
                Judgement.thought: found.thought,
            }
        odd = flags(text, finish_reason)
        said |= {Judgement.flags: [name for name in FLAGS if getattr(odd, name)], Judgement.boxes: odd.boxes}
        judgements.append({Judgement.id: id, Judgement.example: example, Judgement.sample: sample, **said})
    return {"judgements": Judgement.from_rows(judgements)}
