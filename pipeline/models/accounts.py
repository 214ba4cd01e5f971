"""Accounts: for whom an answer is paid, what was spent, and the caps that must not be passed."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from pipeline.models.prices import usd
from schemas import manifest


class Spent(NamedTuple):
    """Money, in 10^-9 USD, and tokens of prompts and completions."""

    nanousd: int = 0
    tokens: int = 0

    def plus(self, other: "Spent") -> "Spent":
        """Both together."""
        return Spent(self.nanousd + other.nanousd, self.tokens + other.tokens)

    def minus(self, other: "Spent") -> "Spent":
        """What is left of it without the other."""
        return Spent(self.nanousd - other.nanousd, self.tokens - other.tokens)


class Account(NamedTuple):
    """Whose question is asked of whom, within one corpus; `source` is '' where a judge is asked."""

    teacher: str
    source: str = ""


class Ask(NamedTuple):
    """A request that is about to be sent: the key of its answer, who pays, and the most that it can cost."""

    key: str
    account: Account
    bound: Spent


class Refusal(NamedTuple):
    """Why a request is not sent: whose cap, of what, how much of it is spent or reserved, and the most that the request can cost."""

    whose: str
    unit: str
    spent: str
    bound: Spent


@dataclass(frozen=True)
class Cap:
    """The most that may be spent; None is no cap."""

    nanousd: int | None = None
    tokens: int | None = None

    def passed(self, spent: Spent) -> str:
        """What the manifest calls the cap that would be passed: usd or tokens; '' where none."""
        if self.nanousd is not None and spent.nanousd > self.nanousd:
            return "usd"
        return "tokens" if self.tokens is not None and spent.tokens > self.tokens else ""

    def shown(self, spent: Spent, unit: str) -> str:
        """How much of the cap is spent."""
        return f"{usd(spent.nanousd)} of {usd(self.nanousd or 0)}" if unit == "usd" else f"{spent.tokens:,} of {self.tokens or 0:,} tokens"


@dataclass(frozen=True)
class Caps:
    """The caps of one corpus: of the whole run, of teachers (and the judge) and of sources, by name."""

    run: Cap = Cap()
    teachers: Mapping[str, Cap] = field(default_factory=dict[str, Cap])
    sources: Mapping[str, Cap] = field(default_factory=dict[str, Cap])

    def capped_usd(self, teacher: str) -> bool:
        """Whether money that a teacher costs is capped anywhere."""
        return any(cap.nanousd is not None for cap in (self.run, self.teachers.get(teacher, Cap()), *self.sources.values()))

    def __bool__(self) -> bool:
        return any(cap != Cap() for cap in (self.run, *self.teachers.values(), *self.sources.values()))

    def binding(self, account: Account) -> Iterator[tuple[str, Cap, Account]]:
        """The caps that bind an account: whose each is, the cap, and the part of accounts that it sums ('' sums all)."""
        yield "the run", self.run, Account("")
        if account.teacher in self.teachers:
            yield f"teacher {account.teacher}", self.teachers[account.teacher], Account(account.teacher)
        if account.source in self.sources:
            yield f"source {account.source}", self.sources[account.source], Account("", account.source)

    def refusal(self, ask: Ask, spent: "Sums", others: "Sums", *, has_room: bool) -> Refusal | None:
        """Why a request must not be sent, by what was spent or reserved here and by others; None where it may.

        `has_room`: whether it may go where no cap is passed; else other machines hold the last of a cap for a moment.
        """
        outbid = None
        for name, cap, part in self.binding(ask.account):
            known = spent.of(part).plus(others.of(part))
            unit = cap.passed(known.plus(ask.bound))
            if unit:
                return Refusal(name, unit, cap.shown(known, unit), ask.bound)
            if not has_room and cap != Cap():
                unit = "tokens" if cap.nanousd is None else "usd"
                outbid = outbid or Refusal(name, unit, cap.shown(known, unit), ask.bound)
        return outbid


NO_CAPS = Caps()


@dataclass(frozen=True)
class Money:
    """What a manifest says of money: the corpus that pays, a teacher's price where it is told, and the caps."""

    corpus: str = ""
    price: manifest.Price | None = None
    caps: Caps = NO_CAPS


@dataclass
class Sums:
    """What each account spent, and what caps add up: an account without a source is a teacher's sum, without both the run's."""

    accounts: dict[Account, Spent] = field(default_factory=dict[Account, Spent])
    sums: dict[Account, Spent] = field(default_factory=dict[Account, Spent])

    def add(self, account: Account, more: Spent) -> None:
        """Books an amount."""
        self.accounts[account] = self.accounts.get(account, Spent()).plus(more)
        for part in {Account(account.teacher), Account("", account.source), Account("")}:
            self.sums[part] = self.sums.get(part, Spent()).plus(more)

    def of(self, part: Account) -> Spent:
        """The sum over a teacher, a source, or all."""
        return self.sums.get(part, Spent())


def plus(amounts: Mapping[Account, Spent], asks: Iterable[Ask]) -> dict[Account, Spent]:
    """Amounts with the most that requests can cost."""
    found = dict(amounts)
    for ask in asks:
        found[ask.account] = found.get(ask.account, Spent()).plus(ask.bound)
    return found
