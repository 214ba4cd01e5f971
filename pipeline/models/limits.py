"""Limits of requests and tokens a minute: one keeper for all that ask one endpoint, and what servers say of theirs."""

import re
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol

MINUTE_S = 60.0
# A full bucket is a burst beside the limit: half a percent of a minute's.
_BURST = 0.005
_LONGEST_WAIT_S = 5.0
_PERIOD = re.compile(r"(\d+(?:\.\d+)?)(ms|[smhd])")
_UNIT_S = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}
_MINUTE_AT_LEAST_S, _MINUTE_AT_MOST_S = 45.0, 75.0
_EPOCH_MS = 1e11


class Rates(NamedTuple):
    """Requests and tokens a minute; 0 is no limit."""

    rpm: float = 0.0
    tpm: float = 0.0


class Grant(NamedTuple):
    """How many of the asked requests may go now, and where not all, after how long to ask again."""

    granted: int
    wait_s: float


class Limits(Protocol):
    """Keeps the limits of endpoints for all that ask them."""

    async def take(self, name: str, rates: Rates, estimates: Sequence[int], refund: int = 0) -> Grant:
        """Reserves the first of these requests, by what tokens each may take, as far as the limits let them go now.

        `refund`: tokens that were reserved before and not taken; less than 0 where more were.
        """
        ...

    async def settle(self, name: str, requests: int, tokens: int) -> None:
        """Gives back requests that were not sent, and tokens."""
        ...


@dataclass
class _Bucket:
    """An amount that refills evenly; what is given back may stand above the burst, for it was taken from this same rate."""

    a_minute: float
    level: float
    at_s: float

    @property
    def burst(self) -> float:
        return max(1.0, self.a_minute * _BURST)

    def wait_s(self, amount: float, now_s: float) -> float:
        """Seconds until the amount is there; a whole minute's is enough for what is larger."""
        asked = min(amount, self.a_minute)
        most = max(self.burst, asked)
        if self.level < most:
            self.level = min(most, self.level + (now_s - self.at_s) * self.a_minute / MINUTE_S)
        self.at_s = now_s
        return max(0.0, (asked - self.level) * MINUTE_S / self.a_minute)


class Buckets:
    """The requests and tokens of one endpoint."""

    def __init__(self) -> None:
        self.requests: _Bucket | None = None
        self.tokens: _Bucket | None = None

    def adopt(self, rates: Rates, now_s: float) -> None:
        """Keeps these rates from now on; what was taken stays taken."""
        self.requests = _at_rate(self.requests, rates.rpm, now_s)
        self.tokens = _at_rate(self.tokens, rates.tpm, now_s)

    def take(self, estimates: Sequence[int], now_s: float) -> Grant:
        """As `Limits.take`."""
        for granted, tokens in enumerate(estimates):
            wait_s = max(_wait_s(self.requests, 1, now_s), _wait_s(self.tokens, tokens, now_s))
            if wait_s > 1e-9:
                return Grant(granted, min(wait_s, _LONGEST_WAIT_S))
            self.settle(-1, -tokens)
        return Grant(len(estimates), 0.0)

    def settle(self, requests: int, tokens: int) -> None:
        """As `Limits.settle`."""
        if self.requests is not None:
            self.requests.level += requests
        if self.tokens is not None:
            self.tokens.level += tokens


class LocalLimits:
    """The keeper of one process, shared by all its threads and event loops."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._buckets: dict[str, Buckets] = {}
        self._using = threading.Lock()

    def take_now(self, name: str, rates: Rates, estimates: Sequence[int], refund: int = 0) -> Grant:
        """As `take`, without a loop."""
        with self._using:
            now_s = self._clock()
            kept = self._buckets.setdefault(name, Buckets())
            kept.adopt(rates, now_s)
            kept.settle(0, refund)
            return kept.take(estimates, now_s)

    def settle_now(self, name: str, requests: int, tokens: int) -> None:
        """As `settle`, without a loop."""
        with self._using:
            if name in self._buckets:
                self._buckets[name].settle(requests, tokens)

    async def take(self, name: str, rates: Rates, estimates: Sequence[int], refund: int = 0) -> Grant:
        """As in `Limits`."""
        return self.take_now(name, rates, estimates, refund)

    async def settle(self, name: str, requests: int, tokens: int) -> None:
        """As in `Limits`."""
        self.settle_now(name, requests, tokens)


# Of all teachers of this process: a provider counts together what they send with one key.
OF_PROCESS = LocalLimits()


class Told(NamedTuple):
    """What the headers of an answer say: the limits that are a minute's, and for how long nothing more may come."""

    rates: Rates
    pause_s: float


def told_limits(headers: Mapping[str, str], now_s: float | None = None) -> Told:
    """The x-ratelimit headers of OpenAI and those that follow it; zeros where there are none.

    A limit counts as a minute's where the time to its reset says so: some providers name a day's under the same header.
    """
    now_s = time.time() if now_s is None else now_s
    rates: list[float] = []
    pause_s = 0.0
    for kind in ("-requests", "-tokens"):
        limit, remaining = (_number(headers.get(f"x-ratelimit-{what}{kind}", "")) for what in ("limit", "remaining"))
        reset_s = _seconds(headers.get(f"x-ratelimit-reset{kind}", ""), now_s)
        if remaining == 0 and reset_s:
            pause_s = max(pause_s, reset_s)
        used = (limit or 0) - (remaining or 0)
        period_s = reset_s * limit / used if limit and remaining is not None and used > 0 else 0.0
        rates.append(limit if limit and _MINUTE_AT_LEAST_S <= period_s <= _MINUTE_AT_MOST_S else 0.0)
    return Told(Rates(*rates), pause_s)


def _at_rate(bucket: _Bucket | None, a_minute: float, now_s: float) -> _Bucket | None:
    if not a_minute:
        return None
    if bucket is None:
        bucket = _Bucket(a_minute, 0.0, now_s)
        bucket.level = bucket.burst
    bucket.a_minute = a_minute
    return bucket


def _wait_s(bucket: _Bucket | None, amount: float, now_s: float) -> float:
    return 0.0 if bucket is None else bucket.wait_s(amount, now_s)


def _number(text: str) -> float | None:
    return float(text) if re.fullmatch(r"\d+(\.\d+)?", text) else None


def _seconds(text: str, now_s: float) -> float:
    """A span as servers write it: 6m0s, 120ms, 8.64, or a moment since 1970 in seconds or milliseconds."""
    plain = _number(text)
    if plain is None:
        return sum(float(amount) * _UNIT_S[unit] for amount, unit in _PERIOD.findall(text))
    if plain > _EPOCH_MS:
        return max(0.0, plain / 1000 - now_s)
    return max(0.0, plain - now_s) if plain > now_s / 2 else plain
