"""Adaptive sampling and cascades end to end: who is asked again, what is paid for, and what the corpus says of it."""

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from pipeline.sampling import Design
from pipeline.stages.partition import PartitionRecipe
from tests.fixtures.fake_teacher import FakeTeacher, boxed_letter
from tests.fixtures.local_build import Project, call, contents, point_to, questions, ran

ROUNDS = """
[[teacher]]
name = "fake"
model = "fake"
max_tokens = 64
rounds = {rounds}
until_correct = {wanted}
"""
FIXED = """
[[teacher]]
name = "{name}"
model = "{name}"
max_tokens = 64
samples = {samples}
{more}
"""


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    """In shards of at most eight questions."""
    monkeypatch.setattr(PartitionRecipe.__init__, "__defaults__", (8, 256 << 20))
    return Project(tmp_path)


@pytest.fixture
def teacher(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeTeacher]:
    with FakeTeacher() as server:
        point_to(monkeypatch, server.url)
        yield server


def adaptive(project: Project, rounds: list[int], wanted: int, count: int = 20, more: str = "") -> None:
    project.write({"quiz": questions(count)}, teachers=ROUNDS.format(rounds=rounds, wanted=wanted), more=more)


def asked_by(teacher: FakeTeacher, project: Project, workers: int = 0) -> int:
    """How many requests one build sent."""
    before = teacher.asked
    assert project.build(workers).errors == []
    return teacher.asked - before


def rows(project: Project, config: str) -> list[dict[str, Any]]:
    return [row for path in sorted((project.out / "data" / config).glob("*.parquet")) for row in pq.read_table(path).to_pylist()]


def test_each_question_goes_on_until_enough_are_correct_and_its_first_samples_are_those_of_a_fixed_number(
    project: Project, teacher: FakeTeacher
) -> None:
    project.write({"quiz": questions(20)}, samples=8)
    asked_by(teacher, project)
    fixed: dict[str, Counter[int]] = {}
    for row in rows(project, "sft") + rows(project, "rejected"):
        fixed.setdefault(row["question_id"], Counter())[row["sample"]] = int(row["verdict"] == "correct")
    adaptive(project, [2, 2, 4], 2)
    assert asked_by(teacher, project) == 0
    design = Design((2, 2, 4), 2)
    for row in rows(project, "rl"):
        outcomes = [fixed[row["question_id"]][sample] for sample in range(8)]
        sampled = next(stop for stop in (2, 4, 8) if sum(outcomes[:stop]) >= 2 or stop == 8)
        assert (row["n_sampled"], row["n_correct"]) == (sampled, sum(outcomes[:sampled]))
        assert row["pass_rate"] == design.estimate(sampled, row["n_correct"])
        assert row["pass_rate_method"] == "rounds 2+2+4 until 2"
        assert row["pass_rate_low"] < row["n_correct"] / sampled <= row["pass_rate_high"] or not row["n_correct"]
    assert {row["n_sampled"] for row in rows(project, "rl")} == {2, 4, 8}
    assert not call("audit", str(project.out)).code


def test_only_what_is_newly_asked_is_paid_for(project: Project, teacher: FakeTeacher) -> None:
    adaptive(project, [2, 2], 1)
    first = asked_by(teacher, project)
    sampled = sum(row["n_sampled"] for row in rows(project, "rl"))
    assert first == sampled < 20 * 4
    adaptive(project, [2, 2, 4], 1)
    more = asked_by(teacher, project)
    assert first + more == sum(row["n_sampled"] for row in rows(project, "rl"))
    adaptive(project, [2, 2, 4], 2)
    assert asked_by(teacher, project) == sum(row["n_sampled"] for row in rows(project, "rl")) - first - more
    adaptive(project, [2, 2, 4], 2, more="[select]\nmax_per_question = 1\n")
    assert asked_by(teacher, project) == 0
    assert set(teacher.requests.values()) == {1}


def test_the_first_round_is_the_same_unit_as_a_fixed_number(project: Project, teacher: FakeTeacher) -> None:
    project.write({"quiz": questions(20)}, samples=2)
    asked_by(teacher, project)
    adaptive(project, [2, 2], 1)
    built = project.build()
    assert "sample[fake.round1]" not in ran(built)
    assert "sample[fake.round2]" in ran(built)


def test_an_empty_round_asks_nobody_and_opens_no_teacher(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    with FakeTeacher(
        lambda prompt, seed: f"<think>\n{seed}\n</think>\n\n\\boxed{{{'ABCD'[int(prompt.split('case ')[1].split(':')[0]) % 4]}}}"
    ) as all_right:
        point_to(monkeypatch, all_right.url)
        adaptive(project, [2, 2], 1)
        assert project.build(until="judge[fake.round1]").errors == []
        assert all_right.asked == 40
    point_to(monkeypatch, "http://127.0.0.1:9/v1")
    built = project.build()
    assert built.errors == []
    assert {row["n_sampled"] for row in rows(project, "rl")} == {2}


def test_caps_end_what_the_first_round_shows_to_be_too_easy_or_too_hard(project: Project, teacher: FakeTeacher) -> None:
    caps = "caps = [{ pass_rate = [0.0, 0.0], samples = 4 }, { pass_rate = [0.9, 1.0], samples = 2 }]\n"
    project.write({"quiz": questions(40)}, teachers=ROUNDS.format(rounds=[2, 6], wanted=8) + caps)
    asked_by(teacher, project)
    first = {row["question_id"]: 0 for row in rows(project, "rl")}
    for row in rows(project, "sft") + rows(project, "rejected"):
        first[row["question_id"]] += row["sample"] < 2 and row["verdict"] == "correct"
    assert {(first[row["question_id"]], row["n_sampled"]) for row in rows(project, "rl")} == {(0, 4), (1, 8), (2, 2)}
    assert not call("audit", str(project.out)).code


def test_a_cascade_asks_the_next_teacher_what_the_first_fails(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    with (
        FakeTeacher(model="cheap") as cheap,
        FakeTeacher(lambda prompt, seed: boxed_letter(f"other {prompt}", seed), model="strong") as strong,
    ):
        monkeypatch.setenv("MEDTRACE_CHEAP_BASE_URL", cheap.url)
        monkeypatch.setenv("MEDTRACE_STRONG_BASE_URL", strong.url)
        after = 'after = { teacher = "cheap", correct_below = 2 }'
        teachers = FIXED.format(name="cheap", samples=4, more="") + FIXED.format(name="strong", samples=3, more=after)
        project.write({"quiz": questions(20)}, teachers=teachers, more="[select]\nmax_per_question = 2\n")
        assert project.build().errors == []
        asked = rows(project, "rl")
        failed = {row["question_id"] for row in asked if row["n_correct"] < 2}
        assert cheap.asked == 20 * 4
        assert 0 < len(failed) < 20
        assert strong.asked == 3 * len(failed)
        assert {row["teacher"] for row in asked} == {"cheap"}
        traces = rows(project, "sft") + rows(project, "rejected")
        assert {row["question_id"] for row in traces if row["teacher"] == "strong"} == failed
        assert max(Counter(row["question_id"] for row in rows(project, "sft")).values()) == 2
        assert not call("audit", str(project.out)).code
        before = strong.asked
        project.write({"quiz": questions(20)}, teachers=teachers.replace("correct_below = 2", "pass_rate_below = 0.5"))
        assert project.build().errors == []
        assert strong.asked == before


def test_a_plan_counts_each_round_as_soon_as_the_one_before_is_judged(project: Project, teacher: FakeTeacher) -> None:
    adaptive(project, [2, 2], 1)
    project.build(until="choose")
    told = call("plan", str(project.manifest), "--store", str(project.store), "--json").told["teachers"]
    assert [(row["teacher"], row["requests"], row["exact"]) for row in told] == [("fake.round1", 40, True), ("fake.round2", 40, False)]
    project.build(until="judge[fake.round1]")
    before = teacher.asked
    told = call("plan", str(project.manifest), "--store", str(project.store), "--json").told["teachers"]
    assert [row["exact"] for row in told] == [True, True]
    assert project.build().errors == []
    assert teacher.asked - before == told[1]["requests"] == 2 * told[1]["questions"]


@pytest.mark.slow
def test_rounds_do_not_depend_on_the_workers(project: Project, teacher: FakeTeacher) -> None:
    adaptive(project, [1, 1, 2], 1)
    corpora: list[dict[str, bytes]] = []
    for workers in (0, 2):
        out = project.folder / f"out{workers}"
        assert project.build(workers, store=project.folder / f"store{workers}", out=out).errors == []
        corpora.append(contents(out))
    assert corpora[0] == corpora[1]
