"""Publish: the rows of one published shard in every config, and the counts of what became of all others."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pipeline.arrays import beside, flat, messages, same
from pipeline.asked import PublishRecipe, measuring_traces
from pipeline.markers import unmarked
from pipeline.published_questions import Questions
from pipeline.sampling import order_of
from pipeline.tallied import tally
from pipeline.verify.direct import is_direct, published_form
from schemas.contract import Contract
from schemas.corpus import Rejected, Rl, Sft, SftText, Tally
from schemas.example import Chosen
from schemas.rated import Thinned
from schemas.trace import Judgement, Selected, Trace

OUTPUTS: dict[str, type[Contract]] = {
    "sft-train": Sft,
    "sft-heldout": Sft,
    "sft_text-train": SftText,
    "sft_text-heldout": SftText,
    "rl-train": Rl,
    "rl-heldout": Rl,
    "rejected-train": Rejected,
    "rejected-heldout": Rejected,
    "tally": Tally,
}
RATE = (Selected.pass_rate, Selected.pass_rate_low, Selected.pass_rate_high, Selected.pass_rate_method, Selected.pass_at)


def publish(
    chosen: pa.Table,
    images: pa.Table,
    dropped: pa.Table,
    traces: pa.Table,
    judgements: pa.Table,
    selected: pa.Table,
    recipe: PublishRecipe,
    rated: pa.Table | None = None,
) -> dict[str, pa.Table]:
    """The tables of `OUTPUTS`: rows in the order of the shard, the rows of one image side by side, teachers and samples in order.

    `rated`: the questions that do not go into sft or rl, and why, where the manifest leaves any out.
    """
    questions = Questions(chosen, images, recipe)
    left_out = _left_out(chosen, rated)
    place = {id: at for at, id in enumerate(chosen[Chosen.id].to_pylist())}
    rank = {teacher.teacher: at for at, teacher in enumerate(recipe.teachers)}
    of = np.array([place[id] for id in traces[Trace.example].to_pylist()], np.int64)
    asked = np.array([rank.get(name, 0) for name in traces[Trace.teacher].to_pylist()], np.int64)
    order = np.lexsort((traces[Trace.sample].to_numpy(), asked, of))
    of = of[order]
    traces = traces.take(pa.array(order))
    ids = traces[Trace.id]
    told = beside(ids, judgements, Judgement.id), beside(ids, selected, Selected.id)
    traced = _traced(traces, *told, recipe, questions, of)
    _leave_out(traced, [left_out["sft"][at] for at in of])
    measuring = measuring_traces(questions.teachers, of, traced[Sft.teacher].to_pylist())
    kept = traced["kept"].to_numpy(zero_copy_only=False)
    asked_in_rl = np.array([not reason for reason in left_out["rl"]], bool)
    heldout = questions.heldout[of]
    texts = questions.texts[of]
    made: dict[str, pa.Table] = {}
    for split, held in (("train", False), ("heldout", True)):
        rows = np.flatnonzero(kept & (heldout == held))
        made[f"sft-{split}"] = _sft(Sft, questions, of, traced, rows)
        made[f"sft_text-{split}"] = _sft(SftText, questions, of, traced, rows[texts[rows]])
        made[f"rejected-{split}"] = _rejected(questions, of, traced, np.flatnonzero(~kept & (heldout == held)))
        made[f"rl-{split}"] = _rl(questions, np.flatnonzero((questions.heldout == held) & asked_in_rl), measuring, traced, recipe.order)
    became = {
        "sample": ["asked" if trace >= 0 else reason for trace, reason in zip(measuring, questions.unasked, strict=True)],
        **({"rl": [reason or "kept" for reason in left_out["rl"]]} if rated is not None else {}),
    }
    traces_became = {"judge": traced[Sft.verdict].to_pylist(), "select": [reason or "kept" for reason in traced["reason"].to_pylist()]}
    made["tally"] = tally(questions.sources, dropped, became, of, traces_became)
    return made


def _left_out(chosen: pa.Table, rated: pa.Table | None) -> dict[str, list[str]]:
    """Why each question does not go into sft and rl, in order; '' where it may."""
    if rated is None:
        return {"sft": [""] * chosen.num_rows, "rl": [""] * chosen.num_rows}
    told = beside(chosen[Chosen.id], rated, Thinned.example)
    return {"sft": told[Thinned.sft].to_pylist(), "rl": told[Thinned.rl].to_pylist()}


def _leave_out(traced: dict[str, Any], reasons: list[str]) -> None:
    """Keeps no trace of a question that does not go into sft; a trace that was not kept anyway keeps its own reason."""
    if not any(reasons):
        return
    told = [own or reason for own, reason in zip(traced["reason"].to_pylist(), reasons, strict=True)]
    traced |= {"reason": pa.array(told, pa.string()), "kept": pa.array([not reason for reason in told], pa.bool_())}


def _traced(
    traces: pa.Table, judgements: pa.Table, selected: pa.Table, recipe: PublishRecipe, questions: Questions, of: np.ndarray
) -> dict[str, Any]:
    """What every published row says of its trace, in the order given."""
    asked = {teacher.teacher: teacher for teacher in recipe.teachers}
    names = traces[Trace.teacher].to_pylist()
    rules = judgements[Judgement.rule].to_pylist()
    prompts = [questions.prompt_name(place, name, direct=is_direct(rule)) for place, name, rule in zip(of, names, rules, strict=True)]
    return {
        Sft.id: flat(traces[Trace.id]),
        "text": flat(traces[Trace.text]),
        "kept": flat(selected[Selected.kept]),
        "reason": flat(selected[Selected.reason]),
        "extracted": flat(judgements[Judgement.extracted]),
        Sft.teacher: flat(traces[Trace.teacher]),
        Sft.model: flat(traces[Trace.model]),
        Sft.prompt_name: pa.array(prompts, pa.string()),
        Sft.sampling_json: pa.array([asked[name].sampling_json if name in asked else "{}" for name in names], pa.string()),
        Sft.sample: flat(traces[Trace.sample]),
        Sft.finish_reason: flat(traces[Trace.finish_reason]),
        Sft.prompt_tokens: flat(traces[Trace.prompt_tokens]),
        Sft.completion_tokens: flat(traces[Trace.completion_tokens]),
        Sft.cost_nanousd: flat(traces[Trace.cost_nanousd]),
        Sft.verifier: same(recipe.verifier, len(names)),
        Sft.verdict: flat(judgements[Judgement.verdict]),
        Sft.rule: flat(judgements[Judgement.rule]),
        Sft.answer_start: flat(judgements[Judgement.published_start]),
        Sft.answer_stop: flat(judgements[Judgement.published_stop]),
        "start": flat(judgements[Judgement.start]),
        "stop": flat(judgements[Judgement.stop]),
        Rejected.error: flat(judgements[Judgement.error]),
        Sft.flags: flat(judgements[Judgement.flags]),
        Sft.boxes: flat(judgements[Judgement.boxes]),
        Sft.n_sampled: flat(selected[Selected.n_sampled]),
        Sft.n_correct: flat(selected[Selected.n_correct]),
        **{name: flat(selected[name]) for name in RATE},
    }


def _sft(contract: type[Contract], questions: Questions, of: np.ndarray, traced: Mapping[str, Any], rows: np.ndarray) -> pa.Table:
    at = pa.array(rows, pa.int64())
    mine = {name: traced[name].take(at) for name in contract.columns if name in traced}
    given = [
        published_form(text, rule) if teacher else unmarked(text)
        for text, teacher, rule in zip(
            traced["text"].take(at).to_pylist(), *(mine[name].to_pylist() for name in (Sft.teacher, Sft.rule)), strict=True
        )
    ]
    response = pa.array(given, pa.string())
    names = mine[Sft.prompt_name].to_pylist()
    columns = questions.take(of[rows], names) | questions.prompted(of[rows], mine[Sft.sample].to_numpy(), names) | mine
    columns |= {Sft.response: response, Sft.completion: messages("assistant", response)}
    if Sft.images in contract.columns:
        columns |= questions.shown(of[rows])
    return _table(contract, columns)


def _rl(questions: Questions, rows: np.ndarray, trace: np.ndarray, traced: Mapping[str, Any], first: str) -> pa.Table:
    """`trace`: for each question the place of a trace that tells its pass rate."""
    teachers = [questions.teachers[row] for row in rows]
    at = pa.array(trace[rows], pa.int64(), mask=trace[rows] < 0)
    names = [questions.names[row] for row in rows]
    columns = questions.take(rows, names) | questions.prompted(rows, np.zeros(len(rows), np.int64), names)
    rates = {name: traced[name].take(at) for name in RATE}
    keys = zip(rates[Rl.pass_rate].to_pylist(), columns[Rl.question_id].to_pylist(), strict=True)
    columns |= {
        Rl.id: columns[Rl.question_id],
        **questions.shown(rows),
        Rl.teacher: pa.array([teacher or "" for teacher in teachers], pa.string()),
        **rates,
        Rl.n_sampled: pc.fill_null(traced[Sft.n_sampled].take(at), 0),
        Rl.n_correct: pc.fill_null(traced[Sft.n_correct].take(at), 0),
        Rl.pass_rate_method: pc.fill_null(rates[Rl.pass_rate_method], ""),
        Rl.pass_at: pc.fill_null(rates[Rl.pass_at], pa.scalar([], Rl.pass_at.type)),
        Rl.order: pa.array([order_of(rate, id, first) for rate, id in keys], pa.int64()),
        Rl.no_trace: pa.array([questions.unasked[row] if trace[row] < 0 else "" for row in rows], pa.string()),
    }
    return _table(Rl, columns)


def _rejected(questions: Questions, of: np.ndarray, traced: Mapping[str, Any], rows: np.ndarray) -> pa.Table:
    at = pa.array(rows, pa.int64())
    columns = questions.take(of[rows], traced[Sft.prompt_name].take(at).to_pylist())
    columns |= {name: traced[name].take(at) for name in Rejected.columns if name in traced}
    columns |= {
        Rejected.response: traced["text"].take(at),
        Rejected.answer_start: traced["start"].take(at),
        Rejected.answer_stop: traced["stop"].take(at),
        Rejected.image_digests: questions.digests.take(pa.array(of[rows], pa.int64())),
    }
    return _table(Rejected, columns)


def _table(contract: type[Contract], columns: Mapping[str, Any]) -> pa.Table:
    return contract.conform(pa.table({name: columns[name] for name in contract.columns}), "publish")
