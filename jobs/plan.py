"""From a manifest to the graph: the one place where steps are put together."""

from jobs.steps.corpus import publish_step
from jobs.steps.given import Engine, Input, hash_name, ingest_name
from jobs.steps.overlaps import overlap_steps
from jobs.steps.pictures import bound_steps, hash_step, picture_steps
from jobs.steps.rates import rate_steps
from jobs.steps.rows import choose_step, duplicates_step, gather_step, ingest_step, partition_step, rank_step, scan_steps
from jobs.steps.similar import similar_steps
from jobs.steps.traces import teacher_steps
from pipeline.graph import Graph
from pipeline.read_source import digest_part
from schemas.manifest import Manifest


def build_graph(manifest: Manifest, inputs: tuple[Input, ...], engine: Engine | None = None) -> Graph:
    """The graph of a manifest over its inputs, sources in the manifest's order, then benchmarks; `engine`: what runs its student here.

    Raises: ManifestError for an unknown prompt; SourceError where an input cannot be read.
    """
    part_digests = {part: digest_part(part, item.digests) for item in inputs for part in item.parts}
    sources = [item for item in inputs if not item.benchmark]
    benchmarks = [item for item in inputs if item.benchmark]
    steps = [ingest_step(item, manifest.images.frame) for item in inputs]
    steps += [hash_step(hash_name(item), ingest_name(item)) for item in benchmarks]
    steps += [partition_step(sources), gather_step(sources), hash_step("hash_images", "gather")]
    steps += picture_steps(manifest, benchmarks)
    steps += similar_steps(manifest, sources)
    steps += [duplicates_step(), *overlap_steps(manifest, sources, benchmarks)]
    steps += [rank_step(manifest, sources, decided=bool(benchmarks)), *scan_steps(manifest), choose_step(manifest)]
    steps += bound_steps(manifest)
    steps += teacher_steps(manifest, engine)
    steps += rate_steps(manifest)
    steps.append(publish_step(manifest))
    return Graph(tuple(steps), part_digests)
