"""The steps from upstream files to the rows that are chosen."""

import json
from functools import partial
from importlib import metadata

from jobs.steps.given import Input, ingest_name
from pipeline.images.burned import BURNED_VERSION
from pipeline.images.clean import CLEAN_VERSION
from pipeline.images.frames import Frame
from pipeline.read_source import read_source
from pipeline.stages import (
    choose,
    find_duplicates,
    find_letters,
    gather,
    ingest,
    partition,
    rank,
    scan_text,
)
from pipeline.step import Fan, Read, Step
from pipeline.texts.identifiers import SCANNER_VERSION
from pipeline.texts.presidio import version_of
from schemas.example import Chosen, Dropped, Example, Identified, Reject
from schemas.graph import Duplicate, Overlap, Partition, Rank
from schemas.image import Image, ImageHash, Lettered
from schemas.manifest import Dataset, Manifest
from schemas.picture import Picture
from schemas.similar import Similar

DECODERS = ("pydicom", "pylibjpeg-libjpeg", "pylibjpeg-openjpeg", "pylibjpeg-rle", "nibabel")
# What of a no-code source decides how its rows read.
MAPPED = ("kind", "license", "access", "homepage", "modality", "domain", "body_part", "task", "question", "context", "options")
MAPPED += ("gold", "images", "id", "group")
IMAGE_ROWS_IN_GROUP = 64
EXAMPLE_ROWS_IN_GROUP = 512
_PICTURES = Read("pictures", "join_images", "pictures", (Picture.digest, Picture.picture))


def mapping_of(dataset: Dataset) -> str:
    """How a no-code source reads its columns, as canonical JSON; '' for a known dataset."""
    if dataset.kind is None:
        return ""
    told = dataset.model_dump(mode="json", include=set(MAPPED), exclude_none=True)
    if dataset.gold:
        told["gold"] = dataset.gold.model_dump(mode="json", exclude_defaults=True)
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


def ingest_step(item: Input, frame: str) -> Step:
    """Ingest: an input's files become examples, images (of several frames the one that is asked for) and rejects."""
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
        frame=Frame(frame),
        takedown=item.takedown,
    )
    return Step(
        name=ingest_name(item),
        version=4,
        fan=Fan.FILES,
        run=partial(read_source, layout=item.layout),
        recipe=recipe,
        reads=(),
        writes={"examples": Example, "images": Image, "rejects": Reject},
        parts=item.parts,
        parquet={"examples": {"row_group_size": EXAMPLE_ROWS_IN_GROUP}, "images": {"row_group_size": IMAGE_ROWS_IN_GROUP}},
    )


def partition_step(sources: list[Input]) -> Step:
    """Partition: which ingested rows make up which shard."""
    keys = tuple(Read("keys", ingest_name(item), "examples", (Example.key,)) for item in sources)
    sizes = tuple(Read("sizes", ingest_name(item), "images", (Image.digest, Image.size)) for item in sources)
    return Step("partition", 1, Fan.REDUCE, partition.partition, partition.PartitionRecipe(), keys + sizes, {"partition": Partition})


def gather_step(sources: list[Input]) -> Step:
    """Gather: the rows of a shard from all sources."""
    reads = [Read("partition", "partition", "partition")]
    for item in sources:
        reads += [Read("examples", ingest_name(item), "examples"), Read("images", ingest_name(item), "images")]
    writes = {"examples": Example, "images": Image, "rejects": Reject}
    return Step("gather", 3, Fan.GATHER, gather.gather, gather.GatherRecipe(), tuple(reads), writes)


def duplicates_step() -> Step:
    """Find duplicates, across all sources."""
    columns = (Example.id, Example.content, Example.images, Example.answer_type, Example.gold_json, Example.options)
    reads = (
        Read("examples", "gather", "examples", columns),
        _PICTURES,
    )
    return Step(
        "find_duplicates",
        4,
        Fan.REDUCE,
        find_duplicates.find_duplicates,
        find_duplicates.DuplicatesRecipe(),
        reads,
        {"duplicates": Duplicate},
    )


def rank_step(manifest: Manifest, sources: list[Input], *, decided: bool) -> Step:
    """Rank: what only the whole corpus can decide; `decided`: whether there are benchmarks, and so overlaps."""
    recipe = rank.RankRecipe(
        sources=tuple(item.dataset.name for item in sources),
        max_rows=tuple(item.dataset.max_rows or 0 for item in sources),
        heldout=manifest.split.heldout,
        seed=manifest.seed,
        drops_similar=manifest.texts.near == "drop",
        weights=tuple(item.dataset.weight for item in sources),
        per_class=tuple(item.dataset.per_class or 0 for item in sources),
        balanced=tuple(item.dataset.name for item in sources if item.dataset.balance == "up"),
    )
    told_class = (Example.answer_type, Example.options, Example.gold_json) if recipe.balanced or any(recipe.per_class) else ()
    told = (Overlap.id, Overlap.benchmark, Overlap.row, Overlap.kind, Overlap.rule, Overlap.score, Overlap.decision)
    reads = (
        Read("examples", "gather", "examples", (Example.id, Example.source, Example.group, Example.images, *told_class)),
        Read("hashes", "hash_images", "hashes", (ImageHash.digest, ImageHash.fault)),
        _PICTURES,
        Read("duplicates", "find_duplicates", "duplicates"),
        *([Read("overlaps", "decide_overlaps", "overlaps", told)] if decided else []),
        *([Read("similar", "join_texts", "similar", (Similar.id, Similar.other, Similar.against))] if manifest.texts.near != "off" else []),
    )
    return Step("rank", 5, Fan.REDUCE, rank.rank, recipe, reads, {"ranks": Rank})


def scan_steps(manifest: Manifest) -> list[Step]:
    """Scan text and find letters: what identifies persons in rows, and may in pictures; none that the manifest does not ask."""
    letters: list[Step] = []
    if manifest.privacy.pictures == "drop":
        seen = (Read("images", "gather", "images", (Image.digest, Image.bytes)),)
        recipe = find_letters.LettersRecipe(BURNED_VERSION)
        letters = [Step("find_letters", 1, Fan.MAP, find_letters.find_letters, recipe, seen, {"lettered": Lettered})]
    if manifest.privacy.identifiers == "off":
        return letters
    columns = (Example.id, Example.source, Example.question, Example.context, Example.options, Example.answer_type, Example.gold_json)
    columns += (Example.traces,) if any(teacher.imported for teacher in manifest.teachers) else ()
    reads = (Read("examples", "gather", "examples", columns),)
    model = manifest.privacy.presidio
    asked = scan_text.ScanRecipe(SCANNER_VERSION, model, version_of(model) if model else "")
    scan = Step("scan_text", 1, Fan.MAP, scan_text.scan_text, asked, reads, {"identified": Identified})
    return [*letters, scan]


def choose_step(manifest: Manifest) -> Step:
    """Choose: what rank decided, shard by shard, and what the scan for identifiers decides."""
    asked, dropped = manifest.privacy.identifiers, manifest.privacy.pictures == "drop"
    exempt = tuple(dataset.name for dataset in manifest.source if dataset.may_send) if asked != "off" or dropped else ()
    reads = (
        Read("examples", "gather", "examples"),
        Read("ranks", "rank", "ranks"),
        *([Read("identified", "scan_text", "identified")] if asked != "off" else []),
        *([Read("lettered", "find_letters", "lettered")] if dropped else []),
    )
    recipe = choose.ChooseRecipe(asked, exempt, manifest.images.max_pixels or 0, manifest.privacy.pictures)
    return Step("choose", 4, Fan.MAP, choose.choose, recipe, reads, {"chosen": Chosen, "dropped": Dropped})
