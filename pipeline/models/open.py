"""Opening a teacher where it is used: its endpoint from that machine's environment, its answers in the shared ledger."""

import os
from collections.abc import Sequence
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Protocol

from pipeline.models.accounts import Money
from pipeline.models.budget import Keeper
from pipeline.models.endpoints import Endpoint, endpoint_for
from pipeline.models.generate import Completion, Request
from pipeline.models.ledger import Ledger
from pipeline.models.limits import Limits
from pipeline.models.withhold import refuse_withheld
from pipeline.step import Answered, Context
from schemas.errors import BudgetError

if TYPE_CHECKING:
    from pipeline.models.http import HttpTeacher
    from pipeline.models.payer import Payer


class Taught(Protocol):
    """A recipe that names a teacher, its model and the form it is held to."""

    @property
    def teacher(self) -> str: ...

    @property
    def model(self) -> str: ...

    @property
    def structure(self) -> str: ...


class LazyTeacher:
    """A teacher whose endpoint is looked for when the first answer is missing: what the ledger holds needs no server."""

    def __init__(self, recipe: Taught, ledger: Path, money: Money, limits: Limits | None = None) -> None:
        self._limits = limits
        self._money = money
        self._keeper: Keeper | None = None
        self._recipe = recipe
        self._root = ledger
        self._ledger = Ledger(ledger)
        self._teacher: HttpTeacher | None = None
        self._opening = Lock()

    def __call__(self, requests: Sequence[Request]) -> list[tuple[Completion, ...]]:
        """As `HttpTeacher` answers.

        Raises: TeacherError where an answer is missing and the endpoint is dead, refuses the key, does not serve the model, or may
        not be told what is asked.
        """
        keys = [[request.key(sample) for sample in request.samples] for request in requests]
        known = self._ledger.get([key for asked in keys for key in asked])
        if all(key in known for asked in keys for key in asked):
            return [tuple(known[key] for key in asked) for asked in keys]
        missing = (request for request, asked in zip(requests, keys, strict=True) if not all(key in known for key in asked))
        refuse_withheld(self._recipe.teacher, endpoint_for(self._recipe.teacher, os.environ), missing)
        return self._opened()(requests)

    @property
    def told(self) -> Answered:
        """The samples that were not in the ledger, and how many of them now are."""
        return self._teacher.told if self._teacher else Answered()

    def close(self) -> None:
        """Gives back connections, threads and the ledger's files."""
        if self._teacher is not None:
            self._teacher.close()
        if self._keeper is not None:
            self._keeper.close()
        self._ledger.close()

    def _opened(self) -> "HttpTeacher":
        from pipeline.models.check import check
        from pipeline.models.http import HttpTeacher

        with self._opening:
            if self._teacher is None:
                endpoint = endpoint_for(self._recipe.teacher, os.environ)
                provider = check(endpoint, self._recipe.model, structured=bool(self._recipe.structure))
                self._teacher = HttpTeacher(
                    endpoint, Ledger(self._root), provider=provider, payer=self._payer(endpoint), limits=self._limits
                )
            return self._teacher

    def _payer(self, endpoint: Endpoint) -> "Payer":
        """Who pays: the corpus, within its caps.

        Raises: BudgetError where money is capped and the price is not known here.
        """
        from pipeline.models.payer import Payer
        from pipeline.models.prices import price_of

        name, model = self._recipe.teacher, self._recipe.model
        price = price_of(model, endpoint.base_urls, self._money.price)
        if price is None and self._money.caps.capped_usd(name):
            raise unknown_price(name, model)
        self._keeper = Keeper(self._root, self._money.corpus, self._money.caps)
        return Payer(self._keeper, self._money.corpus, name, price)


def unknown_price(teacher: str, model: str) -> BudgetError:
    """What to do where money is capped and nobody knows the price."""
    return BudgetError(
        f"Teacher {teacher} is under a budget in USD, and the price of {model} is not known. Say price = {{ input = …, output = … }} "
        "in its table of the manifest (USD per million tokens), or set a budget in tokens instead."
    )


def open_teacher(recipe: Taught, context: Context, *, money: Money) -> LazyTeacher:
    """The teacher of a sample step, paid as the manifest says."""
    return LazyTeacher(recipe, context.ledger, money, context.limits)
