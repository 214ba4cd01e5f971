"""`on_budget = "publish_finished"`: where a budget ends, the questions that are answered whole become a corpus that says so."""

import json
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from tests.fixtures.fake_teacher import FakeTeacher
from tests.fixtures.local_build import Project, call, contents, give_up_soon, point_to, questions

QUESTIONS, SAMPLES = 12, 4
HEAD = 'on_budget = "publish_finished"\n'
PRICE = "price = { input = 1.0, output = 10.0 }\n"
ROUNDS = """
[[teacher]]
name = "cheap"
model = "fake"
rounds = [2, 2]
until_correct = 2
max_tokens = 64
[[teacher]]
name = "strong"
model = "fake"
samples = 2
max_tokens = 65
after = { teacher = "cheap", correct_below = 1 }
"""


def verbose(prompt: str, seed: int) -> str:
    return "<think>\n" + "because " * (seed % 40 + 5) + f"</think>\n\n\\boxed{{{'AB'[seed % 2]}}}"


@pytest.fixture
def teacher(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeTeacher]:
    give_up_soon(monkeypatch)
    with FakeTeacher(verbose) as server:
        point_to(monkeypatch, server.url)
        yield server


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return Project(tmp_path)


def rows_of(corpus: Path, config: str) -> list[dict[str, Any]]:
    return [row for path in sorted(corpus.glob(f"data/{config}/*.parquet")) for row in pq.read_table(path).to_pylist()]


def lock_of(project: Project) -> dict[str, Any]:
    return json.loads((project.out / "lock.json").read_text())


def test_what_is_finished_is_published_counted_and_marked(project: Project, teacher: FakeTeacher) -> None:
    project.write({"quiz": questions(QUESTIONS)}, samples=SAMPLES, head=HEAD, more=PRICE + "budget_usd = 0.008\n")
    said = call(*project.arguments("--json"))
    assert said.code == 0, said.err
    assert 0 < teacher.asked < QUESTIONS * SAMPLES
    left = said.told["partial"]["unfinished"]
    assert 0 < left < QUESTIONS
    assert "raise budget_usd of teacher fake" in said.told["partial"]["why"]
    lock = lock_of(project)
    assert lock["partial"] == {"finished": QUESTIONS - left, "unfinished": left}
    assert ["choose", "quiz", "budget", left] in lock["tallies"]
    rows = rows_of(project.out, "sft") + rows_of(project.out, "rejected")
    assert set(Counter(row["question_id"] for row in rows).values()) == {SAMPLES}
    assert {row["question_id"] for row in rows_of(project.out, "rl")} == {row["question_id"] for row in rows}
    card = (project.out / "README.md").read_text()
    assert f"**This corpus is partial.** A budget ended before {left} of {QUESTIONS} chosen questions" in card
    head = (project.out / "report.html").read_text().split("<nav")[0].split("<header>")[1]
    assert f"<strong>This corpus is partial.</strong> A budget ended before {left} of {QUESTIONS} chosen questions" in head
    assert f"({left} of <bdi>quiz</bdi>)" in head
    assert call("audit", str(project.out)).code == 0
    project.write({"quiz": questions(QUESTIONS)}, samples=SAMPLES, head=HEAD, more=PRICE)
    assert call(*project.arguments()).code == 0
    assert "This corpus is partial" not in (project.out / "report.html").read_text()


def test_a_partial_corpus_follows_from_the_ledger_alone(project: Project, teacher: FakeTeacher, tmp_path: Path) -> None:
    project.write({"quiz": questions(QUESTIONS)}, samples=SAMPLES, head=HEAD, more=PRICE + "budget_usd = 0.008\n")
    assert call(*project.arguments()).code == 0
    first, asked = contents(project.out), teacher.asked
    assert call(*project.arguments()).code == 0
    other = tmp_path / "other"
    other.mkdir()
    (project.store / "ledger").rename(other / "ledger")
    again = [*project.arguments()[:2], "--store", str(other), "--out", str(tmp_path / "again"), "--workers", "2"]
    assert call(*again).code == 0
    assert contents(project.out) == contents(tmp_path / "again") == first
    assert teacher.asked == asked


def test_a_raised_budget_makes_the_corpus_whole_and_pays_nothing_twice(project: Project, teacher: FakeTeacher, tmp_path: Path) -> None:
    project.write({"quiz": questions(QUESTIONS)}, samples=SAMPLES, head=HEAD, more=PRICE + "budget_usd = 0.008\n")
    assert call(*project.arguments()).code == 0
    project.write({"quiz": questions(QUESTIONS)}, samples=SAMPLES, more=PRICE)
    said = call(*project.arguments("--json"))
    assert said.code == 0
    assert said.told["partial"] is None
    assert lock_of(project)["partial"] is None
    assert teacher.asked == len(teacher.requests) == QUESTIONS * SAMPLES


@pytest.mark.parametrize("tokens", [0, 700, 1500, 2200, 3000])
def test_later_rounds_and_the_teacher_after_count_as_unfinished_too(project: Project, teacher: FakeTeacher, tokens: int) -> None:
    project.write({"quiz": questions(QUESTIONS)}, head=HEAD, teachers=ROUNDS, more=f"[budget]\ntokens = {tokens}\n")
    said = call(*project.arguments("--json"))
    assert said.code == 0, said.err
    left = said.told["partial"]["unfinished"]
    assert call("audit", str(project.out)).code == 0
    project.write({"quiz": questions(QUESTIONS)}, teachers=ROUNDS)
    whole = Project(project.folder / "whole")
    whole.folder.mkdir()
    assert call("build", str(project.manifest), "--store", str(project.store), "--out", str(whole.out), "--workers", "0").code == 0
    rows = {row["id"]: row for row in rows_of(whole.out, "sft") + rows_of(whole.out, "rejected")}
    kept = rows_of(project.out, "sft") + rows_of(project.out, "rejected")
    ids = {row["question_id"] for row in kept}
    assert len(ids) == QUESTIONS - left
    assert {row["id"] for row in kept} == {id for id, row in rows.items() if row["question_id"] in ids}
    told = ("n_sampled", "n_correct", "pass_rate")
    assert all([row[name] for name in told] == [rows[row["id"]][name] for name in told] for row in rows_of(project.out, "sft"))
    asked = Counter((body["messages"][-1]["content"], body["seed"], body["max_tokens"]) for body in teacher.bodies)
    assert set(asked.values()) == {1}


def test_what_the_gold_answers_needs_no_budget(project: Project, teacher: FakeTeacher) -> None:
    project.write(
        {"quiz": questions(QUESTIONS), "own": questions(3, "own")}, samples=SAMPLES, head=HEAD, more=PRICE + "budget_usd = 0.008\n"
    )
    text = project.manifest.read_text()
    project.manifest.write_text(text.replace('name = "own"\n', 'name = "own"\nanswers = "gold"\n'))
    said = call(*project.arguments("--json"))
    assert said.code == 0, said.err
    assert 0 < said.told["partial"]["unfinished"] < QUESTIONS
    assert sum(row["source"] == "own" for row in rows_of(project.out, "sft")) == 3


def test_a_fault_that_is_no_budget_publishes_nothing(project: Project, teacher: FakeTeacher) -> None:
    project.write({"quiz": questions(QUESTIONS)}, samples=SAMPLES, head=HEAD)
    teacher.fail(200, 400)
    said = call(*project.arguments())
    assert said.code == 1
    assert not project.out.exists()
