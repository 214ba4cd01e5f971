"""Filling the paths of a manifest: with a person's own files where these are at hand, else with stand-ins."""

from dataclasses import dataclass
from pathlib import Path

from jobs.inputs import Asked, source_of
from jobs.standins import write_standin
from schemas.errors import MedtraceError
from schemas.manifest_source import Dataset
from sources.check import check

# Folders that hold a dataset under another name than its own.
ALIASES = {"medical_o1": "huatuogpt_o1", "medical_o1_verifiable": "huatuogpt_o1"}
TRIED_ROWS = 20


@dataclass(frozen=True)
class Filled:
    """What lies at a path now: `there` before, `linked` to own files, a `stand-in`, or `left` as a table of the person's own."""

    name: str
    path: Path
    how: str


def fill(asked: Asked, data: Path | None, rows: int) -> tuple[Filled, ...]:
    """Something at every path of the manifest's known datasets.

    Raises: SourceError, ManifestError as writing a stand-in does.
    """
    datasets = (*asked.manifest.source, *asked.manifest.benchmark)
    return tuple(_filled(asked, dataset, data, rows) for dataset in datasets if dataset.path)


def _filled(asked: Asked, dataset: Dataset, data: Path | None, rows: int) -> Filled:
    path = asked.path.parent / (dataset.path or "")
    if path.exists():
        return Filled(dataset.name, path, "there")
    if dataset.kind is not None:
        return Filled(dataset.name, path, "left")
    own = _own(dataset, data) if data else None
    path.parent.mkdir(parents=True, exist_ok=True)
    if own is not None:
        path.symlink_to(own.resolve(), target_is_directory=True)
        return Filled(dataset.name, path, "linked")
    write_standin(dataset.name, path, dataset.split, rows)
    return Filled(dataset.name, path, "stand-in")


def _own(dataset: Dataset, data: Path) -> Path | None:
    """The folder of the dataset's name, or of the beginning of its name, whose first rows read."""
    known = (dataset.name, ALIASES.get(dataset.name, ""), dataset.name.rpartition("_")[0])
    for folder in (data / name for name in known if name):
        try:
            if folder.is_dir() and check(source_of(dataset), folder.resolve(), dataset.split, TRIED_ROWS).first:
                return folder
        except MedtraceError:
            continue
    return None
