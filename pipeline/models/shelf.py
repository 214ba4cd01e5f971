"""The segments of a ledger as a reader sees them: which there are, and where in them the answer to a key stands."""

from collections.abc import Container, Iterator, Mapping, Sequence
from contextlib import ExitStack
from typing import BinaryIO, NamedTuple

from pipeline.models.finished import MOST_OPEN
from pipeline.models.folders import Folder, VanishedError, telling
from pipeline.models.segment import NO_KEY, SUFFIX, Damage, Frame, Placed, frame_in, scan
from pipeline.models.shelved import Segment
from pipeline.models.side_index import SUFFIX as INDEX
from pipeline.models.side_index import Spot
from schemas.errors import LedgerError

_TRIES = 16


class Held(NamedTuple):
    """Where the answer to a key stands."""

    segment: Segment
    spot: Spot


class Opened(NamedTuple):
    """A segment, held open where there are not too many, and its bytes."""

    segment: Segment
    file: BinaryIO | None
    size: int

    def scan(self) -> Iterator[Placed | Damage]:
        """Every record of an answer and every damaged stretch.

        Raises: LedgerError.
        """
        with ExitStack() as stack:
            try:
                file, size = (self.file, self.size) if self.file else _opened(self.segment, stack)
            except VanishedError as error:
                raise LedgerError(f"Ledger segment {self.segment.where} was merged into another while it was read. Try again.") from error
            with telling("Ledger segment", self.segment.where):
                yield from (found for found in scan(file, 0, size) if not _is_head(found))


class Shelf:
    """All segments of one ledger, in one folder or several. Not for several threads at once."""

    def __init__(self, *folders: Folder) -> None:
        self.folders = folders
        self._names: dict[str, frozenset[str]] = {}
        self._segments: dict[str, Segment] = {}
        self._unindexed: tuple[Segment, ...] = ()
        self._gone: list[Segment] = []
        self._lost: LedgerError | None = None

    def add_own(self, name: str, folder: Folder) -> Segment:
        """The segment that this process begins to write."""
        segment = self._segments[name] = Segment(name, folder, own=True)
        self._unindexed = (*self._unindexed, segment)
        return segment

    def segments(self) -> list[Segment]:
        """Those that stand for themselves, by name: not those that another one was made of, should they still be there."""
        replaced = {name for segment in self._segments.values() for name in segment.replaces}
        return [segment for name, segment in sorted(self._segments.items()) if name not in replaced]

    def refresh(self) -> None:
        """Takes up what other processes wrote since the last look.

        Raises: LedgerError.
        """
        for _ in range(_TRIES):
            try:
                with telling("The ledger", self.folders[0].name):
                    return self._refresh()
            except VanishedError:
                self.forget()
        if self._gone:
            lost = f"Ledger segment {self._gone[0].where} cannot be read: it is gone, and no other holds its answers."
            self._lost = LedgerError(f"{lost} Restore it, then build again.")
            raise self._lost
        raise LedgerError(f"The ledger {self.folders[0].name} changes faster than it can be read. Build again.")

    def forget(self) -> None:
        """Lets the next refresh see what there is now, where folders remember listings."""
        for folder in self.folders:
            folder.forget()

    def find(self, keys: Sequence[bytes]) -> dict[bytes, Held]:
        """Where the answers to those keys stand that were there at the last refresh.

        Raises: LedgerError, VanishedError.
        """
        found: dict[bytes, Held] = {}
        for segment in self.segments():
            with telling("Ledger segment", segment.where):
                for key, spot in segment.find(keys).items():
                    known = found.get(key)
                    if known is None or spot.digest < known.spot.digest:
                        found[key] = Held(segment, spot)
        return found

    def holds(self, key: bytes) -> bool:
        """Whether an answer to the key was met that stands in no side index yet."""
        return any(key in segment.loose for segment in self._unindexed)

    def read(self, found: Mapping[bytes, Held]) -> Iterator[tuple[bytes, Frame, Segment]]:
        """The records of those keys.

        Raises: LedgerError, VanishedError.
        """
        by_segment: dict[Segment, list[Spot]] = {}
        for held in found.values():
            by_segment.setdefault(held.segment, []).append(held.spot)
        for segment, spots in by_segment.items():
            spots.sort(key=lambda spot: spot.offset)
            with telling("Ledger segment", segment.where):
                for spot, data in zip(spots, segment.folder.read(segment.name, spots), strict=True):
                    frame = frame_in(data)
                    if (frame is None or spot.key not in frame.keys) and segment.index is not None:
                        segment.distrust()  # what is whole in it is read as ever; what is not is asked anew
                        raise VanishedError(segment.where)
                    if frame is None or spot.key not in frame.keys:
                        raise LedgerError(
                            f"Ledger segment {segment.where} changed while it was read. Run medtrace ledger verify, then build again."
                        )
                    yield spot.key, frame, segment

    def open_all(self, stack: ExitStack) -> list[Opened]:
        """All segments, held open by the stack, so that what others compact meanwhile can still be read.

        Raises: LedgerError.
        """
        for _ in range(_TRIES):
            self.refresh()
            trying = stack.enter_context(ExitStack())
            try:
                held = [Opened(one, *_opened(one, trying)) for one in self.segments()[:MOST_OPEN]]
                return held + [Opened(one, None, 0) for one in self.segments()[MOST_OPEN:]]
            except VanishedError:
                trying.close()
                self.forget()
        raise LedgerError(f"The ledger {self.folders[0].name} changes faster than it can be read. Try again.")

    def check_indexes(self, damaged: Container[str]) -> Iterator[LedgerError]:
        """One error for every side index that does not say where the answers of its segment stand, but for those of damaged segments."""
        for segment in self.segments():
            if segment.name in damaged:
                continue
            reason = "it does not fit its segment" if segment.distrusted else segment.fault()
            if reason:
                name = segment.name.removesuffix(SUFFIX) + INDEX
                yield LedgerError(
                    f"Ledger index {segment.folder.name}/{name} is damaged: {reason}. Its segment is read whole instead; "
                    "remove the index, and run medtrace ledger compact to have it made anew."
                )

    def _refresh(self) -> None:
        if self._lost is not None:
            raise self._lost
        there: dict[str, tuple[Folder, int]] = {}
        for folder in reversed(self.folders):
            names = self._names_in(folder)
            there |= {name: (folder, size) for name, size in names.items()}
        self._gone += [segment for name, segment in self._segments.items() if name not in there and not segment.own]
        for segment in self._gone:
            self._segments.pop(segment.name, None)
        for name in sorted(there):
            if name.endswith(SUFFIX):
                self._take_up(name, *there[name], indexed=name.removesuffix(SUFFIX) + INDEX in there)
        self._check_moved()
        self._unindexed = tuple(segment for segment in self._segments.values() if segment.index is None)

    def _names_in(self, folder: Folder) -> Mapping[str, int]:
        """What is in a folder. A listing that runs beside a compaction may miss the old and the new: two that agree do not."""
        names = folder.names()
        while (seen := frozenset(names)) != self._names.get(folder.name):
            self._names[folder.name] = seen
            names = folder.names()
        return names

    def _take_up(self, name: str, folder: Folder, size: int, *, indexed: bool) -> None:
        segment = self._segments.get(name)
        if segment is None or (segment.folder is not folder and not segment.own):
            segment = self._segments[name] = Segment(name, folder)
        if segment.own or segment.index is not None:
            return
        if indexed and not segment.distrusted and self._by_index(segment, size):
            return
        if size > segment.seen_bytes:
            segment.read_on()

    @staticmethod
    def _by_index(segment: Segment, size: int) -> bool:
        """Whether the side index is good; what was read of the segment is then given up."""
        try:
            index = segment.folder.index(segment.name.removesuffix(SUFFIX) + INDEX)
            if index.covers != size:
                raise ValueError("it is of another segment")
            segment.index, segment.replaces, segment.loose = index, index.replaces, {}
            segment.witness = index.first()
        except ValueError:
            segment.index, segment.distrusted = None, True
        except FileNotFoundError:
            return False
        return segment.index is not None

    def _check_moved(self) -> None:
        """Whether the answers of segments that went away stand in others by now.

        Raises: VanishedError where they do not, as far as folders have listed.
        """
        self._gone = [segment for segment in self._gone if segment.witness is not None and not self.find([segment.witness])]
        if self._gone:
            raise VanishedError(self._gone[0].where)


def _opened(segment: Segment, stack: ExitStack) -> tuple[BinaryIO, int]:
    with telling("Ledger segment", segment.where):
        return stack.enter_context(segment.folder.opened(segment.name))


def _is_head(found: Placed | Damage) -> bool:
    return isinstance(found, Placed) and found.frame.keys[0] == NO_KEY
