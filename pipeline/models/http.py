"""A teacher behind an OpenAI-compatible server: asks what the ledger does not hold, and returns what it then holds."""

import asyncio
import itertools
import json
import threading
from collections.abc import Coroutine, Sequence
from concurrent.futures import CancelledError
from dataclasses import replace
from typing import Any

import openai

from pipeline.models.body import UnfinishedAnswerError
from pipeline.models.chat import body_of, size_of, with_choices
from pipeline.models.claims import claims_in
from pipeline.models.client import lanes_of
from pipeline.models.dialects import DIALECTS
from pipeline.models.dispatch import Dispatcher, Sample
from pipeline.models.endpoints import Endpoint
from pipeline.models.entry import LedgerEntry, entry_of_choices
from pipeline.models.failures import FINAL, Failure, Kind, broken_answer, failure_of
from pipeline.models.generate import Completion, Request
from pipeline.models.lanes import Counts, Lane, Sent
from pipeline.models.ledger import Ledger
from pipeline.models.limits import OF_PROCESS, Limits
from pipeline.models.patience import Patience
from pipeline.models.payer import Payer
from pipeline.models.providers import GENERIC, Provider
from pipeline.models.recorder import Recorder
from pipeline.step import Answered
from schemas.errors import LedgerError, TeacherError

_CLOSED = "The teacher was closed while it was asked. Build again; what was answered is kept."


class HttpTeacher:
    """A model behind one or several servers. Owns the ledger that it is given: `close` closes both.

    `payer` lets requests go within a budget, and books what they cost. `limits`: who keeps the limits of the servers, this
    process where none is given.
    """

    def __init__(
        self,
        endpoint: Endpoint,
        ledger: Ledger,
        *,
        provider: Provider = GENERIC,
        concurrency: int = 0,
        patience: Patience | None = None,
        limits: Limits | None = None,
        payer: Payer | None = None,
    ) -> None:
        patience = patience or Patience()
        self._payer = payer
        self._endpoint = endpoint
        self._ledger = ledger
        self._provider = provider
        self._dialect = DIALECTS[endpoint.api]
        self._patience = patience
        self._lanes = lanes_of(endpoint, patience, limits or OF_PROCESS, concurrency)
        self._dispatcher = Dispatcher(self._lanes, patience, self)
        self._recorder = Recorder(ledger)
        self._claims = claims_in(ledger.root)
        self._turns = itertools.count()
        self._head: tuple[Request, bytes] | None = None
        self._closed = False
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None
        self._starting = threading.Lock()
        self.wanted = 0

    def __call__(self, requests: Sequence[Request]) -> list[tuple[Completion, ...]]:
        """For each request in order, one completion per wanted sample in order.

        Raises: TeacherError, BudgetError or LedgerError where an answer could not be had; what was answered is in the ledger by then.
        """
        wanted = [_samples(request, next(self._turns)) for request in requests]
        samples = {sample.key: sample for asked in wanted for sample in asked}
        known: dict[str, Completion] = {}
        asked_for: set[str] = set()
        while left := [key for key in samples if key not in known]:
            with self._claims.take(left) as claimed:
                known |= self._ledger.get(left)
                mine = [samples[key] for key in left if key in claimed.mine and key not in known]
                with self._starting:
                    self.wanted += len(mine) - len(asked_for.intersection(sample.key for sample in mine))
                asked_for.update(sample.key for sample in mine)
                known |= self._ask(mine)
            claimed.wait()
        return [tuple(known[sample.key] for sample in asked) for asked in wanted]

    def _ask(self, samples: Sequence[Sample]) -> dict[str, Completion]:
        """What servers give for samples that nobody else asks for; a response may hold fewer choices than were asked for, but never none."""
        if not samples:
            return {}
        self._run(self._dispatcher.ask_all(_together(samples, self._endpoint.choices)))
        found = self._ledger.get([sample.key for sample in samples])
        if not found:
            raise LedgerError(f"Answers that were just written to {self._ledger.root} cannot be read. Run medtrace ledger verify.")
        return found

    @property
    def counts(self) -> Counts:
        """What went on so far."""
        return self._dispatcher.counts

    @property
    def answered(self) -> int:
        """The wanted samples that by now are in the ledger."""
        return self._dispatcher.counts.answered

    @property
    def told(self) -> Answered:
        """How far it is."""
        counts = self._dispatcher.counts
        return Answered(self.wanted, counts.answered, counts.cost_nanousd, counts.unpriced, counts.in_flight)

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
        self._recorder.close()
        if self._payer is not None:
            self._payer.close()
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
        await self._dispatcher.drain(self._patience.drain_s)
        for lane in self._lanes:
            await lane.rest()
        others = asyncio.all_tasks() - {asyncio.current_task()}
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)
        for lane in self._lanes:
            await lane.wire.close()

    def holds(self, key: str) -> bool:
        """Whether the ledger has met an answer to the key by now."""
        return self._ledger.holds(key)

    async def record(self, entry: LedgerEntry) -> None:
        """Returns when the entry is on disk."""
        await self._recorder.record(entry)
        if self._payer is not None:
            self._payer.settle(entry)

    async def attempt(self, lane: Lane, sample: Sample, sent: Sent) -> LedgerEntry | Failure:
        """Asks one server once, within the budget: the entry for the ledger, or what went wrong.

        Raises: BudgetError, LedgerError.
        """
        if self._payer is None:
            return await self._attempt(lane, sample, sent)
        return await self._payer.paying(sample.request, sample.key, lambda: self._attempt(lane, sample, sent), len(sample.keys))

    async def _attempt(self, lane: Lane, sample: Sample, sent: Sent) -> LedgerEntry | Failure:
        request, loop = sample.request, asyncio.get_running_loop()
        if refusal := self._provider.images.refusal(request):
            lane.spared(sent)
            raw = json.dumps({"not_sent": refusal})
            return self._ended(sample, Kind.IMAGE_REFUSED, raw)
        try:
            reply = await lane.wire.post(self._body(sample))
            raw = self._endpoint.hide(reply.content.decode(errors="replace"))
            told = self._dialect.read(raw, len(sample.keys))
            if any(one is not None and self._endpoint.hide(one.text) != one.text for one in told):
                # The key came escaped, as JSON may have it.
                raw = self._endpoint.hide(json.dumps(json.loads(raw), ensure_ascii=False))
                told = self._dialect.read(raw, len(sample.keys))
            entry = entry_of_choices(sample.keys, request.model, told, raw)
            lane.hear(reply.headers, loop.time())
        except UnfinishedAnswerError as error:
            return broken_answer(str(error), self._endpoint)
        except openai.APIError as error:
            failure = failure_of(error, self._endpoint, request.sampling.max_tokens)
            if failure.kind not in FINAL:
                return failure
            entry = self._ended(sample, failure.kind, failure.raw)
        total = entry.total
        lane.answered(sent, loop.time(), sample.prompt_tokens, total.prompt_tokens, total.completion_tokens)
        return entry

    @staticmethod
    def _ended(sample: Sample, kind: Kind, raw: str) -> LedgerEntry:
        """What the ledger keeps where a request ended for good without an answer."""
        asked = sample.request.model
        return entry_of_choices(sample.keys, asked, [Completion("", str(kind), asked)] * len(sample.keys), raw)

    def _body(self, sample: Sample) -> bytes:
        """The body that asks for a sample; what the samples of one question share is encoded once."""
        request = sample.request
        if self._head is None or self._head[0] is not request:
            self._head = (request, self._dialect.head(request, self._provider))
        head = self._head[1]
        body = body_of(head, request.seed + sample.index) if self._dialect.seed and self._provider.seed else head
        return with_choices(body, len(sample.keys))


def _samples(request: Request, turn: int) -> list[Sample]:
    prompt_tokens = size_of(request)
    return [Sample(request, index, request.key(index), turn, prompt_tokens) for index in request.samples]


def _together(samples: Sequence[Sample], most: int) -> list[Sample]:
    """The samples as they are asked for: neighbours of one question as choices of one response, where more than one is taken at once."""
    if most == 1:
        return list(samples)
    groups: list[Sample] = []
    for sample in samples:
        last = groups[-1] if groups else None
        if last and last.request is sample.request and sample.index == last.index + len(last.keys) and len(last.keys) < most:
            last.more = (*last.more, sample.key)
        else:
            groups.append(replace(sample, more=()))
    return groups
