"""Notes of batches on disk: written whole or not at all, by one process at a time."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from pipeline.models.segment import sync_folder
from pipeline.models.segment_writer import lock

_LOCK = "sending.lock"


def write(path: Path, data: bytes) -> None:
    """Writes whole or not at all, and returns once it is on disk.

    Raises: OSError.
    """
    partial = path.with_name(f".{path.name}.{os.getpid()}.partial")
    with partial.open("wb") as out:
        out.write(data)
        out.flush()
        os.fsync(out.fileno())
    partial.replace(path)
    sync_folder(path.parent)


@contextmanager
def alone(folder: Path, *, wait: bool) -> Iterator[bool]:
    """Keeps other processes from sending and collecting until it ends or this one dies; False where another does, unless it waits.

    Raises: OSError.
    """
    folder.mkdir(parents=True, exist_ok=True)
    fd = os.open(folder / _LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    try:
        free = lock(fd)
        if not free and wait:
            fcntl.flock(fd, fcntl.LOCK_EX)
        yield free or wait
    finally:
        os.close(fd)
