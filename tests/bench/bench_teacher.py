"""What a request to a teacher costs its client: ours, with ledger, limits and retries, beside bare openai, aiohttp and curator.

One client process on one core, the server on another. CPU per request is the figure to compare; requests/s are of the wall.
Run: python -m tests.bench.bench_teacher --requests 2000 --rounds 3 [--latency-s 0.2] [--in-flight 256] [--clients ours openai]
     python -m tests.bench.bench_teacher --curator PYTHON        (an interpreter with bespokelabs-curator, beside the others)
     python -m tests.bench.bench_teacher --memory 100000         (growth of the resident set, in tens of requests)
"""

import argparse
import asyncio
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Awaitable, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

PROMPT = "A patient presents with progressive symptoms over several weeks. Which is it? A. one B. two C. three D. four " * 9
UNIT = 512
UNITS_AT_ONCE = 4


class Took(NamedTuple):
    """One run of a client."""

    cpu_ms: float
    per_s: float
    most: int
    rss_mib: list[float]


async def _loops(count: int, in_flight: int, ask: Callable[[int], Awaitable[object]]) -> None:
    numbers = iter(range(count))

    async def loop() -> None:
        for number in numbers:
            await ask(number)

    await asyncio.gather(*[loop() for _ in range(in_flight)])


def run_openai(url: str, count: int, in_flight: int) -> Iterator[float]:
    """The default client, in a loop."""
    import openai

    async def run() -> None:
        async with openai.AsyncOpenAI(base_url=url, api_key="none") as client:

            async def ask(number: int) -> None:
                messages = [{"role": "user", "content": f"{number} {PROMPT}"}]
                answer = await client.chat.completions.create(model="fast", messages=messages, max_tokens=8192, seed=number)  # pyright: ignore
                assert answer.choices[0].message.content

            await _loops(count, in_flight, ask)

    asyncio.run(run())
    yield 0.0


def run_aiohttp(url: str, count: int, in_flight: int) -> Iterator[float]:
    """A bare session: no ledger, no limits, no retries."""
    import aiohttp

    async def run() -> None:
        connector = aiohttp.TCPConnector(limit=0)
        async with aiohttp.ClientSession(connector=connector, headers={"Content-Type": "application/json"}) as session:

            async def ask(number: int) -> None:
                body = {
                    "model": "fast",
                    "messages": [{"role": "user", "content": f"{number} {PROMPT}"}],
                    "max_tokens": 8192,
                    "seed": number,
                }
                async with session.post(f"{url}/chat/completions", data=json.dumps(body).encode()) as response:
                    assert json.loads(await response.read())["choices"][0]["message"]["content"]

            await _loops(count, in_flight, ask)

    asyncio.run(run())
    yield 0.0


def run_ours(url: str, count: int, in_flight: int) -> Iterator[float]:
    """Ledger, limits, retries and adaptive concurrency on; in units of a shard, four at once, as a build asks."""
    from pipeline.models.endpoints import Endpoint
    from pipeline.models.generate import Message, Request, Sampling, Text
    from pipeline.models.http import HttpTeacher
    from pipeline.models.ledger import Ledger

    def unit(start: int) -> None:
        numbers = range(start, min(start + UNIT, count))
        asked = [Request("fast", (Message("user", (Text(f"{number} {PROMPT}"),)),), Sampling(), 1024 * number, (0,)) for number in numbers]
        assert all(completion.text for (completion,) in teacher(asked))

    with tempfile.TemporaryDirectory() as folder:
        endpoint = Endpoint((url,), ("none",), rpm=(10**9,), tpm=(10**12,))
        teacher = HttpTeacher(endpoint, Ledger(Path(folder)), concurrency=in_flight)
        with ThreadPoolExecutor(UNITS_AT_ONCE) as pool:
            for done, _ in enumerate(pool.map(unit, range(0, count, UNIT))):
                if done * UNIT % (count // 10 or 1) < UNIT:
                    yield _rss_mib()
        teacher.close()
        assert teacher.answered == count


CURATOR = "curator"
CLIENTS = {"openai": run_openai, "aiohttp": run_aiohttp, "ours": run_ours}


def _rss_mib() -> float:
    return int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize() / 2**20


def client(name: str, url: str, count: int, in_flight: int) -> None:
    """One run in this process, told as JSON."""
    resource.setrlimit(resource.RLIMIT_NOFILE, (4096, resource.getrlimit(resource.RLIMIT_NOFILE)[1]))
    __import__("aiohttp" if name == "aiohttp" else "openai")
    if name == "ours":
        __import__("pipeline.models.http")
    cpu_s, wall_s = time.process_time(), time.perf_counter()
    rss = [mib for mib in CLIENTS[name](url, count, in_flight) if mib]
    cpu_s, wall_s = time.process_time() - cpu_s, time.perf_counter() - wall_s
    print(json.dumps({"cpu_ms": cpu_s * 1000 / count, "per_s": count / wall_s, "rss": rss}))


def _pinned(core: int, *arguments: str, python: str = sys.executable) -> list[str]:
    cores = sorted(os.sched_getaffinity(0))
    code = f"import os, runpy, sys; os.sched_setaffinity(0, [{cores[core % len(cores)]}]); sys.argv = sys.argv[1:]; runpy.run_module(sys.argv[0], run_name='__main__', alter_sys=True)"
    return [python, "-c", code, *arguments]


@contextmanager
def serving(latency_s: float) -> Iterator[str]:
    """The server's URL."""
    command = _pinned(1, "tests.bench.fast_server", "--latency-s", str(latency_s))
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        try:
            yield server.stdout.readline().strip()
        finally:
            server.kill()


def measure(name: str, url: str, count: int, in_flight: int, python: str = "") -> Took:
    """One run in a fresh process, checked against what the server counted."""
    command = _pinned(
        0, "tests.bench.bench_teacher", "--client", name, "--url", url, "--requests", str(count), "--in-flight", str(in_flight)
    )
    if name == CURATOR:
        command = _pinned(0, "tests.bench.curator_client", url, str(count), str(in_flight), python=python)
    said = subprocess.run(command, check=True, stdout=subprocess.PIPE, stderr=None if name != CURATOR else subprocess.DEVNULL, text=True)
    told = json.loads(said.stdout.splitlines()[-1])
    with urllib.request.urlopen(url.replace("/v1", "/stats")) as answer:
        stats = json.loads(answer.read())
    # Curator asks once more, to see the rate limits that a server tells.
    assert stats["requests"] - count in ((0, 1) if name == CURATOR else (0,)), stats
    return Took(told["cpu_ms"], told["per_s"], stats["most"], told["rss"])


def compare(names: list[str], count: int, rounds: int, latency_s: float, in_flight: int, python: str) -> None:
    """Prints each client's median, interleaved by rounds, and how many times less CPU than openai it took."""
    took: dict[str, list[Took]] = {name: [] for name in names}
    with serving(latency_s) as url:
        for _ in range(rounds):
            for name in names:
                took[name].append(measure(name, url, count, in_flight, python))
    first = statistics.median(run.cpu_ms for run in took[names[0]])
    print(f"{latency_s * 1000:.0f} ms, {in_flight} in flight, {count} requests, {rounds} rounds:")
    for name, runs in took.items():
        cpu_ms, per_s = (statistics.median(values) for values in zip(*[(run.cpu_ms, run.per_s) for run in runs], strict=True))
        ceiling = f" {per_s * latency_s / in_flight:4.0%} of the ceiling" if latency_s else ""
        low, high = min(run.cpu_ms for run in runs), max(run.cpu_ms for run in runs)
        print(
            f"  {name:<8} CPU {cpu_ms:6.3f} ms ({low:.3f}-{high:.3f})  {first / cpu_ms:5.1f}x {names[0]}  {per_s:7.0f}/s{ceiling}  most in flight {max(run.most for run in runs)}",
            flush=True,
        )


def main() -> None:
    """Compares at the asked latencies and numbers in flight."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--requests", type=int, default=2000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--latency-s", type=float, nargs="*", default=[0.0, 0.2])
    parser.add_argument("--in-flight", type=int, nargs="*", default=[256, 1024])
    parser.add_argument("--clients", nargs="*", default=list(CLIENTS), choices=list(CLIENTS))
    parser.add_argument("--curator", default="", metavar="PYTHON")
    parser.add_argument("--memory", type=int, default=0)
    parser.add_argument("--client", default="")
    parser.add_argument("--url", default="")
    given = parser.parse_args()
    if given.client:
        client(given.client, given.url, given.requests, given.in_flight[0])
    elif given.memory:
        with serving(0.0) as url:
            took = measure("ours", url, given.memory, given.in_flight[0])
        print(
            f"{given.memory} requests, CPU {took.cpu_ms:.3f} ms each; resident MiB by tenth: {' '.join(f'{mib:.0f}' for mib in took.rss_mib)}"
        )
    else:
        for latency_s in given.latency_s:
            for in_flight in given.in_flight:
                names = [*given.clients, *([CURATOR] if given.curator else [])]
                compare(names, given.requests, given.rounds, latency_s, in_flight, given.curator)


if __name__ == "__main__":
    main()
