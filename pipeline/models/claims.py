"""Which samples this process is asking for now: no call asks for what another one is about to bring, through whichever handle."""

from collections.abc import Iterator, Sequence
from concurrent.futures import Future
from contextlib import contextmanager
from pathlib import Path
from threading import Lock
from typing import NamedTuple
from weakref import WeakValueDictionary


class Claimed(NamedTuple):
    """What a call got of the keys it wanted: `mine` it asks for, the others end with other calls."""

    mine: frozenset[str]
    others: tuple[Future[None], ...]

    def wait(self) -> None:
        """Returns when those calls are over; what they brought is in the ledger by then."""
        for other in self.others:
            other.result()


class Claims:
    """The keys that are being asked for, of one ledger. Wait for others' only when your own are given back: nobody waits in a ring."""

    def __init__(self) -> None:
        self._ends: dict[str, Future[None]] = {}
        self._using = Lock()

    @contextmanager
    def take(self, keys: Sequence[str]) -> Iterator[Claimed]:
        """Claims those of the keys that nobody asks for, until the block ends; look into the ledger within it, not before."""
        end: Future[None] = Future()
        with self._using:
            mine = frozenset(key for key in keys if self._ends.setdefault(key, end) is end)
            others = {id(self._ends[key]): self._ends[key] for key in keys if key not in mine}
        try:
            yield Claimed(mine, tuple(others.values()))
        finally:
            with self._using:
                for key in mine:
                    del self._ends[key]
            end.set_result(None)


_OF_LEDGERS: WeakValueDictionary[Path, Claims] = WeakValueDictionary()
_FINDING = Lock()


def claims_in(ledger: Path) -> Claims:
    """The claims of all handles of this process that share a ledger."""
    with _FINDING:
        return _OF_LEDGERS.setdefault(ledger.resolve(), Claims())
