"""The ledger: every answer of a model, durable before it is used, found by the key of its request."""

import os
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from pipeline.models import compact
from pipeline.models.entry import LedgerEntry, check, each_of, record_of, response_of
from pipeline.models.finished import Extent
from pipeline.models.folders import LocalFolder, VanishedError
from pipeline.models.generate import Completion
from pipeline.models.mirror import MOST_GROWING_BYTES, Mirror
from pipeline.models.remote import RemoteFolder, remote_of
from pipeline.models.segment import SUFFIX, Damage, Placed, Record
from pipeline.models.segment_writer import MOST_BYTES, SegmentWriter, open_segment
from pipeline.models.shelf import Held, Shelf
from pipeline.models.shelved import Segment
from schemas.errors import LedgerError

__all__ = ["SUFFIX", "Ledger"]
_TRIES = 16
# Twice so many keys that were just answered are remembered, for other units of this process that wait to ask the same.
_REMEMBERED = 1 << 16
_T = TypeVar("_T")


@dataclass
class _Put:
    """Records of one `put` that wait for their fsync."""

    records: list[Record]
    done: bool = False
    error: OSError | None = None


class Ledger:
    """The answers under a folder that many processes write at once, each to segments of its own.

    Of two answers to one key the one with the smaller content digest counts. Keys are looked up in side indexes on disk.
    """

    def __init__(self, root: Path) -> None:
        self.root = root
        self._folder = LocalFolder(root)
        url = remote_of(root)
        self._remote = RemoteFolder(url, root) if url else None
        self._mirror = Mirror(root, self._remote) if self._remote else None
        self._shelf = Shelf(self._folder, self._remote) if self._remote else Shelf(self._folder)
        self._reading = threading.RLock()
        self._queue: list[_Put] = []
        self._queueing = threading.Lock()
        self._writing = threading.Lock()
        self._writer: SegmentWriter | None = None
        self._segment: Segment | None = None
        self._recent: set[bytes] = set()
        self._older: set[bytes] = set()
        self._compacting: threading.Thread | None = None

    def get(self, keys: Sequence[str]) -> dict[str, Completion]:
        """The completions of those keys that have an answer by now, from any process.

        Raises: LedgerError.
        """
        return {key: entry.completion for key, entry in self.get_entries(keys).items()}

    def get_entries(self, keys: Sequence[str]) -> dict[str, LedgerEntry]:
        """The whole entries of those keys that have an answer by now.

        Raises: LedgerError.
        """
        return self._looked_up(keys, self._entries_at)

    def known(self, keys: Sequence[str]) -> set[str]:
        """Those keys that have an answer by now, from any process; reads no answer.

        Raises: LedgerError.
        """
        return self._looked_up(keys, lambda held: {key.hex() for key in held})

    def holds(self, key: str) -> bool:
        """Whether this ledger met an answer to the key of late, without looking at the disk again."""
        wanted = bytes.fromhex(key)
        return wanted in self._recent or wanted in self._older or self._shelf.holds(wanted)

    def put(self, records: Iterable[LedgerEntry]) -> None:
        """Returns once all records are on disk; one fsync serves all threads that wait.

        Raises: LedgerError where they could not be; what was written before stays.
        """
        put = _Put([record_of(record) for record in records])
        if not put.records:
            return
        if self._mirror is not None:
            self._mirror.check()
        with self._queueing:
            self._queue.append(put)
        with self._writing:
            if not put.done:
                self._commit()
        if put.error is not None:
            raise LedgerError(
                f"The ledger {self.root} cannot be written: {put.error.strerror or put.error}. What it held before "
                "is safe; make room or make the folder writable, then build again."
            ) from put.error

    def extent(self) -> tuple[str, int, int]:
        """Where it is, how many segments it has, and their bytes.

        Raises: LedgerError.
        """
        with self._reading:
            self._shelf.refresh()
            segments = self._shelf.segments()
        return self._shelf.folders[-1].name, len(segments), sum(segment.extent[0] for segment in segments)

    def entries(self) -> Iterator[LedgerEntry]:
        """Every answer that can be read, each of several to one key, by segment name and place.

        Raises: LedgerError.
        """
        for response in self.responses():
            yield from each_of(response)

    def responses(self) -> Iterator[LedgerEntry]:
        """The same as they are stored: a response with several choices as one entry.

        Raises: LedgerError.
        """
        for segment, found in self._scanned():
            if isinstance(found, Placed):
                yield response_of(found.frame, segment.where)

    def verify(self) -> Iterator[LedgerError]:
        """One error for every damaged stretch, record or side index; the torn end that a crash leaves is none."""
        damaged: set[str] = set()
        for segment, found in self._scanned():
            try:
                check(found, segment.where)
            except LedgerError as error:
                damaged.add(segment.name)
                yield error
        with self._reading:
            yield from self._shelf.check_indexes(damaged)

    def compact(self) -> compact.Compacted:
        """Merges all segments that are not full and whose writers are done.

        In an object store those of all machines; a segment that a lost machine left unfinished after a day.
        Raises: LedgerError where there is no room for it; nothing is lost.
        """
        try:
            return compact.compact_all(self.root) if self._mirror is None else self._mirror.compact()
        except OSError as error:
            raise LedgerError(
                f"The ledger {self.root} cannot be compacted: {error.strerror or error}. It is as good as before; "
                "make room for a copy of its small segments, then compact again."
            ) from error

    def push(self) -> int:
        """Uploads what a crash left on this machine, where the ledger is in an object store; returns how many files were sent.

        Raises: LedgerError.
        """
        return 0 if self._mirror is None else self._mirror.push()

    def close(self) -> None:
        """Finishes this process's segment, and uploads what is not yet; a later `put` opens a new one.

        Raises: LedgerError where it cannot be uploaded.
        """
        with self._writing:
            wrote = self._writer is not None
            with suppress(OSError):
                self._seal()
        if wrote:
            self._compact_if_due()
        if self._compacting is not None:
            self._compacting.join()
        if self._mirror is not None:
            self._mirror.close()

    def _scanned(self) -> Iterator[tuple[Segment, Placed | Damage]]:
        with ExitStack() as stack:
            with self._reading:
                opened = self._shelf.open_all(stack)
            for one in opened:
                yield from ((one.segment, found) for found in one.scan())

    def _looked_up(self, keys: Sequence[str], read: Callable[[dict[bytes, Held]], _T]) -> _T:
        """What is read of the answers to keys, again where others compacted meanwhile."""
        wanted = [bytes.fromhex(key) for key in keys]
        for _ in range(_TRIES):
            with self._reading:
                self._shelf.refresh()
                try:
                    return read(self._shelf.find(wanted))
                except VanishedError:
                    self._shelf.forget()
        raise LedgerError(f"The ledger {self.root} changes faster than it can be read. Build again.")

    def _entries_at(self, held: dict[bytes, Held]) -> dict[str, LedgerEntry]:
        found: dict[str, LedgerEntry] = {}
        for key, frame, segment in self._shelf.read(held):
            name = key.hex()
            found[name] = next(entry for entry in each_of(response_of(frame, segment.where)) if entry.key == name)
        return found

    def _commit(self) -> None:
        """Writes all that waits with one fsync. Runs under the writing lock."""
        with self._queueing:
            group, self._queue = self._queue, []
        records = [record for put in group for record in put.records]
        error = None
        try:
            writer, segment = self._open()
            spots = writer.append(records)
            with self._reading:
                for spot in spots:
                    segment.note(spot)
            if writer.full(MOST_GROWING_BYTES if self._mirror else MOST_BYTES):
                self._seal()
                self._compact_if_due()
        except BaseException as failed:
            # The segment may end in half a record, and after a failed fsync its pages cannot be trusted.
            self._abandon()
            error = failed if isinstance(failed, OSError) else OSError("its writer was interrupted")
            if error is not failed:
                raise
        finally:
            for put in group:
                put.done, put.error = True, error

    def _open(self) -> tuple[SegmentWriter, Segment]:
        if self._writer is None or self._segment is None or self._writer.pid != os.getpid():
            self._abandon()
            self._writer = open_segment(self.root)
            with self._reading:
                self._segment = self._shelf.add_own(self._writer.path.name, self._folder)
            if self._mirror is not None:
                self._mirror.own = self._writer.path.name
                self._mirror.start()
        return self._writer, self._segment

    def _seal(self) -> None:
        """Ends this process's segment: from here on it is looked up by its side index."""
        writer, segment = self._writer, self._segment
        if writer is None or segment is None or writer.pid != os.getpid():
            self._abandon()
            return
        self._writer = self._segment = None
        try:
            writer.seal()
        finally:
            segment.own = False
            self._remember(segment.loose)

    def _remember(self, keys: Iterable[bytes]) -> None:
        if len(self._recent) >= _REMEMBERED:
            self._older, self._recent = self._recent, set()
        self._recent.update(keys)

    def _abandon(self) -> None:
        """Leaves this process's segment as that of a writer that died."""
        writer, self._writer = self._writer, None
        segment, self._segment = self._segment, None
        if segment is not None:
            segment.own = False
        if writer is not None:
            writer.close()

    def _compact_if_due(self) -> None:
        """Compacts beside what goes on, where segments of one size have grown many."""
        if self._compacting is not None and self._compacting.is_alive():
            return
        with self._reading:
            with suppress(LedgerError):
                self._shelf.refresh()
            done = [segment for segment in self._shelf.segments() if not segment.own]
        unindexed = [Extent(*segment.extent) for segment in done if segment.index is None]
        if compact.due([Extent(*segment.extent) for segment in done], unindexed):
            self._compacting = threading.Thread(target=self._compact_quietly, name="compaction")
            self._compacting.start()

    def _compact_quietly(self) -> None:
        # Where there is no room or no right for it, the ledger is as good without.
        with suppress(OSError, LedgerError):
            if self._mirror is not None:
                self._mirror.push()
            compact.compact(self.root)
            if self._mirror is not None:
                self._mirror.push()
