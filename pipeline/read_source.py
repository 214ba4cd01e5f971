"""Reading upstream files: a part of a source through its layout into the ingest stage."""

import hashlib
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pyarrow as pa

from pipeline.fingerprint import fingerprint
from pipeline.stages.ingest import IngestRecipe, ingest
from schemas.errors import SourceError
from sources.source import Layout, Part

_BLOCK = 1 << 20


def read_source(part: Part, recipe: IngestRecipe, layout: Layout) -> dict[str, pa.Table]:
    """The tables of `ingest` for one part of a source.

    Raises: SourceError where the files are not what the layout says.
    """
    try:
        return ingest(layout.read(part), part.files[0].name, recipe)
    except OSError as error:
        raise SourceError(
            f"{recipe.source}: {error.filename or part.files[0]} cannot be read: {error.strerror or error}. Check the path."
        ) from error


def digest_file(path: Path) -> str:
    """sha256 of a file (hex).

    Raises: SourceError where it cannot be read.
    """
    hasher = hashlib.sha256()
    try:
        with path.open("rb") as file:
            while block := file.read(_BLOCK):
                hasher.update(block)
    except OSError as error:
        raise SourceError(f"{path} cannot be read: {error.strerror or error}. Check the path and its permissions.") from error
    return hasher.hexdigest()


def digest_files(paths: Iterable[Path]) -> dict[Path, str]:
    """sha256 of each file, read side by side."""
    unique = sorted(set(paths))
    with ThreadPoolExecutor(8) as threads:
        return dict(zip(unique, threads.map(digest_file, unique), strict=True))


def digest_part(part: Part, digests: Mapping[Path, str]) -> str:
    """What identifies a part: its files by relative name and content, and its bounds."""
    files = [[path.relative_to(part.root).as_posix(), digests[path]] for path in part.files]
    return fingerprint(files, part.start, part.stop, list(part.about))
