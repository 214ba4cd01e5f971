"""Folders of segments: what is in them and how it is read, with errors of the file system as one sentence."""

import errno
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, suppress
from pathlib import Path
from typing import BinaryIO, Protocol

from pipeline.models.segment import SUFFIX, sync
from pipeline.models.side_index import SUFFIX as INDEX
from pipeline.models.side_index import SideIndex, Spot
from schemas.errors import LedgerError

_GONE = (errno.ENOENT, errno.ESTALE)


class VanishedError(Exception):
    """A segment went away while it was read: another process compacted it."""


class Folder(Protocol):
    """Where segments and their side indexes lie."""

    @property
    def name(self) -> str:
        """What people call it."""
        ...

    def names(self) -> Mapping[str, int]:
        """Its segments and side indexes, each with its bytes; may be as old as what other machines see of it."""
        ...

    def forget(self) -> None:
        """Looks anew at the next listing, whatever it remembers."""
        ...

    def opened(self, name: str) -> AbstractContextManager[tuple[BinaryIO, int]]:
        """A segment to be read, and its bytes."""
        ...

    def index(self, name: str) -> SideIndex:
        """A side index."""
        ...

    def read(self, name: str, spots: Sequence[Spot]) -> Iterator[bytes]:
        """The records of a segment at those spots, in order."""
        ...


class LocalFolder:
    """A folder of this machine, or one that it shares with others."""

    def __init__(self, root: Path) -> None:
        self.root = root

    @property
    def name(self) -> str:
        return str(self.root)

    def names(self) -> Mapping[str, int]:
        found: dict[str, int] = {}
        try:
            there = os.scandir(self.root)
        except FileNotFoundError:
            return found
        with there:
            for item in there:
                if item.name.endswith((SUFFIX, INDEX)) and item.name[0] != ".":
                    with suppress(FileNotFoundError):  # it was compacted since it was listed
                        found[item.name] = item.stat().st_size
        return found

    def forget(self) -> None:
        return

    @contextmanager
    def opened(self, name: str) -> Iterator[tuple[BinaryIO, int]]:
        with (self.root / name).open("rb") as file:
            yield file, os.fstat(file.fileno()).st_size

    def index(self, name: str) -> SideIndex:
        return SideIndex(self.root / name)

    def read(self, name: str, spots: Sequence[Spot]) -> Iterator[bytes]:
        with (self.root / name).open("rb", buffering=0) as file:
            for spot in spots:
                yield os.pread(file.fileno(), spot.size, spot.offset)


def sync_if_file(file: BinaryIO) -> None:
    """Makes what was read durable, where it is a file of this machine."""
    try:
        fd = file.fileno()
    except OSError:
        return
    sync(fd)


@contextmanager
def telling(what: str, where: str) -> Iterator[None]:
    """Errors of the file system as one sentence; what went away, as such.

    Raises: LedgerError, VanishedError.
    """
    try:
        yield
    except OSError as error:
        if error.errno in _GONE:
            raise VanishedError(where) from error
        said = error.strerror or str(error).split("; Details:")[0].splitlines()[0]
        raise LedgerError(f"{what} {where} cannot be read: {said}. Restore it or make it readable, then build again.") from error
