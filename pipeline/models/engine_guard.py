"""Ends the engines of a process that was killed, which would hold their GPUs for ever: vLLM's notice nothing of it (0.32).

Run as a program it needs nothing but the standard library: `python -I -S engine_guard.py PID SESSION`, a child of the process that it
stands for, which tells it the engines on its standard input; one that was still being started is found by its title.
"""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

_TITLE = b"VLLM::EngineCore"
_PAUSE_S = 0.5
_PIPE = 1 << 16
_LOOK = 120  # times: an engine that was being started when its process died has no name yet


class Guard:
    """Stands beside this process until it is closed; where there is no /proc it does nothing."""

    def __init__(self) -> None:
        # In a session of its own, so that what ends a terminal's or a job's processes leaves it time for its task.
        told = [sys.executable, "-I", "-S", __file__, str(os.getpid()), str(os.getsid(0))]
        nowhere = subprocess.DEVNULL  # nor does it keep the ends open of whoever reads what this process says
        self._process = subprocess.Popen(told, stdin=subprocess.PIPE, stdout=nowhere, stderr=nowhere, start_new_session=True)

    def know(self, pids: Iterable[int]) -> None:
        """Tells it processes to end: on Ray vLLM's do not always get their title."""
        assert self._process.stdin is not None
        told: list[str] = []
        for pid in pids:
            with suppress(OSError):  # there is no /proc, or the process has ended
                told.append(f"{pid} {_started(pid)}\n")
        with suppress(OSError):  # the guard was killed
            self._process.stdin.write("".join(told).encode())
            self._process.stdin.flush()

    def close(self) -> None:
        """Lets it go; the engines are this process's own again."""
        self._process.kill()
        self._process.wait()
        if self._process.stdin is not None:
            with suppress(OSError):
                self._process.stdin.close()


class _Place(NamedTuple):
    """Where a process stands: its parent, and the session that it was started in."""

    parent: int
    session: int


def end_orphans(place: _Place) -> None:
    """Ends the engines that stand there: a process that outlives its parent goes to the parent that the guard went to."""
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            if not (folder / "cmdline").read_bytes().startswith(_TITLE):
                continue
            fields = (folder / "stat").read_text().rpartition(")")[2].split()
            if place == _Place(int(fields[1]), int(fields[3])):
                os.kill(int(folder.name), signal.SIGKILL)
        except OSError:  # it ended meanwhile
            continue


def _started(pid: int) -> str:
    """When a process began, which tells it from a later one of the same number. Raises: OSError where there is none."""
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[19]


def _end_known(told: str) -> None:
    for pid, started in (line.split() for line in told.splitlines()):
        with suppress(OSError):  # it ended with its parent
            if _started(int(pid)) == started:
                os.kill(int(pid), signal.SIGKILL)


def stand(pid: int, session: int) -> None:
    """Returns when the parent is gone and its engines are ended."""
    while os.getppid() == pid:
        time.sleep(_PAUSE_S)
    os.set_blocking(0, False)  # an engine that was forked may hold the other end
    with suppress(BlockingIOError):
        _end_known(os.read(0, _PIPE).decode())
    for _ in range(_LOOK):
        end_orphans(_Place(os.getppid(), session))
        time.sleep(_PAUSE_S)


if __name__ == "__main__":
    stand(*map(int, sys.argv[1:]))
