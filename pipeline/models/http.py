"""A teacher behind an OpenAI-compatible server: asks what the ledger does not hold, and returns what it then holds."""

import asyncio
import itertools
import random
import threading
from collections.abc import Coroutine, Sequence
from concurrent.futures import CancelledError, ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import Any

import openai

from pipeline.models.chat import Flavour, UnfinishedAnswerError, body_of, completion_of, flavour_of
from pipeline.models.endpoints import Endpoint, address, bare, basic, is_loopback
from pipeline.models.entry import LedgerEntry
from pipeline.models.failures import Failure, Kind, broken_answer, failure_of
from pipeline.models.generate import Completion, Request
from pipeline.models.ledger import Ledger
from pipeline.models.prices import FREE, Price
from schemas.errors import LedgerError, MedtraceError, TeacherError

_PUT_THREADS = 32
_CHECK_TIMEOUT_S = 20.0
_CLOSED = "The teacher was closed while it was asked. Build again; what was answered is kept."


@dataclass(frozen=True)
class Patience:
    """How long a call may take and how often it is tried: pauses double from the first to the longest, with jitter."""

    timeout_s: float = 3600.0
    connect_timeout_s: float = 10.0
    attempts: int = 10
    first_pause_s: float = 0.5
    longest_pause_s: float = 60.0

    def pause_s(self, attempt: int, asked_s: float) -> float:
        """The pause after a failed attempt (counted from 0): what the server asked for, else the next doubling."""
        if asked_s:
            return asked_s * (1 + random.random() / 10)
        return min(self.longest_pause_s, self.first_pause_s * 2**attempt) * (0.5 + random.random() / 2)


@dataclass(frozen=True)
class _Sample:
    """One sample that is to be asked; the samples of one question share a turn, and so a server's prefix cache."""

    request: Request
    index: int
    key: str
    turn: int


class HttpTeacher:
    """A model behind one or several servers. Owns the ledger that it is given: `close` closes both.

    `price` is what each answer is booked at.
    `wanted` and `answered` count the samples that were not in the ledger, and those of them that now are.
    """

    def __init__(
        self,
        endpoint: Endpoint,
        ledger: Ledger,
        *,
        flavour: Flavour = Flavour.OPENAI,
        concurrency: int = 64,
        patience: Patience = Patience(),
        price: Price | None = None,
    ) -> None:
        self._price = price
        self._endpoint = endpoint
        self._ledger = ledger
        self._flavour = flavour
        self._patience = patience
        self._clients = [_client(url, endpoint, patience) for url in endpoint.base_urls]
        self._turns = itertools.count()
        self._asking = asyncio.Semaphore(concurrency)
        self._in_flight: dict[str, asyncio.Task[None]] = {}
        self._last_answer_s = 0.0
        self.wanted = 0
        self.answered = 0
        self._fatal: MedtraceError | None = None
        self._closed = False
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None
        self._starting = threading.Lock()
        self._puts = ThreadPoolExecutor(_PUT_THREADS, "ledger")

    def __call__(self, requests: Sequence[Request]) -> list[tuple[Completion, ...]]:
        """For each request in order, one completion per wanted sample in order.

        Raises: TeacherError or LedgerError where an answer could not be had; what was answered is in the ledger by then.
        """
        wanted = [_samples(request, next(self._turns)) for request in requests]
        samples = {sample.key: sample for asked in wanted for sample in asked}
        known = self._ledger.get(list(samples))
        missing = [sample for key, sample in samples.items() if key not in known]
        if missing:
            with self._starting:
                self.wanted += len(missing)
            self._run(self._ask_all(missing))
            known |= self._ledger.get([sample.key for sample in missing])
        return [tuple(known[sample.key] for sample in asked) for asked in wanted]

    def close(self) -> None:
        """Gives back connections, threads and the ledger's files."""
        with self._starting:
            self._closed = True
            loop, self._loop = self._loop, None
            if loop is not None and self._thread is not None:
                asyncio.run_coroutine_threadsafe(self._hang_up(), loop).result()
                loop.call_soon_threadsafe(loop.stop)
                self._thread.join()
                loop.close()
        self._puts.shutdown()
        self._ledger.close()

    def _run(self, work: Coroutine[Any, Any, None]) -> None:
        """Runs on the loop that all calling threads share."""
        with self._starting:
            if self._closed:
                work.close()
                raise TeacherError(_CLOSED)
            if self._loop is None:
                self._loop = asyncio.new_event_loop()
                self._thread = threading.Thread(target=self._loop.run_forever, name="teacher", daemon=True)
                self._thread.start()
            answer = asyncio.run_coroutine_threadsafe(work, self._loop)
        try:
            answer.result()
        except CancelledError:
            raise TeacherError(_CLOSED) from None

    async def _hang_up(self) -> None:
        others = asyncio.all_tasks() - {asyncio.current_task()}
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)
        for client in self._clients:
            await client.close()

    async def _ask_all(self, samples: Sequence[_Sample]) -> None:
        """Returns when every sample is in the ledger; where one fails, the others are still awaited."""
        ended = await asyncio.gather(*[self._shared(sample) for sample in samples], return_exceptions=True)
        errors = [error for error in ended if error is not None]
        unexpected = [error for error in errors if not isinstance(error, TeacherError)]
        if errors:
            raise (unexpected or errors)[0]

    def _shared(self, sample: _Sample) -> asyncio.Task[None]:
        """The task that asks this sample, one for all calls that want it now."""
        task = self._in_flight.get(sample.key)
        if task is None:
            task = self._in_flight[sample.key] = asyncio.get_running_loop().create_task(self._ask(sample))
            task.add_done_callback(lambda _: self._in_flight.pop(sample.key))
        return task

    async def _ask(self, sample: _Sample) -> None:
        async with self._asking:
            if self._ledger.holds(sample.key):
                return
            entry = await self._answer(sample)
            try:
                await asyncio.get_running_loop().run_in_executor(self._puts, self._ledger.put, [entry])
                self.answered += 1
            except LedgerError as error:
                # Whatever is asked from here on would be paid and lost.
                self._fatal = error
                raise

    async def _answer(self, sample: _Sample) -> LedgerEntry:
        """The final answer to one sample, after as many attempts as patience allows."""
        started_s = asyncio.get_running_loop().time()
        for attempt in itertools.count():
            if self._fatal is not None:
                raise self._fatal
            client = self._clients[(sample.turn + attempt) % len(self._clients)]
            answer = await self._attempt(client, sample)
            if isinstance(answer, LedgerEntry):
                self._last_answer_s = asyncio.get_running_loop().time()
                return answer
            retried = answer.kind in (Kind.AGAIN, Kind.DEAD)
            if not retried or attempt + 1 >= self._patience.attempts:
                error = answer.error(str(client.base_url), sample.request.model)
                if answer.kind is Kind.ALL or (answer.kind is Kind.DEAD and self._last_answer_s < started_s):
                    self._fatal = error
                raise error
            await asyncio.sleep(self._patience.pause_s(attempt, answer.pause_s))
        raise AssertionError

    async def _attempt(self, client: openai.AsyncOpenAI, sample: _Sample) -> LedgerEntry | Failure:
        request = sample.request
        body = body_of(request, sample.index, self._flavour)
        try:
            content = await client.post("/chat/completions", body=body, cast_to=bytes)
            raw = self._endpoint.hide(content.decode(errors="replace"))
            completion = self._priced(completion_of(raw))
        except UnfinishedAnswerError as error:
            return broken_answer(str(error), self._endpoint)
        except openai.APIError as error:
            failure = failure_of(error, self._endpoint, request.sampling.max_tokens)
            if failure.kind not in (Kind.TOO_LONG, Kind.CONTENT_FILTER):
                return failure
            raw, completion = failure.raw, Completion("", str(failure.kind), cost_nanousd=None if self._price is None else 0)
        return LedgerEntry(sample.key, request.model, completion, raw)

    def _priced(self, completion: Completion) -> Completion:
        """The completion with its cost, where a price is known and tokens are reported."""
        counted = completion.prompt_tokens or completion.completion_tokens
        if self._price is None or not (counted or self._price == FREE):
            return completion
        return replace(completion, cost_nanousd=self._price.of(completion))


def _samples(request: Request, turn: int) -> list[_Sample]:
    return [_Sample(request, index, request.key(index), turn) for index in request.samples]


def check(endpoint: Endpoint, model: str, *, structured: bool = False) -> Flavour:
    """Asks every server once for its models and returns the flavour they have in common.

    Raises: TeacherError where one is dead, refuses the key, does not serve the model, or cannot keep a structure.
    """
    flavours = {_check_one(url, endpoint, model) for url in endpoint.base_urls}
    where = ", ".join(map(address, endpoint.base_urls))
    if len(flavours) > 1:
        raise TeacherError(f"The servers at {where} are of different kinds: {', '.join(sorted(flavours))}. Name servers of one kind only.")
    flavour = flavours.pop()
    if structured and flavour is Flavour.OPENAI:
        raise TeacherError(
            f"Teacher model {model} at {where} cannot be held to a structure: only llama.cpp and vLLM servers take a grammar. "
            "Remove structure from the teacher or serve it with one of them."
        )
    return flavour


def _check_one(url: str, endpoint: Endpoint, model: str) -> Flavour:
    patience = Patience(timeout_s=_CHECK_TIMEOUT_S)
    try:
        transport = openai.DefaultHttpxClient(trust_env=not is_loopback(url))
        with openai.OpenAI(http_client=transport, **_settings(url, endpoint, patience)) as client:
            served = {item.id: item.owned_by for item in client.models.list().data}
    except openai.APIError as error:
        raise failure_of(error, endpoint).error(url, model) from None
    except (TypeError, AttributeError, ValueError):
        raise broken_answer("no list of models", endpoint).error(url, model) from None
    if model not in served:
        raise TeacherError(
            f"Teacher model {model} is not served at {address(url)}, which has {', '.join(sorted(served)) or 'none'}. "
            "Name one of these in the manifest or serve the model."
        )
    return flavour_of(served[model])


def _client(url: str, endpoint: Endpoint, patience: Patience) -> openai.AsyncOpenAI:
    # Measured: half the CPU a request of the default transport. A proxy named in the environment must not
    # come between us and this machine.
    transport = openai.DefaultAioHttpClient(trust_env=not is_loopback(url))
    return openai.AsyncOpenAI(http_client=transport, **_settings(url, endpoint, patience))


def _settings(url: str, endpoint: Endpoint, patience: Patience) -> dict[str, Any]:
    return {
        "base_url": bare(url),
        "api_key": endpoint.api_key or "none",
        "default_headers": {"Authorization": f"Basic {basic(url)}"} if basic(url) else None,
        "max_retries": 0,
        "timeout": openai.Timeout(patience.timeout_s, connect=patience.connect_timeout_s),
    }
