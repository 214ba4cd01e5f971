"""Publish: the rows of one published shard in every config, and the counts of what became of all others."""

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pipeline import prompts
from pipeline.arrays import beside, flat, leads, messages, same
from pipeline.asked import PublishRecipe, teacher_of, unasked
from pipeline.groups import group_names
from pipeline.markers import MARKER, unmarked
from pipeline.verify.think import published_trace
from schemas.contract import Contract
from schemas.corpus import EXTRA_INFO, REWARD_MODEL, Rejected, Rl, Sft, SftText, Tally
from schemas.example import Chosen, Dropped
from schemas.features import ENCODED_IMAGE, ENCODED_IMAGES
from schemas.image import Image
from schemas.trace import Judgement, Selected, Trace

EXTENSIONS = {"jpeg": "jpg", "png": "png", "gif": "gif", "webp": "webp", "tiff": "tif", "bmp": "bmp"}
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
# Columns that an example and a published row share by name.
ALIKE = (Sft.license, Sft.modality, Sft.domain, Sft.body_part, Sft.task, Sft.subject, Sft.weight)
RATE = (Selected.pass_rate, Selected.pass_rate_low, Selected.pass_rate_high, Selected.pass_rate_method)


def publish(
    chosen: pa.Table,
    images: pa.Table,
    dropped: pa.Table,
    traces: pa.Table,
    judgements: pa.Table,
    selected: pa.Table,
    recipe: PublishRecipe,
) -> dict[str, pa.Table]:
    """The tables of `OUTPUTS`: rows in the order of the shard, the rows of one image side by side, teachers and samples in order."""
    questions = _Questions(chosen, images, recipe)
    place = {id: at for at, id in enumerate(chosen[Chosen.id].to_pylist())}
    rank = {teacher.teacher: at for at, teacher in enumerate(recipe.teachers)}
    of = np.array([place[id] for id in traces[Trace.example].to_pylist()], np.int64)
    asked = np.array([rank.get(name, 0) for name in traces[Trace.teacher].to_pylist()], np.int64)
    order = np.lexsort((traces[Trace.sample].to_numpy(), asked, of))
    of = of[order]
    traces = traces.take(pa.array(order))
    ids = traces[Trace.id]
    told = beside(ids, judgements, Judgement.id), beside(ids, selected, Selected.id)
    traced = _traced(traces, *told, recipe, [questions.names[at] for at in of])
    kept = traced["kept"].to_numpy(zero_copy_only=False)
    heldout = questions.heldout[of]
    texts = questions.texts[of]
    made: dict[str, pa.Table] = {}
    for split, held in (("train", False), ("heldout", True)):
        rows = np.flatnonzero(kept & (heldout == held))
        made[f"sft-{split}"] = _sft(Sft, questions, of, traced, rows)
        made[f"sft_text-{split}"] = _sft(SftText, questions, of, traced, rows[texts[rows]])
        made[f"rejected-{split}"] = _rejected(questions, of, traced, np.flatnonzero(~kept & (heldout == held)))
        made[f"rl-{split}"] = _rl(questions, np.flatnonzero(questions.heldout == held), of, traced)
    made["tally"] = _tally(chosen, dropped, traced, of, made["rl-train"], made["rl-heldout"])
    return made


class _Questions:
    """What every published row says of its question, one entry a chosen example."""

    def __init__(self, chosen: pa.Table, images: pa.Table, recipe: PublishRecipe) -> None:
        rows = chosen.select(
            [Chosen.source, Chosen.images, Chosen.question, Chosen.context, Chosen.options, Chosen.answer_type]
        ).to_pylist()
        self.teachers = [teacher_of(row[Chosen.source], row[Chosen.images], recipe) for row in rows]
        asked = {teacher.teacher: teacher.prompt for teacher in recipe.teachers}
        spare = [recipe.direct.get(row[Chosen.source], recipe.prompt) for row in rows]
        self.names = [(asked[name] if name else own).name for name, own in zip(self.teachers, spare, strict=True)]
        self.unasked = [unasked(row[Chosen.source], recipe) for row in rows]
        bare = [prompts.unanswered(row) for row in rows]
        self._plain = {
            prompt.name: [prompts.problem(prompt, one) for one in bare]
            for prompt in (recipe.prompt, *recipe.direct.values(), *asked.values())
        }
        withheld = [bool(row[Chosen.images]) and row[Chosen.source] in recipe.withheld for row in rows]
        self._markers = ["" if held else MARKER * len(row[Chosen.images]) for row, held in zip(rows, withheld, strict=True)]
        self.heldout = pc.equal(chosen[Chosen.published_split], "heldout").to_numpy(zero_copy_only=False)
        self.texts = np.array([not row[Chosen.images] for row in rows], bool)
        self.columns: dict[str, Any] = {
            Sft.question_id: flat(chosen[Chosen.id]),
            Sft.source: flat(chosen[Chosen.source]),
            Sft.source_split: flat(chosen[Chosen.split]),
            Sft.source_row: flat(chosen[Chosen.row]),
            Sft.source_group: group_names(chosen[Chosen.source].to_pylist(), chosen[Chosen.group].to_pylist()),
            **{name: flat(chosen[name]) for name in ALIKE},
            Sft.answer: flat(chosen[Chosen.answer]),
            Sft.answer_type: flat(chosen[Chosen.answer_type]),
            Sft.options_json: pa.array([json.dumps(row[Chosen.options], ensure_ascii=False) for row in rows], pa.string()),
            Sft.grading_json: flat(chosen[Chosen.gold_json]),
        }
        self.digests = flat(chosen[Chosen.images])
        none = pa.array([[]], self.digests.type)
        passed = pa.array(withheld, pa.bool_())
        self._passed = pc.if_else(passed, none[0], self.digests)
        self._withheld = pc.if_else(passed, self.digests, none[0])
        self.series = flat(chosen[Chosen.time_series])
        self._known = flat(images[Image.digest])
        self._bytes = flat(images[Image.bytes]).cast(pa.binary())
        told = zip(images[Image.published_digest].to_pylist(), images[Image.format].to_pylist(), strict=True)
        self._paths = pa.array([f"{digest}.{EXTENSIONS.get(kind, kind)}" for digest, kind in told], pa.string())

    def take(self, places: np.ndarray, names: Sequence[str]) -> dict[str, Any]:
        """What every published row says, for the questions at some places, each asked with the prompt of that name."""
        at = pa.array(places, pa.int64())
        return {name: column.take(at) for name, column in self.columns.items()} | {Sft.problem: self._marked(places, names)}

    def _marked(self, places: np.ndarray, names: Sequence[str]) -> pa.Array:
        return pa.array([self._markers[place] + self._plain[name][place] for place, name in zip(places, names, strict=True)], pa.string())

    def prompted(self, places: np.ndarray, index: np.ndarray, names: Sequence[str]) -> dict[str, Any]:
        """The columns that trainers prompt with."""
        plain = pa.array([self._plain[name][place] for place, name in zip(places, names, strict=True)], pa.string())
        at = pa.array(places, pa.int64())
        train = np.where(self.heldout[places], "heldout", "train")
        answers = self.columns[Sft.answer].take(at)
        return {
            Sft.prompt: messages("user", plain),
            Sft.verl_prompt: messages("user", self._marked(places, names)),
            Sft.reward_model: pa.StructArray.from_arrays([same("rule", len(places)), answers], fields=list(REWARD_MODEL)),
            Sft.extra_info: pa.StructArray.from_arrays(
                [
                    pa.array(train.tolist(), pa.string()),
                    pa.array(index, pa.int64()),
                    self.columns[Sft.question_id].take(at),
                    self.columns[Sft.source].take(at),
                ],
                fields=list(EXTRA_INFO),
            ),
        }

    def shown(self, places: np.ndarray) -> dict[str, Any]:
        """What the questions at some places are asked about: images with their digests, names of withheld ones, and time series."""
        at = pa.array(places, pa.int64())
        series = leads(self.series.take(at))
        return {
            Sft.images: self.pictures(places),
            Sft.image_digests: self.digests.take(at),
            Sft.withheld_images: self.withheld(places),
            Sft.time_series: series,
        }

    def pictures(self, places: np.ndarray) -> pa.ListArray:
        """The images of the questions at some places, each held once however many rows name it; none of those that are withheld."""
        offsets, at = self._named(self._passed, places)
        pictures = pa.StructArray.from_arrays(
            [pa.DictionaryArray.from_arrays(at, self._bytes), self._paths.take(at)], fields=list(ENCODED_IMAGE)
        )
        return pa.ListArray.from_arrays(offsets, pictures, type=ENCODED_IMAGES)

    def withheld(self, places: np.ndarray) -> pa.ListArray:
        """The names of the images that are not passed on."""
        offsets, at = self._named(self._withheld, places)
        return pa.ListArray.from_arrays(offsets, self._paths.take(at))

    def _named(self, digests: pa.ListArray, places: np.ndarray) -> tuple[pa.Array, pa.Array]:
        """Where the lists of some questions begin, and where their images stand."""
        named = digests.take(pa.array(places, pa.int64()))
        at = pc.index_in(named.flatten(), self._known)
        if at.null_count:
            raise ValueError("rows name images that are not there")
        offsets = np.concatenate(([0], np.cumsum(named.value_lengths().to_numpy(), dtype=np.int64)))
        return pa.array(offsets, pa.int32()), at


def _traced(traces: pa.Table, judgements: pa.Table, selected: pa.Table, recipe: PublishRecipe, spare: Sequence[str]) -> dict[str, Any]:
    """What every published row says of its trace, in the order given; `spare` names the prompts of those without a teacher."""
    asked = {teacher.teacher: teacher for teacher in recipe.teachers}
    names = traces[Trace.teacher].to_pylist()
    return {
        Sft.id: flat(traces[Trace.id]),
        "text": flat(traces[Trace.text]),
        "kept": flat(selected[Selected.kept]),
        "reason": flat(selected[Selected.reason]),
        "extracted": flat(judgements[Judgement.extracted]),
        Sft.teacher: flat(traces[Trace.teacher]),
        Sft.model: flat(traces[Trace.model]),
        Sft.prompt_name: pa.array(
            [asked[name].prompt.name if name in asked else own for name, own in zip(names, spare, strict=True)], pa.string()
        ),
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


def _sft(contract: type[Contract], questions: _Questions, of: np.ndarray, traced: Mapping[str, Any], rows: np.ndarray) -> pa.Table:
    at = pa.array(rows, pa.int64())
    mine = {name: traced[name].take(at) for name in contract.columns if name in traced}
    given = [
        published_trace(text) if teacher else unmarked(text)
        for text, teacher in zip(traced["text"].take(at).to_pylist(), mine[Sft.teacher].to_pylist(), strict=True)
    ]
    response = pa.array(given, pa.string())
    names = mine[Sft.prompt_name].to_pylist()
    columns = questions.take(of[rows], names) | questions.prompted(of[rows], mine[Sft.sample].to_numpy(), names) | mine
    columns |= {Sft.response: response, Sft.completion: messages("assistant", response)}
    if Sft.images in contract.columns:
        columns |= questions.shown(of[rows])
    return _table(contract, columns)


def _rl(questions: _Questions, rows: np.ndarray, of: np.ndarray, traced: Mapping[str, Any]) -> pa.Table:
    first = np.full(len(questions.texts), -1, np.int64)
    first[of[::-1]] = np.arange(len(of))[::-1]
    teachers = [questions.teachers[row] for row in rows]
    measured = np.array([teacher is not None for teacher in teachers], bool) & (first[rows] >= 0)
    at = pa.array(first[rows], pa.int64(), mask=~measured)
    names = [questions.names[row] for row in rows]
    columns = questions.take(rows, names) | questions.prompted(rows, np.zeros(len(rows), np.int64), names)
    columns |= {
        Rl.id: columns[Rl.question_id],
        **questions.shown(rows),
        Rl.teacher: pa.array([teacher or "" for teacher in teachers], pa.string()),
        **{name: traced[name].take(at) for name in RATE},
        Rl.n_sampled: pc.fill_null(traced[Sft.n_sampled].take(at), 0),
        Rl.n_correct: pc.fill_null(traced[Sft.n_correct].take(at), 0),
        Rl.pass_rate_method: pc.fill_null(traced[Sft.pass_rate_method].take(at), ""),
        Rl.no_trace: pa.array(["" if told else questions.unasked[row] for told, row in zip(measured, rows, strict=True)], pa.string()),
    }
    return _table(Rl, columns)


def _rejected(questions: _Questions, of: np.ndarray, traced: Mapping[str, Any], rows: np.ndarray) -> pa.Table:
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


def _tally(chosen: pa.Table, dropped: pa.Table, traced: Mapping[str, Any], of: np.ndarray, *rl: pa.Table) -> pa.Table:
    sources = chosen[Chosen.source].to_pylist()
    counts: Counter[tuple[str, str, str]] = Counter()
    counts.update(("choose", source, "chosen") for source in sources)
    counts.update(
        ("choose", row[Dropped.source], row[Dropped.reason]) for row in dropped.select([Dropped.source, Dropped.reason]).to_pylist()
    )
    for table in rl:
        pairs = zip(table[Rl.source].to_pylist(), table[Rl.no_trace].to_pylist(), strict=True)
        counts.update(("sample", source, reason or "asked") for source, reason in pairs)
    owners = [sources[at] for at in of]
    counts.update(("judge", *pair) for pair in zip(owners, traced[Sft.verdict].to_pylist(), strict=True))
    counts.update(("select", source, reason or "kept") for source, reason in zip(owners, traced["reason"].to_pylist(), strict=True))
    names = (Tally.stage, Tally.source, Tally.reason)
    return Tally.from_rows(dict(zip(names, key, strict=True)) | {Tally.count: count} for key, count in sorted(counts.items()))
