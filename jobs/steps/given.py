"""What a build is given: sources and benchmarks with their files, and engines with their weights."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from pipeline.models.engine_args import Weights
from schemas.manifest import Dataset
from sources.source import Layout, Part, Source


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
    takedown: tuple[str, ...] = ()


@dataclass(frozen=True)
class Engine:
    """A model that runs where its questions are put: its weights, and how many engines there are at once on a cluster."""

    weights: Weights
    actors: int = 1


def ingest_name(item: Input) -> str:
    """The name of the step that ingests an input."""
    return f"ingest[{'benchmark ' if item.benchmark else ''}{item.dataset.name}]"


def hash_name(item: Input) -> str:
    """The name of the step that hashes a benchmark's images."""
    return f"hash_images[benchmark {item.dataset.name}]"


def shrink_name(item: Input) -> str:
    """The name of the step that makes thumbnails of a benchmark's images."""
    return f"shrink_images[benchmark {item.dataset.name}]"


def sketch_name(item: Input) -> str:
    """The name of the step that sketches a benchmark's images."""
    return f"sketch_images[benchmark {item.dataset.name}]"
