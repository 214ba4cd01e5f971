"""The steps from chosen rows to traces, verdicts and what is kept."""

from functools import partial

from pipeline.models.open import open_teacher
from pipeline.prompts import by_name
from pipeline.stages import (
    ask_judge,
    judge,
    sample,
    select,
)
from pipeline.step import Fan, Needs, Read, Step
from pipeline.verify.answer import VERIFIER
from pipeline.verify.ask_judge import JUDGE_PROMPT
from pipeline.verify.structure import STRUCTURE_VERSION
from schemas.example import Chosen
from schemas.image import Image
from schemas.manifest import JudgeModel, Manifest, Teacher
from schemas.trace import Judgement, Selected, Trace

SAMPLE_UNITS_IN_FLIGHT = 4


def teacher_steps(manifest: Manifest) -> list[Step]:
    """Sample, judge and select, once for every teacher; the gold as the one trace where there is none."""
    if not manifest.teachers:
        chosen = (Read("chosen", "choose", "chosen", (Chosen.id, Chosen.answer)),)
        gold = Step("sample[none]", 2, Fan.MAP, sample.gold_traces, sample.GoldRecipe(), chosen, {"traces": Trace})
        return [gold, *_verdict_steps(manifest, "none", need_thought=False)]
    steps: list[Step] = []
    for place, teacher in enumerate(manifest.teachers):
        steps.append(_sample_step(manifest, teacher, manifest.teachers[:place]))
        steps += _verdict_steps(manifest, teacher.name, need_thought=by_name(teacher.prompt).asks_box)
    return steps


def _sample_step(manifest: Manifest, teacher: Teacher, earlier: tuple[Teacher, ...]) -> Step:
    recipe = sample.SampleRecipe(
        teacher=teacher.name,
        model=teacher.model,
        sees=teacher.sees,
        earlier=tuple(other.sees for other in earlier),
        prompt=teacher.prompt,
        prompt_version=by_name(teacher.prompt).version,
        structure=teacher.structure or "",
        structure_version=STRUCTURE_VERSION if teacher.structure else 0,
        samples=teacher.samples,
        temperature=teacher.temperature,
        top_p=teacher.top_p,
        max_tokens=teacher.max_tokens,
        seed=manifest.seed,
    )
    columns = (Chosen.id, Chosen.question, Chosen.context, Chosen.options, Chosen.answer_type, Chosen.images)
    reads = [Read("chosen", "choose", "chosen", columns)]
    if "image" in teacher.sees:
        reads.append(Read("images", "gather", "images", (Image.digest, Image.published_digest, Image.bytes, Image.format)))
    return Step(
        f"sample[{teacher.name}]",
        2,
        Fan.MAP,
        sample.sample,
        recipe,
        tuple(reads),
        {"traces": Trace},
        needs=Needs(in_flight=SAMPLE_UNITS_IN_FLIGHT),
        open=partial(open_teacher, price=teacher.price),
    )


def _verdict_steps(manifest: Manifest, name: str, *, need_thought: bool) -> list[Step]:
    policy = judge.JudgeRecipe(manifest.judge.policy, VERIFIER)
    limit = select.SelectRecipe(manifest.select.max_per_question, need_thought)
    columns = (Chosen.id, Chosen.answer_type, Chosen.options, Chosen.gold_json)
    told = (Trace.id, Trace.example, Trace.teacher, Trace.sample, Trace.text, Trace.finish_reason)
    judged = (Read("traces", f"sample[{name}]", "traces", told), Read("chosen", "choose", "chosen", columns))
    selected = (
        Read("traces", f"sample[{name}]", "traces", (Trace.id, Trace.example, Trace.text)),
        Read("judgements", judged_by(manifest, name), "judgements", (Judgement.id, Judgement.verdict, Judgement.thought)),
    )
    return [
        Step(f"judge[{name}]", 1, Fan.MAP, judge.judge, policy, judged, {"judgements": Judgement}),
        *([_ask_judge_step(manifest.judge.model, name)] if manifest.judge.model else []),
        Step(f"select[{name}]", 1, Fan.MAP, select.select, limit, selected, {"selected": Selected}),
    ]


def judged_by(manifest: Manifest, name: str) -> str:
    """The step whose verdicts on a teacher's traces hold."""
    return f"ask_judge[{name}]" if manifest.judge.model else f"judge[{name}]"


def _ask_judge_step(model: JudgeModel, name: str) -> Step:
    recipe = ask_judge.AskJudgeRecipe(model.name, model.model, model.max_tokens, JUDGE_PROMPT)
    columns = (Chosen.id, Chosen.question, Chosen.context, Chosen.options, Chosen.answer_type, Chosen.gold_json)
    reads = (Read("judgements", f"judge[{name}]", "judgements"), Read("chosen", "choose", "chosen", columns))
    needs = Needs(in_flight=SAMPLE_UNITS_IN_FLIGHT)
    writes = {"judgements": Judgement}
    opened = partial(open_teacher, price=model.price)
    return Step(f"ask_judge[{name}]", 1, Fan.MAP, ask_judge.ask_judge, recipe, reads, writes, needs=needs, open=opened)
