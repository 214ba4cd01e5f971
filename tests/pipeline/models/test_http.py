import json
import socket
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import ClassVar

import pytest

from pipeline.models.check import check
from pipeline.models.endpoints import Endpoint
from pipeline.models.generate import Completion, Message, Picture, Request, Sampling, Text
from pipeline.models.http import HttpTeacher
from pipeline.models.ledger import Ledger
from pipeline.models.limits import Grant, LocalLimits, Rates
from pipeline.models.patience import Patience
from pipeline.models.providers import AZURE, GENERIC, LLAMA_CPP, VLLM, Api, Images
from schemas.errors import LedgerError, TeacherError
from tests.fixtures.asking import ask
from tests.fixtures.fake_teacher import FakeTeacher, boxed_letter

ROOT = Path(__file__).parents[3]
KEY = "sk-very-secret-0123456789"
HASTY = Patience(timeout_s=30, attempts=4, first_pause_s=0.001, longest_pause_s=0.01, drain_s=0)


@pytest.fixture
def server() -> Iterator[FakeTeacher]:
    with FakeTeacher() as teacher:
        yield teacher


@pytest.fixture
def dead_port() -> Iterator[int]:
    """A port that nothing else can take and that refuses connections."""
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        yield bound.getsockname()[1]


class Opened:
    """A teacher over a fresh ledger, closed with the test."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.teachers: list[HttpTeacher] = []

    def __call__(self, *urls: str, key: str = "", patience: Patience = HASTY, concurrency: int = 64) -> HttpTeacher:
        teacher = HttpTeacher(Endpoint(urls, (key,)), Ledger(self.root), patience=patience, concurrency=concurrency)
        self.teachers.append(teacher)
        return teacher

    def recorded(self) -> int:
        return len(list(Ledger(self.root).entries()))


@pytest.fixture
def opened(tmp_path: Path) -> Iterator[Opened]:
    opener = Opened(tmp_path / "ledger")
    yield opener
    for teacher in opener.teachers:
        teacher.close()


def texts(answers: list[tuple[Completion, ...]]) -> list[tuple[str, ...]]:
    return [tuple(completion.text for completion in row) for row in answers]


def expected(request: Request) -> tuple[str, ...]:
    (part,) = request.messages[0].parts
    return tuple(boxed_letter(part.text, request.seed + sample) for sample in request.samples)  # pyright: ignore


def test_answers_come_in_order_of_requests_and_samples(server: FakeTeacher, opened: Opened) -> None:
    requests = [ask(f"question {number}", seed=1024 * number, samples=(3, 0, 1)) for number in range(5)]
    answers = opened(server.url)(requests)
    assert texts(answers) == [expected(request) for request in requests]
    assert answers[0][0].model == "fake"
    assert answers[0][0].completion_tokens > 0
    assert answers[0][0].finish_reason == "stop"


def test_what_the_ledger_holds_is_never_asked_again(server: FakeTeacher, opened: Opened) -> None:
    first = opened(server.url)([ask("q", samples=range(4))])
    more = opened(server.url)([ask("q", samples=range(8))])
    assert more[0][:4] == first[0]
    assert server.requests == {("q", 1024 + sample): 1 for sample in range(8)}


def test_the_same_question_asked_at_once_is_paid_once(server: FakeTeacher, opened: Opened) -> None:
    teacher = opened(server.url)
    server.fail(1, 0, hang=True)
    with ThreadPoolExecutor(4) as pool:
        calls = [pool.submit(teacher, [ask("q"), ask("q")]) for _ in range(4)]
        while not server.asked:
            time.sleep(0.001)
        server.release()
        assert len({tuple(texts(call.result(60))) for call in calls}) == 1
    assert server.requests == {("q", 1024): 1}


def test_calls_of_many_threads_share_one_loop(server: FakeTeacher, opened: Opened) -> None:
    teacher = opened(server.url)
    requests = [ask(f"q{number}", samples=(0, 1)) for number in range(40)]
    with ThreadPoolExecutor(8) as pool:
        answers = [row for rows in pool.map(teacher, [requests[start::8] for start in range(8)]) for row in rows]
    assert sorted(texts(answers)) == sorted(expected(request) for request in requests)
    assert [thread.name for thread in threading.enumerate()].count("teacher") == 1
    assert server.asked == opened.recorded() == 80


def test_a_killed_process_has_paid_twice_for_no_more_than_was_in_flight(opened: Opened, tmp_path: Path) -> None:
    log, asks = tmp_path / "log", range(5000)
    code = (
        "import sys; from pathlib import Path; from pipeline.models.endpoints import Endpoint; from pipeline.models.http import HttpTeacher\n"
        "from pipeline.models.ledger import Ledger; from tests.fixtures.asking import ask\n"
        "teacher = HttpTeacher(Endpoint((sys.argv[1],)), Ledger(Path(sys.argv[2])), concurrency=4)\n"
        f"teacher([ask(f'q{{number}}') for number in {asks!r}])\n"
    )
    served = subprocess.Popen(
        [sys.executable, "-m", "tests.fixtures.fake_teacher", "--log", str(log)], cwd=ROOT, stdout=subprocess.PIPE, text=True
    )
    try:
        assert served.stdout is not None
        url = served.stdout.readline().strip()
        client = subprocess.Popen([sys.executable, "-c", code, url, str(opened.root)], cwd=ROOT)
        while opened.recorded() < 20:
            assert client.poll() is None
            time.sleep(0.01)
        client.kill()
        client.wait()
        recorded = opened.recorded()
        assert recorded < len(asks)
        requests = [ask(f"q{number}") for number in range(recorded + 20)]
        assert texts(opened(url)(requests)) == [expected(request) for request in requests]
    finally:
        served.kill()
        served.communicate()
    answered = Counter((line["prompt"], line["seed"]) for line in map(json.loads, log.read_text().splitlines()))
    assert len(answered) >= recorded + 20
    assert answered.total() - len(answered) <= 4


def test_no_more_than_the_wanted_requests_are_in_flight(server: FakeTeacher, opened: Opened) -> None:
    opened(server.url, concurrency=3)([ask(f"q{number}") for number in range(30)])
    assert server.most_at_once <= 3


def test_two_teachers_at_one_endpoint_keep_its_limit_together(server: FakeTeacher, tmp_path: Path) -> None:
    rpm, each = 6000, 75
    teachers = [HttpTeacher(Endpoint((server.url,), rpm=(rpm,)), Ledger(tmp_path / name), patience=HASTY) for name in "ab"]
    begun_s = time.monotonic()
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(lambda teacher: teacher([ask(f"q{number}") for number in range(each)]), teachers))
    took_s = time.monotonic() - begun_s
    for teacher in teachers:
        teacher.close()
    assert server.asked == 2 * each
    assert server.asked <= rpm * took_s / 60 + rpm * 0.01 + 2


class Keeper(LocalLimits):
    """Notes the rates that it is asked to keep."""

    def __init__(self) -> None:
        super().__init__()
        self.rates: set[Rates] = set()

    async def take(self, name: str, rates: Rates, estimates: Sequence[int], refund: int = 0) -> Grant:
        self.rates.add(rates)
        return await super().take(name, rates, estimates, refund)


@pytest.mark.parametrize(("configured", "kept"), [((), {Rates(60_000, 0)}), ((90_000,), {Rates(90_000, 0)})])
def test_the_limits_that_answers_tell_are_kept_where_none_is_configured(
    server: FakeTeacher, tmp_path: Path, configured: tuple[int, ...], kept: set[Rates]
) -> None:
    told = {"limit-requests": "60000", "remaining-requests": "59000", "reset-requests": "1s"}
    server.headers = {f"x-ratelimit-{name}": value for name, value in told.items()}
    limits = Keeper()
    teacher = HttpTeacher(Endpoint((server.url,), rpm=configured), Ledger(tmp_path), patience=HASTY, concurrency=1, limits=limits)
    requests = [ask(f"q{number}") for number in range(5)]
    assert texts(teacher(requests)) == [expected(request) for request in requests]
    teacher.close()
    assert limits.rates == kept


def test_an_answer_that_was_cut_off_at_its_bound_is_an_answer(tmp_path: Path) -> None:
    cut = {"message": {"content": "<think>\nOn and on"}, "finish_reason": "length"}
    with FakeTeacher(lambda prompt, seed: cut) as server:
        teacher = HttpTeacher(Endpoint((server.url,)), Ledger(tmp_path), patience=HASTY)
        assert [answer.finish_reason for answer in teacher([ask("q", samples=range(3))])[0]] == ["length"] * 3
        teacher.close()
        assert server.asked == 3


@pytest.mark.parametrize(
    "how",
    [
        {"status": 408},
        {"status": 409},
        {"status": 429, "retry_after": "0.01"},
        {"status": 429, "retry_after": "Mon, 01 Jan 2001 00:00:00 GMT"},
        {"status": 500},
        {"status": 503, "retry_after": "soon"},
        {"status": 200, "cut": True},
        {"status": 200, "drop": True},
        {"status": 200, "body": '{"choices": [{"mess'},
        {"status": 200, "body": '{"error": {"code": 502, "message": "upstream died"}}'},
        {"status": 200, "body": '{"choices": [{"message": {"content": ""}, "finish_reason": null}]}'},
    ],
)
def test_a_passing_fault_is_tried_again(server: FakeTeacher, opened: Opened, how: dict[str, object]) -> None:
    server.fail(3, **how)  # pyright: ignore
    request = ask("q")
    assert texts(opened(server.url)([request])) == [expected(request)]
    assert server.asked == 4
    assert opened.recorded() == 1


@pytest.mark.parametrize("told", ["null", '"abort"'])
def test_an_answer_that_ends_for_no_known_reason_is_paid_once_and_recorded(server: FakeTeacher, opened: Opened, told: str) -> None:
    server.fail(1, status=200, body=f'{{"choices": [{{"message": {{"content": "half"}}, "finish_reason": {told}}}]}}')
    teacher = opened(server.url)
    assert teacher([ask("q")]) == teacher([ask("q")]) == [(Completion("half", "other"),)]
    assert (server.asked, opened.recorded()) == (1, 1)


class Listening(Patience):
    """Notes the pauses that servers ask for, and takes none."""

    asked: ClassVar[list[float]] = []

    def pause_s(self, attempt: int, asked_s: float) -> float:
        self.asked.append(asked_s)
        return 0.0


@pytest.mark.parametrize(
    ("retry_after", "low", "high"),
    [
        ("7", 7, 7),
        ("0.5", 0.5, 0.5),
        ("100000", 300, 300),
        ("Wed, 01 Jan 2200 00:00:00 GMT", 300, 300),
        ("Mon, 01 Jan 2001 00:00:00 GMT", 0, 0),
        ("soon", 0, 0),
    ],
)
def test_the_pause_a_server_asks_for_is_kept_within_reason(
    server: FakeTeacher, opened: Opened, retry_after: str, low: float, high: float
) -> None:
    Listening.asked.clear()
    server.fail(1, 429, retry_after=retry_after)
    opened(server.url, patience=Listening())([ask("q")])
    (asked_s,) = Listening.asked
    assert low <= asked_s <= high


def test_pauses_double_up_to_the_longest() -> None:
    patience = Patience(first_pause_s=1, longest_pause_s=5)
    for attempt, longest in enumerate([1, 2, 4, 5, 5]):
        assert longest / 2 <= patience.pause_s(attempt, 0) <= longest
    assert 40 <= patience.pause_s(0, 40) <= 44


def test_a_server_that_hangs_up_on_everyone_is_not_called_unreachable(server: FakeTeacher, opened: Opened) -> None:
    server.fail(HASTY.attempts, drop=True)
    with pytest.raises(TeacherError, match="broke off the connection"):
        opened(server.url)([ask("q")])


def test_closing_ends_a_call_that_waits(server: FakeTeacher, opened: Opened) -> None:
    teacher = opened(server.url)
    server.fail(1, 0, hang=True)
    with ThreadPoolExecutor(1) as pool:
        call = pool.submit(teacher, [ask("q")])
        while not server.asked:
            time.sleep(0.001)
        teacher.close()
        with pytest.raises(TeacherError, match="closed while it was asked"):
            call.result(60)


def test_a_slow_answer_is_given_up_and_asked_again(server: FakeTeacher, opened: Opened) -> None:
    server.fail(1, 0, hang=True)
    request = ask("q")
    assert texts(opened(server.url, patience=Patience(timeout_s=0.2, first_pause_s=0.001, drain_s=0))([request])) == [expected(request)]


def test_a_fault_that_stays_ends_in_one_sentence_after_all_others_are_recorded(opened: Opened) -> None:
    with FakeTeacher(lambda prompt, seed: boxed_letter(prompt, seed) if prompt != "q3" else {}) as server:
        with pytest.raises(TeacherError, match=r"Teacher model fake at 127\.0\.0\.1:\d+ sent a body without choices\. Look into"):
            opened(server.url)([ask(f"q{number}") for number in range(8)])
        assert server.requests["q3", 1024] == HASTY.attempts
    assert opened.recorded() == 7


@pytest.mark.parametrize("status", [400, 403, 404, 422])
def test_a_refusal_is_not_tried_again(server: FakeTeacher, opened: Opened, status: int) -> None:
    server.fail(1, status, body='{"error": {"message": "no such thing"}}')
    with pytest.raises(TeacherError, match=rf"answered {status} \(no such thing\)\. "):
        opened(server.url)([ask("q")])
    assert server.asked == 1


def test_a_wrong_key_fails_calls_that_follow_at_once_and_is_never_shown(opened: Opened) -> None:
    with FakeTeacher(key="the right one") as server:
        teacher = opened(server.url, key=KEY)
        with pytest.raises(TeacherError, match=r"answered 401 .*\. Set OPENAI_API_KEY") as error:
            teacher([ask("q")])
        assert KEY not in str(error.value)
        assert error.value.__cause__ is None
        server.key = ""
        with pytest.raises(TeacherError, match="401"):
            teacher([ask("another")])
        assert server.asked == 0


def test_neither_key_nor_header_reaches_a_record(opened: Opened) -> None:
    with FakeTeacher(lambda prompt, seed: f"your key is {KEY}", key=KEY) as server:
        opened(server.url, key=KEY)([ask("q")])
    (entry,) = Ledger(opened.root).entries()
    assert entry.completion.text == "your key is [hidden]"
    for words in (KEY, "Bearer", "Authorization"):
        assert words not in f"{entry}"
        assert all(words.encode() not in path.read_bytes() for path in opened.root.iterdir())


def test_credentials_in_a_url_are_never_shown(opened: Opened) -> None:
    with FakeTeacher(key="the right one") as server, pytest.raises(TeacherError, match=r"wrong key: Basic \[hidden\]") as error:
        opened(server.url.replace("http://", f"http://user:{KEY}@"))([ask("q")])
    assert KEY not in str(error.value)


def test_a_dead_server_is_tried_patiently_once_and_then_fails_at_once(opened: Opened, dead_port: int) -> None:
    teacher = opened(f"http://user:password@127.0.0.1:{dead_port}/v1")
    with pytest.raises(TeacherError, match=rf"Teacher model fake at 127\.0\.0\.1:{dead_port} cannot be reached \(.*\)\. Start the server"):
        teacher([ask("q")])
    with pytest.raises(TeacherError, match="cannot be reached"):
        teacher([ask("another")])


def test_several_servers_take_turns_and_stand_in_for_a_dead_one(server: FakeTeacher, opened: Opened, dead_port: int) -> None:
    with FakeTeacher() as second:
        requests = [ask(f"q{number}", samples=(0, 1)) for number in range(12)]
        assert texts(opened(server.url, second.url, f"http://127.0.0.1:{dead_port}/v1")(requests)) == [
            expected(request) for request in requests
        ]
        assert server.asked + second.asked == 24
        assert min(server.asked, second.asked) >= 8
        assert not {prompt for prompt, _ in server.requests} & {prompt for prompt, _ in second.requests}


@pytest.mark.parametrize(
    ("status", "body", "finish_reason"),
    [
        (400, '{"error": {"message": "This model\'s maximum context length is 4096 tokens.", "code": 400}}', "too_long"),
        (400, '{"error": {"code": 400, "message": "too big", "type": "exceed_context_size_error"}}', "too_long"),
        (400, '{"error": {"message": "The engine prompt length 5000 exceeds the max_model_len 4096. Please reduce prompt."}}', "too_long"),
        (413, '{"error": {"message": "Request too large for m on tokens per minute (TPM): Limit 6000, Requested 9000"}}', "too_long"),
        (400, '{"error": {"code": "content_filter", "message": "The response was filtered"}}', "content_filter"),
        (
            429,
            '{"error": {"message": "Request too large for m on tokens per min (TPM): Limit 30000, Requested 30601.", "code": "rate_limit_exceeded"}}',
            "too_long",
        ),
        (400, '{"error": {"message": "You uploaded an unsupported image. Please make sure it is below 20 MB"}}', "image_refused"),
        (400, '{"error": {"message": "At most 1 image(s) may be provided in one request."}}', "image_refused"),
        (415, '{"error": {"code": "invalid_image_format", "message": "no"}}', "image_refused"),
    ],
)
def test_a_prompt_that_can_never_be_answered_is_a_final_answer(
    server: FakeTeacher, opened: Opened, status: int, body: str, finish_reason: str
) -> None:
    server.fail(1, status, body=body)
    ((completion,),) = opened(server.url)([ask("q")])
    assert completion == Completion("", finish_reason, "fake")
    assert opened(server.url)([ask("q")]) == [(completion,)]
    assert server.asked == 1
    assert [entry.raw for entry in Ledger(opened.root).entries()] == [body]


def test_a_setting_that_the_model_does_not_take_ends_all_at_the_first_refusal(server: FakeTeacher, opened: Opened) -> None:
    told = "'temperature' does not support 0.6 with this model"
    server.fail(1, 400, body=json.dumps({"error": {"message": told, "code": "unsupported_value"}}))
    with pytest.raises(TeacherError, match=r"'temperature' does not support 0\.6 with this model\)\. Change that setting"):
        opened(server.url, concurrency=1)([ask(f"q{number}") for number in range(5)])
    assert server.asked == 1


def shown(name: str, image_format: str, size: int) -> Request:
    """A question with one picture."""
    message = Message("user", (Picture(name, image_format), Text(name)))
    return Request("fake", (message,), Sampling(max_tokens=256), 1024, (0,), {name: b"x" * size})


def test_an_image_beyond_the_providers_limits_is_its_rows_answer_and_is_not_sent(server: FakeTeacher, tmp_path: Path) -> None:
    small = replace(GENERIC, images=Images(bytes_each=100, formats=frozenset(("png",))))
    teacher = HttpTeacher(Endpoint((server.url,)), Ledger(tmp_path), provider=small)
    requests = [shown("large", "png", 101), shown("tif", "tif", 9), shown("good", "png", 100)]
    answers = teacher(requests)
    assert answers == teacher(requests)
    teacher.close()
    assert [row[0].finish_reason for row in answers] == ["image_refused", "image_refused", "stop"]
    assert {prompt for prompt, _ in server.requests} == {"<image>\ngood"}
    raws = {json.loads(entry.raw).get("not_sent") for entry in Ledger(tmp_path).entries()}
    assert raws == {"an image of 101 bytes, where 100 are taken", "an image as tif, where png are taken", None}


def test_azure_takes_the_key_in_its_own_header_and_the_version_in_the_query(tmp_path: Path) -> None:
    with FakeTeacher(key=KEY, key_header="api-key") as server:
        endpoint = Endpoint((f"{server.url}?api-version=2024-10-21",), (KEY,), provider=AZURE)
        assert check(endpoint, "fake") is AZURE
        teacher = HttpTeacher(endpoint, Ledger(tmp_path), provider=AZURE)
        assert texts(teacher([ask("q")])) == [expected(ask("q"))]
        teacher.close()
        assert server.queries == ["api-version=2024-10-21"]
        assert server.bodies[0]["max_completion_tokens"] == 256


def test_the_responses_api_is_asked_where_it_is_wanted(tmp_path: Path) -> None:
    with FakeTeacher(lambda prompt, seed: f"{prompt} {seed}") as server:
        teacher = HttpTeacher(Endpoint((server.url,), api=Api.RESPONSES), Ledger(tmp_path))
        ((answer,),) = teacher([ask("q")])
        teacher.close()
        assert (answer.text, answer.finish_reason, answer.prompt_tokens) == ("q 0", "stop", 1)
        assert server.bodies[0]["max_output_tokens"] == 256
        assert "seed" not in server.bodies[0]


def test_max_tokens_above_the_context_is_a_mistake_not_a_long_prompt(server: FakeTeacher, opened: Opened) -> None:
    server.fail(1, 400, body='{"error": {"message": "max_tokens is too large: 9000. This model\'s maximum context length is 4096 tokens"}}')
    with pytest.raises(TeacherError, match="Set max_tokens = 9000 of the teacher below 4096"):
        opened(server.url)([ask("q", max_tokens=9000)])
    assert opened.recorded() == 0


def test_a_ledger_that_cannot_be_written_stops_the_spending(server: FakeTeacher, tmp_path: Path) -> None:
    root = tmp_path / "ledger"

    class Unwritable(Ledger):
        def get(self, keys: object) -> dict[str, Completion]:
            return {}

    teacher = HttpTeacher(Endpoint((server.url,)), Unwritable(root), concurrency=2, patience=HASTY)
    root.write_text("a file where the folder should be")
    with pytest.raises(LedgerError, match="cannot be written"):
        teacher([ask(f"q{number}") for number in range(50)])
    asked = server.asked
    with pytest.raises(LedgerError):
        teacher([ask("another")])
    assert server.asked == asked < 50
    teacher.close()


def test_closing_twice_or_before_the_first_call_is_fine(server: FakeTeacher, opened: Opened) -> None:
    teacher = opened(server.url)
    teacher.close()
    teacher.close()


def test_check_tells_the_provider(server: FakeTeacher) -> None:
    assert check(Endpoint((server.url, server.url)), "fake", structured=True) is VLLM
    server.owned_by = "llamacpp"
    assert check(Endpoint((server.url,)), "fake") is LLAMA_CPP
    server.owned_by = "somebody"
    assert check(Endpoint((server.url,)), "fake") is GENERIC
    assert server.asked == 0


def test_check_says_what_is_wrong_before_anything_is_asked(server: FakeTeacher, dead_port: int) -> None:
    with pytest.raises(
        TeacherError, match=rf"127\.0\.0\.1:{dead_port} cannot be reached \(.*\)\. Start the server or mend MEDTRACE_R1_BASE_URL"
    ):
        check(Endpoint((f"http://127.0.0.1:{dead_port}/v1",), (KEY,), "MEDTRACE_R1"), "fake")
    with pytest.raises(TeacherError, match=r"Teacher model other is not served at 127\.0\.0\.1:\d+, which has fake\. "):
        check(Endpoint((server.url,)), "other")
    with pytest.raises(TeacherError, match=r"answered 404 .*/v1 at its end"):
        check(Endpoint((server.url.removesuffix("/v1"),)), "fake")
    server.owned_by = "openai"
    with pytest.raises(TeacherError, match="cannot be held to a structure"):
        check(Endpoint((server.url,)), "fake", structured=True)
    with FakeTeacher() as other, pytest.raises(TeacherError, match="different kinds: generic, vllm"):
        check(Endpoint((server.url, other.url)), "fake")
    server.key = "the right one"
    with pytest.raises(TeacherError, match=r"answered 401 .*Set OPENAI_API_KEY") as error:
        check(Endpoint((server.url,), (KEY,)), "fake")
    assert KEY not in str(error.value)
