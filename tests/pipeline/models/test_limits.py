import asyncio
import heapq
import random

import pytest

from pipeline.models.limits import LocalLimits, Rates, Told, told_limits

MINUTES = 3


class Clock:
    """A clock that the test sets."""

    now_s = 1000.0

    def __call__(self) -> float:
        return self.now_s


def simulated(rates: Rates, workers: int, tokens: tuple[int, int], estimate: int) -> list[tuple[float, int]]:
    """When each request was let go and what it took, of workers that always want more and learn the tokens 2-20 s later."""
    clock, drawn = Clock(), random.Random(7)
    limits = LocalLimits(clock)
    sent: list[tuple[float, int]] = []
    refunds = [0] * workers
    events: list[tuple[float, int, int]] = [(clock.now_s, worker, 0) for worker in range(workers)]
    heapq.heapify(events)
    while events[0][0] < 1000 + 60 * MINUTES:
        clock.now_s, worker, refund = heapq.heappop(events)
        if refund:
            refunds[worker] += refund
            continue
        owed, refunds[worker] = refunds[worker], 0
        grant = limits.take_now("one", rates, [estimate] * 16, owed)
        for _ in range(grant.granted):
            took = drawn.randint(*tokens)
            sent.append((clock.now_s - 1000, took))
            if estimate != took:
                heapq.heappush(events, (clock.now_s + drawn.uniform(2, 20), worker, estimate - took))
        heapq.heappush(events, (clock.now_s + max(grant.wait_s, 0.02), worker, 0))
    return sent


@pytest.mark.parametrize(("rpm", "workers"), [(60, 1), (600, 1), (600, 4), (6000, 4), (60_000, 4)])
def test_requests_of_every_minute_are_the_limit_within_one_percent_however_many_ask(rpm: int, workers: int) -> None:
    sent = simulated(Rates(rpm=rpm), workers, (1, 1), 1)
    for minute in range(MINUTES):
        count = sum(60 * minute <= at_s < 60 * (minute + 1) for at_s, _ in sent)
        assert abs(count - rpm) <= max(1, rpm * 0.01)


def test_tokens_of_a_minute_are_the_limit_within_one_percent_once_answers_come_back() -> None:
    tpm = 4_000_000
    sent = simulated(Rates(tpm=tpm), 4, (200, 1800), 1000)
    for minute in range(MINUTES):
        taken = sum(took for at_s, took in sent if 60 * minute <= at_s < 60 * (minute + 1))
        assert abs(taken - tpm) <= tpm * 0.01


def test_what_was_reserved_and_not_taken_may_be_taken_by_another() -> None:
    clock = Clock()
    limits = LocalLimits(clock)
    rates = Rates(tpm=60_000)
    assert limits.take_now("one", rates, [300, 300]).granted == 1
    assert limits.take_now("one", rates, [300]).wait_s == pytest.approx(0.3)
    asyncio.run(limits.settle("one", 0, 300))
    assert asyncio.run(limits.take("one", rates, [300])).granted == 1
    assert limits.take_now("two", rates, [300]).granted == 1


def test_a_request_above_a_whole_minute_goes_once_a_minute_is_full() -> None:
    clock = Clock()
    limits = LocalLimits(clock)
    rates = Rates(tpm=6000)
    clock.now_s += 0
    assert limits.take_now("one", rates, [10_000]).granted == 0
    clock.now_s += 60
    assert limits.take_now("one", rates, [10_000]).granted == 1
    assert limits.take_now("one", rates, [1]).granted == 0


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ({}, Told(Rates(0, 0), 0)),
        ({"limit-requests": "600", "remaining-requests": "590", "reset-requests": "1s"}, Told(Rates(600, 0), 0)),
        ({"limit-requests": "10000", "remaining-requests": "9999", "reset-requests": "8.64s"}, Told(Rates(0, 0), 0)),
        ({"limit-tokens": "30000", "remaining-tokens": "0", "reset-tokens": "1m0s"}, Told(Rates(0, 30000), 60)),
        ({"limit-requests": "60", "remaining-requests": "0", "reset-requests": "120ms"}, Told(Rates(0, 0), 0.12)),
        ({"limit-requests": "many", "remaining-requests": "-1", "reset-requests": "soon"}, Told(Rates(0, 0), 0)),
    ],
)
def test_headers_tell_a_minutes_limit_and_when_nothing_may_come(headers: dict[str, str], expected: Told) -> None:
    assert told_limits({f"x-ratelimit-{name}": value for name, value in headers.items()}) == expected
