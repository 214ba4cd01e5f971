"""Score: every answer to a benchmark's question with its verdict and what else is measured of it."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from pipeline.fingerprint import canonical_json
from pipeline.verify import gpt2, medevalkit
from pipeline.verify.gold import Gold, Judged
from pipeline.verify.measures import measure
from pipeline.verify.think import split_think
from schemas.evaluation import Scored
from schemas.example import AnswerType, Chosen
from schemas.trace import Judgement, Trace, Verdict


@dataclass(frozen=True)
class ScoreRecipe:
    """`kit`: whose numbers stand beside ours, '' for none. `gpt2`: the version of the package that counts GPT-2's tokens, '' where absent."""

    kit: str = ""
    gpt2: str = ""


def score(traces: pa.Table, judgements: pa.Table, chosen: pa.Table, recipe: ScoreRecipe) -> dict[str, pa.Table]:
    """`scored`: one row a trace, in order."""
    questions = {row[Chosen.id]: row for row in chosen.to_pylist()}
    golds: dict[str, Gold] = {}
    rows: list[dict[str, Any]] = []
    for trace, judged in zip(traces.to_pylist(), judgements.to_pylist(), strict=True):
        if trace[Trace.id] != judged[Judgement.id]:
            raise ValueError("traces and judgements are not in the same order")
        asked = questions[trace[Trace.example]]
        if asked[Chosen.id] not in golds:
            golds[asked[Chosen.id]] = Gold.from_json(asked[Chosen.answer_type], tuple(asked[Chosen.options]), asked[Chosen.gold_json])
        rows.append(_scored(trace, judged, asked, golds[asked[Chosen.id]], recipe))
    return {"scored": Scored.from_rows(rows)}


def _scored(
    trace: Mapping[str, Any], judged: Mapping[str, Any], asked: Mapping[str, Any], gold: Gold, recipe: ScoreRecipe
) -> dict[str, Any]:
    response = trace[Trace.text]
    return {
        Scored.benchmark: asked[Chosen.source],
        Scored.row: asked[Chosen.row],
        Scored.example: asked[Chosen.id],
        Scored.sample: trace[Trace.sample],
        Scored.answer_type: asked[Chosen.answer_type],
        Scored.modality: asked[Chosen.modality],
        Scored.domain: asked[Chosen.domain],
        Scored.subject: asked[Chosen.subject],
        Scored.question: asked[Chosen.question],
        Scored.options: asked[Chosen.options],
        Scored.gold: asked[Chosen.answer],
        Scored.response: response,
        Scored.finish_reason: trace[Trace.finish_reason],
        Scored.verdict: judged[Judgement.verdict],
        Scored.extracted: judged[Judgement.extracted],
        Scored.rule: judged[Judgement.rule],
        Scored.start: judged[Judgement.start],
        Scored.stop: judged[Judgement.stop],
        Scored.chance: chance_of(gold),
        Scored.measures_json: canonical_json(_measures(response, judged, gold, recipe)),
        Scored.kit_json: canonical_json(medevalkit.kit_row(_kit_row(response, asked, gold)) if recipe.kit else {}),
        Scored.prompt_tokens: trace[Trace.prompt_tokens],
        Scored.completion_tokens: trace[Trace.completion_tokens],
        Scored.cost_nanousd: trace[Trace.cost_nanousd],
    }


def chance_of(gold: Gold) -> float:
    """How often a guess among the possible answers is right: letters, sets of letters, yes and no."""
    match gold.answer_type:
        case AnswerType.MCQ:
            return 1 / len(gold.options)
        case AnswerType.MULTI:
            return 1 / (2 ** len(gold.options) - 1)
        case AnswerType.YESNO:
            return 1 / 2
        case AnswerType.YESNOMAYBE:
            return 1 / 3
        case _:
            return 0.0


def _measures(response: str, judged: Mapping[str, Any], gold: Gold, recipe: ScoreRecipe) -> dict[str, Any]:
    span = (judged[Judgement.start], judged[Judgement.stop]) if judged[Judgement.start] is not None else None
    verdict = Verdict(judged[Judgement.verdict])
    right = float(verdict is Verdict.CORRECT)
    read = Judged(verdict, judged[Judgement.extracted], judged[Judgement.rule], span, judged[Judgement.thought], right)
    found = measure(response, gold, read)
    if gold.answer_type is AnswerType.OPEN and recipe.gpt2:
        said = judged[Judgement.extracted] or split_think(response).answer
        found["gpt2_f1"] = max(gpt2.token_f1(said, reference) for reference in gold.values)
    return found


def _kit_row(response: str, asked: Mapping[str, Any], gold: Gold) -> dict[str, Any]:
    """The row as the kit's scorers take it: choice, yes or no, and text."""
    tasks = {AnswerType.MCQ: "mcq", AnswerType.YESNO: "yesno", AnswerType.YESNOMAYBE: "yesno", AnswerType.OPEN: "text"}
    right: Any = json.loads(asked[Chosen.gold_json]).get("values") if gold.answer_type is AnswerType.OPEN else asked[Chosen.answer]
    return {"task": tasks.get(gold.answer_type), "gold": right, "options": list(gold.options), "response": response}
