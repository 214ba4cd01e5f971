"""A journal: lines that processes append under one lock, each whole or not there, and all that was appended since the last look."""

import fcntl
import json
import os
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from pipeline.models.segment import append, sync, sync_folder

SUFFIX = ".journal"


class Journal:
    """JSON values in a file, each on a line behind its crc32. Use it within `locked` alone."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lock = path.with_suffix(".lock")
        self._fd = -1
        self._read_to = 0

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Keeps every other process out, until it ends or dies.

        Raises: OSError.
        """
        if not self.path.parent.is_dir():
            self.path.parent.mkdir(parents=True, exist_ok=True)
            sync_folder(self.path.parent.parent)
        fd = os.open(self._lock, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        try:
            fcntl.flock(fd, fcntl.LOCK_EX)
            yield
        finally:
            os.close(fd)

    def read(self) -> tuple[bool, list[Any]]:
        """The values appended since the last look, and whether it starts anew: the file is another one, or there is none."""
        anew = not self._same()
        if anew:
            self._open()
        if self._fd < 0:
            return anew, []
        data = _rest(self._fd, self._read_to)
        whole = data[: data.rfind(b"\n") + 1]
        self._read_to += len(whole)
        return anew, list(_values(whole))

    def append(self, values: Sequence[Any], *, durable: bool) -> None:
        """Appends values; what `read` gave must be known already, for these it will not give again.

        Raises: OSError.
        """
        if self._fd < 0:
            self._fd = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
            sync_folder(self.path.parent)
        # Half a line that a crash left is overwritten: nothing that it says was ever acted upon.
        os.ftruncate(self._fd, self._read_to)
        os.lseek(self._fd, self._read_to, os.SEEK_SET)
        data = b"".join(map(_line, values))
        append(self._fd, data)
        if durable:
            os.fsync(self._fd)
        self._read_to += len(data)

    def replace(self, values: Sequence[Any]) -> None:
        """Puts other values in the place of all.

        Raises: OSError.
        """
        beside = self.path.with_suffix(".new")
        data = b"".join(map(_line, values))
        fd = os.open(beside, os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o644)
        try:
            append(fd, data)
            sync(fd)
            os.rename(beside, self.path)
            sync_folder(self.path.parent)
        except BaseException:
            os.close(fd)
            raise
        self.close()
        self._fd, self._read_to = fd, len(data)

    @property
    def size(self) -> int:
        """Bytes read or appended so far."""
        return self._read_to

    def close(self) -> None:
        """Closes the file; `read` opens it anew."""
        fd, self._fd = self._fd, -1
        if fd >= 0:
            os.close(fd)

    def _same(self) -> bool:
        try:
            told = os.stat(self.path)
        except FileNotFoundError:
            return False
        mine = os.fstat(self._fd) if self._fd >= 0 else None
        return mine is not None and (mine.st_dev, mine.st_ino) == (told.st_dev, told.st_ino)

    def _open(self) -> None:
        self.close()
        self._read_to = 0
        try:
            self._fd = os.open(self.path, os.O_RDWR | os.O_CLOEXEC)
        except FileNotFoundError:
            return


def read_all(path: Path) -> list[Any]:
    """The values of a journal that is not written to from here."""
    return list(_values(path.read_bytes()))


def _rest(fd: int, start: int) -> bytes:
    pieces: list[bytes] = []
    while piece := os.pread(fd, 1 << 20, start):
        pieces.append(piece)
        start += len(piece)
    return b"".join(pieces)


def _line(value: Any) -> bytes:
    text = json.dumps(value, separators=(",", ":")).encode()
    return b"%08x %s\n" % (zlib.crc32(text), text)


def _values(data: bytes) -> Iterator[Any]:
    for line in data.split(b"\n"):
        crc, _, text = line.partition(b" ")
        if len(crc) == 8 and crc == b"%08x" % zlib.crc32(text):
            yield json.loads(text)
