"""Builds whose teachers are asked in provider batches, by the command line."""

import json
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from pipeline.models.ledger import Ledger
from tests.fixtures.fake_batches import FakeBatches, right_away
from tests.fixtures.local_build import Project, call, point_to, questions

ADAPTIVE = """
[[teacher]]
name = "fake"
model = "fake"
rounds = [1, 1]
until_correct = 1
max_tokens = 64
"""


def letter(body: dict[str, Any]) -> tuple[int, dict[str, Any]]:
    """A box with a letter of the seed."""
    status, answer = right_away(body)
    answer["choices"][0]["message"]["content"] = f"<think>\nso\n</think>\n\n\\boxed{{{'ABCD'[body['seed'] // 1024 % 4]}}}"
    return status, answer


@pytest.fixture
def provider(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeBatches]:
    server = FakeBatches(letter)
    point_to(monkeypatch, server.url)
    yield server
    server.close()


@pytest.fixture
def project(tmp_path: Path) -> Project:
    made = Project(tmp_path)
    made.write({"one": questions(6)})
    return made


def batch(command: str, project: Project) -> Any:
    said = call("batch", command, str(project.manifest), "--store", str(project.store), "--json")
    assert said.code == 0, said.err
    return json.loads(said.out)


def test_what_is_sent_is_collected_and_built_without_another_request(provider: FakeBatches, project: Project) -> None:
    sent = batch("send", project)
    assert [one["requests"] for one in sent[0]["sent"]] == [12]
    assert batch("send", project) == []
    assert [state["status"] for state in batch("status", project)[0]["states"]] == ["in_progress"]
    provider.work()
    assert batch("collect", project)[0]["collected"]["answered"] == 12
    built = project.build()
    assert built.errors == []
    assert built.counts["rl"] == 6
    assert len(provider.charged) == 12


def test_nothing_is_said_to_be_under_way_before_and_after(provider: FakeBatches, project: Project) -> None:
    assert "Nothing is under way" in call("batch", "status", str(project.manifest), "--store", str(project.store)).out
    batch("send", project)
    assert batch("cancel", project)[0]["cancelled"] == 1
    assert batch("collect", project)[0]["collected"]["left"] == 12
    assert batch("status", project)[0]["states"] == []


def test_a_build_in_batches_waits_goes_on_with_later_rounds_and_sends_expired_rows_again(provider: FakeBatches, project: Project) -> None:
    project.write({"one": questions(6)}, teachers=ADAPTIVE)
    stop = threading.Event()

    def work() -> None:
        first: int | None = 3
        while not stop.is_set():
            if any(one["status"] == "in_progress" for one in provider.batches.values()):
                provider.work(first=first, status="completed" if first is None else "expired")
                first = None
            time.sleep(0.02)

    worker = threading.Thread(target=work)
    worker.start()
    try:
        said = call(*project.arguments("--batch", "--poll", "0.05", "--json"))
    finally:
        stop.set()
        worker.join()
    assert said.code == 0, said.err
    assert "3 to be sent again (3 batch_expired)" in said.err
    again = provider.charged
    assert len(again) > 9
    assert len(set(again)) == len(again) - 3
    assert json.loads(said.out)["counts"]["rl"] == 6


def test_batches_without_a_single_answer_end_the_build(provider: FakeBatches, project: Project) -> None:
    provider.answer = lambda body: (500, {"error": {"message": "asleep"}})
    batch("send", project)
    provider.work()
    said = call(*project.arguments("--batch", "--poll", "0.05"))
    assert said.code == 1
    assert "brought no answer (12 answered 500 (asleep))" in said.err


def test_a_teacher_held_to_a_structure_is_refused(provider: FakeBatches, project: Project) -> None:
    project.write({"one": questions(2)}, teachers=ADAPTIVE + 'structure = "think_boxed"\n')
    said = call("batch", "send", str(project.manifest), "--store", str(project.store))
    assert said.code == 1
    assert "is held to a structure" in said.err


def working(provider: FakeBatches, stop: threading.Event) -> threading.Thread:
    def work() -> None:
        while not stop.is_set():
            provider.work()
            time.sleep(0.02)

    worker = threading.Thread(target=work)
    worker.start()
    return worker


CAPPED = """
[[teacher]]
name = "fake"
model = "fake"
samples = 2
max_tokens = 64
price = {{ input = 1.0, output = 10.0 }}
budget_usd = {usd}
"""


@pytest.mark.parametrize(("head", "code"), [("", 1), ('on_budget = "publish_finished"', 0)])
def test_batches_keep_a_budget_in_rounds_and_end_as_the_manifest_says(
    provider: FakeBatches, project: Project, head: str, code: int
) -> None:
    project.write({"one": questions(8)}, head=head, teachers=CAPPED.format(usd=0.001))
    stop = threading.Event()
    worker = working(provider, stop)
    try:
        said = call(*project.arguments("--batch", "--poll", "0.05", "--json"))
    finally:
        stop.set()
        worker.join()
    assert said.code == code, said.err
    assert "more wait for the budget" in said.err
    ledger = Ledger(project.store / "ledger")
    paid = [entry.paid for entry in ledger.entries()]
    ledger.close()
    assert 0 < sum(one.nanousd for one in paid if one) <= 1_000_000
    assert len(paid) == len(provider.charged) == len(set(provider.charged)) < 16
    assert len(provider.batches) > 1
    if code:
        assert "raise budget_usd of teacher fake" in said.error
    else:
        assert said.told["partial"]["unfinished"] == 8 - said.told["counts"]["rl"]


def test_a_budget_with_room_for_all_is_no_hindrance(provider: FakeBatches, project: Project) -> None:
    project.write({"one": questions(6)}, teachers=CAPPED.format(usd=1))
    sent = batch("send", project)
    assert (sent[0]["held_back"], [one["requests"] for one in sent[0]["sent"]]) == (0, [12])
    provider.work()
    assert batch("collect", project)[0]["collected"]["answered"] == 12
    assert project.build().counts["rl"] == 6
