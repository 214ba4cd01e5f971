"""Answers on their way to the ledger: all that come while one write runs share the next."""

import asyncio
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

from pipeline.models.entry import LedgerEntry
from pipeline.models.ledger import Ledger


class Recorder:
    """Writes in a thread of its own; used from one event loop."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self._unwritten: list[tuple[LedgerEntry, asyncio.Future[None]]] = []
        self._writing = False
        self._thread = ThreadPoolExecutor(1, "ledger")

    def close(self) -> None:
        """Ends the thread once it has written."""
        self._thread.shutdown()

    async def record(self, entry: LedgerEntry) -> None:
        """Returns when the entry is on disk.

        Raises: LedgerError.
        """
        loop = asyncio.get_running_loop()
        written = loop.create_future()
        self._unwritten.append((entry, written))
        if not self._writing:
            self._write()
        await written

    def _write(self) -> None:
        group, self._unwritten = self._unwritten, []
        self._writing = bool(group)
        if group:
            loop = asyncio.get_running_loop()
            put = loop.run_in_executor(self._thread, self._ledger.put, [entry for entry, _ in group])
            put.add_done_callback(lambda ended: self._written(ended, [future for _, future in group]))

    def _written(self, put: asyncio.Future[None], waiting: Sequence[asyncio.Future[None]]) -> None:
        error = None if put.cancelled() else put.exception()
        for future in waiting:
            if not future.done():
                future.set_result(None) if error is None else future.set_exception(error)
        self._write()
