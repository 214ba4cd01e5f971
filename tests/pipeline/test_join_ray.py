"""What nodes of a cluster are asked before they are given work."""

import fcntl
import subprocess
import sys
from pathlib import Path

from pipeline.join_ray import lock_fault

HOLD = (
    "import fcntl, sys, threading; held = open(sys.argv[1]); fcntl.flock(held, fcntl.LOCK_EX); print(flush=True); threading.Event().wait()"
)


def test_locks_hold_where_another_process_is_kept_out(tmp_path: Path) -> None:
    held = tmp_path / "held"
    held.touch()
    assert lock_fault(held) == "may lock files in {folder} that another node holds locked, so that no budget holds"
    holder = subprocess.Popen([sys.executable, "-c", HOLD, str(held)], stdout=subprocess.PIPE)
    assert holder.stdout is not None
    with holder.stdout:
        holder.stdout.readline()
        assert lock_fault(held) == ""
        holder.kill()
        holder.wait()
    with held.open() as file:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
