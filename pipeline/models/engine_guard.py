"""Ends the engines of a process that was killed, which would hold their GPUs for ever: vLLM's notice nothing of it (0.32).

Run as a program it needs nothing but the standard library: `python -I -S engine_guard.py PID`, a child of the process that it stands for.
"""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import NamedTuple

_TITLE = b"VLLM::EngineCore"
_PAUSE_S = 0.5
_LOOK = 120  # times: an engine that was being started when its process died has no name yet


class Guard:
    """Stands beside this process until it is closed; where there is no /proc it does nothing."""

    def __init__(self) -> None:
        # In a session of its own, so that what ends a terminal's or a job's processes leaves it time for its task.
        told = [sys.executable, "-I", "-S", __file__, str(os.getpid()), str(os.getsid(0))]
        nowhere = subprocess.DEVNULL  # nor does it keep the ends open of whoever reads what this process says
        self._process = subprocess.Popen(told, stdin=nowhere, stdout=nowhere, stderr=nowhere, start_new_session=True)

    def close(self) -> None:
        """Lets it go; the engines are this process's own again."""
        self._process.kill()
        self._process.wait()


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


def stand(pid: int, session: int) -> None:
    """Returns when the parent is gone and its engines are ended."""
    while os.getppid() == pid:
        time.sleep(_PAUSE_S)
    for _ in range(_LOOK):
        end_orphans(_Place(os.getppid(), session))
        time.sleep(_PAUSE_S)


if __name__ == "__main__":
    stand(*map(int, sys.argv[1:]))
