"""Verdicts a second on one core, beside math-verify and a bare regex, on the same real outputs in one run.

MEDTRACE_DATA=DIR python -m tests.bench.bench_verify
"""

import importlib
import importlib.util
import re
import statistics
import sys
import time
from collections.abc import Callable, Sequence

from pipeline.verify.answer import Policy, verify
from schemas.trace import Verdict
from tests.fixtures.upstream_traces import Output, outputs

ROUNDS = 5
LETTER = re.compile(r"answer is \(?([A-J])\)?")
BAITS = {"braces": "{", "open boxes": r"\boxed{", "tags": "<box>", "answers": "the answer is ", "letters": "A B C D ", "newlines": "\n"}
Judge = Callable[[Output], bool]


def bare_regex(output: Output) -> bool:
    found = LETTER.findall(output.text[-400:]) or LETTER.findall(output.text)
    return bool(found) and found[-1] == chr(ord("A") + output.gold.indexes[0])


def ours(output: Output) -> bool:
    return verify(output.text, output.gold, policy=Policy.EVAL).verdict is Verdict.CORRECT


def math_verify_judges() -> dict[str, Judge]:
    """The peer's fastest mode for letters and its default for maths; none where it is not installed."""
    if importlib.util.find_spec("math_verify") is None:
        print("math-verify is not installed: its rows are left out", file=sys.stderr)
        return {}
    peer = importlib.import_module("math_verify")
    strings = [peer.StringExtractionConfig(strings=tuple("ABCDEFGHIJ"))]

    def letters(output: Output) -> bool:
        gold = peer.parse(chr(ord("A") + output.gold.indexes[0]), strings, parsing_timeout=None)
        return bool(peer.verify(gold, peer.parse(output.text, strings, parsing_timeout=None), timeout_seconds=None))

    def maths(output: Output) -> bool:
        gold = peer.parse(f"${output.gold.values[0]}$", parsing_timeout=None)
        return bool(peer.verify(gold, peer.parse(output.text, parsing_timeout=None), timeout_seconds=None))

    return {"math-verify strings": letters, "math-verify": maths}


def rate(judge: Judge, rows: Sequence[Output]) -> tuple[float, float, float]:
    """Verdicts a second (median), the share right, and the agreement with upstream's flag."""
    rates: list[float] = []
    right: list[bool] = []
    for _ in range(ROUNDS):
        start = time.perf_counter()
        right = [judge(row) for row in rows]
        rates.append(len(rows) / (time.perf_counter() - start))
    same = [verdict == row.upstream for verdict, row in zip(right, rows, strict=True) if row.upstream is not None]
    return statistics.median(rates), sum(right) / len(rows), sum(same) / max(1, len(same))


def main() -> None:
    peers = math_verify_judges()
    letters = {"medtrace": ours, "bare regex": bare_regex} | {name: judge for name, judge in peers.items() if "strings" in name}
    maths = {"medtrace": ours} | {name: judge for name, judge in peers.items() if "strings" not in name}
    for job, name, judges in (("letters", "mmlu_pro", letters), ("maths", "nemo", maths)):
        rows = outputs(name)
        for case, judge in judges.items():
            speed, right, same = rate(judge, rows)
            print(f"{job:8} {case:22} {speed:12,.0f}/s  right {right:6.1%}  agrees {same:6.1%}")
    gold = outputs("mmlu_pro")[0].gold
    for bait, text in BAITS.items():
        times: list[str] = []
        for size in (10_000, 100_000, 1_000_000):
            start = time.perf_counter()
            verify(text * (size // len(text)), gold)
            times.append(f"{(time.perf_counter() - start) * 1000:8.2f}")
        print(f"hostile  {bait:22} 10 kB, 100 kB, 1 MB: {' '.join(times)} ms")


if __name__ == "__main__":
    main()
