"""Paying for the requests of one teacher: what each may cost, reserved many at a time, and what it cost in the end."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace

from pipeline.models.accounts import Account, Spent
from pipeline.models.budget import Ask, Purse, Refusal
from pipeline.models.entry import LedgerEntry, Paid
from pipeline.models.failures import FINAL, Failure
from pipeline.models.generate import Completion, Request
from pipeline.models.prices import FREE, Price, usd
from pipeline.models.tokens import bound
from schemas.errors import BudgetError


@dataclass(frozen=True)
class Reservation:
    """A request that may be sent."""

    id: str
    account: Account
    bound: Spent


@dataclass(frozen=True)
class _Waiting:
    ask: Ask
    given: asyncio.Future[Reservation]


class Payer:
    """Reserves and settles for one teacher, on one event loop."""

    def __init__(self, purse: Purse, corpus: str, teacher: str, price: Price | None) -> None:
        self._purse = purse
        self._corpus = corpus
        self._teacher = teacher
        self._price = price
        self._waiting: list[_Waiting] = []
        self._parked: list[_Waiting] = []
        self._in_flight: set[str] = set()
        self._outcomes: dict[str, Spent] = {}
        self._over: BudgetError | None = None
        self._asking: asyncio.Task[None] | None = None
        self._thread = ThreadPoolExecutor(1, "budget")

    async def reserve(self, request: Request, key: str, choices: int = 1) -> Reservation:
        """Returns once the request may be sent; waits for what is in flight where that may yet make room.

        Raises: BudgetError where it could pass a cap; LedgerError.
        """
        given: asyncio.Future[Reservation] = asyncio.get_running_loop().create_future()
        self._waiting.append(_Waiting(Ask(key, Account(self._teacher, request.source), bound_of(request, self._price, choices)), given))
        self._go_on()
        return await given

    async def paying(
        self, request: Request, key: str, ask: Callable[[], Awaitable[LedgerEntry | Failure]], choices: int = 1
    ) -> LedgerEntry | Failure:
        """What asking for so many choices gives, once it may be sent: an answer with its cost, to be settled when it is in
        the ledger, or what went wrong.

        Raises: BudgetError where the request could pass a cap; LedgerError; what asking raises.
        """
        reservation = await self.reserve(request, key, choices)
        try:
            outcome = await ask()
        except BaseException:
            self._end(reservation.id, None)
            raise
        if isinstance(outcome, Failure):
            self._end(reservation.id, None if outcome.billed else Spent())
            return outcome
        spent = cost_of(outcome.total, self._price, reservation.bound)
        paid = Paid(self._corpus, *reservation.account, reservation.id, *spent)
        return replace(outcome.costing(None if self._price is None else spent.nanousd), paid=paid)

    def settle(self, entry: LedgerEntry) -> None:
        """The answer is in the ledger."""
        if entry.paid is not None:
            self._end(entry.paid.reservation, entry.paid.spent)

    def _end(self, id: str, spent: Spent | None) -> None:
        """A request is over: what it cost, or None where that is not known and its bound counts in full."""
        self._in_flight.discard(id)
        if spent is not None:
            self._outcomes[id] = spent
        if self._parked:
            self._waiting += self._parked
            self._parked = []
            self._go_on()

    def close(self) -> None:
        """Hands over what was settled."""
        self._thread.shutdown()
        self._purse.settle(self._taken())

    def _go_on(self) -> None:
        if self._asking is None or self._asking.done():
            self._asking = asyncio.get_running_loop().create_task(self._ask())

    async def _ask(self) -> None:
        """Reserves for all that wait, until none waits any more."""
        while self._waiting:
            batch, self._waiting = self._waiting, []
            outcomes = self._taken()
            try:
                answers = await asyncio.get_running_loop().run_in_executor(
                    self._thread, self._reserve, outcomes, [one.ask for one in batch]
                )
            except Exception as error:
                for one in batch:
                    if not one.given.done():
                        one.given.set_exception(error)
                continue
            refused: list[tuple[_Waiting, Refusal]] = []
            for one, answer in zip(batch, answers, strict=True):
                if isinstance(answer, Refusal):
                    refused.append((one, answer))
                else:
                    self._give(one, Reservation(answer, one.ask.account, one.ask.bound))
            self._refuse(refused)

    def _reserve(self, outcomes: Mapping[str, Spent], asks: list[Ask]) -> list[str | Refusal]:
        if outcomes:
            self._purse.settle(outcomes)
        return self._purse.reserve(asks)

    def _taken(self) -> dict[str, Spent]:
        outcomes, self._outcomes = self._outcomes, {}
        return outcomes

    def _give(self, one: _Waiting, reservation: Reservation) -> None:
        if one.given.done():  # whoever asked was cancelled
            self._outcomes[reservation.id] = Spent()
            return
        self._in_flight.add(reservation.id)
        one.given.set_result(reservation)

    def _refuse(self, refused: list[tuple[_Waiting, Refusal]]) -> None:
        """Lets them wait for what is in flight or was settled meanwhile; where nothing is, there will be no room."""
        if refused and self._outcomes:
            self._waiting += [one for one, _ in refused]
        elif self._in_flight:
            self._parked += [one for one, _ in refused]
        else:
            for one, refusal in refused:
                if not one.given.done():
                    self._over = self._over or used_up(refusal, self._teacher)
                    one.given.set_exception(self._over)


def bound_of(request: Request, price: Price | None, choices: int = 1) -> Spent:
    """The most that a request for so many choices can cost."""
    prompt, completion = bound(request), request.sampling.max_tokens * choices
    told = FREE if price is None else price
    dearest = max(told.cost_nanousd(prompt, completion), told.cost_nanousd(prompt, completion, prompt))
    return Spent(dearest, prompt + completion)


def cost_of(completion: Completion, price: Price | None, most: Spent) -> Spent:
    """What an answer cost: by its tokens, nothing where the server would not read the prompt, else all that it may have."""
    counted = completion.prompt_tokens + completion.completion_tokens
    if counted:
        return Spent(0 if price is None else price.of(completion), counted)
    return Spent() if completion.finish_reason in FINAL and not completion.text else most


def used_up(refusal: Refusal, teacher: str) -> BudgetError:
    """A refusal as the sentence that a person reads."""
    most = usd(refusal.bound.nanousd) if refusal.unit == "usd" else f"{refusal.bound.tokens:,} tokens"
    return BudgetError(
        f"The budget of {refusal.whose} is used up: {refusal.spent} are spent or reserved, and the next request to teacher "
        f"{teacher} may cost {most}. What was answered is kept; raise {_key(refusal)} and build again to go on."
    )


def _key(refusal: Refusal) -> str:
    """Where the manifest says the cap."""
    return f"{refusal.unit} of [budget]" if refusal.whose == "the run" else f"budget_{refusal.unit} of {refusal.whose}"
