"""The steps from chosen rows to traces, verdicts and what is kept."""

from dataclasses import fields, replace
from functools import partial
from typing import Any

from jobs.budgets import money_of
from jobs.steps.given import Engine
from jobs.steps.pictures import shown_by
from jobs.steps.rounds import after_of, answerers, design_of, rounds_of, teacher_before
from pipeline.models.open import open_teacher
from pipeline.models.open_engine import open_engine
from pipeline.prompts import Prompt, by_name, shown, worked_examples
from pipeline.sampling import IMPORTED
from pipeline.stages import (
    ask_judge,
    judge,
    pick_shots,
    rate,
    sample,
    select,
)
from pipeline.step import Fan, Needs, Read, Step
from pipeline.texts.minhash import SKETCH_VERSION
from pipeline.verify.answer import VERIFIER
from pipeline.verify.ask_judge import JUDGE_PROMPT
from pipeline.verify.structure import STRUCTURE_VERSION
from schemas.example import Chosen
from schemas.image import Image
from schemas.manifest import JudgeModel, Manifest, Student, Teacher
from schemas.manifest_parts import ShotsFrom
from schemas.shot import SolvedQuestion
from schemas.trace import Judgement, Selected, Trace

SAMPLE_UNITS_IN_FLIGHT = 4


def teacher_steps(manifest: Manifest, engine: Engine | None = None) -> list[Step]:
    """Sample, judge and select, once for every teacher; the gold as the one trace where there is none. `engine`: what runs the student here."""
    steps = [step for teacher in manifest.teachers for step in _shot_steps(teacher)]
    if None in answerers(manifest):
        chosen = (Read("chosen", "choose", "chosen", (Chosen.id, Chosen.source, Chosen.answer)),)
        recipe = sample.GoldRecipe(tuple(dataset.name for dataset in manifest.source if manifest.answered_by_gold(dataset)))
        gold = Step("sample[none]", 2, Fan.MAP, sample.gold_traces, recipe, chosen, {"traces": Trace})
        steps += [gold, *_judge_steps(manifest, "none"), _select_step(manifest, None)]
    for teacher in manifest.teachers:
        for round, name in enumerate(rounds_of(teacher)):
            steps += [_sample_step(manifest, teacher, round, name, engine), *_judge_steps(manifest, name, direct=teacher.imported)]
        steps.append(_select_step(manifest, teacher))
    return steps


def _shot_steps(teacher: Teacher) -> list[Step]:
    """The solved questions of a source that a teacher is shown, before anyone is asked; none where it is shown none or its own."""
    if not isinstance(teacher.shots, ShotsFrom):
        return []
    recipe = pick_shots.PickShotsRecipe(teacher.shots.source, teacher.shots.n)
    seen = (*SolvedQuestion.columns, Chosen.source, Chosen.images, Chosen.identifiers, Chosen.published_split)
    writes = {"shots": SolvedQuestion}
    found = f"find_shots[{teacher.name}]"
    return [
        Step(found, 1, Fan.MAP, pick_shots.find_shots, recipe, (Read("chosen", "choose", "chosen", seen),), writes),
        Step(f"pick_shots[{teacher.name}]", 1, Fan.REDUCE, pick_shots.pick_shots, recipe, (Read("shots", found, "shots"),), writes),
    ]


def _sample_step(manifest: Manifest, teacher: Teacher, round: int, name: str, engine: Engine | None) -> Step:
    if teacher.imported:
        chosen = (Read("chosen", "choose", "chosen", (Chosen.id, Chosen.traces)),)
        stage, recipe = sample.imported_traces, sample.ImportedRecipe(teacher.name)
        return Step(f"sample[{name}]", 3, Fan.MAP, stage, recipe, chosen, {"traces": Trace})
    before = teacher_before(manifest, teacher)
    recipe = _sample_recipe(manifest, teacher, round)
    columns = (Chosen.id, Chosen.source, Chosen.question, Chosen.context, Chosen.options, Chosen.answer_type, Chosen.images)
    columns += (Chosen.identifiers,)
    reads = [Read("chosen", "choose", "chosen", columns)]
    if "image" in teacher.sees:
        reads.append(Read("images", shown_by(manifest), "images", (Image.digest, Image.published_digest, Image.bytes, Image.format)))
    if recipe.shown:
        reads.append(Read("shots", f"pick_shots[{teacher.name}]", "shots", whole=True))
    counted = (Judgement.example, Judgement.sample, Judgement.verdict)
    reads += [Read("judged", judged_by(manifest, one), "judgements", counted) for one in rounds_of(teacher)[:round]]
    if before and not round:
        counted = (Judgement.example, Judgement.verdict)
        reads += [Read("failed", judged_by(manifest, one), "judgements", counted) for one in rounds_of(before)]
    needs = Needs(in_flight=SAMPLE_UNITS_IN_FLIGHT)
    opened: Any = partial(open_teacher, money=money_of(manifest, teacher))
    shares = ""
    if engine is not None and isinstance(teacher, Student):
        shares = f"sample[{teacher.name}]"  # one engine for all rounds: a second one finds no room on the GPU
        needs = Needs(gpus=engine.weights.gpus, in_flight=SAMPLE_UNITS_IN_FLIGHT, actors=engine.actors)
        opened = partial(open_engine, weights=engine.weights)
    return Step(
        f"sample[{name}]",
        2,
        Fan.MAP,
        sample.sample,
        recipe,
        tuple(reads),
        {"traces": Trace},
        needs=needs,
        open=opened,
        shares=shares,
    )


def _sample_recipe(manifest: Manifest, teacher: Teacher, round: int) -> sample.SampleRecipe:
    """What decides the traces of a teacher's round."""
    before = teacher_before(manifest, teacher)
    earlier = [other for other in manifest.teachers[: manifest.teachers.index(teacher)] if not other.beside]
    prompt = replace(by_name(teacher.prompt), system=teacher.system)
    recipe = sample.SampleRecipe(
        teacher=teacher.name,
        model=teacher.model,
        sees=teacher.sees,
        earlier=() if before else tuple(other.sees for other in earlier if other.after is None and not other.imported),
        prompt=prompt,
        structure=teacher.structure or "",
        structure_version=STRUCTURE_VERSION if teacher.structure else 0,
        samples=teacher.asked_in[round],
        temperature=teacher.temperature,
        top_p=teacher.top_p,
        max_tokens=teacher.max_tokens,
        seed=manifest.seed,
        round=round,
        design=design_of(teacher) if round else None,
        after=None if round else after_of(manifest, teacher),
        worked=worked_examples(prompt) if teacher.structure else {},
        shots=() if isinstance(teacher.shots, ShotsFrom) else shown(prompt, teacher.shots),
        shown=teacher.shots.n if isinstance(teacher.shots, ShotsFrom) else 0,
        revision=teacher.revision,
        besides=tuple(dataset.name for dataset in manifest.source if dataset.answers != "teacher"),
    )
    if not isinstance(teacher, Student):
        return recipe
    of_student = {
        "besides": tuple(dataset.name for dataset in manifest.source if dataset.answers == "gold"),
        "seed": manifest.seed if teacher.seed is None else teacher.seed,
    }
    told = {field.name: getattr(recipe, field.name) for field in fields(recipe)} | of_student
    own = {name: replace(one, system=teacher.system) for name, one in own_prompts(manifest, teacher).items()}
    return sample.StudentRecipe(**told, own_prompts=own, pixels="{}..{}".format(*teacher.pixels) if teacher.pixels else "")


def own_prompts(manifest: Manifest, teacher: Teacher) -> dict[str, Prompt]:
    """The sources whose questions a student is asked with a prompt of theirs: those that no teacher is asked about."""
    if not teacher.beside:
        return {}
    return {one.name: by_name(one.prompt) for one in manifest.source if one.answers == "none" and one.prompt}


def _judge_steps(manifest: Manifest, name: str, *, direct: bool = False) -> list[Step]:
    """The verdicts on one round of a teacher. `direct`: direct answers stand among its traces."""
    recipe = judge.JudgeRecipe(manifest.judge.policy, VERIFIER, direct)
    columns = (Chosen.id, Chosen.answer_type, Chosen.options, Chosen.gold_json)
    told = (Trace.id, Trace.example, Trace.teacher, Trace.sample, Trace.text, Trace.finish_reason)
    reads = (Read("traces", f"sample[{name}]", "traces", told), Read("chosen", "choose", "chosen", columns))
    by_rule = Step(f"judge[{name}]", 2, Fan.MAP, judge.judge, recipe, reads, {"judgements": Judgement})
    return [by_rule, *([_ask_judge_step(manifest, manifest.judge.model, name)] if manifest.judge.model else [])]


def _select_step(manifest: Manifest, teacher: Teacher | None) -> Step:
    """What is kept of a teacher, over all of its rounds; of the golds where there is none."""
    need_thought = teacher is not None and by_name(teacher.prompt).asks_box
    design = design_of(teacher) if teacher and not teacher.imported else None
    method = IMPORTED if teacher and teacher.imported else ""
    diverse = SKETCH_VERSION if manifest.select.keep == "diverse" else 0
    withheld = "" if teacher is None or teacher in manifest.answering else rate.RL_ONLY
    recipe = select.SelectRecipe(manifest.select.max_per_question, need_thought, design, method, diverse, withheld)
    told = (Judgement.id, Judgement.verdict, Judgement.rule, Judgement.thought, Judgement.published_start)
    reads: list[Read] = []
    for name in rounds_of(teacher):
        reads += [
            Read("traces", f"sample[{name}]", "traces", (Trace.id, Trace.example, Trace.text)),
            Read("judgements", judged_by(manifest, name), "judgements", told),
        ]
    before = teacher_before(manifest, teacher)
    while before:
        reads.append(Read("earlier", f"select[{before.name}]", "selected", (Selected.example, Selected.kept)))
        before = teacher_before(manifest, before)
    return Step(f"select[{teacher.name if teacher else 'none'}]", 4, Fan.MAP, select.select, recipe, tuple(reads), {"selected": Selected})


def judged_by(manifest: Manifest, name: str) -> str:
    """The step whose verdicts on a teacher's traces hold."""
    return f"ask_judge[{name}]" if manifest.judge.model else f"judge[{name}]"


def _ask_judge_step(manifest: Manifest, model: JudgeModel, name: str) -> Step:
    recipe = ask_judge.AskJudgeRecipe(model.name, model.model, model.max_tokens, JUDGE_PROMPT, revision=model.revision)
    columns = (Chosen.id, Chosen.question, Chosen.context, Chosen.options, Chosen.answer_type, Chosen.gold_json, Chosen.identifiers)
    reads = (Read("judgements", f"judge[{name}]", "judgements"), Read("chosen", "choose", "chosen", columns))
    needs = Needs(in_flight=SAMPLE_UNITS_IN_FLIGHT)
    writes = {"judgements": Judgement}
    opened = partial(open_teacher, money=money_of(manifest, model))
    return Step(f"ask_judge[{name}]", 2, Fan.MAP, ask_judge.ask_judge, recipe, reads, writes, needs=needs, open=opened)
