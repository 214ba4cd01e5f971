"""Several samples in one request: asked for together, stored once, and found one by one."""

import json
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from pipeline.models.accounts import NO_CAPS
from pipeline.models.body import UnfinishedAnswerError, shared_out
from pipeline.models.budget import Keeper
from pipeline.models.chat import choices_of
from pipeline.models.endpoints import Endpoint, endpoint_for
from pipeline.models.http import HttpTeacher, Patience
from pipeline.models.ledger import Ledger
from pipeline.models.payer import Payer
from pipeline.models.prices import Price
from schemas.errors import TeacherError
from tests.fixtures.asking import ask
from tests.fixtures.fake_teacher import FakeTeacher, boxed_letter
from tests.fixtures.local_build import until

QUICK = Patience(attempts=3, first_pause_s=0.001, longest_pause_s=0.002)


def teacher(server: FakeTeacher, root: Path, choices: int = 8, payer: Payer | None = None) -> HttpTeacher:
    return HttpTeacher(Endpoint((server.url,), choices=choices), Ledger(root), patience=QUICK, payer=payer)


def texts(completions: Any) -> list[str]:
    return [completion.text for completion in completions]


def bodies(server: FakeTeacher) -> list[tuple[int, int]]:
    """The seed and the number of choices of every request, in order."""
    return sorted((body["seed"], body.get("n", 1)) for body in server.bodies)


def test_eight_samples_are_one_request_and_one_record_that_each_finds(tmp_path: Path) -> None:
    with FakeTeacher() as server:
        asked = teacher(server, tmp_path)
        (answers,) = asked([ask("q", seed=2048, samples=range(8))])
        assert asked.answered == asked.wanted == 8
        asked.close()
        assert bodies(server) == [(2048, 8)]
    assert texts(answers) == [boxed_letter("q", 2048 + sample) for sample in range(8)]
    (response,) = Ledger(tmp_path).responses()
    assert len(response.choices) == len(json.loads(response.raw)["choices"]) == 8
    assert len(list(Ledger(tmp_path).entries())) == 8
    assert sum(answer.prompt_tokens for answer in answers) == 1


def test_more_samples_pay_for_the_new_ones_however_many_go_together(tmp_path: Path) -> None:
    with FakeTeacher() as server:
        for samples, choices in ((3, 1), (8, 4), (16, 8), (16, 1), (5, 16)):
            asked = teacher(server, tmp_path, choices)
            (answers,) = asked([ask("q", seed=1024, samples=range(samples))])
            asked.close()
            assert texts(answers) == [boxed_letter("q", 1024 + sample) for sample in range(samples)]
        assert bodies(server) == [(1024, 1), (1025, 1), (1026, 1), (1027, 4), (1031, 1), (1032, 8)]


@pytest.mark.parametrize("handles", [1, 2])
@pytest.mark.parametrize(
    ("choices", "early", "late"), [(8, range(8), range(4, 12)), (8, range(4, 12), range(8)), (4, range(2, 3), range(6)), (8, range(8), [3])]
)
def test_calls_at_once_whose_groups_overlap_pay_for_each_sample_once(
    tmp_path: Path, handles: int, choices: int, early: Sequence[int], late: Sequence[int]
) -> None:
    """Whether they go through one handle or two, as those of a judge that several teachers' traces are put to."""
    with FakeTeacher() as server, ThreadPoolExecutor(2) as pool:
        opened = [teacher(server, tmp_path, choices) for _ in range(handles)]
        server.fail(1, 0, hang=True)
        calls = [pool.submit(opened[0], [ask("q", seed=1024, samples=early)])]
        until(lambda: server.asked, "the first request")
        calls.append(pool.submit(opened[-1], [ask("q", seed=1024, samples=late)]))
        until(lambda: server.asked > 1 or {*late} <= {*early}, "the second")
        server.release()
        for call, samples in zip(calls, (early, late), strict=True):
            assert texts(call.result(60)[0]) == [boxed_letter("q", 1024 + sample) for sample in samples]
        wanted = sum(one.wanted for one in opened)
        for one in opened:
            one.close()
        paid = Counter(seed + choice for seed, count in bodies(server) for choice in range(count))
    assert paid == {1024 + sample: 1 for sample in {*early, *late}}
    assert wanted == len(paid)


def test_what_another_handle_could_not_get_is_asked_for_anew(tmp_path: Path) -> None:
    with FakeTeacher() as server, ThreadPoolExecutor(2) as pool:
        one, other = teacher(server, tmp_path), teacher(server, tmp_path)
        server.fail(1, 401, hang=True)
        early = pool.submit(one, [ask("q", samples=range(4))])
        until(lambda: server.asked, "the request")
        late = pool.submit(other, [ask("q", samples=range(4))])
        server.release()
        with pytest.raises(TeacherError):
            early.result(60)
        assert texts(late.result(60)[0]) == [boxed_letter("q", 1024 + sample) for sample in range(4)]
        other.close()
        one.close()


def test_choices_that_a_server_leaves_out_are_asked_for_again(tmp_path: Path) -> None:
    """One that knows no n gives one; and a choice that was cut off by a fault is none."""

    class Stingy(FakeTeacher):
        def completion(self, body: dict[str, Any]) -> dict[str, Any]:
            told = super().completion(body)
            told["choices"] = told["choices"][:1] if body["seed"] < 1028 else told["choices"]
            return told

    with Stingy() as server:
        asked = teacher(server, tmp_path, 4)
        (answers,) = asked([ask("q", seed=1024, samples=range(8))])
        asked.close()
        assert texts(answers) == [boxed_letter("q", 1024 + sample) for sample in range(8)]
        assert bodies(server) == [(1024, 4), (1025, 3), (1026, 2), (1027, 1), (1028, 4)]


def test_what_ends_a_request_for_good_ends_all_of_its_samples(tmp_path: Path) -> None:
    told = '{"error": {"message": "This model\'s maximum context length is 300 tokens. However, your messages resulted in 400 tokens", "code": "context_length_exceeded"}}'
    with FakeTeacher() as server:
        server.fail(1, 400, body=told)
        asked = teacher(server, tmp_path)
        (answers,) = asked([ask("q", seed=0, samples=range(8))])
        asked.close()
        assert {answer.finish_reason for answer in answers} == {"too_long"}
        assert server.asked == 1
    assert len(list(Ledger(tmp_path).responses())) == 1


def test_what_they_cost_adds_up_and_is_reserved_for_all(tmp_path: Path) -> None:
    price = Price(input=1_000_000, output=3_000_000)
    with FakeTeacher() as server:
        keeper = Keeper(tmp_path, "c", NO_CAPS)
        asked = teacher(server, tmp_path, payer=Payer(keeper, "c", "t", price))
        (answers,) = asked([ask("a prompt of five words", seed=0, samples=range(8))])
        asked.close()
        keeper.close()
    words = " ".join(boxed_letter("a prompt of five words", sample) for sample in range(8)).split()
    assert sum(answer.completion_tokens for answer in answers) == len(words)
    assert sum(answer.prompt_tokens for answer in answers) == 5
    assert sum(answer.cost_nanousd or 0 for answer in answers) == 1000 * 5 + 3000 * len(words)
    spent = Keeper(tmp_path, "c", NO_CAPS).spent()
    assert [told.tokens for told in spent.accounts.values()] == [5 + len(words)]
    assert [told.nanousd for told in spent.accounts.values()] == [1000 * 5 + 3000 * len(words)]
    assert sum(entry.paid is not None for entry in Ledger(tmp_path).entries()) == 1


def body(*choices: dict[str, Any], tokens: int = 10) -> str:
    return json.dumps({"model": "m", "choices": choices, "usage": {"prompt_tokens": 4, "completion_tokens": tokens}})


def choice(index: int, text: str, reason: str | None = "stop") -> dict[str, Any]:
    return {"index": index, "message": {"content": text}, "finish_reason": reason}


def test_choices_go_by_their_index_and_unfinished_ones_are_none() -> None:
    told = choices_of(body(choice(2, "cccc"), choice(0, "a" * 12), choice(1, "", None), tokens=8), 4)
    assert [one and (one.text, one.prompt_tokens, one.completion_tokens) for one in told] == [("a" * 12, 4, 6), None, ("cccc", 0, 2), None]


@pytest.mark.parametrize("raw", ["", "[]", body(), body(choice(0, "", None)), body(choice(7, "beyond"))])
def test_a_body_without_a_final_choice_is_no_answer(raw: str) -> None:
    with pytest.raises(UnfinishedAnswerError):
        choices_of(raw, 2)


@pytest.mark.parametrize(("amount", "weights"), [(0, [1, 2]), (7, [1, 1, 1]), (100, [0, 0, 0]), (5, [9]), (10**12 + 1, [3, 0, 4])])
def test_shares_are_whole_and_add_up(amount: int, weights: list[int]) -> None:
    shares = shared_out(amount, weights)
    assert sum(shares) == amount
    assert len(shares) == len(weights)
    assert min(shares) >= 0


@pytest.mark.parametrize(
    ("told", "words"),
    [
        ({"MEDTRACE_R1_CHOICES": "0"}, "no whole number above 0"),
        ({"MEDTRACE_R1_CHOICES": "4", "MEDTRACE_R1_API": "responses"}, "gives one choice"),
    ],
)
def test_choices_that_cannot_be_are_one_sentence(told: dict[str, str], words: str) -> None:
    with pytest.raises(TeacherError, match=words):
        endpoint_for("r1", {"OPENAI_BASE_URL": "http://127.0.0.1/v1"} | told)


def test_choices_are_read_from_the_environment() -> None:
    def read(told: dict[str, str]) -> int:
        return endpoint_for("r1", {"OPENAI_BASE_URL": "http://127.0.0.1/v1"} | told).choices

    assert (read({}), read({"MEDTRACE_R1_CHOICES": "8"}), read({"MEDTRACE_R1_CHOICES": "4000"})) == (1, 8, 128)
