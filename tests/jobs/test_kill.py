"""Killing a build: whatever it was doing, the next one goes on, pays for nothing twice and ends with the same bytes."""

import os
import re
import signal
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.fixtures.local_build import (
    Project,
    cli,
    contents,
    end_session,
    logged,
    questions,
    serving,
    session_of,
    start,
    until,
)

pytestmark = pytest.mark.slow

IN_FLIGHT = 64
QUESTIONS, SAMPLES = 60, 4


class Undisturbed(NamedTuple):
    """What a build that nothing happened to left, and the teacher it asked."""

    corpus: dict[str, bytes]
    asked: set[int]


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> Undisturbed:
    project = small(tmp_path_factory.mktemp("undisturbed"))
    log = project.folder / "log"
    with serving(log) as url:
        said = cli(*project.arguments(), url=url)
    assert said.code == 0, said.err
    return Undisturbed(contents(project.out), set(logged(log)))


def small(folder: Path) -> Project:
    project = Project(folder)
    project.write({"quiz": questions(QUESTIONS)}, samples=SAMPLES)
    return project


def processes(project: Project) -> list[str]:
    return project.arguments("--workers", "2")


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return small(tmp_path)


@pytest.fixture
def slow_url(tmp_path: Path) -> Iterator[str]:
    with serving(tmp_path / "log", pause_s=0.2) as url:
        yield url


def ingested(project: Project) -> bool:
    return any(project.store.glob("ingest*/*.parquet"))


def answers(count: int) -> Callable[[Project], bool]:
    return lambda project: logged(project.folder / "log").total() >= count


def judged(project: Project) -> bool:
    return any(project.store.glob("judge*/*.parquet"))


@pytest.mark.parametrize("moment", [ingested, answers(1), answers(100), answers(200), judged])
def test_a_killed_build_goes_on_where_it_was(
    project: Project, slow_url: str, undisturbed: Undisturbed, moment: Callable[[Project], bool]
) -> None:
    log = project.folder / "log"
    process = start(processes(project), slow_url)
    try:
        until(lambda: moment(project), "the moment to kill", process)
    finally:
        process.kill()
        process.communicate()
    until(lambda: not session_of(process.pid), "its workers' end")
    assert not project.out.exists() or contents(project.out) == undisturbed.corpus
    kept, sent = project.answered(), logged(log)
    said = cli(*processes(project), url=slow_url)
    assert said.code == 0, said.err
    again = logged(log) - sent
    assert kept.isdisjoint(again)
    assert sum(count - 1 for count in logged(log).values()) <= IN_FLIGHT
    assert set(logged(log)) == undisturbed.asked
    assert contents(project.out) == undisturbed.corpus
    # What a killed writer was at stays hidden in the store until `store gc`; nothing of it is ever read.
    assert [name for name in project.leftovers() if not name.startswith("store/")] == []


def test_a_build_killed_again_and_again_ends_the_same(project: Project, slow_url: str, undisturbed: Undisturbed) -> None:
    log = project.folder / "log"
    for _ in range(3):
        before = logged(log).total()
        process = start(processes(project), slow_url)
        try:
            until(lambda before=before: logged(log).total() >= before + 40, "forty more answers", process)
        finally:
            end_session(process)
            process.communicate()
    said = cli(*processes(project), url=slow_url)
    assert said.code == 0, said.err
    assert contents(project.out) == undisturbed.corpus


def test_ctrl_c_ends_a_build_at_once_with_one_sentence(project: Project, slow_url: str, undisturbed: Undisturbed) -> None:
    process = start(processes(project), slow_url)
    try:
        until(lambda: answers(70)(project), "some answers", process)
        os.killpg(process.pid, signal.SIGINT)
        out, err = process.communicate(timeout=60)
    finally:
        end_session(process)
    assert process.returncode == 130
    assert out == ""
    assert err.splitlines()[-1] == "Stopped. What was finished is kept; run the same command to go on."
    assert "Traceback" not in err
    assert logged(project.folder / "log").total() < QUESTIONS * SAMPLES
    kept, sent = project.answered(), logged(project.folder / "log")
    assert kept == set(sent), "what the server answered after Ctrl-C was paid, and is kept"
    assert re.search(r"Stopping: \d+ answers are under way", err)
    assert cli(*processes(project), url=slow_url).code == 0
    assert kept.isdisjoint(logged(project.folder / "log") - sent)
    assert contents(project.out) == undisturbed.corpus


def test_a_second_ctrl_c_does_not_wait_for_the_answers(project: Project, tmp_path: Path) -> None:
    with serving(tmp_path / "log", pause_s=300.0) as url:
        process = start(processes(project), url)
        try:
            until(lambda: connected(url) >= 16, "requests under way", process)
            process.send_signal(signal.SIGINT)
            assert process.stderr is not None
            said = ""
            while "Stopping: " not in said:
                line = process.stderr.readline()
                assert line, f"it ended: {said}"
                said += line
            process.send_signal(signal.SIGINT)
            assert process.wait(60) == 130
            assert "Stopped. What was answered is kept, what was under way is not" in process.stderr.read()
        finally:
            end_session(process)
            process.communicate()


def connected(url: str) -> int:
    """Connections that a server on this machine holds (Linux)."""
    port = f":{int(url.rpartition(':')[2].partition('/')[0]):04X}"
    lines = Path("/proc/net/tcp").read_text().splitlines()[1:]
    return sum(line.split()[1].endswith(port) and line.split()[3] == "01" for line in lines)
