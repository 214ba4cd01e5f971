"""The steps that find what the sources share with benchmarks, and decide about it."""

from jobs.steps.given import Input, ingest_name, shrink_name
from jobs.steps.pictures import bound_recipe
from pipeline.images.thumbnail import THUMBNAIL_VERSION
from pipeline.publish.layout import parquet_options
from pipeline.rulings import rulings_of
from pipeline.stages import decide_overlaps, find_overlaps, show_overlaps, shrink_images
from pipeline.step import Fan, Read, Step
from pipeline.texts.overlap import DETECTOR_VERSION
from schemas.corpus import Thumbnail
from schemas.example import Example
from schemas.graph import Finding, Overlap
from schemas.image import Image
from schemas.manifest import Manifest
from schemas.picture import ShownImage
from sources.source import Access

# Whose rows may not be passed on: of these benchmarks the evidence names rows without their texts.
WITHHELD = (Access.CREDENTIALED, Access.REGISTERED)


def overlap_steps(manifest: Manifest, sources: list[Input], benchmarks: list[Input]) -> list[Step]:
    """Find overlaps, benchmark by benchmark, decide about them all, and show their pictures; none where no benchmark is named."""
    if not benchmarks:
        return []
    recipe = shrink_images.ShrinkRecipe(THUMBNAIL_VERSION, bound_recipe(manifest).mask_version)
    shrinks = [_shrink_step("shrink_images", "gather", "shown", recipe)]
    shrinks += [_shrink_step(shrink_name(item), ingest_name(item), "benchmark_shown", recipe) for item in benchmarks]
    finds = [_find_step(item) for item in benchmarks]
    return [*finds, _decide_step(manifest, sources, benchmarks), *shrinks, _show_step(manifest, benchmarks)]


def _find_name(item: Input) -> str:
    return f"find_overlaps[{item.dataset.name}]"


def _find_step(item: Input) -> Step:
    columns = (Example.question, Example.context, Example.options, Example.answer_type, Example.answer, Example.images, Example.group)
    reads = (
        Read("examples", "gather", "examples", (Example.id, Example.source, *columns)),
        Read("held", "join_images", "held"),
        Read("benchmark", ingest_name(item), "examples", (Example.row, *columns), whole=True),
    )
    recipe = find_overlaps.OverlapsRecipe(item.dataset.name, DETECTOR_VERSION)
    return Step(_find_name(item), 3, Fan.MAP, find_overlaps.find_overlaps, recipe, reads, {"findings": Finding})


def _decide_step(manifest: Manifest, sources: list[Input], benchmarks: list[Input]) -> Step:
    pairs = [(source, benchmark) for source in sources for benchmark in benchmarks]
    same = [pair for pair in pairs if not pair[0].dataset.kind and pair[0].source.name == pair[1].source.name]
    like = [pair for pair in pairs if pair[0].dataset.kind == pair[1].dataset.kind == "table"]
    recipe = decide_overlaps.DecideOverlapsRecipe(
        rulings=rulings_of(manifest),
        same_cases=tuple((source.dataset.name, benchmark.dataset.name) for source, benchmark in same),
        like_cases=tuple((source.dataset.name, benchmark.dataset.name) for source, benchmark in like),
        withheld=_withheld(benchmarks),
    )
    reads = tuple(Read("findings", _find_name(item), "findings") for item in benchmarks)
    parquet = {"overlaps": parquet_options(Overlap)}
    stage = decide_overlaps.decide_overlaps
    return Step("decide_overlaps", 1, Fan.REDUCE, stage, recipe, reads, {"overlaps": Overlap}, parquet=parquet)


def _withheld(benchmarks: list[Input]) -> tuple[str, ...]:
    return tuple(item.dataset.name for item in benchmarks if item.source.access in WITHHELD)


def _shrink_step(name: str, over: str, shown: str, recipe: shrink_images.ShrinkRecipe) -> Step:
    asked = Read("shown", "join_images", shown, (ShownImage.digest,), whole=shown != "shown")
    reads = (Read("images", over, "images", (Image.digest, Image.bytes), named_by="shown"), asked)
    return Step(name, 1, Fan.MAP, shrink_images.shrink_images, recipe, reads, {"thumbnails": Thumbnail})


def _show_step(manifest: Manifest, benchmarks: list[Input]) -> Step:
    columns = (Overlap.benchmark, Overlap.source, Overlap.image, Overlap.benchmark_image)
    theirs = [Read("benchmark_thumbnails", shrink_name(item), "thumbnails") for item in benchmarks]
    reads = (Read("overlaps", "decide_overlaps", "overlaps", columns), Read("thumbnails", "shrink_images", "thumbnails"), *theirs)
    closed = {item.dataset.name for item in benchmarks if not item.dataset.publish_images} | set(_withheld(benchmarks))
    sources = tuple(dataset.name for dataset in manifest.source if not dataset.publish_images)
    stage, recipe = show_overlaps.show_overlaps, show_overlaps.ShowRecipe(tuple(sorted(closed)), sources)
    parquet = {"thumbnails": parquet_options(Thumbnail)}
    return Step("show_overlaps", 1, Fan.REDUCE, stage, recipe, reads, {"thumbnails": Thumbnail}, parquet=parquet)
