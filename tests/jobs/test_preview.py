"""What `plan` tells: what is stored, what waits for what, and what the teachers would be asked."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.fixtures.fake_teacher import FakeTeacher
from tests.fixtures.local_build import Project, call, point_to, questions


@pytest.fixture
def project(tmp_path: Path) -> Project:
    made = Project(tmp_path)
    made.write({"quiz": questions(5)}, samples=3)
    return made


@pytest.fixture
def teacher(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeTeacher]:
    with FakeTeacher() as server:
        point_to(monkeypatch, server.url)
        yield server


def plan(project: Project) -> dict[str, Any]:
    return call("plan", str(project.manifest), "--store", str(project.store), "--json").told


def teachers(project: Project) -> tuple[Any, ...]:
    (told,) = plan(project)["teachers"]
    return told["questions"], told["requests"], told["in_ledger"], told["exact"]


def test_before_anything_is_ingested_the_requests_are_unknown(project: Project) -> None:
    assert teachers(project) == (None, None, 0, False)
    steps = {step["step"]: step for step in plan(project)["steps"]}
    assert steps["ingest[quiz]"]["to_run"] == 1
    assert (steps["gather"]["units"], steps["gather"]["waits_for"]) == (None, "partition")
    assert not (project.store / "partition").exists()


def test_after_choose_the_requests_are_counted_and_after_a_build_none_are_left(project: Project, teacher: FakeTeacher) -> None:
    assert project.build(until="choose").errors == []
    assert teacher.asked == 0
    assert not project.out.exists()
    assert teachers(project) == (5, 15, 0, True)
    assert project.build().errors == []
    assert teachers(project) == (5, 0, 15, True)
    assert all(step["to_run"] == 0 for step in plan(project)["steps"])


def test_more_samples_are_planned_as_what_they_add(project: Project, teacher: FakeTeacher) -> None:
    assert project.build().errors == []
    project.write({"quiz": questions(5)}, samples=8)
    assert teachers(project) == (5, 25, 15, True)
    before = teacher.asked
    assert project.build().errors == []
    assert teacher.asked - before == 25


def test_a_plan_for_people_says_the_same(project: Project, teacher: FakeTeacher) -> None:
    project.build(until="choose")
    said = call("plan", str(project.manifest), "--store", str(project.store))
    assert "Teacher fake (fake): 5 questions, 15 requests to send (0 in the ledger)" in said.out


def test_tokens_and_money_are_bounded_before_the_first_answer_and_expected_by_earlier_ones(project: Project, teacher: FakeTeacher) -> None:
    priced = "price = { input = 1.0, output = 10.0 }\n"
    project.write({"quiz": questions(5)}, samples=3, more=priced)
    assert project.build(until="choose").errors == []
    (first,) = plan(project)["teachers"]
    told = first["estimate"]
    assert (told["known"], told["completion_tokens"], told["cost_nanousd"]) == (0, None, None)
    assert told["most_completion_tokens"] == 15 * 64
    assert told["most_cost_nanousd"] == told["most_prompt_tokens"] * 1000 + 15 * 64 * 10_000
    assert 0 < told["prompt_tokens"] < told["most_prompt_tokens"]
    assert project.build().errors == []
    project.write({"quiz": questions(5)}, samples=8, more=priced)
    (later,) = plan(project)["teachers"]
    told = later["estimate"]
    assert told["known"] == 15
    assert 0 < told["completion_tokens"] < told["most_completion_tokens"]
    assert told["cost_nanousd"] == told["prompt_tokens"] * 1000 + told["completion_tokens"] * 10_000
    assert "Expected by 15 answers" in call("plan", str(project.manifest), "--store", str(project.store)).out
