"""From a manifest to the graph: the one place where steps are put together."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from importlib import metadata
from pathlib import Path

from pipeline.execute import Graph
from pipeline.images.clean import CLEAN_VERSION
from pipeline.images.decode import MEASURE_VERSION
from pipeline.models.open import open_teacher
from pipeline.prompts import by_name
from pipeline.publish.layout import parquet_options
from pipeline.read_source import digest_part, read_source
from pipeline.stages import (
    ask_judge,
    choose,
    find_duplicates,
    find_overlaps,
    gather,
    hash_images,
    ingest,
    judge,
    partition,
    publish,
    rank,
    sample,
    select,
)
from pipeline.step import Fan, Needs, Read, Step
from pipeline.verify.answer import VERIFIER
from pipeline.verify.ask_judge import JUDGE_PROMPT
from pipeline.verify.structure import STRUCTURE_VERSION
from schemas.corpus import CONFIGS
from schemas.example import Chosen, Dropped, Example, Reject
from schemas.graph import Duplicate, Overlap, Partition, Rank
from schemas.image import Image, ImageHash
from schemas.manifest import Dataset, JudgeModel, Manifest, Teacher
from schemas.trace import Judgement, Selected, Trace
from sources.source import Layout, Part, Source

SHARD_BYTES = 256 << 20
DECODERS = ("pydicom", "pylibjpeg-libjpeg", "pylibjpeg-openjpeg", "pylibjpeg-rle", "nibabel")
SAMPLE_UNITS_IN_FLIGHT = 4
IMAGE_ROWS_IN_GROUP = 64
EXAMPLE_ROWS_IN_GROUP = 512
PUBLISHED_GROUP_BYTES = 100 << 20


@dataclass(frozen=True)
class Input:
    """A source or benchmark with the files that it is read from and their sha256."""

    dataset: Dataset
    source: Source
    split: str
    layout: Layout
    parts: tuple[Part, ...]
    benchmark: bool
    digests: Mapping[Path, str]


def build_graph(manifest: Manifest, inputs: tuple[Input, ...]) -> Graph:
    """The graph of a manifest over its inputs, sources in the manifest's order, then benchmarks.

    Raises: ManifestError for an unknown prompt; SourceError where an input cannot be read.
    """
    part_digests = {part: digest_part(part, item.digests) for item in inputs for part in item.parts}
    sources = [item for item in inputs if not item.benchmark]
    benchmarks = [item for item in inputs if item.benchmark]
    steps = [_ingest_step(item) for item in inputs]
    steps += [_hash_step(_hash_name(item), _ingest_name(item)) for item in benchmarks]
    steps += [_partition_step(sources), _gather_step(sources), _hash_step("hash_images", "gather")]
    steps += [_duplicates_step(), _overlaps_step(benchmarks), _rank_step(manifest, sources), _choose_step()]
    steps += _teacher_steps(manifest)
    steps.append(_publish_step(manifest))
    return Graph(tuple(steps), part_digests)


def _ingest_name(item: Input) -> str:
    return f"ingest[{'benchmark ' if item.benchmark else ''}{item.dataset.name}]"


def _hash_name(item: Input) -> str:
    return f"hash_images[benchmark {item.dataset.name}]"


def mapping_of(dataset: Dataset) -> str:
    """How a no-code source reads its columns, as canonical JSON; '' for a known dataset."""
    if dataset.kind is None:
        return ""
    told = dataset.model_dump(mode="json", exclude={"name", "split", "max_rows", "path", "revision", "may_send"}, exclude_none=True)
    return json.dumps(told, sort_keys=True, ensure_ascii=False)


def decoders() -> tuple[str, ...]:
    """The optional image decoders that are installed: without them some images are faults that would otherwise stay so."""
    found = {name: _version(name) for name in DECODERS}
    return tuple(f"{name} {version}" for name, version in found.items() if version)


def _version(name: str) -> str:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return ""


def _ingest_step(item: Input) -> Step:
    recipe = ingest.IngestRecipe(
        source=item.dataset.name,
        dataset=item.source.name,
        dataset_version=item.source.version,
        layout=item.layout.name,
        split=item.split,
        license=item.source.license,
        clean_version=CLEAN_VERSION,
        mapping=mapping_of(item.dataset),
        needs_gold=not item.benchmark,
        decoders=decoders(),
    )
    return Step(
        name=_ingest_name(item),
        version=1,
        fan=Fan.FILES,
        run=partial(read_source, layout=item.layout),
        recipe=recipe,
        reads=(),
        writes={"examples": Example, "images": Image, "rejects": Reject},
        parts=item.parts,
        parquet={"examples": {"row_group_size": EXAMPLE_ROWS_IN_GROUP}, "images": {"row_group_size": IMAGE_ROWS_IN_GROUP}},
    )


def _partition_step(sources: list[Input]) -> Step:
    keys = tuple(Read("keys", _ingest_name(item), "examples", (Example.key,)) for item in sources)
    sizes = tuple(Read("sizes", _ingest_name(item), "images", (Image.digest, Image.size)) for item in sources)
    return Step("partition", 1, Fan.REDUCE, partition.partition, partition.PartitionRecipe(), keys + sizes, {"partition": Partition})


def _gather_step(sources: list[Input]) -> Step:
    reads = [Read("partition", "partition", "partition")]
    for item in sources:
        reads += [Read("examples", _ingest_name(item), "examples"), Read("images", _ingest_name(item), "images")]
    writes = {"examples": Example, "images": Image, "rejects": Reject}
    return Step("gather", 1, Fan.GATHER, gather.gather, gather.GatherRecipe(), tuple(reads), writes)


def _hash_step(name: str, over: str) -> Step:
    recipe = hash_images.HashRecipe(MEASURE_VERSION)
    reads = (Read("images", over, "images", (Image.digest, Image.bytes, Image.fault)),)
    return Step(name, 1, Fan.MAP, hash_images.hash_images, recipe, reads, {"hashes": ImageHash})


def _duplicates_step() -> Step:
    columns = (Example.id, Example.content, Example.images, Example.answer_type, Example.gold_json, Example.options)
    reads = (
        Read("examples", "gather", "examples", columns),
        Read("hashes", "hash_images", "hashes", (ImageHash.digest, ImageHash.pixels)),
    )
    return Step(
        "find_duplicates",
        1,
        Fan.REDUCE,
        find_duplicates.find_duplicates,
        find_duplicates.DuplicatesRecipe(),
        reads,
        {"duplicates": Duplicate},
    )


def _overlaps_step(benchmarks: list[Input]) -> Step:
    pixels = (ImageHash.digest, ImageHash.pixels)
    reads = [
        Read("examples", "gather", "examples", (Example.id, Example.content, Example.images)),
        Read("hashes", "hash_images", "hashes", pixels),
    ]
    for item in benchmarks:
        columns = (Example.source, Example.row, Example.content, Example.images)
        reads += [Read("benchmark", _ingest_name(item), "examples", columns), Read("benchmark_hashes", _hash_name(item), "hashes", pixels)]
    recipe = find_overlaps.OverlapsRecipe()
    return Step("find_overlaps", 1, Fan.REDUCE, find_overlaps.find_overlaps, recipe, tuple(reads), {"overlaps": Overlap})


def _rank_step(manifest: Manifest, sources: list[Input]) -> Step:
    recipe = rank.RankRecipe(
        sources=tuple(item.dataset.name for item in sources),
        max_rows=tuple(item.dataset.max_rows or 0 for item in sources),
        heldout=manifest.split.heldout,
        seed=manifest.seed,
    )
    reads = (
        Read("examples", "gather", "examples", (Example.id, Example.source, Example.group, Example.images)),
        Read("hashes", "hash_images", "hashes", (ImageHash.digest, ImageHash.pixels, ImageHash.fault)),
        Read("duplicates", "find_duplicates", "duplicates"),
        Read("overlaps", "find_overlaps", "overlaps"),
    )
    return Step("rank", 1, Fan.REDUCE, rank.rank, recipe, reads, {"ranks": Rank})


def _choose_step() -> Step:
    reads = (Read("examples", "gather", "examples"), Read("ranks", "rank", "ranks"))
    return Step("choose", 1, Fan.MAP, choose.choose, choose.ChooseRecipe(), reads, {"chosen": Chosen, "dropped": Dropped})


def _teacher_steps(manifest: Manifest) -> list[Step]:
    if not manifest.teachers:
        chosen = (Read("chosen", "choose", "chosen", (Chosen.id, Chosen.answer)),)
        gold = Step("sample[none]", 1, Fan.MAP, sample.gold_traces, sample.GoldRecipe(), chosen, {"traces": Trace})
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
        1,
        Fan.MAP,
        sample.sample,
        recipe,
        tuple(reads),
        {"traces": Trace},
        needs=Needs(in_flight=SAMPLE_UNITS_IN_FLIGHT),
        open=open_teacher,
    )


def _verdict_steps(manifest: Manifest, name: str, *, need_thought: bool) -> list[Step]:
    policy = judge.JudgeRecipe(manifest.judge.policy, VERIFIER)
    limit = select.SelectRecipe(manifest.select.max_per_question, need_thought)
    columns = (Chosen.id, Chosen.answer_type, Chosen.options, Chosen.gold_json)
    told = (Trace.id, Trace.example, Trace.teacher, Trace.sample, Trace.text, Trace.finish_reason)
    judged = (Read("traces", f"sample[{name}]", "traces", told), Read("chosen", "choose", "chosen", columns))
    selected = (
        Read("traces", f"sample[{name}]", "traces", (Trace.id, Trace.example, Trace.text)),
        Read("judgements", _judged_by(manifest, name), "judgements", (Judgement.id, Judgement.verdict, Judgement.thought)),
    )
    return [
        Step(f"judge[{name}]", 1, Fan.MAP, judge.judge, policy, judged, {"judgements": Judgement}),
        *([_ask_judge_step(manifest.judge.model, name)] if manifest.judge.model else []),
        Step(f"select[{name}]", 1, Fan.MAP, select.select, limit, selected, {"selected": Selected}),
    ]


def _judged_by(manifest: Manifest, name: str) -> str:
    """The step whose verdicts on a teacher's traces hold."""
    return f"ask_judge[{name}]" if manifest.judge.model else f"judge[{name}]"


def _ask_judge_step(model: JudgeModel, name: str) -> Step:
    recipe = ask_judge.AskJudgeRecipe(model.name, model.model, model.max_tokens, JUDGE_PROMPT)
    columns = (Chosen.id, Chosen.question, Chosen.context, Chosen.options, Chosen.answer_type, Chosen.gold_json)
    reads = (Read("judgements", f"judge[{name}]", "judgements"), Read("chosen", "choose", "chosen", columns))
    needs = Needs(in_flight=SAMPLE_UNITS_IN_FLIGHT)
    writes = {"judgements": Judgement}
    return Step(f"ask_judge[{name}]", 1, Fan.MAP, ask_judge.ask_judge, recipe, reads, writes, needs=needs, open=open_teacher)


def _publish_step(manifest: Manifest) -> Step:
    spare = by_name(manifest.teachers[0].prompt if manifest.teachers else "direct")
    recipe = publish.PublishRecipe(tuple(_asked(teacher) for teacher in manifest.teachers), spare.name, spare.version, VERIFIER)
    reads = [
        Read("chosen", "choose", "chosen"),
        Read("dropped", "choose", "dropped"),
        Read("images", "gather", "images"),
    ]
    for name in [teacher.name for teacher in manifest.teachers] or ["none"]:
        reads += [
            Read("traces", f"sample[{name}]", "traces"),
            Read("judgements", _judged_by(manifest, name), "judgements"),
            Read("selected", f"select[{name}]", "selected"),
        ]
    published = {name: contract for name, contract in publish.OUTPUTS.items() if contract in CONFIGS.values()}
    parquet = {name: {**parquet_options(contract), "max_group_bytes": PUBLISHED_GROUP_BYTES} for name, contract in published.items()}
    return Step("publish", 1, Fan.GROUP, publish.publish, recipe, tuple(reads), publish.OUTPUTS, parquet=parquet, group_bytes=SHARD_BYTES)


def _asked(teacher: Teacher) -> publish.Asked:
    sampling = publish.sampling_json(
        model=teacher.model,
        samples=teacher.samples,
        temperature=teacher.temperature,
        top_p=teacher.top_p,
        max_tokens=teacher.max_tokens,
        structure=teacher.structure,
    )
    return publish.Asked(teacher.name, teacher.sees, teacher.prompt, by_name(teacher.prompt).version, sampling)
