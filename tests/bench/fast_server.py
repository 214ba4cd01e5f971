"""A chat-completions server on loopback that costs as little as can be: one protocol, one answer of 4 kB with an id.

Run: python -m tests.bench.fast_server --latency-s 0.2     (prints its URL; GET /stats tells requests and the most in flight)
"""

import argparse
import asyncio
import json
import re

THOUGHT = "The history and the findings point to one of the options; the others lack a key feature. " * 44
COMPLETION = {
    "id": "chatcmpl-000000000000",
    "object": "chat.completion",
    "created": 0,
    "model": "fast",
    "choices": [{"index": 0, "message": {"role": "assistant", "content": f"{THOUGHT}\\boxed{{A}}"}, "finish_reason": "stop"}],
    "usage": {"prompt_tokens": 250, "completion_tokens": 900, "total_tokens": 1150},
}
BODY = json.dumps(COMPLETION).encode()
ANSWER = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s" % (len(BODY), BODY)
BEFORE, _, AFTER = ANSWER.partition(b"000000000000")
LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)


class Stats:
    """What came so far."""

    requests = 0
    answers = 0
    in_flight = 0
    most = 0


class Server(asyncio.Protocol):
    """Answers every POST after the latency, by content length alone."""

    def __init__(self, latency_s: float, stats: Stats) -> None:
        self.latency_s = latency_s
        self.stats = stats
        self.buffer = b""
        self.transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        self.buffer += data
        while (end := self.buffer.find(b"\r\n\r\n")) >= 0:
            found = LENGTH.search(self.buffer, 0, end)
            stop = end + 4 + (int(found[1]) if found else 0)
            if len(self.buffer) < stop:
                return
            head, self.buffer = self.buffer[:4], self.buffer[stop:]
            self.told() if head == b"GET " else self.asked()

    def told(self) -> None:
        assert self.transport is not None
        body = json.dumps({"requests": self.stats.requests, "most": self.stats.most}).encode()
        self.transport.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body))
        self.stats.requests = self.stats.most = 0

    def asked(self) -> None:
        self.stats.requests += 1
        self.stats.in_flight += 1
        self.stats.most = max(self.stats.most, self.stats.in_flight)
        if self.latency_s:
            asyncio.get_running_loop().call_later(self.latency_s, self.answer)
        else:
            self.answer()

    def answer(self) -> None:
        self.stats.in_flight -= 1
        if self.transport is not None and not self.transport.is_closing():
            self.stats.answers += 1
            self.transport.write(b"%s%012d%s" % (BEFORE, self.stats.answers, AFTER))


async def serve(latency_s: float) -> None:
    """Serves until the process is ended."""
    stats = Stats()
    server = await asyncio.get_running_loop().create_server(lambda: Server(latency_s, stats), "127.0.0.1", 0, backlog=2048)
    print(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/v1", flush=True)
    await server.serve_forever()


def main() -> None:
    """Serves on a free port."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--latency-s", type=float, default=0.0)
    asyncio.run(serve(parser.parse_args().latency_s))


if __name__ == "__main__":
    main()
