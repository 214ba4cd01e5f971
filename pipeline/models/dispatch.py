"""Which sample goes to which server, and when: the queue of one teacher."""

import asyncio
import itertools
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Protocol

from pipeline.models.entry import LedgerEntry
from pipeline.models.failures import Failure, Kind
from pipeline.models.generate import Completion, Request
from pipeline.models.lanes import Counts, Lane, Sent
from pipeline.models.patience import Patience
from schemas.errors import BudgetError, LedgerError, MedtraceError, TeacherError

_LOOKED_AT = 64


@dataclass
class _Call:
    """One call that waits for samples."""

    left: int
    done: asyncio.Future[None]
    errors: list[BaseException] = field(default_factory=list[BaseException])


@dataclass(eq=False)
class Sample:
    """One sample that is to be asked for; the samples of one question share a turn, and so a server's cache.

    `more`: the keys of the samples after it that are asked for with it, as further choices of one response.
    """

    request: Request
    index: int
    key: str
    turn: int
    prompt_tokens: int
    more: tuple[str, ...] = ()
    call: _Call | None = None
    attempts: int = 0
    limited: int = 0
    since_s: float = 0.0
    answers_before: int = 0

    @property
    def keys(self) -> tuple[str, ...]:
        """The keys of all that is asked for."""
        return (self.key, *self.more)


class Teaching(Protocol):
    """What a dispatcher is given to work with."""

    def holds(self, key: str) -> bool:
        """Whether the ledger has met an answer by now."""
        ...

    async def attempt(self, lane: Lane, sample: Sample, sent: Sent) -> LedgerEntry | Failure:
        """Asks one server once."""
        ...

    async def record(self, entry: LedgerEntry) -> None:
        """Returns when the entry is on disk."""
        ...


class Dispatcher:
    """Lives on one event loop. A sample's place in flight is taken until its answer is on disk."""

    def __init__(self, lanes: Sequence[Lane], patience: Patience, teaching: Teaching) -> None:
        self._lanes = lanes
        for lane in lanes:
            lane.wake = self.pump
        self._patience = patience
        self._teaching = teaching
        self._counts = Counts()
        self._queue: deque[Sample] = deque()
        self._resting: dict[Sample, asyncio.TimerHandle] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._timer: asyncio.TimerHandle | None = None
        self._fatal: MedtraceError | None = None

    @property
    def counts(self) -> Counts:
        """What went on so far."""
        return replace(self._counts, in_flight=sum(lane.in_flight for lane in self._lanes))

    async def ask_all(self, samples: Sequence[Sample]) -> None:
        """Returns when every sample is in the ledger, of several choices those that came; where one fails, the others are still awaited.

        No sample may be asked for by another call, as `Claims` sees to.
        """
        loop = asyncio.get_running_loop()
        call = _Call(len(samples), loop.create_future())
        for sample in samples:
            sample.call, sample.since_s = call, loop.time()
        self._queue.extend(samples)
        self.pump()
        await call.done
        if call.errors:
            unexpected = [error for error in call.errors if not isinstance(error, TeacherError)]
            raise (unexpected or call.errors)[0]

    async def drain(self, most_s: float) -> None:
        """Sends nothing more, waits so long for what is under way, and gives it up then."""
        self._queue.clear()
        for handle in (self._timer, *self._resting.values()):
            if handle is not None:
                handle.cancel()
        if self._tasks and most_s:
            await asyncio.wait(self._tasks, timeout=most_s)

    def pump(self) -> None:
        """Sends what may go now."""
        loop = asyncio.get_running_loop()
        now_s = loop.time()
        if self._fatal is not None:
            self._end_all(self._fatal)
        while self._queue:
            sample = self._queue[0]
            if all(map(self._teaching.holds, sample.keys)):
                self._end(self._queue.popleft())
                continue
            order = [self._lanes[(sample.turn + sample.attempts + step) % len(self._lanes)] for step in range(len(self._lanes))]
            lane = next((lane for lane in order if lane.ready(now_s)), None)
            if lane is None:
                self._await_lanes(now_s)
                return
            self._queue.popleft()
            sent = lane.send(now_s)
            sample.answers_before = lane.answers
            self._counts.requests += 1
            task = loop.create_task(self._serve(lane, sample, sent))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
        if not self._tasks and not self._resting:
            for lane in self._lanes:
                lane.idle()

    def _await_lanes(self, now_s: float) -> None:
        """Asks the keepers of limits for leave, and looks again when time alone may have opened a lane."""
        ahead = itertools.islice(self._queue, _LOOKED_AT)
        sizes = [(sample.prompt_tokens, sample.request.sampling.max_tokens * len(sample.keys)) for sample in ahead]
        waits: list[float] = []
        for lane in self._lanes:
            lane.want(now_s, sizes)
            if (wait_s := lane.wait_s(now_s)) is not None:
                waits.append(wait_s)
        if waits:
            if self._timer is not None:
                self._timer.cancel()
            self._timer = asyncio.get_running_loop().call_later(min(waits), self.pump)

    async def _serve(self, lane: Lane, sample: Sample, sent: Sent) -> None:
        """One attempt, whose place is taken until its answer is on disk."""
        error: BaseException | None = None
        try:
            answer = await self._teaching.attempt(lane, sample, sent)
            if isinstance(answer, LedgerEntry):
                await self._teaching.record(answer)
                for _, completion in answer.choices:
                    self._count(completion)
                self._end(sample)
            else:
                self._failed(lane, sample, sent, answer)
        except (LedgerError, BudgetError) as failed:
            # Whatever is asked from here on would be paid and lost, or paid too much for.
            self._fatal = error = failed
        except Exception as unexpected:
            error = unexpected
        finally:
            lane.ended(sent)
        if error is not None:
            self._end(sample, error)
        self.pump()

    def _count(self, completion: Completion) -> None:
        self._counts.answered += 1
        self._counts.prompt_tokens += completion.prompt_tokens
        self._counts.completion_tokens += completion.completion_tokens
        self._counts.cost_nanousd += completion.cost_nanousd or 0
        self._counts.unpriced += completion.cost_nanousd is None

    def _failed(self, lane: Lane, sample: Sample, sent: Sent, failure: Failure) -> None:
        """Lets a sample rest before its next attempt, or ends it, and with it all others where no server is left."""
        loop = asyncio.get_running_loop()
        now_s = loop.time()
        error = failure.error(lane.url, sample.request.model)
        pause_s = self._patience.pause_s(lane.refusals if failure.kind is Kind.LIMITED else sample.attempts, failure.pause_s)
        if failure.kind is Kind.LIMITED:
            lane.refused(sent, now_s, pause_s)
            self._counts.limited += 1
            sample.limited += 1
            # While others are answered, being told to wait is no failure.
            sample.attempts += lane.answers == sample.answers_before or sample.limited % self._patience.attempts == 0
        elif failure.kind in (Kind.AGAIN, Kind.DEAD):
            sample.attempts += 1
            if failure.fault and lane.faulted(sent, dead=failure.kind is Kind.DEAD):
                lane.breaker.rest(now_s + self._patience.pause_s(lane.breaker.openings, failure.pause_s))
        else:
            self._end(sample, error)
            if failure.kind is Kind.ALL:
                self._fatal = error
            return
        dead = all(lane.breaker.openings >= self._patience.attempts for lane in self._lanes)
        if sample.attempts >= self._patience.attempts or dead:
            if failure.kind is Kind.DEAD and all(lane.last_answer_s < sample.since_s for lane in self._lanes):
                self._fatal = error
            self._end(sample, error)
            if dead:
                self._end_all(error)
            return
        self._counts.retries += 1
        self._resting[sample] = loop.call_later(0.0 if failure.kind is Kind.LIMITED else pause_s, self._again, sample)

    def _again(self, sample: Sample) -> None:
        del self._resting[sample]
        self._queue.appendleft(sample)
        self.pump()

    def _end(self, sample: Sample, error: BaseException | None = None) -> None:
        """Tells the call that waits for a sample."""
        call = sample.call
        assert call is not None
        call.left -= 1
        if error is not None:
            call.errors.append(error)
        if not call.left and not call.done.done():
            call.done.set_result(None)

    def _end_all(self, error: BaseException) -> None:
        """Ends all that is not under way."""
        waiting = [*self._queue, *self._resting]
        for handle in self._resting.values():
            handle.cancel()
        self._queue.clear()
        self._resting.clear()
        for sample in waiting:
            self._end(sample, error)
