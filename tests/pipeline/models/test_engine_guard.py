"""A guard ends the engines of a process that was killed, and nobody else's."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.fixtures.local_build import until

pytestmark = pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="there is no /proc here")
ENGINE = "subprocess.Popen(['VLLM::EngineCore', '600'], executable=shutil.which('sleep'), stdout=subprocess.DEVNULL)"
DRIVER = f"""
import shutil, subprocess, time
from pipeline.models.engine_guard import Guard
engine, other, guard = {ENGINE}, subprocess.Popen(["sleep", "600"], stdout=subprocess.DEVNULL), Guard()
{{then}}
print(engine.pid, other.pid, guard._process.pid, flush=True)
time.sleep(600)
"""


def runs(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


class Driver:
    """A process with an engine, another child and a guard."""

    def __init__(self, then: str = "", title: str = "VLLM::EngineCore") -> None:
        told = [sys.executable, "-c", DRIVER.format(then=then).replace("VLLM::EngineCore", title)]
        self.process = subprocess.Popen(told, stdout=subprocess.PIPE, text=True, start_new_session=True)
        assert self.process.stdout is not None
        self.engine, self.other, self.guard = map(int, self.process.stdout.readline().split())

    def end(self) -> None:
        for pid in (self.process.pid, self.engine, self.other, self.guard):
            if runs(pid):
                os.kill(pid, signal.SIGKILL)
        self.process.communicate()


@pytest.fixture
def driver() -> Iterator[Driver]:
    made = Driver()
    yield made
    made.end()


@pytest.fixture
def untitled() -> Iterator[Driver]:
    made = Driver("guard.know([engine.pid])", "python")
    yield made
    made.end()


@pytest.fixture
def released() -> Iterator[Driver]:
    made = Driver("guard.close()")
    yield made
    made.end()


def test_a_killed_process_takes_its_engine_with_it_and_nothing_else(driver: Driver, released: Driver) -> None:
    assert runs(driver.engine)
    driver.process.kill()
    until(lambda: not runs(driver.engine), "the engine's end")
    assert runs(driver.other)
    assert runs(released.engine)


def test_an_engine_that_the_guard_was_told_of_needs_no_title(untitled: Driver) -> None:
    assert runs(untitled.engine)
    untitled.process.kill()
    until(lambda: not runs(untitled.engine), "the engine's end")
    assert runs(untitled.other)


def test_a_guard_that_was_closed_ends_nothing(released: Driver) -> None:
    assert not runs(released.guard)
    released.process.kill()
    released.process.wait()
    assert runs(released.engine)
