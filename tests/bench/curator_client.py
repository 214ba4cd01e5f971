"""One run of bespokelabs-curator for bench_teacher, by an interpreter that has it: its dependencies are other than ours.

Its tokeniser is replaced by a count of characters, in its favour: the real one is downloaded, and takes time.
Run: PYTHON tests/bench/curator_client.py URL REQUESTS IN_FLIGHT       (prints CPU ms a request and requests/s as JSON)
"""

import importlib
import json
import os
import sys
import tempfile
import time
from typing import Any

PROMPT = "A patient presents with progressive symptoms over several weeks. Which is it? A. one B. two C. three D. four " * 9
UNBOUND = {"max_requests_per_minute": 10**9, "max_tokens_per_minute": 10**12}
QUIET = {"TELEMETRY_ENABLED": "false", "CURATOR_DISABLE_RICH_DISPLAY": "1", "OPENAI_API_KEY": "none"}


class _Characters:
    """A tokeniser that costs nothing."""

    def encode(self, text: str, **_: object) -> list[int]:
        return [0] * (len(text) // 4)


def main(url: str, count: int, in_flight: int) -> None:
    """Asks so many questions."""
    os.environ.update(QUIET, CURATOR_CACHE_DIR=tempfile.mkdtemp())
    tiktoken: Any = importlib.import_module("tiktoken")
    tiktoken.encoding_for_model = tiktoken.get_encoding = lambda *_, **__: _Characters()
    curator: Any = importlib.import_module("bespokelabs.curator")
    datasets: Any = importlib.import_module("datasets")

    class Asker(curator.LLM):
        def prompt(self, row: dict[str, str]) -> str:
            return row["question"]

        def parse(self, row: dict[str, str], response: str) -> dict[str, str]:
            return {"answer": response}

    told = {"base_url": url, "api_key": "none", "max_concurrent_requests": in_flight, "require_all_responses": True, **UNBOUND}
    # A name that its price table knows.
    asker = Asker(model_name="gpt-4o-mini", backend="openai", generation_params={"max_tokens": 8192}, backend_params=told)
    rows = datasets.Dataset.from_list([{"question": f"{number} {PROMPT}"} for number in range(count)])
    cpu_s, wall_s = time.process_time(), time.perf_counter()
    answers = asker(rows).dataset
    cpu_s, wall_s = time.process_time() - cpu_s, time.perf_counter() - wall_s
    assert len(answers) == count
    print(json.dumps({"cpu_ms": cpu_s * 1000 / count, "per_s": count / wall_s, "rss": []}))


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))
