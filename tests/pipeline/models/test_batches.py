"""Provider batches: what is sent once, what comes back whole, in part or not at all, and what a crash leaves."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import openai
import pytest

from pipeline.models.accounts import NO_CAPS, Account, Cap, Caps, Spent
from pipeline.models.batch_bill import Bill
from pipeline.models.batches import Batches
from pipeline.models.budget import Keeper
from pipeline.models.endpoints import Endpoint
from pipeline.models.generate import Message, Request, Sampling, Text
from pipeline.models.ledger import Ledger
from pipeline.models.payer import bound_of
from pipeline.models.prices import Price
from schemas.errors import TeacherError
from tests.fixtures.fake_batches import FakeBatches, right_away

PRICE = Price(1_000_000, 10_000_000, 1_000_000)


@pytest.fixture
def provider() -> Iterator[FakeBatches]:
    server = FakeBatches()
    yield server
    server.close()


def question(number: int, samples: int = 2) -> Request:
    asked = (Message("user", (Text(f"Question {number}?"),)),)
    return Request("m", asked, Sampling(), number * 1024, tuple(range(samples)))


def body(request: Request, sample: int) -> bytes:
    return json.dumps({"model": request.model, "seed": request.seed + sample}).encode()


def batches(provider: FakeBatches, root: Path, ledger: Ledger, caps: Caps = NO_CAPS) -> Batches:
    client = openai.OpenAI(base_url=provider.url, api_key="none", max_retries=0)
    return Batches("t", client, Endpoint((provider.url,)), ledger, root / "batches", bill(root, caps))


def bill(root: Path, caps: Caps = NO_CAPS) -> Bill:
    return Bill(Keeper(root / "ledger", "c", caps), "c", "t", PRICE)


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    opened = Ledger(tmp_path / "ledger")
    yield opened
    opened.close()


def test_answers_of_a_batch_are_in_the_ledger_under_their_requests(provider: FakeBatches, ledger: Ledger, tmp_path: Path) -> None:
    own, asked = batches(provider, tmp_path, ledger), [question(1), question(2)]
    assert [sent.requests for sent in own.submit(asked, body).sent] == [4]
    assert own.collect().batches == 0
    provider.work()
    assert [state.status for state in own.states()] == ["completed"]
    found = own.collect()
    assert (found.answered, found.left) == (4, 0)
    known = ledger.get([asked[1].key(1)])
    assert known[asked[1].key(1)].text == "<think>\nso\n</think>\n\n\\boxed{2049}"
    assert known[asked[1].key(1)].completion_tokens == 5
    assert own.under_way() == []


def test_what_is_known_or_under_way_is_not_sent_again(provider: FakeBatches, ledger: Ledger, tmp_path: Path) -> None:
    own = batches(provider, tmp_path, ledger)
    own.submit([question(1)], body)
    own.submit([question(1, samples=3)], body)
    provider.work()
    own.collect()
    own.submit([question(1, samples=4)], body)
    assert len(provider.charged) == len(set(provider.charged)) == 4


def test_a_batch_that_expires_keeps_what_was_answered_and_sends_the_rest_anew(
    provider: FakeBatches, ledger: Ledger, tmp_path: Path
) -> None:
    own = batches(provider, tmp_path, ledger)
    own.submit([question(1), question(2)], body)
    provider.work(first=1, status="expired")
    found = own.collect()
    assert (found.answered, found.left, found.reasons) == (1, 3, (("batch_expired", 3),))
    assert [sent.requests for sent in own.submit([question(1), question(2)], body).sent] == [3]
    provider.work()
    assert own.collect().answered == 3
    assert own.submit([question(1), question(2)], body).sent == []


@pytest.mark.parametrize(
    ("status", "message", "reason"),
    [(400, "maximum context length is 10 tokens", "too_long"), (400, "content_filter", "content_filter")],
)
def test_a_row_that_is_refused_for_good_is_an_answer(
    provider: FakeBatches, ledger: Ledger, tmp_path: Path, status: int, message: str, reason: str
) -> None:
    provider.answer = lambda body: (status, {"error": {"message": message}})
    own = batches(provider, tmp_path, ledger)
    own.submit([question(1, samples=1)], body)
    provider.work()
    assert own.collect().answered == 1
    assert ledger.get([question(1).key(0)])[question(1).key(0)].finish_reason == reason


def test_a_row_that_failed_or_cannot_be_read_is_left_and_counted(provider: FakeBatches, ledger: Ledger, tmp_path: Path) -> None:
    def answer(body: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        return right_away(body) if body["seed"] % 2 else (500, {"error": {"message": "the server has overslept"}})

    provider.answer = answer
    own = batches(provider, tmp_path, ledger)
    own.submit([question(1, samples=4)], body)
    provider.work()
    found = own.collect()
    assert (found.answered, found.left) == (2, 2)
    assert found.reasons == (("answered 500 (the server has overslept)", 2),)


def test_lines_of_strangers_and_torn_lines_are_passed_over(provider: FakeBatches, ledger: Ledger, tmp_path: Path) -> None:
    own = batches(provider, tmp_path, ledger)
    own.submit([question(1, samples=1)], body)
    provider.work()
    name = next(iter(provider.batches.values()))["output_file_id"]
    stranger = json.dumps({"custom_id": "f" * 64, "response": {"status_code": 200, "body": right_away({"model": "m", "seed": 0})[1]}})
    provider.files[name] = f"{stranger}\n[1]\n".encode() + provider.files[name] + b'{"custom_id": "ab'
    assert own.collect().answered == 1
    assert ledger.known(["f" * 64]) == set()


def test_a_batch_whose_creation_was_told_to_nobody_is_found_again(provider: FakeBatches, ledger: Ledger, tmp_path: Path) -> None:
    provider.lose_create = 1
    own = batches(provider, tmp_path, ledger)
    with pytest.raises(TeacherError, match="Run the same command again"):
        own.submit([question(1)], body)
    again = batches(provider, tmp_path, ledger)
    assert again.submit([question(1)], body).sent == []
    provider.work()
    assert again.collect().answered == 2
    assert len(provider.charged) == 2


def test_a_batch_whose_creation_was_told_to_nobody_is_not_made_twice(provider: FakeBatches, ledger: Ledger, tmp_path: Path) -> None:
    provider.lose_create = 1
    client = openai.OpenAI(base_url=provider.url, api_key="none", max_retries=5)
    own = Batches("t", client, Endpoint((provider.url,)), ledger, tmp_path / "batches", bill(tmp_path))
    with pytest.raises(TeacherError, match="Run the same command again"):
        own.submit([question(1)], body)
    assert [state.status for state in own.states()] == ["in_progress"]
    assert len(provider.charged) == 2


def test_a_batch_whose_creation_was_told_to_nobody_is_no_older_one_of_the_same_requests(
    provider: FakeBatches, ledger: Ledger, tmp_path: Path
) -> None:
    own = batches(provider, tmp_path, ledger)
    own.submit([question(1)], body)
    provider.work(first=0, status="expired")
    assert own.collect().left == 2
    provider.lose_create = 1
    with pytest.raises(TeacherError, match="Run the same command again"):
        own.submit([question(1)], body)
    provider.batches = dict(reversed(provider.batches.items()))  # a provider lists the newest first
    assert [state.status for state in own.states()] == ["in_progress"]
    provider.work()
    assert own.collect().answered == 2


def test_who_looks_while_another_process_uploads_leaves_its_notes_alone(provider: FakeBatches, ledger: Ledger, tmp_path: Path) -> None:
    own, other = batches(provider, tmp_path, ledger), batches(provider, tmp_path, Ledger(tmp_path / "ledger"))
    put, seen = provider.put, list[object]()

    def uploading(data: bytes) -> str:
        seen.append(other.states())
        return put(data)

    provider.put = uploading  # type: ignore[method-assign]
    own.submit([question(1)], body)
    provider.put = put  # type: ignore[method-assign]
    assert seen == [[]]
    provider.work()
    assert other.collect().answered == 2
    own.submit([question(1)], body)
    assert len(provider.charged) == 2


def test_a_batch_that_could_not_be_created_is_created_later_from_its_file(provider: FakeBatches, ledger: Ledger, tmp_path: Path) -> None:
    provider.fail_create = 1
    own = batches(provider, tmp_path, ledger)
    with pytest.raises(TeacherError, match="answered 500"):
        own.submit([question(1)], body)
    assert [state.status for state in own.states()] == ["in_progress"]
    assert len(provider.files) == 1
    assert len(provider.charged) == 2


def test_files_keep_within_the_bounds(provider: FakeBatches, ledger: Ledger, tmp_path: Path) -> None:
    own = batches(provider, tmp_path, ledger)
    sent = own.submit([question(number, samples=1) for number in range(5)], body, most_requests=2).sent
    assert [one.requests for one in sent] == [2, 2, 1]
    sent = own.submit([question(number, samples=1) for number in range(5, 10)], body, most_bytes=600).sent
    assert sum(one.requests for one in sent) == 5
    assert all(len(data) <= 600 for data in provider.files.values())


def test_a_cancelled_batch_gives_its_requests_back(provider: FakeBatches, ledger: Ledger, tmp_path: Path) -> None:
    own = batches(provider, tmp_path, ledger)
    own.submit([question(1)], body)
    assert own.cancel() == 1
    assert own.collect().left == 2
    assert [sent.requests for sent in own.submit([question(1)], body).sent] == [2]


def test_a_dead_provider_is_told(provider: FakeBatches, ledger: Ledger, tmp_path: Path) -> None:
    client = openai.OpenAI(base_url="http://127.0.0.1:9/v1", api_key="none", max_retries=0)
    own = Batches("t", client, Endpoint(("http://127.0.0.1:9/v1",)), ledger, tmp_path / "batches", bill(tmp_path))
    with pytest.raises(TeacherError, match=r"teacher t at 127\.0\.0\.1:9: it cannot be reached"):
        own.submit([question(1)], body)


def spent(root: Path) -> Spent:
    """What the budget counts by now, by a process that comes anew."""
    keeper = Keeper(root / "ledger", "c", NO_CAPS)
    try:
        return keeper.spent().of(Account(""))
    finally:
        keeper.close()


def room_for(count: int) -> Caps:
    return Caps(Cap(count * bound_of(question(1), PRICE).nanousd))


def test_no_more_rows_are_uploaded_than_the_budget_holds_at_their_dearest(provider: FakeBatches, ledger: Ledger, tmp_path: Path) -> None:
    own = batches(provider, tmp_path, ledger, room_for(3))
    done = own.submit([question(number, samples=1) for number in range(1, 6)], body)
    assert [sent.requests for sent in done.sent] == [3]
    assert (done.held_back, done.refusal is not None) == (2, True)
    assert len(provider.charged) == 3
    assert spent(tmp_path).nanousd == 3 * bound_of(question(1), PRICE).nanousd


def test_what_answers_did_not_use_and_expired_rows_give_room_to_the_rows_that_waited(
    provider: FakeBatches, ledger: Ledger, tmp_path: Path
) -> None:
    own, asked = batches(provider, tmp_path, ledger, room_for(3)), [question(number, samples=1) for number in range(1, 6)]
    own.submit(asked, body)
    provider.work(first=1, status="expired")
    assert (own.collect().answered, spent(tmp_path)) == (1, Spent(PRICE.cost_nanousd(7, 5), 12))
    rounds = 0
    while (done := own.submit(asked, body)).sent:
        assert spent(tmp_path).nanousd <= room_for(3).run.nanousd
        provider.work()
        own.collect()
        rounds += 1
    assert (rounds, done.held_back) == (2, 0)
    assert spent(tmp_path) == Spent(5 * PRICE.cost_nanousd(7, 5), 60)
    paid = [entry.paid for entry in ledger.entries()]
    assert {(one.corpus, one.teacher, one.nanousd) for one in paid if one} == {("c", "t", PRICE.cost_nanousd(7, 5))}


def test_a_batch_that_was_never_begun_gives_its_reservations_back(provider: FakeBatches, ledger: Ledger, tmp_path: Path) -> None:
    own = batches(provider, tmp_path, ledger, room_for(3))
    own.submit([question(1, samples=2)], body)
    (note,) = (tmp_path / "batches").glob("*.json")
    note.write_text(json.dumps(json.loads(note.read_text()) | {"file": "", "batch": ""}))
    provider.batches.clear()
    again = batches(provider, tmp_path, ledger, room_for(3))
    assert again.states() == []
    assert spent(tmp_path) == Spent()


def test_answers_that_reached_the_ledger_before_a_crash_are_settled_from_it(
    provider: FakeBatches, ledger: Ledger, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = batches(provider, tmp_path, ledger, room_for(3))
    own.submit([question(1, samples=2)], body)
    provider.work()
    with monkeypatch.context() as patch:
        patch.setattr(Bill, "settle", lambda self, outcomes: (_ for _ in ()).throw(KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            own.collect()
    assert spent(tmp_path).nanousd == 2 * PRICE.cost_nanousd(7, 5)
    assert batches(provider, tmp_path, ledger, room_for(3)).collect().answered == 2
    assert spent(tmp_path).nanousd == 2 * PRICE.cost_nanousd(7, 5)


def test_an_answer_that_was_made_and_cannot_be_read_counts_in_full(provider: FakeBatches, ledger: Ledger, tmp_path: Path) -> None:
    provider.answer = lambda body: (200, {"model": "m", "choices": []})
    own = batches(provider, tmp_path, ledger, room_for(3))
    own.submit([question(1, samples=1)], body)
    provider.work()
    assert own.collect().left == 1
    assert spent(tmp_path) == bound_of(question(1), PRICE)
