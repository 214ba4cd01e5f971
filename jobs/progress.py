"""Progress on stderr: live bars on a terminal, plain lines elsewhere, and a word when nothing ends for long."""

import math
import sys
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from types import TracebackType
from typing import ParamSpec, Self, TypeVar

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeElapsedColumn

from jobs.telling import Teachers, line
from pipeline.graph import Execution
from pipeline.step import Answered
from pipeline.store import Store
from pipeline.work import Work

LINE_EVERY_S = 5.0
ANSWERS_EVERY_S = 15.0
LOOK_EVERY_S = 0.5
SILENT_S = 180.0

Asked = ParamSpec("Asked")
Done = TypeVar("Done")


class Watcher:
    """Shows how far a build is; call it with every unit that ends."""

    def __init__(self, *, quiet: bool = False, store: Path | None = None) -> None:
        console = Console(stderr=True)
        self._quiet = quiet
        self._live = None if quiet or not console.is_terminal else _bars(console)
        self._tasks: dict[str, TaskID] = {}
        self._answers: Callable[[], Mapping[str, Answered]] | None = None
        self._store = None if quiet or store is None else Store(store)
        self._teachers = Teachers(self._store)
        self._told: Mapping[str, Answered] = {}
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
        if self._answers is not None and error is None and not self._quiet:
            self._answers_s = 0.0
            self._tell(self._told, time.monotonic())
        if self._live is not None:
            self._live.stop()

    def say(self, line: str) -> None:
        """One line, above the bars where there are any."""
        if self._live is not None:
            self._live.console.print(line, markup=False, highlight=False)
        elif not self._quiet:
            print(line, file=sys.stderr, flush=True)

    def count(self, answers: Callable[[], Mapping[str, Answered]]) -> None:
        """Shows from now on how far the teachers of this run are."""
        self._answers = answers
        self._told, self._teachers = {}, Teachers(self._store)

    def aside(self, work: Callable[Asked, Done]) -> Callable[Asked, Done]:
        """Work that tells of itself how far it is: while it runs, nothing is said of units that do not end."""

        def apart(*asked: Asked.args, **more: Asked.kwargs) -> Done:
            self._ended_s = math.inf
            try:
                return work(*asked, **more)
            finally:
                self._ended_s = time.monotonic()

        return apart

    def __call__(self, execution: Execution, work: Work, cached: bool) -> None:
        """A unit ended."""
        ran = execution.ran[work.step.name]
        ended = ran.cached + ran.done + ran.failed
        self._ended_s = now = time.monotonic()
        if not self._quiet:
            self._teachers.ended(execution, work)
        if self._live is not None:
            self._bar(work.step.name, ended, ran.units)
        elif not cached and (ended == ran.units or now - self._line_s > LINE_EVERY_S):
            self._line_s = now
            failed = f", {ran.failed} failed" if ran.failed else ""
            self.say(f"{work.step.name}: {ended} of {ran.units} units ({ran.cached} were there{failed})")

    def _bar(self, shown: str, ended: int, total: int, key: str = "") -> None:
        assert self._live is not None
        key = key or shown
        if key not in self._tasks:
            self._tasks[key] = self._live.add_task(shown, total=total)
        self._live.update(self._tasks[key], description=shown, completed=ended, total=total)

    def _tick(self) -> None:
        while not self._over.wait(LOOK_EVERY_S):
            now = time.monotonic()
            told = self._answers() if self._answers else {}
            if told and told != self._told:
                self._told, self._ended_s = told, now
                self._tell(told, now)
            if now - self._ended_s > SILENT_S:
                self._ended_s = now
                self.say(f"Nothing has ended for {SILENT_S:.0f} s. Stopping is safe: what is finished is kept.")

    def _tell(self, told: Mapping[str, Answered], now: float) -> None:
        """Shows how far the teachers are, now where there are bars, else every few seconds."""
        if self._live is None and now - self._answers_s < ANSWERS_EVERY_S:
            return
        self._answers_s = now
        for name, far in self._teachers.far(told, now).items():
            if self._live is None:
                self.say(line(name, far))
            else:
                self._bar(line(name, far), far.told.answered, far.expected or far.told.wanted, key=f"answers of {name}")


def _bars(console: Console) -> Progress:
    columns = (TextColumn("{task.description}", justify="right", markup=False), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    return Progress(*columns, console=console)
