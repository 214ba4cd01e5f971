"""The content-addressed store: one Parquet file an output of a work unit, complete or not there."""

import json
import os
import re
import uuid
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from pipeline.fingerprint import digest_columns, table_digest
from pipeline.table_file import TableWriter
from schemas.errors import StoreError

_META = b"medtrace"
_ENTRY = re.compile(r"[0-9a-f]{32}\.[^.]+\.parquet")


@dataclass(frozen=True)
class Ref:
    """A stored table: where it is, and what it holds."""

    step: str
    key: str
    output: str
    rows: int
    nbytes: int
    columns: tuple[tuple[str, str], ...]

    def digest(self, columns: Sequence[str] | None = None) -> str:
        """The table's logical digest, or that of some of its columns."""
        return table_digest(dict(self.columns), columns)


class Adding:
    """A table that is being stored; `ref` is there once its block has ended."""

    ref: Ref

    def __init__(self, writer: TableWriter) -> None:
        self.add = writer.add


@dataclass(frozen=True)
class Damage:
    """A stored file that is not what it says."""

    path: Path
    reason: str


class Store:
    """Tables under `root/step/key.output.parquet`, put whole or not at all."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def path(self, step: str, key: str, output: str) -> Path:
        """Where an output of a unit lies."""
        return self.root / step / f"{key}.{output}.parquet"

    def find(self, step: str, key: str, output: str) -> Ref | None:
        """What is stored under a key; none where nothing readable is."""
        path = self.path(step, key, output)
        try:
            told = json.loads((pq.read_metadata(path).metadata or {})[_META])
            return Ref(step, key, output, told["rows"], told["nbytes"], tuple((name, digest) for name, digest in told["columns"]))
        except (OSError, pa.ArrowException, KeyError, TypeError, ValueError):
            return None

    def put(
        self, step: str, key: str, output: str, table: pa.Table, inputs: Sequence[str], options: Mapping[str, Any] | None = None
    ) -> Ref:
        """Stores a table, durable and visible at once.

        `inputs` are the stored files that it was made from (`step/key.output`). `options` are those of
        `pyarrow.parquet.write_table`, and `max_group_bytes`, the most that the values of a row group may take.
        Raises: StoreError where the folder cannot be written.
        """
        with self.adding(step, key, output, table.schema, inputs, options) as adding:
            adding.add(table)
        return adding.ref

    @contextmanager
    def adding(
        self, step: str, key: str, output: str, schema: pa.Schema, inputs: Sequence[str], options: Mapping[str, Any] | None = None
    ) -> Iterator["Adding"]:
        """A table that is stored as `put` does, from the pieces that are added within the block.

        Raises: StoreError where the folder cannot be written.
        """
        chosen: dict[str, Any] = {"compression": "zstd", "compression_level": 1, "use_dictionary": False, "write_statistics": False}
        chosen |= dict(options or {})
        with writing(self.path(step, key, output)) as temporary:
            writer = TableWriter(temporary, schema, chosen)
            adding = Adding(writer)
            try:
                yield adding
                digested = writer.digested()
                adding.ref = Ref(step, key, output, writer.rows, digested.nbytes, tuple(digested.columns.items()))
                told = {"rows": writer.rows, "nbytes": digested.nbytes, "columns": adding.ref.columns, "inputs": sorted(inputs)}
                writer.close({_META: json.dumps(told, separators=(",", ":")).encode()})
            except BaseException:
                writer.abandon()
                raise

    def read(self, ref: Ref, columns: Sequence[str] | None = None) -> pa.Table:
        """A stored table, or some of its columns.

        Raises: StoreError where the file is gone or damaged.
        """
        path = self.path(ref.step, ref.key, ref.output)
        try:
            with pq.ParquetFile(path) as file:
                table = file.read(list(columns) if columns is not None else None, use_threads=False)
        except (OSError, pa.ArrowException, UnicodeDecodeError) as error:
            raise StoreError(f"{path} cannot be read: {_first_line(error)}. Delete it and build again: its unit will be redone.") from error
        return table.replace_schema_metadata(None)

    def read_groups(self, ref: Ref, columns: Sequence[str] | None = None) -> Iterator[pa.Table]:
        """A stored table, one row group after another; of an empty one an empty table.

        Raises: StoreError where the file is gone or damaged.
        """
        path = self.path(ref.step, ref.key, ref.output)
        chosen = list(columns) if columns is not None else None
        try:
            with pq.ParquetFile(path) as file:
                for group in range(file.metadata.num_row_groups):
                    yield file.read_row_group(group, chosen, use_threads=False).replace_schema_metadata(None)
                if not file.metadata.num_row_groups:
                    yield file.read(chosen, use_threads=False).replace_schema_metadata(None)
        except (OSError, pa.ArrowException, UnicodeDecodeError) as error:
            raise StoreError(f"{path} cannot be read: {_first_line(error)}. Delete it and build again: its unit will be redone.") from error

    def read_rows(self, ref: Ref, start: int, stop: int) -> pa.Table:
        """Rows `start` to `stop` of a stored table, reading only the row groups that hold them."""
        path = self.path(ref.step, ref.key, ref.output)
        try:
            with pq.ParquetFile(path) as file:
                groups, first, seen = [], 0, 0
                for index in range(file.metadata.num_row_groups):
                    rows = file.metadata.row_group(index).num_rows
                    if seen < stop and seen + rows > start:
                        if not groups:
                            first = seen
                        groups.append(index)
                    seen += rows
                table = file.read_row_groups(groups, use_threads=False)
        except (OSError, pa.ArrowException, UnicodeDecodeError) as error:
            raise StoreError(f"{path} cannot be read: {_first_line(error)}. Delete it and build again: its unit will be redone.") from error
        return table.slice(start - first, stop - start).replace_schema_metadata(None)

    def entries(self) -> Iterator[Path]:
        """Every stored file, in order; what else lies there is not the store's."""
        for folder in sorted(self.root.iterdir()) if self.root.is_dir() else ():
            if folder.is_dir():
                yield from sorted(path for path in folder.iterdir() if _ENTRY.fullmatch(path.name))

    def verify(self) -> Iterator[Damage]:
        """Re-reads and re-hashes every file; yields the damaged ones."""
        for path in self.entries():
            key, output, _ = path.name.split(".")
            ref = self.find(path.parent.name, key, output)
            if ref is None:
                yield Damage(path, "its footer cannot be read")
                continue
            try:
                digested = digest_columns(self.read(ref))
            except StoreError as error:
                yield Damage(path, str(error))
                continue
            wrong = [name for name, digest in ref.columns if digested.columns.get(name) != digest]
            if wrong:
                yield Damage(path, f"{', '.join(wrong)} no longer have the digest in the footer")


@contextmanager
def writing(path: Path) -> Iterator[Path]:
    """A temporary path beside `path` that takes its place, durably, when the block ends well.

    Raises: StoreError where the folder cannot be written or is full.
    """
    temporary = path.parent / f".{path.name}.{uuid.uuid4().hex}"
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        yield temporary
        with open(temporary, "rb") as file:
            os.fsync(file.fileno())
        os.replace(temporary, path)
        sync_folder(path.parent)
    except OSError as error:
        _remove(temporary)
        raise StoreError(
            f"{path} cannot be written: {error.strerror or error}. Make room or choose another folder with --store or --out."
        ) from error
    except BaseException:
        _remove(temporary)
        raise


def _remove(temporary: Path) -> None:
    """Removes what a failed write left, if it can: the error that is told is the first one."""
    with suppress(OSError):
        temporary.unlink(missing_ok=True)


def sync_folder(folder: Path) -> None:
    """Makes what was renamed in a folder survive a power cut."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def check_writable(folder: Path, option: str) -> None:
    """Fails while planning where a folder cannot be written.

    Raises: StoreError naming the folder, the reason and the option to change.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        probe = folder / f".probe-{uuid.uuid4().hex}"
        probe.write_bytes(b"medtrace")
        probe.unlink()
    except OSError as error:
        raise StoreError(f"{folder} cannot be written: {error.strerror or error}. Choose another folder with {option}.") from error


def _first_line(error: BaseException) -> str:
    return str(error).splitlines()[0] if str(error) else type(error).__name__
