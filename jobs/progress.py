"""Progress on stderr: a live table of bars on a terminal, plain lines elsewhere."""

import sys
import time
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeElapsedColumn

from pipeline.execute import Execution
from pipeline.work import Work

LINE_EVERY_S = 5.0


class Watcher:
    """Shows how far a build is; call it with every unit that ends."""

    def __init__(self, *, quiet: bool = False) -> None:
        self._console = Console(stderr=True)
        self._live = None if quiet or not self._console.is_terminal else _bars(self._console)
        self._quiet = quiet
        self._tasks: dict[str, TaskID] = {}
        self._told_s = time.monotonic()

    def __enter__(self) -> Self:
        if self._live is not None:
            self._live.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if self._live is not None:
            self._live.stop()

    def __call__(self, execution: Execution, work: Work, cached: bool) -> None:
        """A unit ended."""
        ran = execution.ran[work.step.name]
        ended = ran.cached + ran.done + ran.failed
        if self._live is not None:
            if work.step.name not in self._tasks:
                self._tasks[work.step.name] = self._live.add_task(work.step.name, total=ran.units)
            self._live.update(self._tasks[work.step.name], completed=ended, total=ran.units)
        elif not self._quiet and not cached:
            now = time.monotonic()
            if ended == ran.units or now - self._told_s > LINE_EVERY_S:
                self._told_s = now
                failed = f", {ran.failed} failed" if ran.failed else ""
                print(f"{work.step.name}: {ended} of {ran.units} units ({ran.cached} were there{failed})", file=sys.stderr, flush=True)


def _bars(console: Console) -> Progress:
    columns = (TextColumn("{task.description}", justify="right"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    return Progress(*columns, console=console)
