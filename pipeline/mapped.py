"""Tables that need not fit into memory: laid out on disk and mapped, so that the kernel holds of them what is being read."""

import mmap
import tempfile
from collections.abc import Iterable
from pathlib import Path

import pyarrow as pa

from schemas.errors import StoreError


def mapped(parts: Iterable[pa.Table], folder: Path) -> pa.Table:
    """The parts, of one schema, as one table over a file without a name in `folder`, which is gone with the table or the process.

    Raises: StoreError where the folder is full or cannot be written.
    """
    try:
        with tempfile.TemporaryFile(dir=folder) as file:
            _write(parts, file)
            held = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
    except OSError as error:
        raise StoreError(
            f"{folder} cannot be written: {error.strerror or error}. Make room or choose another folder with --store."
        ) from error
    return pa.ipc.open_file(pa.BufferReader(pa.py_buffer(held))).read_all()


def _write(parts: Iterable[pa.Table], file: object) -> None:
    writer: pa.ipc.RecordBatchFileWriter | None = None
    for part in parts:
        writer = writer or pa.ipc.new_file(pa.PythonFile(file, "w"), part.schema)
        writer.write_table(part)
    if writer is None:
        raise ValueError("a table of no parts has no schema")
    writer.close()
    file.flush()  # pyright: ignore[reportAttributeAccessIssue]
