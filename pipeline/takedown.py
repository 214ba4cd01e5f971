"""The takedown list of a manifest: which upstream rows, patients and examples must never be built again, by names that tell none of them."""

import json
from collections.abc import Iterable, Mapping
from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationError

from pipeline.store import writing
from schemas.errors import ManifestError

SUFFIX = ".takedown.json"


class Takedown(BaseModel):
    """Names by source: of rows and groups as `pipeline.groups` makes them, and ids of examples."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    version: int = 1
    sources: dict[str, tuple[str, ...]] = {}

    def names(self, source: str) -> tuple[str, ...]:
        """The names of one source, in order."""
        return self.sources.get(source, ())

    def plus(self, source: str, names: Iterable[str]) -> "Takedown":
        """This list with more names of a source."""
        merged = tuple(sorted({*self.names(source), *names}))
        return Takedown(sources=dict(sorted({**self.sources, source: merged}.items())))

    def both(self, other: "Takedown") -> "Takedown":
        """What either list names."""
        found = self
        for source, names in other.sources.items():
            found = found.plus(source, names)
        return found


NOTHING = Takedown()


def list_path(manifest: Path) -> Path:
    """Where the list of a manifest lies."""
    return manifest.with_suffix(SUFFIX)


def read_takedown(path: Path) -> Takedown:
    """The list in a file; an empty one where there is no file.

    Raises: ManifestError where it cannot be read: a build without it would bring back what was taken down.
    """
    try:
        return Takedown.model_validate_json(path.read_bytes())
    except FileNotFoundError:
        return Takedown()
    except (OSError, ValidationError) as error:
        reason = error.strerror if isinstance(error, OSError) else f"{error.errors()[0]['loc']}: {error.errors()[0]['msg']}"
        raise ManifestError(
            f"The takedown list {path} cannot be read: {reason}. Restore it: what it names must not be built again."
        ) from error


def write_takedown(path: Path, takedown: Takedown) -> None:
    """Writes the list whole or not at all.

    Raises: StoreError.
    """
    with writing(path) as temporary:
        temporary.write_text(takedown.model_dump_json(indent=1) + "\n", encoding="utf-8")


def told_by(build: Mapping[str, object]) -> Takedown:
    """The list that a lock's `build` tells."""
    return Takedown.model_validate(json.loads(json.dumps(build.get("takedown") or {})))
