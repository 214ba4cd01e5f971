"""Progress for a log: plain lines, none for what was stored, none when quiet."""

import re
import time
from pathlib import Path

import pytest

from jobs import inputs
from jobs.build import Options, build
from jobs.progress import Watcher
from tests.fixtures.fake_teacher import FakeTeacher
from tests.fixtures.local_build import Project, point_to, questions


def watched(project: Project, *, quiet: bool = False) -> None:
    with Watcher(quiet=quiet, store=project.store) as watcher:
        build(inputs.open_manifest(project.manifest), Options(project.store, project.out, workers=0), watcher, watcher.say, watcher.count)


def test_a_log_gets_a_line_a_step_and_none_for_what_was_stored(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    project = Project(tmp_path)
    project.write({"quiz": questions(3)})
    with FakeTeacher() as server:
        point_to(monkeypatch, server.url)
        watched(project)
        first = capsys.readouterr()
        watched(project)
        second = capsys.readouterr()
    assert first.out == second.out == ""
    assert "ingest[quiz]: 1 of 1 units (0 were there)" in first.err.splitlines()
    assert len(second.err.splitlines()) == 1


def test_each_teacher_gets_a_line_with_its_answers_verdicts_speed_and_money(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    project = Project(tmp_path)
    project.write({"quiz": questions(4)}, more="price = { input = 1.0, output = 10.0 }")
    with FakeTeacher(lambda prompt, seed: "<think>\nso\n</think>\n\n\\boxed{A}") as server:
        point_to(monkeypatch, server.url)
        monkeypatch.setattr("jobs.progress.LOOK_EVERY_S", 0.001)
        watched(project)
    (line,) = [line for line in capsys.readouterr().err.splitlines() if line.startswith("fake: ")]
    assert re.fullmatch(r"fake: 8 of 8 answers, 2 of 8 judged are right, [\d.]+/s, \$0\.\d+ paid of about \$0\.\d+", line)


def test_quiet_is_quiet(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    project = Project(tmp_path)
    project.write({"quiz": questions(3)})
    with FakeTeacher() as server:
        point_to(monkeypatch, server.url)
        watched(project, quiet=True)
    assert capsys.readouterr().err == ""


def test_silence_is_told_but_not_while_something_tells_of_itself(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("jobs.progress.LOOK_EVERY_S", 0.001)
    monkeypatch.setattr("jobs.progress.SILENT_S", 0.05)
    with Watcher() as watcher:
        assert watcher.aside(lambda lasts_s: time.sleep(lasts_s) or "trained")(0.3) == "trained"
        said = capsys.readouterr().err
        watcher.aside(print)("meanwhile")
        while "Nothing has ended" not in (later := capsys.readouterr().err):
            time.sleep(0.01)
    assert said == ""
    assert later.startswith("Nothing has ended for 0 s. Stopping is safe")
