"""One server of a teacher: its wire, its limits, how much it is given at once and whether it lives."""

import asyncio
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from pipeline.models.limits import Limits, Rates, told_limits
from pipeline.models.window import Breaker, Window
from pipeline.models.wire import Wire

_WEIGHT = 0.1
_AHEAD = 64
_SHORTEST_WAIT_S = 0.02
_LONGEST_TOLD_S = 60.0


@dataclass
class Counts:
    """What went on so far: samples answered, requests sent, those sent again, refused as too many, now in flight, tokens and cost.

    `unpriced`: answers whose cost is not known.
    """

    answered: int = 0
    requests: int = 0
    retries: int = 0
    limited: int = 0
    in_flight: int = 0
    prompt_tokens: int = 0
    completion_tokens: int = 0
    cost_nanousd: int = 0
    unpriced: int = 0


@dataclass(frozen=True)
class Sent:
    """One request under way: when it was sent, whether it probes the server, and the tokens that were reserved for it."""

    at_s: float
    probe: bool
    estimate: int
    limited: bool


class Lane:
    """Used from one event loop only. `name` tells the endpoint and its key apart from others in the keeper of limits."""

    def __init__(self, url: str, name: str, wire: Wire, window: Window, rates: Rates, limits: Limits) -> None:
        self.url = url
        self.wire = wire
        self.window = window
        self.breaker = Breaker()
        self.in_flight = 0
        self.answers = 0
        self.last_answer_s = 0.0
        self.refusals = 0
        self.wake: Callable[[], None] = _nothing
        self._name = name
        self._configured = self._rates = rates
        self._limits = limits
        self._paused_until_s = 0.0
        self._permits: deque[int] = deque()
        self._taking: asyncio.Task[None] | None = None
        self._idling: asyncio.Task[None] | None = None
        self._refund = 0
        self._ask_again_s = 0.0
        self._prompt_ratio = 1.0
        self._answer_tokens: float | None = None

    def ready(self, now_s: float) -> bool:
        """Whether a request may go now."""
        return (
            self.in_flight < self.window.room
            and now_s >= self._paused_until_s
            and self.breaker.lets(now_s)
            and (self._rates == Rates() or bool(self._permits))
        )

    def wait_s(self, now_s: float) -> float | None:
        """Seconds after which time alone may make it ready; None where something has to end or be granted first."""
        waits = [self._paused_until_s - now_s]
        if not self.breaker.closed and not self.breaker.probing:
            waits.append(self.breaker.open_until_s - now_s)
        return max(waits) if max(waits) > 0 else None

    def want(self, now_s: float, sizes: Sequence[tuple[int, int]]) -> None:
        """Asks the keeper for leave to send these next: the characters of their prompts and the tokens they may answer with."""
        room = min(self.window.room - self.in_flight - len(self._permits), _AHEAD) if self.breaker.closed else 1
        if self._rates == Rates() or self._taking is not None or room <= 0 or self._permits:
            return
        if now_s < max(self._paused_until_s, self._ask_again_s):
            return
        self._taking = asyncio.create_task(self._take([self.estimate(*size) for size in sizes[:room]]))

    def estimate(self, prompt_tokens: int, max_tokens: int) -> int:
        """Tokens that a request may take, by what the last ones took; at first all that it may."""
        answer = max_tokens if self._answer_tokens is None else min(max_tokens, self._answer_tokens)
        return max(1, int(prompt_tokens * self._prompt_ratio + answer))

    def send(self, now_s: float) -> Sent:
        """A request goes."""
        self.in_flight += 1
        limited = self._rates != Rates() and bool(self._permits)
        return Sent(now_s, self.breaker.sent(), self._permits.popleft() if limited else 0, limited)

    def answered(self, sent: Sent, now_s: float, guess: int, prompt_tokens: int, completion_tokens: int) -> None:
        """The server gave an answer that is final; `guess` is what its prompt was thought to hold."""
        self.answers += 1
        self.refusals = 0
        self.last_answer_s = now_s
        if self.breaker.openings:
            self.window.restart()
        self.breaker.succeeded()
        self.window.answered(sent.at_s, now_s, completion_tokens, self.in_flight)
        if prompt_tokens and guess:
            self._prompt_ratio += _WEIGHT * (prompt_tokens / guess - self._prompt_ratio)
        if completion_tokens:
            known = completion_tokens if self._answer_tokens is None else self._answer_tokens
            self._answer_tokens = known + _WEIGHT * (completion_tokens - known)
        if prompt_tokens or completion_tokens:
            self._refund += sent.estimate - prompt_tokens - completion_tokens if sent.limited else 0

    def spared(self, sent: Sent) -> None:
        """A request did not have to go after all."""
        self._refund += sent.estimate

    def refused(self, sent: Sent, now_s: float, pause_s: float) -> None:
        """The server said that it is given too much, and waits so long."""
        self.refusals += 1
        self.breaker.succeeded()
        self.window.refused(sent.at_s, now_s)
        self._paused_until_s = max(self._paused_until_s, now_s + pause_s)
        self._refund += sent.estimate

    def faulted(self, sent: Sent, *, dead: bool) -> bool:
        """The server failed; True where its breaker is to open."""
        return self.breaker.failed(probe=sent.probe, dead=dead)

    def ended(self, sent: Sent) -> None:
        """A request is over, and what it brought is recorded."""
        self.in_flight -= 1
        if sent.probe:
            self.breaker.probing = False

    def hear(self, headers: Mapping[str, str], now_s: float) -> None:
        """Heeds what the headers of an answer say of limits, where none are configured."""
        if not any(name.lower().startswith("x-ratelimit-") for name in headers):
            return
        told = told_limits(headers)
        if told.pause_s:
            self._paused_until_s = max(self._paused_until_s, now_s + min(told.pause_s, _LONGEST_TOLD_S))
        if self._configured == Rates() and told.rates != Rates():
            self._rates = Rates(told.rates.rpm or self._rates.rpm, told.rates.tpm or self._rates.tpm)

    def idle(self) -> None:
        """Nothing is queued: what was reserved may go to others."""
        if (self._permits or self._refund) and self._idling is None:
            self._idling = asyncio.create_task(self.rest())

    async def rest(self) -> None:
        """Gives back what was reserved and nobody used."""
        if self._taking is not None:
            await self._taking
        requests, tokens = len(self._permits), sum(self._permits) + self._refund
        self._permits.clear()
        self._refund = 0
        self._idling = None
        if requests or tokens:
            await self._limits.settle(self._name, requests, tokens)

    async def _take(self, estimates: list[int]) -> None:
        loop = asyncio.get_running_loop()
        refund, self._refund = self._refund, 0
        try:
            grant = await self._limits.take(self._name, self._rates, estimates, refund)
            self._permits.extend(estimates[: grant.granted])
            if not grant.granted:
                wait_s = max(grant.wait_s, _SHORTEST_WAIT_S)
                self._ask_again_s = loop.time() + wait_s
                loop.call_later(wait_s, self.wake)
        finally:
            self._taking = None
        self.wake()


def _nothing() -> None:
    return
