"""What this machine answered on its way to an object store: uploaded every few seconds, and again after a crash."""

import hashlib
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path

from pipeline.models.compact import Compacted, compact_all
from pipeline.models.finished import Extent
from pipeline.models.folders import LocalFolder
from pipeline.models.remote import RemoteFolder, reason
from pipeline.models.segment import SUFFIX
from pipeline.models.segment_writer import writer_lives
from pipeline.models.side_index import SUFFIX as INDEX
from pipeline.models.side_index import SideIndex
from schemas.errors import LedgerError

UPLOAD_S = 5.0
# So long may uploads fail before no more is asked: what is answered meanwhile is on this machine alone.
MOST_FAILING_S = 120.0
# An object cannot be appended to: a segment that grows is sent again, and so is kept small.
MOST_GROWING_BYTES = 1 << 20
MOST_LOCAL_BYTES = 2 << 30
_SETTLED_S = 60.0
_ABANDONED_S = 86_400.0


class Mirror:
    """Uploads the segments of a folder. `own`: the name of the segment that this process writes now, '' where none."""

    def __init__(self, root: Path, remote: RemoteFolder) -> None:
        self._root = root
        self._local = LocalFolder(root)
        self._remote = remote
        self._pushing = threading.Lock()
        self._wake = threading.Event()
        self._closed = False
        self._thread: threading.Thread | None = None
        self._failing_since_s: float | None = None
        self._failure = ""
        self.own = ""

    def start(self) -> None:
        """Uploads from now on, beside what goes on."""
        if self._thread is None or not self._thread.is_alive():
            self._thread = threading.Thread(target=self._go_on, name="ledger upload", daemon=True)
            self._thread.start()

    def check(self) -> None:
        """Whether what is answered reaches the object store.

        Raises: LedgerError where it has not for too long.
        """
        since_s = self._failing_since_s
        if since_s is not None and time.monotonic() - since_s > MOST_FAILING_S:
            raise self._error()

    def push(self, *, large: bool = True) -> int:
        """Uploads what is not there yet, and removes what compacted segments stand for; returns how many files were sent.

        `large`: segments above what a writer's grows to as well, which may take long.
        Raises: LedgerError; what was answered stays in the folder.
        """
        try:
            with self._pushing:
                sent = self._push(large)
            self._failing_since_s = None
            return sent
        except OSError as error:
            self._failure = reason(error)
            self._failing_since_s = self._failing_since_s or time.monotonic()
            raise self._error() from error

    def compact(self) -> Compacted:
        """Merges the small segments of all machines.

        Raises: LedgerError, OSError; nothing is lost.
        """
        self.push()
        abandoned = fetch_small(self._remote, self._root)
        found = compact_all(self._root)
        self.push()
        self._remote.forget()
        there = self._remote.names()
        for name, size in abandoned.items():
            if there.get(name) == size:  # else its machine woke up meanwhile
                self._remote.remove(name)
        return found

    def close(self) -> None:
        """Uploads what is left.

        Raises: LedgerError.
        """
        thread, self._thread = self._thread, None
        if thread is not None:
            self._closed = True
            self._wake.set()
            thread.join()
            self._closed = False
            self._wake.clear()
            self.push()
            self._evict()

    def _go_on(self) -> None:
        while not self._closed:
            with suppress(LedgerError):
                self.push(large=False)
            self._wake.wait(UPLOAD_S)

    def _push(self, large: bool) -> int:
        self._remote.forget()
        there = self._remote.names()
        here = self._local.names()
        sent = 0
        for name in sorted(here):
            index = name.removesuffix(SUFFIX) + INDEX
            if not name.endswith(SUFFIX) or (here[name] > 2 * MOST_GROWING_BYTES and not large):
                continue
            if index not in here and name != self.own and self._lives(name):
                continue  # its writer uploads it
            if index in here and self._gone(name, there):
                continue
            # The index last: it says that nothing more will come.
            for one in (name, index):
                size = here.get(one, 0)
                if size and there.get(one) != size:
                    sent += self._send(one, size)
            if index in here:
                for replaced in self._replaced(index, there):
                    self._remote.remove(replaced)
                self._remote.mark(name)
        return sent

    def _gone(self, name: str, there: Mapping[str, int]) -> bool:
        """Whether a segment that was sent for good is there no more, because another machine compacted it: it goes here too.

        Where no segment is there at all, the store was emptied or is another one: what is here is then the only copy.
        """
        sent_s = self._remote.marked_s(name)
        if name in there or sent_s is None or sent_s < _SETTLED_S or not any(one.endswith(SUFFIX) for one in there):
            return False
        for path in (self._root / name, (self._root / name).with_suffix(INDEX)):
            path.unlink(missing_ok=True)
        return True

    def _send(self, name: str, size: int) -> bool:
        """Whether it was still here to be sent: it may have been compacted meanwhile."""
        try:
            self._remote.send(self._root / name, size)
        except FileNotFoundError:
            if (self._root / name).exists():
                raise
            return False
        return True

    def _replaced(self, index: str, there: Mapping[str, int]) -> Iterator[str]:
        """The files there that a compacted segment stands for."""
        with suppress(OSError, ValueError):
            for name in SideIndex(self._root / index).replaces:
                for one in (name, name.removesuffix(SUFFIX) + INDEX):
                    if one in there and one != index:
                        yield one

    def _lives(self, name: str) -> bool:
        try:
            with (self._root / name).open("rb+") as file:
                return writer_lives(file.fileno())
        except FileNotFoundError:
            return True

    def _evict(self) -> None:
        """Removes segments that have long been there as well, the oldest first, where they take much room here."""
        there = self._remote.names()
        paths = [self._root / name for name in self._local.names() if name.endswith(SUFFIX)]
        with suppress(OSError):
            told = sorted((path.stat().st_mtime, path.stat().st_size, path) for path in paths)
            left = sum(size for _, size, _ in told)
            for written_s, size, path in told:
                index = path.with_suffix(INDEX)
                settled = time.time() - written_s > _SETTLED_S and there.get(path.name) == size and index.exists() and index.name in there
                if left > MOST_LOCAL_BYTES and settled:
                    path.unlink()
                    index.unlink()
                    left -= size

    def _error(self) -> LedgerError:
        return LedgerError(
            f"The answers in {self._root} cannot be uploaded to {self._remote.name}: {self._failure}. They are kept in that "
            "folder, and uploaded by the next build with this store or by medtrace ledger compact."
        )


def fetch_small(remote: RemoteFolder, root: Path) -> dict[str, int]:
    """Copies the small segments of other machines here, to be compacted: finished ones, and those that nobody finished for a day.

    Returns the latter with their bytes. Their copies have names of their own: a machine that slept or lost its network may
    yet upload more under the old name, and no compacted segment must stand for what it never held.
    Raises: OSError.
    """
    remote.forget()
    there, ages_s = remote.names(), remote.ages_s()
    here = LocalFolder(root).names()
    abandoned: dict[str, int] = {}
    for name, size in there.items():
        index = name.removesuffix(SUFFIX) + INDEX
        if not name.endswith(SUFFIX) or name in here or (index not in there and ages_s.get(name, 0.0) < _ABANDONED_S):
            continue
        try:
            answers = remote.index(index).count if index in there else 0
        except ValueError:
            continue  # damaged, as verify says
        if Extent(size, answers).full:
            continue
        if index in there:
            remote.copy(index, root / index)
            remote.copy(name, root / name)
        else:
            remote.copy(name, root / f"{hashlib.sha256(f'{name} {size}'.encode()).hexdigest()[:32]}{SUFFIX}")
            abandoned[name] = size
    return abandoned
