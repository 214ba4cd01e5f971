"""Solved questions from a source: never the one that is asked, never a benchmark's, the same for every build."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.fixtures.fake_teacher import FakeTeacher
from tests.fixtures.local_build import TABLE, Project, call, point_to, question, questions, ran, write_rows

SHOWN = """
[[teacher]]
name = "fake"
model = "fake"
prompt = "direct"
shots = { source = "exam", n = 3 }
max_tokens = 64
"""
BENCHMARK = TABLE.replace("[[source]]", "[[benchmark]]")


@pytest.fixture
def teacher(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeTeacher]:
    with FakeTeacher() as server:
        point_to(monkeypatch, server.url)
        yield server


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return Project(tmp_path)


def turns(body: dict[str, Any]) -> tuple[list[str], list[str], str]:
    """The questions shown, their answers, and the one that is asked."""
    said = [message["content"].partition("\n")[0] for message in body["messages"]]
    assert [message["role"] for message in body["messages"]] == ["user", "assistant"] * (len(said) // 2) + ["user"]
    return said[:-1:2], said[1::2], said[-1]


def test_three_of_the_source_are_shown_with_their_golds_and_never_the_one_that_is_asked(project: Project, teacher: FakeTeacher) -> None:
    project.write({"quiz": questions(5), "exam": questions(4, "exam")}, teachers=SHOWN)
    assert project.build().errors == []
    golds = {row["q"]: row["key"] for row in questions(4, "exam")}
    assert teacher.asked == 9
    for body in teacher.bodies:
        shown, answers, asked = turns(body)
        assert len(shown) == len(set(shown)) == 3
        assert asked not in shown
        assert [golds[one] for one in shown] == answers
    assert len({tuple(turns(body)[0]) for body in teacher.bodies if "quiz" in turns(body)[2]}) == 1


def test_what_a_benchmark_holds_is_never_shown_nor_what_is_held_out(project: Project, teacher: FakeTeacher) -> None:
    leaked = [question(number, "exam") for number in range(3)]
    write_rows(project.folder / "held.jsonl", leaked)
    benchmark = BENCHMARK.format(name="held", path="held.jsonl")
    project.write({"quiz": questions(5), "exam": questions(12, "exam")}, teachers=SHOWN, more=benchmark + "[split]\nheldout = 0.3\n")
    built = project.build()
    assert built.errors == []
    heldout = set(_questions(project, "heldout"))
    assert heldout
    shown = {one for body in teacher.bodies for one in turns(body)[0]}
    assert shown
    assert shown.isdisjoint(row["q"] for row in leaked)
    assert shown.isdisjoint(heldout)


def test_a_row_that_changes_no_shot_has_no_other_question_asked_again(project: Project, teacher: FakeTeacher) -> None:
    project.write({"quiz": questions(5), "exam": questions(40, "exam")}, teachers=SHOWN)
    assert project.build().errors == []
    before = teacher.asked
    shown = {one for body in teacher.bodies for one in turns(body)[0]}
    rows = [row for row in questions(40, "exam") if row["q"] in shown or row["q"] != "exam case 7: which finding fits best?"]
    project.write({"quiz": questions(6), "exam": rows}, teachers=SHOWN)
    built = project.build()
    assert built.errors == []
    assert teacher.asked == before + 1
    assert "sample[fake]" in ran(built)


def test_plan_and_pilot_know_what_is_asked_with_shots(project: Project, teacher: FakeTeacher) -> None:
    project.write({"quiz": questions(5), "exam": questions(4, "exam")}, teachers=SHOWN)
    said = call("plan", str(project.manifest), "--store", str(project.store), "--pilot", "4", "--json")
    assert said.code == 0, said.err
    assert teacher.asked == 4
    (told,) = said.told["teachers"]
    assert (told["requests"], told["in_ledger"]) == (5, 4)
    assert project.build().errors == []
    assert teacher.asked == len({(body["seed"], str(body["messages"])) for body in teacher.bodies}) == 9


@pytest.mark.parametrize(
    ("shots", "fault"),
    [
        ('{ source = "exams", n = 3 }', "no source is called exams, there are quiz"),
        ('{ source = "quiz", n = 0 }', "teacher.0.shots.n"),
        ('{ source = "quiz", n = 3, m = 1 }', "unknown key teacher.0.shots.m, known here are source, n"),
        ('{ source = "quiz" }', "teacher.0.shots.n is missing"),
        ('"quiz"', "teacher.0.shots"),
    ],
)
def test_shots_that_make_no_sense_are_told_by_key(project: Project, shots: str, fault: str) -> None:
    project.write({"quiz": questions(2)}, teachers=SHOWN.replace('{ source = "exam", n = 3 }', shots))
    said = call("plan", str(project.manifest), "--store", str(project.store))
    assert said.code == 2
    assert fault in said.error


def _questions(project: Project, split: str) -> list[str]:
    import pyarrow.parquet as pq

    paths = sorted(project.out.glob(f"data/rl/{split}-*.parquet"))
    return [row["problem"].partition("\n")[0] for path in paths for row in pq.read_table(path).to_pylist()]
