"""One segment as a reader sees it: looked up by its side index, or by what was read of it."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from pipeline.models.compacted import replaced_by
from pipeline.models.folders import Folder, sync_if_file
from pipeline.models.segment import NO_KEY, Placed, scan
from pipeline.models.side_index import ENTRY, SideIndex, Spot, sort_entries


@dataclass(eq=False)
class Segment:
    """A segment: by its side index where it has one, else by what was read of it (`loose`). `own`: this process writes it."""

    name: str
    folder: Folder
    own: bool = False
    index: SideIndex | None = None
    distrusted: bool = False
    loose: dict[bytes, Spot] = field(default_factory=dict[bytes, Spot])
    replaces: tuple[str, ...] = ()
    seen_bytes: int = 0
    read_to: int = 0
    witness: bytes | None = None

    @property
    def where(self) -> str:
        """Its place, for people."""
        return f"{self.folder.name}/{self.name}"

    @property
    def extent(self) -> tuple[int, int]:
        """Its bytes and answers."""
        return (self.index.covers, self.index.count) if self.index else (self.read_to, len(self.loose))

    def note(self, spot: Spot) -> None:
        """Takes one answer up; of several to one key the one with the smallest digest counts."""
        known = self.loose.get(spot.key)
        if known is None or spot.digest < known.digest:
            self.loose[spot.key] = spot
        self.witness = self.witness or spot.key

    def find(self, keys: Sequence[bytes]) -> dict[bytes, Spot]:
        """The answers to those keys that are here."""
        if self.index is not None:
            try:
                return self.index.find(keys)
            except ValueError:
                self.distrust()
        return {key: self.loose[key] for key in keys if key in self.loose}

    def fault(self) -> str:
        """What is wrong with its side index; '' where nothing is, or there is none."""
        if self.index is None:
            return ""
        try:
            told = b"".join(self.index.entries())
        except (ValueError, FileNotFoundError) as error:
            return str(error) if isinstance(error, ValueError) else ""
        there = bytearray()
        with self.folder.opened(self.name) as (file, size):
            for found in scan(file, 0, size):
                if isinstance(found, Placed) and found.frame.keys[0] != NO_KEY:
                    there += b"".join([ENTRY.pack(key, found.frame.digest, found.offset, found.frame.size) for key in found.frame.keys])
        return "" if sort_entries(there) == told else "it names other answers than its segment holds"

    def distrust(self) -> None:
        """Reads the segment whole instead of its side index."""
        self.index, self.distrusted = None, True
        self.read_on()

    def read_on(self) -> None:
        """Takes up what was appended since the last look."""
        with self.folder.opened(self.name) as (file, size):
            # Another process may have died before its fsync, and from here on its answers are used.
            sync_if_file(file)
            for found in scan(file, self.read_to, size):
                if isinstance(found, Placed):
                    self._take(found)
                    self.read_to = found.offset + found.frame.size
            self.seen_bytes = size

    def _take(self, found: Placed) -> None:
        frame = found.frame
        if frame.keys[0] == NO_KEY:
            self.replaces = replaced_by(frame)
            return
        for key in frame.keys:
            self.note(Spot(key, frame.digest, found.offset, frame.size))
