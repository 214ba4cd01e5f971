"""Auditing a corpus as the command line does: against the benchmarks' files where they are at hand."""

from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path

import pyarrow as pa

from jobs.inputs import source_of
from pipeline.benchmark import Item
from pipeline.images.frames import Frame
from pipeline.publish.audit import Audit
from pipeline.publish.audit import audit as prove
from pipeline.publish.corpus import read_corpus
from pipeline.stages.find_overlaps import items_of
from pipeline.stages.ingest import IngestRecipe, ingest
from schemas.errors import UsageError
from schemas.example import Example
from schemas.image import Image
from schemas.manifest import Dataset

Named = tuple[Dataset, Path, Frame]


def audit(corpus: Path, *, strict: bool, benchmarks: Mapping[str, Path] | None = None) -> Audit:
    """The audit of a corpus; `benchmarks` says where the files of those that its manifest names lie.

    Raises: CorpusError where the folder is no corpus; UsageError for a benchmark that it does not name; SourceError as reading does.
    """
    paths = dict(benchmarks or {})
    manifest = read_corpus(corpus).manifest
    named = {one.name: one for one in manifest.benchmark}
    unknown = sorted(set(paths) - set(named))
    if unknown:
        known = f"only {', '.join(named)}" if named else "none"
        raise UsageError(f"The corpus was not built against {', '.join(unknown)}: its manifest names {known}.")
    frame = Frame(manifest.images.frame)
    found = [(named[name], path, frame) for name, path in paths.items()]
    if not found:
        return prove(corpus, strict)
    return prove(corpus, strict, benchmarks=partial(_items, found), benchmark_images=partial(_images, found))


def named_paths(given: Sequence[str], option: str = "--benchmark", like: str = "medqa=data/medqa") -> dict[str, Path]:
    """`NAME=PATH` words as a mapping.

    Raises: UsageError for a word of another form.
    """
    pairs = [word.partition("=") for word in given]
    for name, sign, path in pairs:
        if not (name and sign and path):
            raise UsageError(f"{option} takes NAME=PATH, like {like}, not {name + sign + path!r}.")
    return {name: Path(path) for name, _, path in pairs}


def _items(found: Sequence[Named]) -> dict[str, list[Item]]:
    """The benchmarks' rows by name."""
    items: dict[str, list[Item]] = {}
    for name, tables in ingested(found):
        items.setdefault(name, []).extend(items_of(tables["examples"], Example.row))
    return items


def _images(found: Sequence[Named]) -> Iterator[tuple[str, str, bytes]]:
    """The benchmarks' images: name, upstream digest and clean bytes."""
    for name, tables in ingested(found):
        images = tables["images"]
        for digest, data in zip(images[Image.digest].to_pylist(), images[Image.bytes], strict=True):
            if data.as_py():
                yield name, digest, data.as_py()


def ingested(found: Sequence[Named]) -> Iterator[tuple[str, Mapping[str, pa.Table]]]:
    """The tables that datasets' files give, with the dataset's name, a table a part."""
    for dataset, path, frame in found:
        source = source_of(dataset)
        layout, parts = source.fit(path.resolve(), dataset.split)
        recipe = IngestRecipe(
            dataset.name,
            source.name,
            source.version,
            layout.name,
            dataset.split or source.default_split,
            source.license,
            0,
            needs_gold=False,
            frame=frame,
        )
        for part in parts:
            yield dataset.name, ingest(layout.read(part), part.files[0].name, recipe)
