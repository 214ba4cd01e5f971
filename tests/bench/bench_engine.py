"""Tokens a second of the engine's stage (ledger, verifier) beside a bare AsyncLLM loop: same engine, same prompts, block by block.

MEDTRACE_DATA=DIR python -m tests.bench.bench_engine MODEL [--questions 200 --both 100 --samples 8 --max-tokens 64 --block 20 --replay 40]

Each block of the first questions is answered by both, the one that begins taking turns, the prefix cache emptied before each. Seconds are of
the wall and of the CPU (this process and the engine's); on a busy machine the latter are to be believed. Then some of the questions
are sampled up to sixteen times, and adaptive rounds are replayed on these rollouts without an engine.
"""

import argparse
import asyncio
import importlib.util
import os
import resource
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

import pyarrow as pa

from jobs import inputs
from jobs.benchmarks import datasets_of
from jobs.build import Options, run
from jobs.steps.evaluation import Evaluation, evaluation_graph
from pipeline.models.accounts import Cap as MoneyCap
from pipeline.models.accounts import Caps, Money
from pipeline.models.engine_args import Weights
from pipeline.models.generate import Request, Text
from pipeline.models.ledger import Ledger
from pipeline.models.open_engine import LazyEngine
from pipeline.prompts import by_name
from pipeline.sampling import Cap, Design
from pipeline.stages.judge import JudgeRecipe, judge
from pipeline.stages.sample import SampleRecipe, questions, sample
from pipeline.step import Context
from pipeline.store import Store
from pipeline.verify.answer import VERIFIER
from schemas.trace import Judgement, Trace, Verdict
from tests.bench.kill_builds import descendants

SETS = {"medmcqa": "medmcqa", "medqa": "medqa", "mmlu_med": "mmlu", "pubmedqa": "pubmedqa"}
TICK = os.sysconf("SC_CLK_TCK")
FIXED = Design((16,))
DESIGNS = {
    "samples = 16": FIXED,
    "rounds = [4, 4, 8], until_correct = 4": Design((4, 4, 8), 4),
    "the same, none right in the first round: 8": Design((4, 4, 8), 4, (Cap(0.0, 0.0, 8),)),
    "rounds = [4, 4, 8], until_correct = 2": Design((4, 4, 8), 2),
    "rounds = [4, 4, 8], until_correct = 1": Design((4, 4, 8), 1),
}
MOST = 4  # right rollouts of a question that are kept


class Spent(NamedTuple):
    """What some work took, and the tokens that it made."""

    tokens: int
    wall_s: float
    cpu_s: float

    def plus(self, other: "Spent") -> "Spent":
        return Spent(self.tokens + other.tokens, self.wall_s + other.wall_s, self.cpu_s + other.cpu_s)

    def per(self, unit: str) -> float:
        """Tokens a second of the wall or of the CPU."""
        return self.tokens / getattr(self, unit)

    def __str__(self) -> str:
        return f"{self.tokens:6,} tokens, {self.wall_s:7.1f} s ({self.tokens / self.wall_s:6.1f}/s), CPU {self.cpu_s:7.1f} s ({self.tokens / self.cpu_s:6.1f}/s)"


def cpu_s() -> float:
    """CPU seconds of this process and of all that it started."""
    ended = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    total = sum(used.ru_utime + used.ru_stime for used in ended)
    for pid, _ in descendants(os.getpid()):
        try:
            fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        except OSError:
            continue
        total += (int(fields[11]) + int(fields[12])) / TICK
    return total


def timed(work: Callable[[], int]) -> Spent:
    """What a piece of work took that returns its tokens."""
    wall, cpu = time.perf_counter(), cpu_s()
    tokens = work()
    return Spent(tokens, time.perf_counter() - wall, cpu_s() - cpu)


def posed(given: argparse.Namespace, folder: Path) -> tuple[pa.Table, SampleRecipe]:
    """The questions of the benchmarks in equal parts, as an evaluation puts them, and its recipe."""
    datasets = datasets_of(SETS, {name: str(Path(given.data) / where) for name, where in SETS.items()}, {})
    asked = Evaluation(
        "bench",
        by_name(given.prompt),
        sees=("text",),
        samples=given.samples,
        max_tokens=given.max_tokens,
        max_rows=-(-given.questions // len(SETS)),
        may_send=True,
    )
    items, _ = inputs.resolve_all([(one, True) for one in datasets], Path.cwd(), folder / "lock.json", folder / "fetched")
    graph = evaluation_graph(asked, items, Money("bench", None, Caps(MoneyCap(None))))
    found = run(graph.until("pose"), Options(folder / "store", folder / "out", "local", 1))
    store = Store(folder / "store")
    tables = [store.read(ref) for ref in found.refs("pose", "chosen")]
    (recipe,) = (step.recipe for step in graph.steps if step.name.startswith("sample"))
    return pa.concat_tables(tables).slice(0, given.questions), recipe


async def bare(engine: Any, prompts: Sequence[tuple[str, Request]]) -> int:
    """What one writes who has an engine and some prompts: all at once, each awaited."""
    from vllm import SamplingParams
    from vllm.sampling_params import RequestOutputKind

    async def one(prompt: str, request: Request, number: int) -> int:
        told = request.sampling
        params = SamplingParams(
            n=len(request.samples),
            seed=request.seed,
            temperature=told.temperature,
            top_p=told.top_p,
            max_tokens=told.max_tokens,
            output_kind=RequestOutputKind.FINAL_ONLY,
        )
        final = None
        async for output in engine.generate({"prompt": prompt}, params, f"bare {time.monotonic_ns()} {number}"):
            final = output
        return sum(len(each.token_ids) for each in final.outputs) if final else 0

    return sum(await asyncio.gather(*(one(prompt, request, number) for number, (prompt, request) in enumerate(prompts))))


def stage(chosen: pa.Table, recipe: SampleRecipe, handle: Any) -> tuple[int, Counter[str]]:
    """Sampled and judged: tokens, and verdicts."""
    traces = sample(chosen, recipe, handle)["traces"]
    judged = judge(traces, chosen, JudgeRecipe("eval", VERIFIER))["judgements"]
    return sum(traces[Trace.completion_tokens].to_pylist()), Counter(judged[Judgement.verdict].to_pylist())


def main() -> None:
    """Prints a line a block, and the sums after each."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model", type=Path, nargs="?", help="The folder of a model for text.")
    parser.add_argument("--data", type=Path, default=os.environ.get("MEDTRACE_DATA"))
    parser.add_argument("--questions", type=int, default=200)
    parser.add_argument("--both", type=int, default=100, help="Questions that the bare loop answers too.")
    parser.add_argument("--samples", type=int, default=8)
    parser.add_argument("--max-tokens", type=int, default=64)
    parser.add_argument("--block", type=int, default=20)
    parser.add_argument("--minutes", type=float, default=1e9, help="Begin no block after so many.")
    parser.add_argument("--prompt", default="direct.2")
    parser.add_argument("--replay", type=int, default=40, help="Questions on whose rollouts policies are replayed.")
    given = parser.parse_args()
    if given.model is None or given.data is None or importlib.util.find_spec("vllm") is None:
        print("Not measured: that takes vLLM, the folder of a model and MEDTRACE_DATA.")
        return
    with tempfile.TemporaryDirectory() as folder:
        measure(given, Path(folder))


def measure(given: argparse.Namespace, folder: Path) -> None:
    """All blocks, then all of them again from the ledger."""
    from transformers import AutoTokenizer

    from pipeline.models.vllm import VllmTeacher

    chosen, recipe = posed(given, folder)
    tokenizer: Any = AutoTokenizer.from_pretrained(given.model)
    weights, ledger = Weights(str(given.model)), folder / "ledger"
    teacher = VllmTeacher(weights, Ledger(ledger))
    engine, loop = teacher._engine, teacher._loop

    def alone(prompts: Sequence[tuple[str, Request]]) -> int:
        return asyncio.run_coroutine_threadsafe(bare(engine, prompts), loop).result()

    def ready(request: Request) -> tuple[str, Request]:
        turns = [
            {"role": one.role, "content": "".join(part.text for part in one.parts if isinstance(part, Text))} for one in request.messages
        ]
        return tokenizer.apply_chat_template(turns, tokenize=False, add_generation_prompt=True), request

    alone([ready(questions(chosen.slice(0, 1), recipe)[0].request)])  # what is made at the first call is nobody's
    sums = {name: Spent(0, 0.0, 0.0) for name in ("bare", "ours", "ours alone")}
    verdicts: Counter[str] = Counter()
    begun, asked = time.monotonic(), 0
    for number, start in enumerate(range(0, chosen.num_rows, given.block)):
        if time.monotonic() - begun > 60 * given.minutes:
            break
        block = chosen.slice(start, given.block)
        asked += block.num_rows
        prompts = [ready(one.request) for one in questions(block, recipe)]

        def ours(block: pa.Table = block) -> int:
            tokens, found = stage(block, recipe, teacher)
            verdicts.update(found)
            return tokens

        works = {"bare": lambda prompts=prompts: alone(prompts), "ours": ours} if start < given.both else {"ours alone": ours}
        for name in sorted(works, reverse=bool(number % 2)):
            asyncio.run_coroutine_threadsafe(engine.reset_prefix_cache(), loop).result()
            spent = timed(works[name])
            sums[name] = sums[name].plus(spent)
            print(f"block {number + 1} {name}: {spent}", flush=True)
        if start < given.both:
            cpu, wall = (sums["ours"].per(unit) / sums["bare"].per(unit) for unit in ("cpu_s", "wall_s"))
            print(f"so far, ours / bare: {cpu:.3f} by CPU, {wall:.3f} by wall", flush=True)
    total = sum(verdicts.values())
    replay = chosen.slice(0, min(asked, given.replay))
    print(*(f"{name}: {each}" for name, each in sums.items() if each.tokens), sep="\n")
    print(f"{asked} questions, {total:,} answers, accepted {verdicts[Verdict.CORRECT] / total:.1%}; {dict(verdicts.most_common())}")
    if replay.num_rows:
        before = teacher.told.answered
        played(replay, recipe, FIXED, teacher)
        print(f"{FIXED.rounds[0]} rollouts of {replay.num_rows} questions: {teacher.told.answered - before} more generated")
    teacher.close()
    again(chosen.slice(0, asked), recipe, weights, folder)
    compare(replay, recipe, folder)


def again(chosen: pa.Table, recipe: SampleRecipe, weights: Weights, folder: Path) -> None:
    """The same stage a second time."""
    lazy = LazyEngine(weights, Context(folder / "store", folder / "ledger"))
    spent = timed(lambda: stage(chosen, recipe, lazy)[0])
    print(f"again from the ledger: {spent}; {lazy.told.answered} generated, engine started: {lazy._engine is not None}")
    lazy.close()


class Played(NamedTuple):
    """What one policy took of some questions, and gave."""

    rollouts: int
    kept: int
    solved: int
    rates: float

    def told(self, questions: int) -> str:
        return (
            f"{self.rollouts / questions:.1f} rollouts a question, {self.rollouts / max(self.kept, 1):.2f} a kept trace, "
            f"{self.kept} kept, solved {self.solved / questions:.1%}, mean pass rate {self.rates / questions:.3f}"
        )


def played(chosen: pa.Table, recipe: SampleRecipe, design: Design, handle: Any) -> Played:
    """The rounds of a policy, each by the stages themselves."""
    judged: pa.Table | None = None
    for round, samples in enumerate(design.rounds):
        mine = replace(recipe, samples=samples, round=round, design=design if round else None)
        traces = sample(chosen, mine, handle, judged=judged)["traces"]
        judgements = judge(traces, chosen, JudgeRecipe("eval", VERIFIER))["judgements"]
        judged = judgements if judged is None else pa.concat_tables([judged, judgements])
    assert judged is not None
    examples, verdicts = judged[Judgement.example].to_pylist(), judged[Judgement.verdict].to_pylist()
    sampled = Counter(examples)
    right = Counter(one for one, verdict in zip(examples, verdicts, strict=True) if verdict == Verdict.CORRECT)
    rates = sum(design.estimate(count, right[one]) for one, count in sampled.items())
    return Played(len(examples), sum(min(count, MOST) for count in right.values()), len(right), rates)


def compare(chosen: pa.Table, recipe: SampleRecipe, folder: Path) -> None:
    """Every policy on the same rollouts, without an engine."""
    lazy = LazyEngine(Weights(str(folder / "nowhere")), Context(folder / "store", folder / "ledger"))
    for name, design in DESIGNS.items() if chosen.num_rows else ():
        print(f"{name}: {played(chosen, recipe, design, lazy).told(chosen.num_rows)}; {lazy.told.answered} generated", flush=True)
    lazy.close()


if __name__ == "__main__":
    main()
