"""Looking after the store: re-hashing it, and freeing what no manifest reaches."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from jobs import inputs as found
from jobs.build import Nobody, Options, prepare
from pipeline.execute import execute
from pipeline.store import Damage, Store
from schemas.errors import StoreError


@dataclass(frozen=True)
class Verified:
    """What re-hashing found."""

    files: int
    damaged: tuple[Damage, ...]

    def to_json(self) -> dict[str, Any]:
        """For machines."""
        return {"files": self.files, "damaged": [{"path": str(damage.path), "reason": damage.reason} for damage in self.damaged]}


@dataclass(frozen=True)
class Collected:
    """What a collection removed, or would."""

    kept: int
    removed: int
    nbytes: int
    dry_run: bool

    def to_json(self) -> dict[str, Any]:
        """For machines."""
        return dict(vars(self))


def verify(root: Path) -> Verified:
    """Reads every stored file again.

    Raises: StoreError where there is no store.
    """
    store = _opened(root)
    return Verified(sum(1 for _ in store.entries()), tuple(store.verify()))


def collect(root: Path, manifests: Sequence[Path], *, dry_run: bool) -> Collected:
    """Removes every stored file that no kept manifest's finished units reach. Never touches the ledger or fetched files.

    Raises: MedtraceError where a manifest cannot be planned: nothing is removed then.
    """
    store = _opened(root)
    reached: set[Path] = set()
    for path in manifests:
        asked = found.open_manifest(path)
        graph, _, _ = prepare(asked, Options(root, Path("out") / asked.manifest.name, locked=True))
        execution = execute(graph, store, Nobody(), dry=True)
        reached |= {
            store.path(ref.step, ref.key, ref.output)
            for made in execution.outputs.values()
            for refs in made.values()
            for ref in refs.values()
        }
    goes = [path for path in store.entries() if path not in reached]
    leftovers = [
        path
        for folder in root.iterdir()
        if folder.is_dir() and folder.name not in ("ledger", "fetched")
        for path in folder.glob(".*.parquet.*")
    ]
    nbytes = sum(path.stat().st_size for path in goes + leftovers)
    if not dry_run:
        for path in goes + leftovers:
            path.unlink(missing_ok=True)
    return Collected(len(reached), len(goes) + len(leftovers), nbytes, dry_run)


def _opened(root: Path) -> Store:
    if not root.is_dir():
        raise StoreError(f"There is no store at {root}. Name it with --store, or build something first.")
    return Store(root.absolute())
