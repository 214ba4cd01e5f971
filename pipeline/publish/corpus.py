"""Reading a published corpus: its lock, its manifest, and its shards by config."""

import hashlib
import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from pipeline.publish.layout import IMAGE_BYTES
from pipeline.publish.lock import FORMAT
from pipeline.publish.lock_form import form_fault
from schemas.corpus import CONFIGS
from schemas.errors import CorpusError, ManifestError, UsageError
from schemas.manifest import Manifest, read_manifest


@dataclass(frozen=True)
class CorpusShard:
    """A published table as the lock names it; `path` is absolute, `name` relative."""

    config: str
    split: str
    label: str
    name: str
    path: Path
    rows: int
    nbytes: int
    size: int
    sha256: str
    digest: str

    def tables(self, columns: Sequence[str] | None = None, *, encoded: bool = False) -> Iterator[pa.Table]:
        """The rows, one table a row group; with `encoded`, an image that many rows share is held once.

        Raises: CorpusError where the file is gone or damaged.
        """
        try:
            with pq.ParquetFile(
                self.path, read_dictionary=[IMAGE_BYTES] if encoded and "images" in CONFIGS[self.config].columns else None
            ) as file:
                for group in range(file.metadata.num_row_groups):
                    yield file.read_row_group(group, columns=list(columns) if columns is not None else None, use_threads=False)
        except (OSError, pa.ArrowException) as error:
            raise CorpusError(f"{self.path} cannot be read: {first_line(error)}. Get the corpus again, or rebuild it.") from error


@dataclass(frozen=True)
class Corpus:
    """A published corpus."""

    path: Path
    lock: Mapping[str, Any]
    manifest: Manifest
    shards: tuple[CorpusShard, ...]

    def of(self, config: str, split: str | None = None) -> tuple[CorpusShard, ...]:
        """The shards of a config, or of one of its splits, in order."""
        return tuple(shard for shard in self.shards if shard.config == config and split in (None, shard.split))

    def read(self, config: str, columns: Sequence[str] | None = None, split: str | None = None) -> Iterator[tuple[CorpusShard, pa.Table]]:
        """The rows of a config, or some of their columns, one table a row group.

        Raises: CorpusError where a file is gone or damaged.
        """
        for shard in self.of(config, split):
            for table in shard.tables(columns):
                yield shard, table


def read_corpus(path: Path) -> Corpus:
    """The corpus in a folder; its shards are read as they are asked for.

    Raises: CorpusError where lock or manifest are missing or are not of a corpus.
    """
    lock = _read_lock(path)
    try:
        manifest = read_manifest((path / "manifest.toml").read_text(encoding="utf-8"), str(path / "manifest.toml"))
    except (OSError, UnicodeDecodeError, ManifestError) as error:
        raise CorpusError(f"{path / 'manifest.toml'} cannot be read: {first_line(error)}. Get the corpus again, or rebuild it.") from error
    return corpus_of(path, lock, manifest)


def corpus_of(path: Path, lock: Mapping[str, Any], manifest: Manifest) -> Corpus:
    """The corpus in a folder by a lock that was read or made before.

    Raises: CorpusError where the lock names a shard that no corpus holds.
    """
    return Corpus(path, lock, manifest, tuple(_shard(path, told) for told in lock["shards"]))


def check_outside(out: Path, corpus: Path) -> None:
    """Keeps a corpus as its lock says that it is.

    Raises: UsageError where `out` lies within the corpus.
    """
    if out.resolve() != corpus.resolve() and out.resolve().is_relative_to(corpus.resolve()):
        raise UsageError(f"{out} lies within the corpus {corpus}, whose lock names each of its files. Name another place with --out.")


def check_tables(corpus: Corpus, configs: Collection[str] | None = None) -> None:
    """Keeps what was altered by hand from being laid out anew, under a lock that names it; with `configs`, their shards alone are read.

    Raises: CorpusError where a table is gone or has other bytes than the lock names.
    """
    named = [(shard.name, shard.sha256) for shard in corpus.shards if configs is None or shard.config in configs]
    if configs is None:
        named += [(one["path"], one["sha256"]) for one in corpus.lock["files"] if one["path"].endswith(".parquet")]
    for name, sha256 in named:
        try:
            with open(corpus.path / name, "rb") as file:
                held = hashlib.file_digest(file, "sha256").hexdigest()
        except OSError as error:
            raise CorpusError(f"{corpus.path / name} cannot be read: {first_line(error)}. Get the corpus again, or rebuild it.") from error
        if held != sha256:
            raise CorpusError(f"{corpus.path / name} has other bytes than the lock names. Get the corpus again, or rebuild it.")


def first_line(error: BaseException) -> str:
    """An error in one line: its first that says anything, without the stop at its end."""
    return next((line.rstrip(" .") for line in str(error).splitlines() if line.strip(" .")), type(error).__name__)


def _read_lock(path: Path) -> dict[str, Any]:
    where = path / "lock.json"
    if not path.is_dir():
        raise CorpusError(f"{path} is no folder. Name the folder of a corpus, the one that holds lock.json.")
    try:
        lock = json.loads(where.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise CorpusError(f"{path} is no medtrace corpus: it has no lock.json. Name the folder that `medtrace build` wrote.") from None
    except (OSError, ValueError) as error:
        raise CorpusError(f"{where} cannot be read: {first_line(error)}. Get the corpus again, or rebuild it.") from error
    told = lock.get("format") if isinstance(lock, dict) else None
    if told != FORMAT:
        raise CorpusError(f"{where} has the format {told!r}, not {FORMAT!r}. Read it with the medtrace that wrote it, or rebuild it.")
    fault = form_fault(lock)
    if fault:
        raise CorpusError(f"{where} does not say what a corpus holds: {fault}. Get the corpus again, or rebuild it.")
    return lock


def _shard(folder: Path, told: Mapping[str, Any]) -> CorpusShard:
    name = PurePosixPath(told["path"])
    if name.is_absolute() or ".." in name.parts or told["config"] not in CONFIGS:
        raise CorpusError(f"{folder / 'lock.json'} names the shard {told['path']!r}, which no corpus holds. Get the corpus again.")
    return CorpusShard(
        told["config"],
        told["split"],
        told["label"],
        str(name),
        folder / name,
        told["rows"],
        told["nbytes"],
        told["size"],
        told["sha256"],
        told["digest"],
    )
