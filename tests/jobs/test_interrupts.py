"""Ctrl-C twice: the second ends the process wherever the first has brought it."""

import subprocess
import sys

import pytest

from tests.fixtures.local_build import ROOT

BEFORE = """
import os, signal, sys, time
from jobs.interrupts import second_leaves
signal.signal(signal.SIGINT, {handler})
def ctrl_c():
    os.kill(os.getpid(), signal.SIGINT)
"""
DEFAULT = "signal.default_int_handler"


def run(body: str, handler: str = DEFAULT) -> subprocess.CompletedProcess[str]:
    code = BEFORE.format(handler=handler) + body
    return subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=30, check=False)


@pytest.mark.parametrize(
    "then",
    [
        pytest.param("ctrl_c()", id="before anything is said"),
        pytest.param("print('Stopping', flush=True); ctrl_c()", id="after it is said"),
        pytest.param(
            "import threading; threading.Timer(0.2, ctrl_c).start(); threading.Lock().acquire() and time.sleep(60)", id="while it waits"
        ),
    ],
)
def test_the_second_ends_the_process_wherever_it_is(then: str) -> None:
    said = run(
        f"""
with second_leaves():
    try:
        ctrl_c()
        time.sleep(60)
    except KeyboardInterrupt:
        {then}
    finally:
        time.sleep(60)
"""
    )
    assert said.returncode == 130
    assert said.stderr == "Stopped. What was answered is kept, what was under way is not; run the same command to go on.\n"


def test_the_first_raises_and_a_later_one_beyond_raises_again() -> None:
    body = """
for _ in range(2):
    try:
        with second_leaves():
            ctrl_c()
            time.sleep(60)
    except KeyboardInterrupt:
        print("heard")
assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
"""
    said = run(body)
    assert (said.returncode, said.stdout) == (0, "heard\nheard\n")


def test_ctrl_c_that_is_ignored_stays_so_and_another_handler_hears_it() -> None:
    body = """
with second_leaves():
    ctrl_c()
    ctrl_c()
    time.sleep(0.05)
print("on")
"""
    assert run(body, "signal.SIG_IGN").stdout == "on\n"
    assert run(body, "lambda *_: print('mine')").stdout == "mine\nmine\non\n"


def test_a_thread_that_is_not_the_first_may_run_it() -> None:
    body = """
import threading
def inside():
    with second_leaves():
        print("ran")
thread = threading.Thread(target=inside)
thread.start()
thread.join()
"""
    assert run(body).stdout == "ran\n"
