"""Paying for provider batches: every row is reserved before its file is uploaded, and settled when its batch has ended."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

from pipeline.models.accounts import Account, Spent
from pipeline.models.budget import Ask, Keeper, Refusal
from pipeline.models.entry import LedgerEntry, Paid
from pipeline.models.generate import Request
from pipeline.models.payer import bound_of, cost_of
from pipeline.models.prices import Price


class Reserved(NamedTuple):
    """What is reserved for one row: the id of the reservation, the source whose budget pays, and the most that the row can cost."""

    id: str
    source: str
    bound: Spent


class Bill:
    """The budget's side of one teacher's batches. `price` is that of batches; None where it is not known."""

    def __init__(self, keeper: Keeper, corpus: str, teacher: str, price: Price | None) -> None:
        self._keeper = keeper
        self._corpus = corpus
        self._teacher = teacher
        self._price = price

    def reserve(self, rows: Sequence[tuple[Request, str]]) -> list[Reserved | Refusal]:
        """For each row, a request and the key of its answer, what is reserved for it, durable by now, or why it must not be sent.

        Raises: LedgerError.
        """
        asks = [Ask(key, Account(self._teacher, request.source), bound_of(request, self._price)) for request, key in rows]
        given = self._keeper.reserve(asks)
        return [
            one if isinstance(one, Refusal) else Reserved(one, ask.account.source, ask.bound) for ask, one in zip(asks, given, strict=True)
        ]

    def paid(self, entry: LedgerEntry, reserved: Reserved | None) -> LedgerEntry:
        """The answer with what it cost; a row that was sent before there was a bill has no reservation."""
        priced = entry.completion if self._price is None else replace(entry.completion, cost_nanousd=self._price.of(entry.completion))
        if reserved is None:
            return replace(entry, completion=priced)
        spent = cost_of(entry.completion, self._price, reserved.bound)
        if self._price is not None:
            priced = replace(priced, cost_nanousd=spent.nanousd)
        return replace(entry, completion=priced, paid=Paid(self._corpus, self._teacher, reserved.source, reserved.id, *spent))

    def settle(self, outcomes: Mapping[str, Spent]) -> None:
        """Books what reservations cost in the end, in the journal by now.

        Raises: LedgerError.
        """
        if outcomes:
            self._keeper.settle(outcomes)
        self._keeper.close()


def bill_lines(bill: Mapping[str, Reserved]) -> bytes:
    """What is reserved by key, as JSON lines for a file."""
    return "".join(json.dumps([key, one.id, one.source, *one.bound]) + "\n" for key, one in bill.items()).encode()


def read_bill(path: Path) -> dict[str, Reserved]:
    """What such a file holds; nothing where there is none."""
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except FileNotFoundError:
        return {}
    rows = (json.loads(line) for line in lines)
    return {key: Reserved(id, source, Spent(nanousd, tokens)) for key, id, source, nanousd, tokens in rows}
