"""Progress on stderr: live bars on a terminal, plain lines elsewhere, and a word when nothing ends for long."""

import sys
import threading
import time
from collections.abc import Callable
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeElapsedColumn

from pipeline.graph import Execution
from pipeline.work import Work

LINE_EVERY_S = 5.0
ANSWERS_EVERY_S = 15.0
SILENT_S = 180.0


class Watcher:
    """Shows how far a build is; call it with every unit that ends."""

    def __init__(self, *, quiet: bool = False) -> None:
        console = Console(stderr=True)
        self._quiet = quiet
        self._live = None if quiet or not console.is_terminal else _bars(console)
        self._tasks: dict[str, TaskID] = {}
        self._answers: Callable[[], tuple[int, int]] | None = None
        self._told = (0, 0)
        self._line_s = self._ended_s = self._answers_s = time.monotonic()
        self._over = threading.Event()
        self._ticker = threading.Thread(target=self._tick, name="progress", daemon=True)

    def __enter__(self) -> Self:
        if self._live is not None:
            self._live.start()
        if not self._quiet:
            self._ticker.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._over.set()
        if not self._quiet:
            self._ticker.join()
        if self._live is not None:
            self._live.stop()

    def say(self, line: str) -> None:
        """One line, above the bars where there are any."""
        if self._live is not None:
            self._live.console.print(line, markup=False, highlight=False)
        elif not self._quiet:
            print(line, file=sys.stderr, flush=True)

    def count(self, answers: Callable[[], tuple[int, int]]) -> None:
        """Shows from now on how many answers the teachers gave, of how many asked."""
        self._answers = answers

    def __call__(self, execution: Execution, work: Work, cached: bool) -> None:
        """A unit ended."""
        ran = execution.ran[work.step.name]
        ended = ran.cached + ran.done + ran.failed
        self._ended_s = now = time.monotonic()
        if self._live is not None:
            self._bar(work.step.name, ended, ran.units)
        elif not cached and (ended == ran.units or now - self._line_s > LINE_EVERY_S):
            self._line_s = now
            failed = f", {ran.failed} failed" if ran.failed else ""
            self.say(f"{work.step.name}: {ended} of {ran.units} units ({ran.cached} were there{failed})")

    def _bar(self, name: str, ended: int, total: int) -> None:
        assert self._live is not None
        if name not in self._tasks:
            self._tasks[name] = self._live.add_task(name, total=total)
        self._live.update(self._tasks[name], completed=ended, total=total)

    def _tick(self) -> None:
        while not self._over.wait(0.5):
            now = time.monotonic()
            told = self._answers() if self._answers else (0, 0)
            if told != self._told:
                self._ended_s = now
                if self._live is not None:
                    self._bar("answers", *told)
                elif now - self._answers_s > ANSWERS_EVERY_S:
                    self._answers_s = now
                    self.say(f"answers: {told[0]} of {told[1]} asked so far")
                self._told = told
            if now - self._ended_s > SILENT_S:
                self._ended_s = now
                self.say(f"Nothing has ended for {SILENT_S:.0f} s. Stopping is safe: what is finished is kept.")


def _bars(console: Console) -> Progress:
    columns = (TextColumn("{task.description}", justify="right", markup=False), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    return Progress(*columns, console=console)
