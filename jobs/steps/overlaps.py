"""The steps that find what the sources share with benchmarks, and decide about it."""

from jobs.steps.given import Input, ingest_name
from pipeline.publish.layout import parquet_options
from pipeline.rulings import rulings_of
from pipeline.stages import decide_overlaps, find_overlaps
from pipeline.step import Fan, Read, Step
from pipeline.texts.overlap import DETECTOR_VERSION
from schemas.example import Example
from schemas.graph import Finding, Overlap
from schemas.manifest import Manifest
from sources.source import Access

# Whose rows may not be passed on: of these benchmarks the evidence names rows without their texts.
WITHHELD = (Access.CREDENTIALED, Access.REGISTERED)


def overlap_steps(manifest: Manifest, sources: list[Input], benchmarks: list[Input]) -> list[Step]:
    """Find overlaps, benchmark by benchmark, then decide about them all; none where no benchmark is named."""
    if not benchmarks:
        return []
    return [*(_find_step(item) for item in benchmarks), _decide_step(manifest, sources, benchmarks)]


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
        withheld=tuple(item.dataset.name for item in benchmarks if item.source.access in WITHHELD),
    )
    reads = tuple(Read("findings", _find_name(item), "findings") for item in benchmarks)
    parquet = {"overlaps": parquet_options(Overlap)}
    stage = decide_overlaps.decide_overlaps
    return Step("decide_overlaps", 1, Fan.REDUCE, stage, recipe, reads, {"overlaps": Overlap}, parquet=parquet)
