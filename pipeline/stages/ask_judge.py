"""Ask judge: open answers that no rule finds right are put to a model, whose word can only make them right."""

from dataclasses import dataclass

import pyarrow as pa

from pipeline.markers import unmarked
from pipeline.models.generate import Generate
from pipeline.verify import ask_judge as judge
from pipeline.verify.answer import Gold
from schemas.example import AnswerType, Chosen
from schemas.trace import JUDGE_UNREADABLE, MODEL_JUDGE, Judgement, Verdict


@dataclass(frozen=True)
class AskJudgeRecipe:
    """The judge: `teacher` is its name in the manifest, `prompt` what it is told and in which version."""

    teacher: str
    model: str
    max_tokens: int
    prompt: str
    structure: str = ""
    revision: str = ""


def ask_judge(judgements: pa.Table, chosen: pa.Table, recipe: AskJudgeRecipe, handle: Generate) -> dict[str, pa.Table]:
    """`judgements`: as they were, in order, but for what the judge calls right, and for what it gives no verdict on.

    The latter is called ambiguous under a rule of its own: it is neither right nor wrong.
    """
    doubted = items(judgements, chosen)
    asked = list(dict.fromkeys(doubted.values()))
    told = judge.ask_judge(asked, handle, recipe.model, max_tokens=recipe.max_tokens, revision=recipe.revision)
    opinions = dict(zip(asked, told, strict=True))
    rows = judgements.to_pylist()
    for place, item in doubted.items():
        opinion = opinions[item]
        if opinion.correct:
            rows[place] |= {Judgement.verdict: Verdict.CORRECT.value, Judgement.rule: MODEL_JUDGE}
        elif opinion.correct is None:
            unread = {Judgement.verdict: Verdict.AMBIGUOUS.value, Judgement.rule: JUDGE_UNREADABLE, Judgement.error: opinion.reason}
            rows[place] |= unread
    return {"judgements": Judgement.from_rows(rows)}


def items(judgements: pa.Table, chosen: pa.Table) -> dict[int, judge.Item]:
    """What the judge is asked about a shard, by the row of the judgement."""
    columns = [Chosen.id, Chosen.question, Chosen.context, Chosen.options, Chosen.answer_type, Chosen.gold_json, Chosen.identifiers]
    questions = {row[Chosen.id]: row for row in chosen.select(columns).to_pylist() if row[Chosen.answer_type] == AnswerType.OPEN}
    found: dict[int, judge.Item] = {}
    told = (judgements[name].to_pylist() for name in (Judgement.example, Judgement.verdict, Judgement.extracted))
    for place, (example, verdict, extracted) in enumerate(zip(*told, strict=True)):
        if verdict != Verdict.INCORRECT or not extracted or example not in questions:
            continue
        row = questions[example]
        gold = Gold.from_json(AnswerType.OPEN, row[Chosen.options], row[Chosen.gold_json])
        asked = "\n\n".join(unmarked(piece) for piece in (row[Chosen.context], row[Chosen.question]) if piece)
        found[place] = judge.Item(asked, gold.values, extracted, tuple(row[Chosen.identifiers]))
    return found
