"""What teachers and judge would still be asked: the questions that are known, less what the ledger holds."""

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import pyarrow as pa

from pipeline.graph import Execution
from pipeline.models.generate import Completion, Request
from pipeline.models.ledger import Ledger
from pipeline.stages.ask_judge import AskJudgeRecipe, items
from pipeline.stages.sample import questions
from pipeline.step import Step
from pipeline.store import Store
from pipeline.verify.ask_judge import ATTEMPTS, attempt_request, judge_request, read_reply
from schemas.example import Chosen
from schemas.trace import Judgement


class Asking(NamedTuple):
    """The questions to a model, the samples of them, and those that no ledger holds."""

    questions: int
    samples: int
    missing: int


def left_to_ask(step: Step, execution: Execution, store: Store, ledger_root: Path) -> Asking | None:
    """What a step that asks a model would ask now; None while its questions are not all known."""
    units = execution.ran[step.name].units
    if not units or any(len(execution.outputs[read.step]) != units for read in step.reads if not read.whole):
        return None
    if any(ran.left or not ran.units for ran in (execution.ran[read.step] for read in step.reads if read.whole)):
        return None
    judging = isinstance(step.recipe, AskJudgeRecipe)
    asked = samples = missing = 0
    ledger = Ledger(ledger_root)
    try:
        for shard in sorted(execution.outputs[step.reads[0].step]):
            requests = (_judged if judging else requests_of)(step, execution, store, shard)
            asked += len(requests)
            samples += sum(len(request.samples) for request in requests)
            missing += _unread(requests, ledger) if judging else _unknown(requests, ledger)
    finally:
        ledger.close()
    return Asking(asked, samples, missing)


def requests_of(step: Step, execution: Execution, store: Store, shard: int) -> list[Request]:
    """What a sample step asks about a shard."""
    tables: dict[str, list[pa.Table]] = {}
    for read in step.reads:
        refs = execution.refs(read.step, read.output) if read.whole else [execution.outputs[read.step][shard][read.output]]
        tables.setdefault(read.name, []).extend(store.read(ref, read.columns) for ref in refs)
    read = {name: pa.concat_tables(found) for name, found in tables.items()}
    return [question.request for question in questions(recipe=step.recipe, **read)]


def replies_of(step: Step, execution: Execution, store: Store, ledger_root: Path) -> Iterator[tuple[str, Completion]]:
    """What a judge replied, unreadable replies included, each beside the first example that it was asked about."""
    ledger = Ledger(ledger_root)
    try:
        for shard in sorted(execution.outputs[step.name]):
            judgements, chosen = (store.read(execution.outputs[read.step][shard][read.output], read.columns) for read in step.reads)
            examples = judgements[Judgement.example].to_pylist()
            first = {item: examples[place] for place, item in reversed(items(judgements, chosen).items())}
            for item, example in first.items():
                request = judge_request(item, step.recipe.model, max_tokens=step.recipe.max_tokens)
                keys = [attempt_request(request, attempt).key(attempt) for attempt in range(ATTEMPTS)]
                known = ledger.get(keys)
                yield from ((example, known[key]) for key in keys if key in known)
    finally:
        ledger.close()


def _judged(step: Step, execution: Execution, store: Store, shard: int) -> list[Request]:
    """What a judge is asked about a shard, for the first time."""
    judgements = store.read(execution.outputs[step.reads[0].step][shard]["judgements"])
    found = items(judgements, store.read(execution.outputs["choose"][shard]["chosen"], _columns(step)))
    recipe: AskJudgeRecipe = step.recipe
    return [
        judge_request(item, recipe.model, max_tokens=recipe.max_tokens, revision=recipe.revision) for item in dict.fromkeys(found.values())
    ]


def _unknown(requests: Iterable[Request], ledger: Ledger) -> int:
    keys = [request.key(index) for request in requests for index in request.samples]
    return len(keys) - len(ledger.known(keys))


def _unread(requests: Sequence[Request], ledger: Ledger) -> int:
    """The replies that are missing: first ones, and those after replies that cannot be read."""
    missing = 0
    for attempt in range(ATTEMPTS):
        keys = {attempt_request(request, attempt).key(attempt): request for request in requests}
        known = ledger.get(list(keys))
        missing += len(keys) - len(known)
        requests = [keys[key] for key, reply in known.items() if read_reply(reply.text) is None]
    return missing


def _columns(step: Step) -> tuple[str, ...]:
    return next((read.columns for read in step.reads if read.name == "chosen" and read.columns), tuple(Chosen.columns))
