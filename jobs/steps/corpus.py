"""The step that writes the published tables."""

from collections.abc import Mapping
from typing import Any

from jobs.steps.pictures import shown_by
from jobs.steps.rates import rate_steps, rated_reads
from jobs.steps.rounds import answerers, rounds_of
from jobs.steps.traces import judged_by, own_prompts
from pipeline.asked import Asked, PublishRecipe
from pipeline.fingerprint import canonical_json
from pipeline.prompts import Prompt, by_name
from pipeline.publish.layout import shard_options
from pipeline.stages import (
    publish,
)
from pipeline.step import Fan, Read, Step
from pipeline.verify.answer import VERIFIER
from schemas.corpus import CONFIGS
from schemas.example import Chosen
from schemas.manifest import Manifest, Student, Teacher
from schemas.manifest_parts import Shot, ShotsFrom

GROUPED_BYTES = 256 << 20


def publish_step(manifest: Manifest) -> Step:
    """Publish: what was chosen, sampled and judged becomes the tables that people receive."""
    spare = by_name(manifest.answering[0].prompt if manifest.answering else "direct")
    told = [dataset for dataset in manifest.source if dataset.answers != "teacher"]
    direct = {dataset.name: by_name(dataset.prompt or ("direct.2" if dataset.answers == "gold" else "boxed.2")) for dataset in told}
    golds = tuple(dataset.name for dataset in told if dataset.answers == "gold")
    asked = tuple(_asked(teacher, own_prompts(manifest, teacher)) for teacher in manifest.teachers)
    withheld = tuple(dataset.name for dataset in manifest.source if not dataset.publish_images)
    recipe = PublishRecipe(asked, spare, VERIFIER, direct, golds, withheld, manifest.select.rl.order)
    reads = [
        Read("chosen", "choose", "chosen", tuple(column for column in Chosen.columns if column not in (Chosen.identifiers, Chosen.traces))),
        Read("dropped", "choose", "dropped"),
        Read("images", shown_by(manifest), "images"),
    ]
    for teacher in answerers(manifest):
        for name in rounds_of(teacher):
            reads += [Read("traces", f"sample[{name}]", "traces"), Read("judgements", judged_by(manifest, name), "judgements")]
        reads.append(Read("selected", f"select[{teacher.name if teacher else 'none'}]", "selected"))
    reads += rated_reads(rate_steps(manifest))
    published = {name: contract for name, contract in publish.OUTPUTS.items() if contract in CONFIGS.values()}
    chunked = manifest.publish.content_defined_chunking
    parquet = {name: shard_options(contract, chunked=chunked) for name, contract in published.items()}
    return Step(
        "publish",
        9,
        Fan.GROUP,
        publish.publish,
        recipe,
        tuple(reads),
        publish.OUTPUTS,
        parquet=parquet,
        group_bytes=GROUPED_BYTES,
        by_shard=True,
    )


def _asked(teacher: Teacher, own: Mapping[str, Prompt]) -> Asked:
    if teacher.imported:
        prompt = by_name(teacher.prompt)
        direct = by_name("octomed-direct" if teacher.prompt == "octomed" else "direct.2") if prompt.asks_box else prompt
        return Asked(teacher.name, (), prompt, canonical_json({"model": teacher.model}), direct=direct)
    design: dict[str, Any] = {"samples": teacher.samples}
    if teacher.rounds:
        design = {"rounds": teacher.rounds, "until_correct": teacher.until_correct, "caps": [cap.model_dump() for cap in teacher.caps]}
    sampling = canonical_json(
        {
            "model": teacher.model,
            **design,
            "temperature": teacher.temperature,
            "top_p": teacher.top_p,
            "max_tokens": teacher.max_tokens,
            "structure": teacher.structure,
            **({"revision": teacher.revision} if teacher.revision else {}),
            **({"system": teacher.system} if teacher.system else {}),
            **({"shots": _shots(teacher.shots)} if teacher.shots else {}),
            **(_of_student(teacher) if isinstance(teacher, Student) else {}),
        }
    )
    after = teacher.after.teacher if teacher.after else ""
    return Asked(teacher.name, teacher.sees, by_name(teacher.prompt), sampling, after, teacher.beside, own)


def _of_student(student: Student) -> dict[str, Any]:
    """What decides a student's rollouts besides."""
    told = {"pixels": student.pixels, "seed": student.seed}
    return {name: value for name, value in told.items() if value is not None}


def _shots(shots: tuple[Shot, ...] | ShotsFrom) -> Any:
    return shots.model_dump() if isinstance(shots, ShotsFrom) else [shot.model_dump() for shot in shots]
