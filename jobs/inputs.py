"""Inputs: the files behind every source and benchmark of a manifest, local or fetched."""

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from jobs.served import receivers
from jobs.steps.given import Input
from pipeline import fetch
from pipeline.models.endpoints import endpoint_for
from pipeline.read_source import digest_files
from pipeline.takedown import NOTHING, Takedown, list_path, read_takedown
from schemas.errors import ManifestError, SourceError
from schemas.licences import BY_ROW, refusals
from schemas.lock import FetchLock
from schemas.manifest import Dataset, Manifest, read_manifest
from sources import by_name
from sources.imagefolder import imagefolder_source
from sources.source import Access, Layout, Part, Source
from sources.table import table_source
from sources.traces import traces_source

RESTRICTED = (Access.CREDENTIALED, Access.REGISTERED)


@dataclass(frozen=True)
class Asked:
    """A manifest as it was given."""

    manifest: Manifest
    text: str
    path: Path
    takedown: Takedown = NOTHING
    pinned: FetchLock | None = None

    @property
    def lock_path(self) -> Path:
        """Where its fetch lock stands."""
        return self.path.with_suffix(".lock.json")


def open_manifest(path: Path) -> Asked:
    """Reads a manifest.

    Raises: ManifestError where it cannot be read or asks for what is not there.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8 text"
        raise ManifestError(f"The manifest {path} cannot be read: {reason}. Name a TOML file, like jobs/manifests/demo.toml.") from error
    return Asked(read_manifest(text, str(path)), text, path, read_takedown(list_path(path)))


def source_of(dataset: Dataset) -> Source:
    """The source that a manifest's entry means."""
    if dataset.kind == "table":
        return table_source(dataset)
    if dataset.kind == "imagefolder":
        return imagefolder_source(dataset)
    if dataset.kind == "traces":
        return traces_source(dataset)
    return by_name(dataset.name)


def entry_of(dataset: Dataset, benchmark: bool) -> str:
    """The name of an input in locks: a source and a benchmark may share theirs."""
    return f"benchmark {dataset.name}" if benchmark else dataset.name


def resolve(asked: Asked, cache: Path, *, locked: bool = False, relock: bool = False) -> tuple[tuple[Input, ...], FetchLock]:
    """Every input with its parts, and the lock of what was fetched; files without `path` are fetched.

    Raises: ManifestError, SourceError, FetchError or PinError.
    """
    wanted = [(dataset, False) for dataset in asked.manifest.source] + [(dataset, True) for dataset in asked.manifest.benchmark]
    items, lock = resolve_all(wanted, asked.path.parent, asked.lock_path, cache, locked=locked, relock=relock, pinned=asked.pinned)
    return tuple(item if item.benchmark else replace(item, takedown=asked.takedown.names(item.dataset.name)) for item in items), lock


def resolve_all(
    wanted: Sequence[tuple[Dataset, bool]],
    folder: Path,
    lock_path: Path,
    cache: Path,
    *,
    locked: bool = False,
    relock: bool = False,
    pinned: FetchLock | None = None,
) -> tuple[tuple[Input, ...], FetchLock]:
    """As `resolve`, for datasets (each with whether it is a benchmark) whose paths are relative to a folder. `pinned`: in place of a lock file.

    Raises: ManifestError, SourceError, FetchError or PinError.
    """
    sources = [(dataset, source_of(dataset), benchmark) for dataset, benchmark in wanted]
    for dataset, source, benchmark in sources:
        if source.benchmark_only and not benchmark:
            raise ManifestError(f"{dataset.name} is a benchmark and is never trained on. Name it under [[benchmark]].")
    before = fetch.read_lock(lock_path) if pinned is None else pinned
    after = dict(before.fetched)
    inputs: list[Input] = []
    for dataset, source, benchmark in sources:
        entry = entry_of(dataset, benchmark)
        if dataset.path is not None:
            path = folder / dataset.path
        else:
            fetched = fetch.fetch(
                source, dataset.split, dataset.revision, before.fetched.get(entry), cache, relock=relock, locked_only=locked
            )
            path, after[entry] = fetched.folder, fetched.locked
        layout, parts = _fit(source, path, dataset.split)
        digests = digest_files(file for part in parts for file in part.files)
        inputs.append(Input(dataset, source, dataset.split or source.default_split, layout, parts, benchmark, digests))
    lock = FetchLock(fetched=after)
    if lock != before and (after or before.fetched) and not locked:
        fetch.write_lock(lock_path, lock)
    return tuple(inputs), lock


def _fit(source: Source, path: Path, split: str | None) -> tuple[Layout, tuple[Part, ...]]:
    try:
        return source.fit(path.resolve(), split)
    except (OSError, ValueError, RuntimeError) as error:
        raise SourceError(
            f"{source.name}: {str(path)!r:.200} cannot be looked at: {error}. Name a file or folder that is there."
        ) from error


def check_licences(manifest: Manifest, inputs: tuple[Input, ...]) -> None:
    """Raises: ManifestError where the licence that the manifest names for the whole cannot hold a source."""
    whole = manifest.publish.license
    if whole in ("", BY_ROW):
        return
    sources = [item for item in inputs if not item.benchmark]
    bare = [item.dataset.name for item in sources if not item.dataset.publish_images]
    found = refusals({item.dataset.name: item.source.license for item in sources}, whole, bare)
    if found:
        said = "; ".join(f"{source}: {why}" for source, why in found.items())
        raise ManifestError(
            f'The corpus may not go out under {whole}. {said}. Leave these sources out, or say [publish] license = "{BY_ROW}" or another.'
        )


def check_permissions(manifest: Manifest, inputs: tuple[Input, ...], environ: Mapping[str, str] | None = None) -> None:
    """Raises: ManifestError where rows of a restricted source would go to a remote teacher or judge without permission."""
    environ = os.environ if environ is None else environ
    closed = [item.dataset.name for item in inputs if not item.benchmark and item.source.access in RESTRICTED and not item.dataset.may_send]
    if not closed:
        return
    for teacher in receivers(manifest, environ):
        if endpoint_for(teacher.name, environ).remote:
            raise ManifestError(
                f"Teacher {teacher.name} is remote, and {', '.join(closed)} may not be sent away. "
                "Point the teacher at this machine, or set may_send = true in the source where its licence permits that."
            )
