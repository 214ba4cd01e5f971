"""Kills a model's engine, or the process that it answers, at random moments, and proves that nothing in the ledger is generated again.

Run: python -m tests.bench.kill_engines --kills 10 [--folder EMPTY]

One sampling of made-up questions by a tiny model goes on through all kills. At its end it is selected again from the ledger alone.
All processes are forked from one that has imported vLLM, which is most of what a start takes.
"""

import argparse
import json
import multiprocessing
import os
import random
import signal
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

import pyarrow as pa
import pyarrow.parquet as pq

from pipeline.models.engine_args import CPU_ENVIRONMENT, VARIABLE, Weights
from pipeline.models.generate import Completion, Request
from pipeline.models.ledger import Ledger
from pipeline.models.open_engine import LazyEngine
from pipeline.prompts import by_name
from pipeline.sampling import Design
from pipeline.stages.judge import JudgeRecipe, judge
from pipeline.stages.sample import SampleRecipe, sample
from pipeline.stages.select import SelectRecipe, select
from pipeline.step import Context
from pipeline.verify.answer import VERIFIER
from schemas.errors import EngineError
from schemas.example import Example
from schemas.trace import Selected
from tests.bench.kill_builds import descendants
from tests.fixtures.stage_rows import chosen, example, mcq

SAMPLES, UNIT, UNITS_IN_FLIGHT = 4, 8, 3
# By chance alone a quarter of the answers is right: there is something to select.
GRAMMAR = r"""root ::= "<think>\n" [a-z ]{20,60} "\n</think>\n\n\\boxed{" [A-D] "}" """
DIED, BOUND_S, GONE_S = 3, 900.0, 60.0
ENVIRONMENT = CPU_ENVIRONMENT | {
    VARIABLE: '{"max_model_len": 512}',
    "OMP_NUM_THREADS": "1",
    "VLLM_LOGGING_LEVEL": "ERROR",
}
PRELOADED = [
    "pipeline.models.vllm",
    "vllm",
    "vllm.v1.engine.async_llm",
    "vllm.v1.engine.core",
    "vllm.v1.executor.multiproc_executor",
    "tests.bench.kill_engines",
]


def questions(count: int) -> pa.Table:
    """Questions of four options, like nobody's."""
    options = ["the first", "the second", "the third", "the fourth"]
    rows = [{Example.options: options, Example.gold_json: mcq(number % 4), Example.answer: "ABCD"[number % 4]} for number in range(count)]
    return chosen([example(f"{number:04}", **row) for number, row in enumerate(rows)])


RECIPE = SampleRecipe(
    teacher="student",
    model="tiny",
    sees=("text",),
    earlier=(),
    prompt=by_name("boxed"),
    structure="",
    structure_version=0,
    samples=SAMPLES,
    temperature=1.0,
    top_p=1.0,
    max_tokens=96,
    seed=0,
)


class Short:
    """A model held to a short thought and a box."""

    def __init__(self, handle: Any) -> None:
        self._handle = handle

    def __call__(self, requests: Sequence[Request]) -> list[tuple[Completion, ...]]:
        return self._handle([replace(one, sampling=replace(one.sampling, grammar=GRAMMAR)) for one in requests])

    def close(self) -> None:
        self._handle.close()


def selected(count: int, handle: Any) -> pa.Table:
    """What is selected of all units, several of which are in flight at once."""
    asked = questions(count)

    def unit(start: int) -> pa.Table:
        part = asked.slice(start, UNIT)
        traces = sample(part, RECIPE, Short(handle))["traces"]
        judged = judge(traces, part, JudgeRecipe("train", VERIFIER))["judgements"]
        return select(traces, judged, SelectRecipe(SAMPLES, True, Design((SAMPLES,))))["selected"]

    with ThreadPoolExecutor(UNITS_IN_FLIGHT) as pool:
        return pa.concat_tables(list(pool.map(unit, range(0, count, UNIT))))


def answer(folder: Path, count: int) -> None:
    """The process that is killed: an engine that writes down what it is about to generate."""
    from vllm.v1.engine import utils
    from vllm.v1.executor import multiproc_executor

    from pipeline.models.vllm import VllmTeacher

    utils.get_mp_context = multiproc_executor.get_mp_context = lambda: multiprocessing.get_context("fork")

    class Logged(VllmTeacher):
        async def _generate(self, request: Request, run: range) -> Any:
            with (folder / "generated").open("a") as log:
                log.write(json.dumps([request.key(index) for index in run]) + "\n")
            return await super()._generate(request, run)

    teacher = Logged(Weights(str(folder / "model")), Ledger(folder / "ledger"))
    try:
        pq.write_table(selected(count, teacher), folder / "selected.parquet")
    except EngineError:
        raise SystemExit(DIED) from None
    finally:
        teacher.close()


class Kill(NamedTuple):
    """What one kill did."""

    victim: str
    kept: int
    again: int
    left: int


def in_ledger(folder: Path) -> set[str]:
    """The keys of all answers that are kept."""
    if not (folder / "ledger").exists():
        return set()
    ledger = Ledger(folder / "ledger")
    try:
        return {entry.key for entry in ledger.entries()}
    finally:
        ledger.close()


def generated(folder: Path) -> Counter[str]:
    """How often each key was about to be generated."""
    log = folder / "generated"
    lines = log.read_text().splitlines() if log.exists() else []
    return Counter(key for line in lines for key in json.loads(line))


def start(folder: Path, count: int) -> Any:
    """A process that answers, which has begun."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(PRELOADED)
    process = context.Process(target=answer, args=(folder, count))
    process.start()
    return process


def strike(folder: Path, count: int, moment: int, victim: str) -> Kill | None:
    """Kills the engine or its driver once so many answers are kept; None where all was answered before."""
    before, process = generated(folder), start(folder, count)
    known = in_ledger(folder)
    stop_s = time.monotonic() + BOUND_S
    while len(in_ledger(folder)) < moment and process.is_alive() and time.monotonic() < stop_s:
        time.sleep(0.02)
    below = [(pid, title) for pid, title in descendants(process.pid) if "engine_guard" not in title]  # which stays a while, to look
    if not process.is_alive():
        return None
    os.kill(process.pid if victim == "driver" else next(pid for pid, title in below if "EngineCore" in title), signal.SIGKILL)
    process.join(BOUND_S)
    if victim == "engine" and process.exitcode != DIED:
        raise SystemExit(f"The engine's death was not told: the process ended with {process.exitcode}")
    gone_s = time.monotonic() + GONE_S
    while (left := [pid for pid, _ in below if Path(f"/proc/{pid}").exists()]) and time.monotonic() < gone_s:
        time.sleep(0.1)
    for pid in left:
        os.kill(pid, signal.SIGKILL)
    since = set(generated(folder) - before)
    return Kill(victim, len(in_ledger(folder)), len(known & since), len(left))


def series(folder: Path, *, kills: int, count: int, seed: int) -> list[Kill]:
    """Kills until so many are done, the last run in peace; prints a line a kill."""
    from tests.fixtures.tiny_model import save_language_model

    save_language_model(folder / "model")
    chosen_at, total = random.Random(seed), count * SAMPLES
    found: list[Kill] = []
    while len(found) < kills:
        have = len(in_ledger(folder))
        moment = have + chosen_at.randint(0, max(1, (total - have) // (kills - len(found) + 1)))
        one = strike(folder, count, moment, chosen_at.choice(("engine", "driver")))
        if one is None:
            raise SystemExit(f"All was answered after {len(found)} kills: ask more questions.")
        found.append(one)
        print(
            f"kill {len(found)}: {one.victim}, {one.kept} of {total} kept; {one.again} kept ones generated again, {one.left} processes left",
            flush=True,
        )
    return found


def finish(folder: Path, count: int) -> tuple[int, int, bool, int]:
    """The last run and the replay: kept ones generated again, keys generated more than once, whether both select the same, and how many."""
    known, before = in_ledger(folder), generated(folder)
    process = start(folder, count)
    process.join(BOUND_S)
    if process.exitcode != 0:
        raise SystemExit(f"The last run failed with {process.exitcode}")
    since = set(generated(folder) - before)
    lazy = LazyEngine(Weights(str(folder / "nowhere")), Context(folder / "store", folder / "ledger"))
    replayed = selected(count, lazy)
    lazy.close()
    last = pq.read_table(folder / "selected.parquet")
    twice = sum(times > 1 for times in generated(folder).values())
    return len(known & since), twice, last.equals(replayed), sum(last[Selected.kept].to_pylist())


def main() -> None:
    """Prints the series and exits with 1 where anything was generated again, or selected otherwise."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=10)
    parser.add_argument("--questions", type=int, default=96)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--folder", type=Path, help="Where to work [default: a temporary folder].")
    given = parser.parse_args()
    os.environ.update(ENVIRONMENT)
    with tempfile.TemporaryDirectory(dir=given.folder) as name:
        folder = Path(name)
        kills = series(folder, kills=given.kills, count=given.questions, seed=given.seed)
        again, twice, same, kept = finish(folder, given.questions)
    print(
        f"last run: {again} kept ones generated again; replayed from the ledger: {'the same selection' if same else 'ANOTHER selection'}, {kept} traces"
    )
    print(
        f"{len(kills)} kills; {twice} answers begun more than once, in flight when killed; {sum(one.left for one in kills)} processes left behind"
    )
    raise SystemExit(1 if again or not same or any(one.again or one.left for one in kills) else 0)


if __name__ == "__main__":
    main()
