"""What a large ledger costs: writing, opening, looking up, compacting, in time, memory and bytes; and the loss window of an object store.

Run: python -m tests.bench.bench_ledger --answers 1000000 --lookups 10000
     python -m tests.bench.bench_ledger --window 60        (seconds; an S3 server on loopback, moto's)
Each part runs in a process of its own; memory is the resident set at its peak, with what it was after the imports beside it.
"""

import argparse
import hashlib
import json
import os
import random
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

BATCH = 64
WORDS = [
    "the",
    "patient",
    "presents",
    "with",
    "progressive",
    "symptoms",
    "over",
    "weeks",
    "imaging",
    "shows",
    "a",
    "lesion",
    "therefore",
    "the",
    "most",
    "likely",
    "diagnosis",
    "is",
]
ROOT = Path(__file__).parents[2]


def key(number: int) -> str:
    return hashlib.sha256(f"answer {number}".encode()).hexdigest()


def peak_mib() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def now_mib() -> float:
    return int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize() / 2**20


def write(root: Path, start: int, stop: int) -> dict[str, object]:
    """Answers of about 200 words as a teacher's recorder puts them."""
    from pipeline.models.entry import LedgerEntry
    from pipeline.models.generate import Completion
    from pipeline.models.ledger import Ledger

    ledger, chosen = Ledger(root), random.Random(start)
    begun, cpu_s, rss, tenth = time.perf_counter(), time.process_time(), list[float](), (stop - start) // 10
    base = now_mib()
    for first in range(start, stop, BATCH):
        entries: list[LedgerEntry] = []
        for number in range(first, min(first + BATCH, stop)):
            text = " ".join(chosen.choices(WORDS, k=200))
            raw = json.dumps({"id": number, "choices": [{"message": {"content": text}, "finish_reason": "stop"}]})
            entries.append(LedgerEntry(key(number), "model", Completion(text, "stop", "model", 300, 260), raw))
        ledger.put(entries)
        if (first - start) // tenth != (first + BATCH - start) // tenth:
            rss.append(now_mib())
    ledger.close()
    return {
        "s": time.perf_counter() - begun,
        "cpu_ms": (time.process_time() - cpu_s) * 1000 / (stop - start),
        "base": base,
        "rss": rss,
        "peak": peak_mib(),
    }


def look_up(root: Path, answers: int, lookups: int) -> dict[str, object]:
    """Opens and looks keys up, half of them of answers that are there."""
    from pipeline.models.ledger import Ledger

    chosen = random.Random(7)
    wanted = [key(chosen.randrange(answers)) for _ in range(lookups // 2)] + [key(answers + number) for number in range(lookups // 2)]
    base = now_mib()
    begun = time.perf_counter()
    ledger = Ledger(root)
    ledger.known(wanted[:1])
    opened = time.perf_counter()
    known = ledger.known(wanted)
    looked_up = time.perf_counter()
    found = ledger.get(wanted)
    read = time.perf_counter()
    assert known == set(found) == set(wanted[: lookups // 2])
    return {
        "open_ms": (opened - begun) * 1000,
        "known_s": looked_up - opened,
        "get_s": read - looked_up,
        "base": base,
        "peak": peak_mib(),
        "read_mib": read_bytes() / 2**20,
    }


def read_bytes() -> int:
    """All that this process read by system calls."""
    return next(int(line.split()[1]) for line in Path("/proc/self/io").read_text().splitlines() if line.startswith("rchar"))


def apart(*arguments: object) -> dict[str, object]:
    """A part in a process of its own."""
    told = subprocess.run(
        [sys.executable, "-m", "tests.bench.bench_ledger", *map(str, arguments)], cwd=ROOT, check=True, stdout=subprocess.PIPE, text=True
    )
    return json.loads(told.stdout)


def size(root: Path) -> tuple[int, int]:
    """Files and bytes of a ledger."""
    paths = [path for path in root.iterdir() if path.is_file()]
    return len(paths), sum(path.stat().st_size for path in paths)


def large(answers: int, lookups: int) -> None:
    folder = Path(tempfile.mkdtemp(prefix="medtrace-bench-ledger-"))
    try:
        for count in (answers // 10, answers):
            root = folder / str(count)
            wrote = apart("--part", "write", "--root", root, "--answers", count)
            files, nbytes = size(root)
            print(
                f"{count:,} answers written in {wrote['s']:.0f} s, CPU {wrote['cpu_ms']:.3f} ms each, compaction included: {files} files, {nbytes / 2**20:,.0f} MiB;"
                f" resident {wrote['base']:.0f} MiB before, by tenths {' '.join(f'{mib:.0f}' for mib in wrote['rss'])}, peak {wrote['peak']:.0f}",
                flush=True,
            )
            for name in ("as it was left", "compacted"):
                told = apart("--part", "look-up", "--root", root, "--answers", count, "--lookups", lookups)
                print(
                    f"  {name}: opened in {told['open_ms']:.0f} ms, {lookups:,} keys known in {told['known_s']:.2f} s, {lookups // 2:,} answers read in {told['get_s']:.2f} s;"
                    f" {told['read_mib']:.0f} MiB read in all; resident {told['base']:.0f} MiB before, peak {told['peak']:.0f}",
                    flush=True,
                )
                if name == "as it was left":
                    begun = time.perf_counter()
                    apart("--part", "compact", "--root", root)
                    print(f"  compacted whole in {time.perf_counter() - begun:.1f} s: {size(root)[0]} files", flush=True)
    finally:
        shutil.rmtree(folder)


def journalling(root: Path) -> None:
    """A writer of about 200 answers a second that says what is durable here, and when."""
    from pipeline.models.entry import LedgerEntry
    from pipeline.models.generate import Completion
    from pipeline.models.ledger import Ledger

    ledger = Ledger(root)
    number = 0
    while True:
        ledger.put([LedgerEntry(key(number + part), "model", Completion("x" * 1000, "stop"), os.urandom(1000).hex()) for part in range(2)])
        print(number + 2, time.time(), flush=True)
        number += 2
        time.sleep(0.01)


def window(seconds: float) -> None:
    """Loses a machine with its journal at random moments, and says what the object store did not have."""
    from pipeline.models.ledger import Ledger
    from pipeline.models.remote import join
    from tests.fixtures import object_store

    folder = Path(tempfile.mkdtemp(prefix="medtrace-bench-window-"))
    chosen = random.Random(1)
    try:
        with object_store.serving() as url:
            os.environ |= object_store.environment(url)
            begun, lost = time.monotonic(), list[tuple[float, int, int]]()
            while time.monotonic() - begun < seconds:
                here, there = folder / f"machine{len(lost)}", f"s3://{object_store.BUCKET}/{len(lost)}"
                here.mkdir()
                join(here, there)
                writer = subprocess.Popen(
                    [sys.executable, "-m", "tests.bench.bench_ledger", "--part", "journal", "--root", str(here)],
                    cwd=ROOT,
                    stdout=subprocess.PIPE,
                    text=True,
                )
                assert writer.stdout is not None
                stop, durable = time.monotonic() + chosen.uniform(6, 16), list[tuple[int, float]]()
                while time.monotonic() < stop:
                    count, at_s = writer.stdout.readline().split()
                    durable.append((int(count), float(at_s)))
                os.kill(writer.pid, signal.SIGKILL)
                rest, _ = writer.communicate()
                durable += [(int(line.split()[0]), float(line.split()[1])) for line in rest.splitlines() if len(line.split()) == 2]
                died_s = durable[-1][1]
                shutil.rmtree(here)
                other = folder / f"other{len(lost)}"
                other.mkdir()
                join(other, there)
                reached = len(list(Ledger(other).entries()))
                oldest = next((at_s for count, at_s in durable if count > reached), died_s)
                lost.append((died_s - oldest, durable[-1][0] - reached, durable[-1][0]))
                print(f"  {lost[-1][2]:,} answers, {lost[-1][1]:,} lost with the machine, the oldest {lost[-1][0]:.2f} s old", flush=True)
            print(
                f"{len(lost)} machines lost: window at most {max(one[0] for one in lost):.2f} s, mean {sum(one[0] for one in lost) / len(lost):.2f} s"
            )
    finally:
        shutil.rmtree(folder)


def main() -> None:
    """Runs what is asked for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--answers", type=int, default=100_000)
    parser.add_argument("--lookups", type=int, default=10_000)
    parser.add_argument("--window", type=float, default=0.0)
    parser.add_argument("--part", default="", help=argparse.SUPPRESS)
    parser.add_argument("--root", type=Path, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.part == "journal":
        journalling(given.root)
    elif given.part == "write":
        print(json.dumps(write(given.root, 0, given.answers)))
    elif given.part == "look-up":
        print(json.dumps(look_up(given.root, given.answers, given.lookups)))
    elif given.part == "compact":
        from pipeline.models.ledger import Ledger

        print(json.dumps({"merged": Ledger(given.root).compact().merged}))
    elif given.window:
        window(given.window)
    else:
        large(given.answers, given.lookups)


if __name__ == "__main__":
    main()
