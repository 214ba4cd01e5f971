"""Writing to the ledger: one segment a writer, locked while it lives, closed with its side index when it is full."""

import errno
import fcntl
import os
import secrets
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from pipeline.models.segment import SUFFIX, Record, append, sync_folder
from pipeline.models.side_index import ENTRY, Spot, sort_entries, write_index
from pipeline.models.side_index import SUFFIX as INDEX

MOST_RECORDS = 1 << 14
MOST_BYTES = 64 << 20
_NO_LOCKS = (errno.ENOLCK, errno.EOPNOTSUPP, errno.EINVAL, errno.ENOSYS)


@dataclass
class SegmentWriter:
    """An open segment of this process. `pid`: who opened it; a forked child must not write to it. `entries`: for its side index."""

    path: Path
    fd: int
    pid: int
    end: int = 0
    records: int = 0
    entries: bytearray = field(default_factory=bytearray, repr=False)

    def append(self, records: Iterable[Record]) -> list[Spot]:
        """Puts records on disk; returns where each answer stands.

        Raises: OSError; the segment may then end in half a record, and is not to be written to any more.
        """
        records = list(records)
        append(self.fd, b"".join(record.data for record in records))
        os.fsync(self.fd)
        if not os.fstat(self.fd).st_nlink:
            raise OSError(errno.ESTALE, f"{self.path.name} was removed while it was written")
        spots: list[Spot] = []
        for record in records:
            spots += [Spot(key, record.digest, self.end, len(record.data)) for key in record.keys]
            self.end += len(record.data)
        self.entries += b"".join([ENTRY.pack(*spot) for spot in spots])
        self.records += len(records)
        return spots

    def full(self, most_bytes: int = MOST_BYTES) -> bool:
        """Whether it is time for another segment."""
        return self.end >= most_bytes or self.records >= MOST_RECORDS

    def seal(self) -> None:
        """Says by a side index that nothing more will be written, and closes; a segment without answers is removed.

        Raises: OSError; without its index it is read as that of a writer that died.
        """
        try:
            if self.records:
                write_index(self.path.with_name(self.path.name.removesuffix(SUFFIX) + INDEX), sort_entries(self.entries), self.end)
                sync_folder(self.path.parent)
            else:
                self.path.unlink(missing_ok=True)
        finally:
            self.close()

    def close(self) -> None:
        """Closes the file, and gives up its lock."""
        with suppress(OSError):
            os.close(self.fd)


def open_segment(root: Path) -> SegmentWriter:
    """A new segment in a folder, which is made where there is none.

    Raises: OSError.
    """
    if not root.is_dir():
        root.mkdir(parents=True, exist_ok=True)
        sync_folder(root.parent)
    while True:
        path = root / f"{secrets.token_hex(16)}{SUFFIX}"
        fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND | os.O_CLOEXEC, 0o644)
        # Whoever compacts may have taken it for that of a dead writer before it was locked.
        if lock(fd) and os.fstat(fd).st_nlink:
            sync_folder(root)
            return SegmentWriter(path, fd, os.getpid())
        os.close(fd)
        path.unlink(missing_ok=True)


def lock(fd: int) -> bool:
    """Locks a file for as long as it is open; False where another process has, True also where the file system keeps no locks.

    Raises: OSError.
    """
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        if error.errno in (errno.EWOULDBLOCK, errno.EACCES):
            return False
        if error.errno not in _NO_LOCKS:
            raise
    return True


def writer_lives(fd: int) -> bool:
    """Whether a segment without a side index may still be written to; takes its lock where it is not.

    Raises: OSError.
    """
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return True
    return False
