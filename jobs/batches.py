"""Asking teachers in provider batches: what is missing is sent, waited for, and put into the ledger that builds read."""

import os
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

from jobs import inputs as found
from jobs.asking import requests_of
from jobs.budgets import caps_of
from jobs.build import Nobody, Options, hold_back, prepare, run
from pipeline.execute import execute
from pipeline.graph import Execution, Graph, Watch
from pipeline.models.batch_bill import Bill
from pipeline.models.batches import Batches, Collected, Sent, State
from pipeline.models.budget import Keeper
from pipeline.models.chat import body_of, head_of
from pipeline.models.endpoints import endpoint_for
from pipeline.models.generate import Request
from pipeline.models.ledger import Ledger
from pipeline.models.payer import used_up
from pipeline.models.prices import price_of
from pipeline.models.providers import GENERIC, Provider
from pipeline.stages.sample import SampleRecipe
from pipeline.step import Step
from pipeline.store import Store
from schemas.errors import BudgetError, TeacherError, UsageError
from schemas.manifest import Manifest

# OpenAI prices batches at half of what the same tokens cost at once (platform.openai.com/docs/guides/batch).
SHARE_OF_PRICE = 2
_RETRIES = 5


class _Bodies:
    """The body of each sample's request; what the samples of one question share is encoded once."""

    def __init__(self, provider: Provider) -> None:
        self._provider = provider
        self._head: tuple[Request, bytes] | None = None

    def __call__(self, request: Request, index: int) -> bytes:
        if self._head is None or self._head[0] is not request:
            self._head = (request, head_of(request, self._provider))
        return body_of(self._head[1], request.seed + index) if self._provider.seed else self._head[1]


class Round(NamedTuple):
    """What one teacher's batches did. `held_back`: requests that a budget does not let go now, as `over` says."""

    teacher: str
    sent: tuple[Sent, ...] = ()
    states: tuple[State, ...] = ()
    collected: Collected = Collected()
    cancelled: int = 0
    held_back: int = 0
    over: str = ""


def options_of(asked: found.Asked, store: Path) -> Options:
    """What batches are run with: this machine, nothing published."""
    return Options(store.absolute(), Path("out") / asked.manifest.name)


def send(asked: found.Asked, options: Options, watch: Watch | None = None) -> list[Round]:
    """Runs what comes before the questions, then sends every sample that is neither in the ledger nor under way.

    Raises: MedtraceError.
    """
    if asked.manifest.student:
        raise UsageError(f"{asked.manifest.name} has a student, which no provider's batch samples. Build without --batch.")
    graph, items, _ = prepare(asked, replace(options, until=None))
    found.check_permissions(asked.manifest, items)
    hold_back(asked.manifest, graph, options, watch)
    rounds: list[Round] = []
    waiting: set[str] = set()
    for step in graph.steps:
        if _above(graph, step) & waiting or not isinstance(step.recipe, SampleRecipe):
            continue
        execution = _made(graph, step, options, watch)
        name = step.recipe.teacher
        with _opened(asked.manifest, name, options) as batches:
            done = batches.submit(_requests(step, execution, options), _Bodies(endpoint_for(name, os.environ).told(0) or GENERIC))
            if done.held_back or batches.under_way():
                waiting.add(step.name)
            if done.sent or done.held_back:
                over = str(used_up(done.refusal, name)) if done.refusal else ""
                rounds.append(Round(name, tuple(done.sent), held_back=done.held_back, over=over))
    return rounds


def states(asked: found.Asked, options: Options) -> list[Round]:
    """How far the batches of every teacher are.

    Raises: TeacherError.
    """
    return [Round(name, states=tuple(batches.states())) for name, batches in _teachers(asked.manifest, options)]


def collect(asked: found.Asked, options: Options) -> list[Round]:
    """Puts what ended batches brought into the ledger.

    Raises: TeacherError, LedgerError.
    """
    return [Round(name, collected=batches.collect()) for name, batches in _teachers(asked.manifest, options)]


def cancel(asked: found.Asked, options: Options) -> list[Round]:
    """Ends what is under way; what was answered is still to be collected.

    Raises: TeacherError.
    """
    return [Round(name, cancelled=batches.cancel()) for name, batches in _teachers(asked.manifest, options)]


def ask(asked: found.Asked, options: Options, watch: Watch | None, say: Callable[[str], None], poll_s: float) -> None:
    """Sends, waits and collects, round by round, until no teacher has anything left to answer.

    A budget holds the most that each request may cost, and gives back what it did not: what it holds back goes in the next round.
    Raises: BudgetError where nothing is under way that could make room; TeacherError where whole batches bring no answer at all; MedtraceError as `send` and `collect`.
    """
    while True:
        over = ""
        for one in send(asked, options, watch):
            held = f" {one.held_back:,} more wait for the budget." if one.held_back else ""
            over = over or one.over
            say(f"{one.teacher}: {sum(sent.requests for sent in one.sent):,} requests sent in {len(one.sent)} batches.{held}")
        rounds = states(asked, options)
        if not any(one.states for one in rounds):
            if over:
                raise BudgetError(over)
            return
        while not any(state.ended for one in rounds for state in one.states):
            say("; ".join(_progress(one) for one in rounds if one.states))
            time.sleep(poll_s)
            rounds = states(asked, options)
        for one in collect(asked, options):
            _tell(one, say)


def _tell(one: Round, say: Callable[[str], None]) -> None:
    if not one.collected.batches:
        return
    reasons = ", ".join(f"{count:,} {reason}" for reason, count in one.collected.reasons)
    left = f", {one.collected.left:,} to be sent again ({reasons or 'no answer'})" if one.collected.left else ""
    say(f"{one.teacher}: {one.collected.answered:,} answers collected{left}.")
    if not one.collected.answered:
        raise TeacherError(
            f"The batches of teacher {one.teacher} brought no answer ({reasons or 'no reason told'}). Mend what it says, then build again."
        )


def _progress(one: Round) -> str:
    done, of = sum(state.done for state in one.states), sum(state.sent.requests for state in one.states)
    return f"{one.teacher}: {done:,} of {of:,} answered ({', '.join(sorted({state.status for state in one.states}))})"


def _above(graph: Graph, step: Step) -> set[str]:
    """The steps that a step needs."""
    return {other.name for other in graph.until(step.name).steps}


def _made(graph: Graph, step: Step, options: Options, watch: Watch | None) -> Execution:
    """The outputs that a step reads, made where they are not stored yet."""
    before = tuple(other for other in graph.until(step.name).steps if other.name != step.name)
    execution = run(replace(graph, steps=before), options, watch)
    if execution.errors:
        raise execution.errors[0]
    return execute(graph.until(step.name), Store(options.store), Nobody(), dry=True)


def _requests(step: Step, execution: Execution, options: Options) -> Iterator[Request]:
    store = Store(options.store)
    for shard in sorted(execution.outputs["choose"]):
        yield from requests_of(step, execution, store, shard)


def _teachers(manifest: Manifest, options: Options) -> Iterator[tuple[str, Batches]]:
    for teacher in (one for one in manifest.teachers if not one.imported):
        with _opened(manifest, teacher.name, options) as batches:
            yield teacher.name, batches


@contextmanager
def _opened(manifest: Manifest, name: str, options: Options) -> Iterator[Batches]:
    """The batches of a teacher."""
    import openai

    from pipeline.models.client import settings
    from pipeline.models.endpoints import is_loopback
    from pipeline.models.patience import Patience

    teacher = next(one for one in manifest.teachers if one.name == name)
    if teacher.structure is not None:
        raise TeacherError(
            f"Teacher {name} is held to a structure, which no provider's batch keeps. Remove structure, or build without --batch."
        )
    endpoint = endpoint_for(name, os.environ)
    price = price_of(teacher.model, endpoint.base_urls, teacher.price)
    root = options.store / "ledger"
    with ExitStack() as stack:
        transport = openai.DefaultHttpxClient(trust_env=not is_loopback(endpoint.base_urls[0]))
        told = {**settings(endpoint, 0, Patience()), "max_retries": _RETRIES}
        client = stack.enter_context(openai.OpenAI(http_client=transport, **told))
        ledger = Ledger(root)
        stack.callback(ledger.close)
        keeper = Keeper(root, manifest.name, caps_of(manifest))
        stack.callback(keeper.close)
        bill = Bill(keeper, manifest.name, name, None if price is None else price.share(SHARE_OF_PRICE))
        yield Batches(name, client, endpoint, ledger, options.store / "batches", bill)
