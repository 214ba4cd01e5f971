"""How much the pipeline costs beside its stages: a build of synthetic questions with a model that answers at once.

Run: python -m tests.bench.bench_build --questions 50000 --workers 2
"""

import argparse
import json
import resource
import shutil
import tempfile
import time
from dataclasses import replace
from pathlib import Path

from jobs import inputs
from jobs.plan import build_graph
from pipeline.execute import execute
from pipeline.graph import Graph
from pipeline.run_local import LocalRunner
from pipeline.step import Context
from pipeline.store import Store
from pipeline.work import Took
from tests.bench.instant import open_instant

MANIFEST = """
name = "bench"
[[source]]
name = "synthetic"
kind = "table"
path = "questions.jsonl"
question = "q"
options = ["a", "b", "c", "d"]
gold = { column = "key", as = "letter" }
license = "CC0-1.0"
[[teacher]]
name = "instant"
model = "instant"
samples = 4
"""


def write_questions(path: Path, count: int) -> None:
    """Questions of about 60 words, each different."""
    filler = "presents with progressive symptoms over several weeks and a set of findings on examination " * 4
    with path.open("w") as file:
        for number in range(count):
            row = {"q": f"Case {number}: a patient {filler}. Which is it?", "key": "ABCD"[number % 4]}
            row |= {letter: f"Diagnosis {letter}{number % 97}" for letter in "abcd"}
            file.write(json.dumps(row) + "\n")


def build(folder: Path, workers: int) -> dict[str, float]:
    """Builds up to `publish`; returns the seconds and the memory of this process."""
    asked = inputs.open_manifest(folder / "m.toml")
    begun = time.perf_counter()
    items, _ = inputs.resolve(asked, folder / "fetched")
    graph = build_graph(asked.manifest, items)
    graph = Graph(tuple(replace(step, open=open_instant) if step.open else step for step in graph.steps), graph.part_digests)
    store = Store(folder / "store")
    runner = LocalRunner(store, Context(folder / "store", folder / "ledger"), workers)
    try:
        execution = execute(graph, store, runner)
    finally:
        runner.close()
    seconds = time.perf_counter() - begun
    if execution.errors:
        raise execution.errors[0]
    for name, ran in execution.ran.items():
        print(
            f"  {name:<22} {ran.done:>4} units {ran.took.stage_s:8.2f} s in the stage {ran.took.wall_s:8.2f} s in all, CPU {ran.took.stage_cpu_s:8.2f} of {ran.took.cpu_s:8.2f} s"
        )
    took = Took()
    for ran in execution.ran.values():
        took = took.plus(ran.took)
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return {
        "seconds": seconds,
        "outside": 1 - took.stage_s / took.wall_s,
        "outside_cpu": 1 - took.stage_cpu_s / took.cpu_s,
        "driver_mib": memory,
    }


def main() -> None:
    """Prints questions per second, the share outside stages, and the driver's memory."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--questions", type=int, default=50_000)
    parser.add_argument("--workers", type=int, default=2)
    given = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="medtrace-bench-"))
    try:
        (folder / "m.toml").write_text(MANIFEST)
        write_questions(folder / "questions.jsonl", given.questions)
        found = build(folder, given.workers)
    finally:
        shutil.rmtree(folder)
    rate = given.questions / found["seconds"]
    print(
        f"{given.questions} questions x 4: {found['seconds']:.1f} s, {rate:,.0f} questions/s, "
        f"outside stages {found['outside']:.0%} of the units' time and {found['outside_cpu']:.0%} of their CPU, driver {found['driver_mib']:.0f} MiB"
    )


if __name__ == "__main__":
    main()
