"""Every way in which a server fails, through the real client: nothing is lost, nothing hangs, and what is paid is counted."""

import random
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path

import pytest

from pipeline.models.accounts import NO_CAPS, Account, Cap, Caps, Spent
from pipeline.models.budget import Keeper
from pipeline.models.endpoints import Endpoint
from pipeline.models.generate import Request
from pipeline.models.http import HttpTeacher
from pipeline.models.ledger import Ledger
from pipeline.models.patience import Patience
from pipeline.models.payer import Payer, bound_of
from pipeline.models.prices import Price
from schemas.errors import BudgetError, TeacherError
from tests.fixtures.asking import ask
from tests.fixtures.fake_teacher import FakeTeacher, boxed_letter

ATTEMPTS = 6
PRICE = Price(1_000_000, 10_000_000, 1_000_000)
EMPTY = '{"object": "chat.completion", "model": "fake", "choices": []}'
NULL = '{"choices": [{"message": {"role": "assistant", "content": null}, "finish_reason": null}]}'
SOON = Patience(timeout_s=0.5, attempts=ATTEMPTS, first_pause_s=0.001, longest_pause_s=0.01, drain_s=0.0)
# A reply that a busy machine brings after the timeout counts as unknown: only faults that never end are given up soon.
LATE = replace(SOON, timeout_s=60.0)
# How it fails, whether the server made an answer that is paid for, and whether the client cannot know that it did not.
FAULTS = {
    "429": ({"status": 429}, False, False),
    "429 for so many seconds": ({"status": 429, "retry_after": "0.01"}, False, False),
    "429 until a date": ({"status": 429, "retry_after": "DATE"}, False, False),
    "429 until nonsense": ({"status": 429, "retry_after": "soon"}, False, False),
    "500": ({"status": 500}, False, False),
    "500 of HTML": ({"status": 500, "body": "<html>bad</html>"}, False, False),
    "502": ({"status": 502}, False, True),
    "503 for so many seconds": ({"status": 503, "retry_after": "0.01"}, False, False),
    "dropped": ({"status": 0, "drop": True}, False, True),
    "half sent": ({"status": 0, "cut": True}, True, True),
    "garbage": ({"status": 0, "instead": '{"choices": [{'}, True, True),
    "no JSON": ({"status": 0, "instead": "\x00\x01 oops"}, True, True),
    "empty choices": ({"status": 0, "instead": EMPTY}, True, True),
    "null": ({"status": 0, "instead": NULL}, True, True),
    "dripping": ({"status": 0, "drip_s": 0.05}, True, True),
    "hanging": ({"status": 0, "hang": True}, False, True),
}


@pytest.fixture
def server() -> Iterator[FakeTeacher]:
    with FakeTeacher() as teacher:
        yield teacher


def opened(server: FakeTeacher, root: Path, caps: Caps = NO_CAPS, concurrency: int = 8, patience: Patience = SOON) -> HttpTeacher:
    payer = Payer(Keeper(root, "c", caps), "c", "t", PRICE)
    return HttpTeacher(Endpoint((server.url,)), Ledger(root), concurrency=concurrency, patience=patience, payer=payer)


def questions(count: int, samples: int = 2) -> list[Request]:
    return [ask(f"question {number}", seed=1024 * (number + 1), samples=range(samples)) for number in range(count)]


def check(answers: list[tuple[object, ...]], asked: list[Request]) -> None:
    """Each answer is that of its own question and sample."""
    wanted = [
        tuple(boxed_letter(request.messages[0].parts[0].text, request.seed + index) for index in request.samples) for request in asked
    ]  # type: ignore[union-attr]
    assert [tuple(one.text for one in answer) for answer in answers] == wanted  # type: ignore[attr-defined]


def counted(root: Path) -> Spent:
    """What the budget counts, unsettled reservations in full."""
    keeper = Keeper(root, "c", NO_CAPS)
    try:
        return keeper.spent().of(Account(""))
    finally:
        keeper.close()


@pytest.mark.parametrize("name", FAULTS)
def test_a_fault_loses_nothing_and_is_counted_as_what_it_may_have_cost(server: FakeTeacher, tmp_path: Path, name: str) -> None:
    how, made, unknown = FAULTS[name]
    if how.get("retry_after") == "DATE":
        how = how | {"retry_after": format_datetime(datetime.now(UTC) + timedelta(seconds=0.2), usegmt=True)}
    asked, times = questions(6), 3
    server.fail(times, **how)
    teacher = opened(server, tmp_path, patience=SOON if name in ("dripping", "hanging") else LATE)
    try:
        check(teacher(asked), asked)  # type: ignore[arg-type]
        check(teacher(asked), asked)  # type: ignore[arg-type]
        answers = server.paid.copy()
    finally:
        server.release()
        teacher.close()
    samples = sum(len(request.samples) for request in asked)
    assert server.asked == samples + times, "a fault is tried again once, an answer never"
    assert answers.total() == samples + (times if made else 0)
    paid = sum(PRICE.cost_nanousd(2, len(boxed_letter(f"question {n}", 1024 * (n + 1) + i).split())) for n in range(6) for i in range(2))
    lost = times * bound_of(asked[0], PRICE).nanousd if unknown else 0
    assert counted(tmp_path).nanousd == paid + lost


@pytest.mark.parametrize("name", [name for name in FAULTS if name != "hanging"])
def test_a_fault_that_stays_ends_after_so_many_attempts(server: FakeTeacher, tmp_path: Path, name: str) -> None:
    how, _, _ = FAULTS[name]
    if how.get("retry_after") == "DATE":
        how = how | {"retry_after": format_datetime(datetime.now(UTC), usegmt=True)}
    server.fail(10_000, **how)
    teacher = opened(
        server, tmp_path, concurrency=1, patience=Patience(0.1, attempts=3, first_pause_s=0.001, longest_pause_s=0.002, drain_s=0.0)
    )
    try:
        with pytest.raises(TeacherError, match=r"(?i)build again"):
            teacher([ask("one")])
    finally:
        server.release()
        teacher.close()
    assert server.asked == 3


def test_an_answer_that_comes_twice_is_never_taken_for_that_of_another_question(server: FakeTeacher, tmp_path: Path) -> None:
    server.fail(40, 0, twice=True)
    teacher, asked = opened(server, tmp_path, concurrency=2), questions(20)
    try:
        check(teacher(asked), asked)  # type: ignore[arg-type]
    finally:
        teacher.close()
    assert set(server.paid.values()) <= {1, 2}, "an answer whose place a second delivery took is made once more"
    assert server.asked <= 80


def test_a_server_whose_answers_are_all_the_same_is_believed(server: FakeTeacher, tmp_path: Path) -> None:
    same = '{"choices": [{"message": {"content": "yes"}, "finish_reason": "stop"}]}'
    server.fail(1000, 0, instead=same)
    teacher, asked = opened(server, tmp_path, concurrency=4), questions(50)
    try:
        assert {one.text for answer in teacher(asked) for one in answer} == {"yes"}
    finally:
        teacher.close()
    assert server.asked <= 100 + 4


def test_answers_in_any_order_and_at_any_pace_find_their_questions(tmp_path: Path) -> None:
    drawn = random.Random(0)
    pauses = [min(0.2, drawn.lognormvariate(-5, 1.5)) for _ in range(400)]
    with FakeTeacher(latency_s=lambda number: pauses[number % len(pauses)]) as server:
        teacher, asked = opened(server, tmp_path, concurrency=32), questions(60, samples=4)
        try:
            check(teacher(asked), asked)  # type: ignore[arg-type]
        finally:
            teacher.close()
        assert set(server.paid.values()) == {1}
        assert server.asked == 240


def test_a_storm_of_all_faults_pays_twice_only_for_what_the_server_spoilt(server: FakeTeacher, tmp_path: Path) -> None:
    drawn, faults = (
        random.Random(1),
        [how for name, (how, _, _) in FAULTS.items() if name not in ("hanging", "dripping", "429 until a date")],
    )
    storm = [drawn.choice(faults) for _ in range(150)]
    for how in storm:
        server.fail(1, **how)
    patience = Patience(timeout_s=5.0, attempts=1000, first_pause_s=0.001, longest_pause_s=0.01, drain_s=0.0)
    teacher, asked = opened(server, tmp_path, patience=patience), questions(80, samples=3)
    try:
        check(teacher(asked), asked)  # type: ignore[arg-type]
    finally:
        teacher.close()
    spoilt = sum(1 for how in storm if how.get("cut") or how.get("instead"))
    assert server.asked == 240 + len(storm)
    assert server.paid.total() == 240 + spoilt


@pytest.mark.parametrize("name", ["half sent", "empty choices", "dropped", "502"])
def test_no_fault_lets_a_cap_be_passed_by_a_single_request(server: FakeTeacher, tmp_path: Path, name: str) -> None:
    how, _, _ = FAULTS[name]
    server.fail(7, **how)
    cap = 10 * bound_of(ask("question 0"), PRICE).nanousd
    teacher = opened(server, tmp_path, Caps(Cap(cap)))
    try:
        with pytest.raises(BudgetError):
            teacher(questions(2000, samples=1))
    finally:
        teacher.close()
    billed = sum(count * PRICE.cost_nanousd(2, len(boxed_letter(*key).split())) for key, count in server.paid.items())
    assert 0 < billed <= counted(tmp_path).nanousd <= cap
