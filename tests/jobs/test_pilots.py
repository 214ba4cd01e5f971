"""Pilots: a few questions asked first, what all will take by them, and how far off that was."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.fixtures.fake_teacher import FakeTeacher
from tests.fixtures.local_build import Project, call, give_up_soon, point_to, questions

QUESTIONS, SAMPLES = 40, 4
PRICE = "price = { input = 1.0, output = 10.0 }\n"
ADAPTIVE = """
[[teacher]]
name = "cheap"
model = "fake"
rounds = [2, 2]
until_correct = 2
max_tokens = 64
price = { input = 1.0, output = 10.0 }
[[teacher]]
name = "strong"
model = "fake"
samples = 3
max_tokens = 65
after = { teacher = "cheap", correct_below = 1 }
"""
KINDS = ("requests", "prompt_tokens", "completion_tokens", "cost_nanousd")


def verbose(prompt: str, seed: int) -> str:
    return "<think>\n" + "because " * (seed // 1024 % 40 + 5) + f"</think>\n\n\\boxed{{{'ABCD'[seed // 1024 % 4]}}}"


@pytest.fixture
def teacher(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeTeacher]:
    give_up_soon(monkeypatch)
    with FakeTeacher(verbose) as server:
        point_to(monkeypatch, server.url)
        yield server


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return Project(tmp_path)


def plan(project: Project, *more: str) -> dict[str, Any]:
    said = call("plan", str(project.manifest), "--store", str(project.store), "--json", *more)
    assert said.code == 0, said.err
    return said.told


def asked_of(teacher: FakeTeacher) -> list[tuple[str, int, int]]:
    return [(body["messages"][-1]["content"], body["seed"], body["max_tokens"]) for body in teacher.bodies]


def test_a_pilot_asks_so_many_questions_once_and_the_build_pays_for_the_others(project: Project, teacher: FakeTeacher) -> None:
    project.write({"quiz": questions(QUESTIONS)}, samples=SAMPLES, more=PRICE)
    told = plan(project, "--pilot", "10")
    assert teacher.asked == 10 * SAMPLES
    assert (told["pilot"]["asked"], told["pilot"]["questions"]) == (10, QUESTIONS)
    (one,) = told["pilot"]["teachers"]
    assert one["requests"] == {"expected": QUESTIONS * SAMPLES, "margin": 0}
    assert one["actual"] is None
    assert told["teachers"][0]["in_ledger"] == 10 * SAMPLES
    assert plan(project, "--pilot", "10")["pilot"] == told["pilot"]
    assert teacher.asked == 10 * SAMPLES
    assert call(*project.arguments()).code == 0
    assert teacher.asked == len(teacher.requests) == QUESTIONS * SAMPLES


def test_after_the_build_the_error_of_the_estimate_is_told(project: Project, teacher: FakeTeacher) -> None:
    project.write({"quiz": questions(QUESTIONS)}, samples=SAMPLES, more=PRICE)
    said = call(*project.arguments("--pilot", "20", "--json"))
    assert said.code == 0
    (one,) = said.told["pilot"]["teachers"]
    assert one["actual"]["requests"] == QUESTIONS * SAMPLES
    for kind in KINDS:
        expected, margin = one[kind]["expected"], one[kind]["margin"]
        assert abs(expected - one["actual"][kind]) <= max(1, 2 * margin)
        assert one["error"][kind] == pytest.approx(expected / one["actual"][kind] - 1)
    assert one["cost_nanousd"]["margin"] > 0
    assert plan(project)["pilot"]["teachers"] == [one]
    shown = call("plan", str(project.manifest), "--store", str(project.store)).out
    assert "Pilot of 20 of 40 questions" in shown
    assert re.search(r"fake took: 160 requests \(estimate \+0.0%\).* \(estimate [+-]\d+\.\d%\)", shown)


def test_a_pilot_of_all_questions_is_exact_whatever_the_rounds_and_the_teachers(project: Project, teacher: FakeTeacher) -> None:
    project.write({"quiz": questions(QUESTIONS)}, teachers=ADAPTIVE)
    first = plan(project, "--pilot", "15")["pilot"]["teachers"]
    assert [one["name"] for one in first] == ["cheap", "strong"]
    assert all(one["requests"]["expected"] > 0 for one in first)
    assert call(*project.arguments("--pilot", "1000")).code == 0
    for one in plan(project)["pilot"]["teachers"]:
        assert {kind: one["error"][kind] for kind in KINDS if one["actual"][kind]} == {kind: 0.0 for kind in KINDS if one["actual"][kind]}
        assert all(one[kind]["margin"] == 0 for kind in KINDS)
    assert len(asked_of(teacher)) == len(set(asked_of(teacher)))


def test_a_part_of_a_build_is_not_compared_with_the_whole(project: Project, teacher: FakeTeacher) -> None:
    project.write(
        {"quiz": questions(QUESTIONS)}, samples=SAMPLES, head='on_budget = "publish_finished"', more=PRICE + "budget_usd = 0.05\n"
    )
    said = call(*project.arguments("--pilot", "5", "--json"))
    assert said.code == 0
    assert said.told["partial"]["unfinished"]
    assert said.told["pilot"]["teachers"][0]["actual"] is None
    assert call(*project.arguments("--until", "choose", "--json")).told["pilot"]["teachers"][0]["actual"] is None


def test_an_estimate_is_forgotten_with_another_question_but_not_with_another_budget(project: Project, teacher: FakeTeacher) -> None:
    project.write({"quiz": questions(QUESTIONS)}, samples=SAMPLES, more=PRICE)
    assert plan(project, "--pilot", "5")["pilot"]
    project.write({"quiz": questions(QUESTIONS)}, samples=SAMPLES, more=PRICE + "budget_usd = 3.0\n")
    assert plan(project)["pilot"]
    project.write({"quiz": questions(QUESTIONS)}, samples=SAMPLES + 1, more=PRICE)
    assert plan(project)["pilot"] is None


def test_a_pilot_keeps_within_the_budget_and_says_so(project: Project, teacher: FakeTeacher) -> None:
    project.write({"quiz": questions(QUESTIONS)}, samples=SAMPLES, more=PRICE + "budget_usd = 0.002\n")
    said = call("plan", str(project.manifest), "--store", str(project.store), "--pilot", "10")
    assert said.code == 1
    assert "raise budget_usd of teacher fake" in said.err
    assert teacher.asked <= 3


@pytest.mark.parametrize(
    ("more", "words"), [(["--pilot", "5", "--batch"], "exclude each other"), (["--pilot", "5"], "this manifest names no teacher")]
)
def test_what_makes_no_sense_is_a_misuse(project: Project, more: list[str], words: str) -> None:
    project.write(
        {"quiz": questions(3)}, teachers="" if "no teacher" in words else None, head='teacher = "none"' if "no teacher" in words else ""
    )
    said = call(*project.arguments(*more))
    assert said.code == 2
    assert words in said.err
