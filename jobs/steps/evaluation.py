"""The steps of an evaluation: a benchmark's questions are put to one model, its answers judged and scored."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from jobs.steps.given import Engine, Input
from jobs.steps.rows import gather_step, ingest_step, partition_step
from jobs.steps.traces import SAMPLE_UNITS_IN_FLIGHT
from pipeline.graph import Graph
from pipeline.images.bound import BOUND_VERSION
from pipeline.images.frames import Frame
from pipeline.models.accounts import Money
from pipeline.models.open import open_teacher
from pipeline.models.open_engine import open_engine
from pipeline.prompts import Prompt
from pipeline.read_source import digest_part
from pipeline.stages import bound_images, guess, judge, pose, sample, scan_text, score, take
from pipeline.step import Fan, Needs, Read, Step
from pipeline.texts.identifiers import SCANNER_VERSION
from pipeline.verify import gpt2
from pipeline.verify.answer import VERIFIER
from schemas.evaluation import Scored, Taken
from schemas.example import Chosen, Example, Identified
from schemas.image import Image, Lettered
from schemas.trace import Judgement, Trace

RANDOM = "random"
POLICY = "eval"


@dataclass(frozen=True)
class Evaluation:
    """How a model is evaluated: all that can change a number.

    `sees`: questions it does not see are not put, and counted. `prompts`: benchmarks with a prompt of their own, `prompt` that of the others. `max_rows`: questions of each
    benchmark, 0 for all. `shuffle`: a seed above 0 by which options are shuffled. `kit`: whose numbers stand beside ours.
    """

    model: str
    prompt: Prompt
    prompts: Mapping[str, Prompt] = field(default_factory=dict[str, Prompt])
    teacher: str = "student"
    sees: tuple[str, ...] = ("text", "image")
    revision: str = ""
    samples: int = 1
    temperature: float = 0.6
    top_p: float = 0.95
    max_tokens: int = 8192
    max_pixels: int = 262_144
    max_rows: int = 0
    shuffle: int = 0
    seed: int = 0
    kit: str = ""
    may_send: bool = False


def evaluation_graph(asked: Evaluation, inputs: tuple[Input, ...], money: Money, engine: Engine | None = None) -> Graph:
    """The graph that puts the benchmarks' questions to the model, `scored` being what it is for; without `engine` a server has it."""
    parts = {part: digest_part(part, item.digests) for item in inputs for part in item.parts}
    benchmarks = list(inputs)
    steps = [
        *(ingest_step(item, Frame.FIRST) for item in benchmarks),
        partition_step(benchmarks),
        gather_step(benchmarks),
        _take_step(asked),
    ]
    if not asked.may_send:
        steps.append(_scan_step())
    steps += [_pose_step(asked), *([_bound_step(asked)] if "image" in asked.sees and asked.model != RANDOM else [])]
    steps += [_guess_step(asked) if asked.model == RANDOM else _sample_step(asked, money, engine), _judge_step(), _score_step(asked)]
    return Graph(tuple(steps), parts)


def _take_step(asked: Evaluation) -> Step:
    reads = (Read("examples", "gather", "examples", (Example.id, Example.source)),)
    return Step("take", 1, Fan.REDUCE, take.take, take.TakeRecipe(asked.max_rows), reads, {"taken": Taken})


def _scan_step() -> Step:
    columns = (Example.id, Example.source, Example.question, Example.context, Example.options, Example.answer_type, Example.gold_json)
    reads = (Read("examples", "gather", "examples", columns),)
    return Step("scan_text", 1, Fan.MAP, scan_text.scan_text, scan_text.ScanRecipe(SCANNER_VERSION), reads, {"identified": Identified})


def _pose_step(asked: Evaluation) -> Step:
    taken = (Taken.id, Taken.taken)
    reads = [Read("examples", "gather", "examples"), Read("taken", "take", "taken", taken)]
    if not asked.may_send:
        reads.append(Read("identified", "scan_text", "identified"))
    return Step("pose", 2, Fan.MAP, pose.pose, pose.PoseRecipe(asked.shuffle), tuple(reads), {"chosen": Chosen})


def _bound_step(asked: Evaluation) -> Step:
    recipe = bound_images.BoundRecipe(asked.max_pixels, BOUND_VERSION)
    reads = (Read("images", "gather", "images"),)
    return Step("bound_images", 2, Fan.MAP, bound_images.bound_images, recipe, reads, {"images": Image, "lettered": Lettered})


def _sample_step(asked: Evaluation, money: Money, engine: Engine | None) -> Step:
    recipe = sample.BySourceRecipe(
        teacher=asked.teacher,
        model=asked.model,
        revision=asked.revision,
        sees=asked.sees,
        earlier=(),
        prompt=asked.prompt,
        structure="",
        structure_version=0,
        samples=asked.samples,
        temperature=asked.temperature,
        top_p=asked.top_p,
        max_tokens=asked.max_tokens,
        seed=asked.seed,
        own_prompts=dict(asked.prompts),
    )
    columns = (Chosen.id, Chosen.source, Chosen.question, Chosen.context, Chosen.options, Chosen.answer_type, Chosen.images)
    columns += (Chosen.identifiers,)
    shown = (Image.digest, Image.published_digest, Image.bytes, Image.format)
    reads = [Read("chosen", "pose", "chosen", columns)]
    if "image" in asked.sees:
        reads.append(Read("images", "bound_images", "images", shown))
    needs = Needs(in_flight=SAMPLE_UNITS_IN_FLIGHT)
    opened: Any = partial(open_teacher, money=money)
    if engine is not None:
        needs = Needs(gpus=engine.weights.gpus, in_flight=SAMPLE_UNITS_IN_FLIGHT, actors=engine.actors)
        opened = partial(open_engine, weights=engine.weights)
    return Step("sample[student]", 2, Fan.MAP, sample.sample, recipe, tuple(reads), {"traces": Trace}, needs=needs, open=opened)


def _guess_step(asked: Evaluation) -> Step:
    reads = (Read("chosen", "pose", "chosen", (Chosen.id, Chosen.options, Chosen.answer_type)),)
    recipe = guess.GuessRecipe(RANDOM, asked.samples, asked.seed)
    return Step("sample[student]", 2, Fan.MAP, guess.guess, recipe, reads, {"traces": Trace})


def _judge_step() -> Step:
    columns = (Chosen.id, Chosen.answer_type, Chosen.options, Chosen.gold_json)
    told = (Trace.id, Trace.example, Trace.teacher, Trace.sample, Trace.text, Trace.finish_reason)
    reads = (Read("traces", "sample[student]", "traces", told), Read("chosen", "pose", "chosen", columns))
    recipe = judge.JudgeRecipe(POLICY, VERIFIER)
    return Step("judge[student]", 2, Fan.MAP, judge.judge, recipe, reads, {"judgements": Judgement})


def _score_step(asked: Evaluation) -> Step:
    reads = (
        Read("traces", "sample[student]", "traces"),
        Read("judgements", "judge[student]", "judgements"),
        Read("chosen", "pose", "chosen"),
    )
    recipe = score.ScoreRecipe(asked.kit, gpt2.version())
    return Step("score", 1, Fan.MAP, score.score, recipe, reads, {"scored": Scored})
