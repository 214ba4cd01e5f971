"""Verdicts a second on one core, beside math-verify and a bare regex, on the same real outputs in one run.

MEDTRACE_DATA=DIR python -m tests.bench.bench_verify
"""

import importlib
import importlib.util
import os
import re
import statistics
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import replace

from pipeline.verify import choice, fold, mention
from pipeline.verify.answer import Policy, verify
from pipeline.verify.flags import flags
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


def rates(judges: dict[str, Judge], rows: Sequence[Output]) -> dict[str, list[float]]:
    """Verdicts per second of CPU time for each judge, the judges taking turns; a first turn warms and does not count."""
    found: dict[str, list[float]] = {name: [] for name in judges}
    for turn in range(ROUNDS + 1):
        for name, judge in judges.items():
            start = time.process_time()
            for row in rows:
                judge(row)
            if turn:
                found[name].append(len(rows) / (time.process_time() - start))
    return found


def compare(job: str, judges: dict[str, Judge], rows: Sequence[Output]) -> None:
    """A line per judge: rates, how often it says right, and how often it agrees with upstream's flag."""
    for name, each in rates(judges, rows).items():
        right = [judges[name](row) for row in rows]
        same = [verdict == row.upstream for verdict, row in zip(right, rows, strict=True) if row.upstream is not None]
        speeds = f"{min(each):11,.0f} {statistics.median(each):11,.0f} {max(each):11,.0f}"
        print(f"{job:12} {name:20} {speeds}   right {sum(right) / len(rows):6.1%}  agrees {sum(same) / max(1, len(same)):6.1%}")


def first_sight(rows: Sequence[Output]) -> None:
    """Rates where nothing is remembered: a new gold for each output, and empty caches before each turn."""
    caches = [value.cache_clear for module in (choice, fold, mention) for value in vars(module).values() if hasattr(value, "cache_clear")]
    each: list[float] = []
    for _ in range(ROUNDS):
        fresh = [row._replace(gold=replace(row.gold)) for row in rows]
        for clear in caches:
            clear()
        start = time.process_time()
        for row in fresh:
            ours(row)
        each.append(len(rows) / (time.process_time() - start))
    print(f"{'letters cold':12} {'medtrace':20} {min(each):11,.0f} {statistics.median(each):11,.0f} {max(each):11,.0f}")


def hostile() -> None:
    gold = outputs("mmlu_pro")[0].gold
    for bait, text in BAITS.items():
        times: list[str] = []
        for size in (10_000, 100_000, 1_000_000):
            start = time.process_time()
            verify(text * (size // len(text)), gold)
            times.append(f"{(time.process_time() - start) * 1000:8.2f}")
        print(f"{'hostile':12} {bait:20} 10 kB, 100 kB, 1 MB: {' '.join(times)} ms")


def flagging() -> None:
    joined = "\n".join(row.text for row in outputs("mmlu_pro"))
    for size in (3_000, 10_000, 100_000, 1_000_000):
        texts = [joined[start : start + size] for start in range(0, min(len(joined) - size, 60 * size) + 1, size)][:60]
        each: list[float] = []
        for text in texts:
            start = time.process_time()
            flags(text)
            each.append((time.process_time() - start) * 1e6)
        print(f"{'flags':12} {size:9,} characters   median {statistics.median(each):10,.0f} us")


def main() -> None:
    print(f"load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores; verdicts per second of CPU time: min, median, max of {ROUNDS}")
    peers = math_verify_judges()
    letters = {"medtrace": ours, "bare regex": bare_regex} | {name: judge for name, judge in peers.items() if "strings" in name}
    maths = {"medtrace": ours} | {name: judge for name, judge in peers.items() if "strings" not in name}
    compare("letters", letters, outputs("mmlu_pro"))
    first_sight(outputs("mmlu_pro"))
    compare("maths", maths, outputs("nemo"))
    hostile()
    flagging()


if __name__ == "__main__":
    main()
