"""Teachers that cannot be asked: one sentence, no key anywhere, and every answer that came is kept."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.fixtures.fake_teacher import FakeTeacher
from tests.fixtures.local_build import Project, Said, call, contents, give_up_soon, logged, point_to, questions, serving

KEY = "sk-secret-7f3a9b2c5d8e"


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return Project(tmp_path)


@pytest.fixture
def teacher(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeTeacher]:
    give_up_soon(monkeypatch)
    with FakeTeacher() as server:
        point_to(monkeypatch, server.url)
        yield server


def build(project: Project, *more: str) -> Said:
    return call(*project.arguments("--json", *more))


def test_a_dead_endpoint_is_named_before_anything_runs(project: Project, teacher: FakeTeacher) -> None:
    project.write({"quiz": questions(1)})
    teacher.close()
    said = build(project)
    assert said.code == 1
    assert "cannot be reached" in said.error
    assert "OPENAI_BASE_URL" in said.error


def test_no_endpoint_at_all_names_the_variables(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OPENAI_BASE_URL", raising=False)
    project.write({"quiz": questions(1)})
    said = build(project)
    assert said.code == 1
    assert "MEDTRACE_FAKE_BASE_URL" in said.error


def test_a_model_that_is_not_served_is_named_with_those_that_are(project: Project, teacher: FakeTeacher) -> None:
    teacher.model = "another"
    project.write({"quiz": questions(1)})
    said = build(project)
    assert said.code == 1
    assert "model fake is not served" in said.error
    assert "another" in said.error


def test_a_wrong_key_is_told_without_the_key(project: Project, teacher: FakeTeacher, monkeypatch: pytest.MonkeyPatch) -> None:
    teacher.key = "the right one"
    point_to(monkeypatch, teacher.url, KEY)
    project.write({"quiz": questions(1)})
    said = build(project)
    assert said.code == 1
    assert "answered 401" in said.error
    assert "OPENAI_API_KEY" in said.error
    assert KEY not in said.err + said.out


def test_a_key_that_is_withdrawn_midway_ends_the_build_and_is_written_nowhere(
    project: Project, teacher: FakeTeacher, monkeypatch: pytest.MonkeyPatch
) -> None:
    teacher.key = KEY
    point_to(monkeypatch, teacher.url, KEY)
    project.write({"quiz": questions(8)})
    teacher.fail(1, 401, body=json.dumps({"error": {"message": f"wrong key: {KEY}"}}))
    said = build(project)
    assert said.code == 1
    assert KEY not in said.err + said.out
    again = build(project)
    assert again.code == 0
    assert KEY not in again.err + again.out
    for path, data in contents(project.folder).items():
        assert KEY.encode() not in data, path


def test_an_endpoint_that_dies_midway_is_asked_for_the_rest_only(
    project: Project, teacher: FakeTeacher, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    project.write({"quiz": questions(50)}, samples=4)
    log = tmp_path / "log"
    with serving(log, die_after=70) as url:
        point_to(monkeypatch, url)
        said = build(project)
    assert said.code == 1
    assert "cannot be reached" in said.error or "broke off the connection" in said.error
    assert not project.out.exists()
    kept = project.answered()
    assert 0 < len(kept) <= len(logged(log)) <= 70
    point_to(monkeypatch, teacher.url)
    again = build(project)
    assert again.code == 0
    assert kept.isdisjoint(seed for _, seed in teacher.requests)
    assert teacher.asked == 200 - len(kept)
