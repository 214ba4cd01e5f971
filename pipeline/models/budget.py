"""The budget: no request is sent whose upper bound could pass a cap, whoever sends it and whoever dies.

Bound, reserve (durably, before sending), send, settle: a reservation whose outcome is not known counts in full.
"""

import secrets
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Protocol

from pipeline.models.accounts import Account, Ask, Caps, Refusal, Spent, Sums, plus
from pipeline.models.journal import SUFFIX, Journal, read_all
from pipeline.models.ledger import Ledger
from pipeline.models.remote import remote_of
from pipeline.models.shares import FOLDER, LINE, Shares
from schemas.errors import LedgerError

__all__ = ["FOLDER", "Ask", "Keeper", "Purse", "Refusal", "journal_path", "unsettled"]
_COMPACT_BYTES = 8 << 20
_CORPUS, _RESERVED, _SETTLED, _SUM = "corpus", "reserved", "settled", "sum"


class Purse(Protocol):
    """What stands between a teacher and the bill."""

    def reserve(self, asks: Sequence[Ask]) -> list[str | Refusal]:
        """For each in order the id of its reservation, durable by now, or why it must not be sent."""
        ...

    def settle(self, outcomes: Mapping[str, Spent]) -> None:
        """Books what reservations cost in the end; one that is never settled counts in full."""
        ...


class Keeper:
    """The purse of one corpus, in a journal beside its ledger that all processes share; rebuilt from the ledger where it is lost.

    Without caps it only notes what is in flight, so that answers cut off by a death can be counted.
    """

    def __init__(self, ledger: Path, corpus: str, caps: Caps) -> None:
        self._root = ledger
        self._corpus = corpus
        self._caps = caps
        self._journal = Journal(journal_path(ledger, corpus))
        self._sums = Sums()
        self._open: dict[str, Ask] = {}
        self._late: dict[str, Spent] = {}
        self._name = secrets.token_hex(6)
        url = remote_of(ledger)
        self._shares = Shares(url, corpus) if url else None
        self._count = 0
        self._using = threading.Lock()

    def reserve(self, asks: Sequence[Ask]) -> list[str | Refusal]:
        """As `Purse.reserve`.

        Raises: LedgerError where the journal cannot be written.
        """
        with self._using, self._writing():
            lines = self._settled_lines()
            given: list[str | Refusal] = []
            if self._shares is not None and self._caps:
                self._shares.widen(self._sums.accounts, list(self._open.values()), asks, self._caps, self._note)
            for ask in asks:
                refusal = self._refusal(ask)
                if refusal is None:
                    self._count += 1
                    id = f"{self._shares.machine}.{self._name}-{self._count}" if self._shares else f"{self._name}-{self._count}"
                    self._book(id, ask)
                    lines.append(_reserved(id, ask))
                    given.append(id)
                else:
                    given.append(refusal)
            if lines:
                self._journal.append(lines, durable=bool(self._caps))
            return given

    def settle(self, outcomes: Mapping[str, Spent]) -> None:
        """As `Purse.settle`; written with the next reservation or on closing, for the ledger knows it should this process die."""
        with self._using:
            self._late |= outcomes

    def spent(self) -> Sums:
        """What every account spent or reserved, as all processes have written it by now.

        Raises: LedgerError.
        """
        with self._using, self._writing():
            return self._sums

    def close(self) -> None:
        """Writes what was settled.

        Raises: LedgerError.
        """
        with self._using:
            if self._late or self._shares is not None:
                with self._writing():
                    self._journal.append(self._settled_lines(), durable=False)
                    if self._shares is not None:
                        with suppress(LedgerError):  # it goes on to hold more than it needs
                            self._shares.lower(self._sums.accounts, self._note)
            self._journal.close()

    def _refusal(self, ask: Ask) -> Refusal | None:
        if self._shares is None or not self._caps or self._shares.covers(plus(self._sums.accounts, [ask])):
            return self._caps.refusal(ask, self._sums, Sums(), has_room=True)
        return self._caps.refusal(ask, self._sums, self._shares.others, has_room=False)

    def _note(self, line: list[Any]) -> None:
        self._journal.append([line], durable=False)

    def unsettled(self) -> list[Spent]:
        """What is reserved for requests whose answer nobody knows; writes nothing.

        Raises: LedgerError.
        """
        try:
            self._take(read_all(self._journal.path))
        except OSError as error:
            raise self._unwritable(error) from error
        self._apply(self._recovered())
        return [ask.bound for ask in self._open.values()]

    @contextmanager
    def _writing(self) -> Iterator[None]:
        """The journal locked and read to its end."""
        try:
            with self._journal.locked():
                self._catch_up()
                yield
        except OSError as error:
            raise self._unwritable(error) from error
        except BaseException:
            self._journal.close()  # what is booked here may not be what is written: it is read anew
            raise

    def _unwritable(self, error: OSError) -> LedgerError:
        self._journal.close()
        return LedgerError(
            f"The budget's journal {self._journal.path} cannot be written: {error.strerror or error}. "
            "Make room or make its folder writable, then build again; nothing is sent without it."
        )

    def _catch_up(self) -> None:
        """Reads what others wrote; runs under the lock."""
        anew, values = self._journal.read()
        if not anew:
            self._take(values)
            return
        self._sums, self._open = Sums(), {}
        if self._shares is not None:
            self._shares.forget()
        if self._journal.size:
            self._take(values)
        else:
            self._rebuild()
        if self._shares is not None and self._journal.size and not self._shares.noted:
            self._note(self._shares.line())
        recovered = self._recovered()
        if self._journal.size > _COMPACT_BYTES or not self._journal.size:
            self._apply(recovered)
            self._journal.replace(list(self._compacted()))
        elif recovered:
            self._apply(recovered)
            self._journal.append([[_SETTLED, id, *spent] for id, spent in recovered.items()], durable=False)

    def _take(self, values: Sequence[Any]) -> None:
        for kind, *told in values:
            if kind == _RESERVED:
                id, key, teacher, source, nanousd, tokens = told
                self._book(id, Ask(key, Account(teacher, source), Spent(nanousd, tokens)))
            elif kind == _SETTLED:
                self._apply({told[0]: Spent(*told[1:])})
            elif kind == _SUM:
                self._sums.add(Account(*told[:2]), Spent(*told[2:]))
            elif kind == LINE and self._shares is not None:
                self._shares.take(*told)

    def _book(self, id: str, ask: Ask) -> None:
        self._open[id] = ask
        self._sums.add(ask.account, ask.bound)

    def _apply(self, outcomes: Mapping[str, Spent]) -> None:
        for id, spent in outcomes.items():
            ask = self._open.pop(id, None)
            if ask is not None:
                self._sums.add(ask.account, spent.minus(ask.bound))

    def _settled_lines(self) -> list[list[Any]]:
        """What was settled here since the last writing, booked and to be written."""
        late, self._late = self._late, {}
        known = {id: spent for id, spent in late.items() if id in self._open}
        self._apply(known)
        return [[_SETTLED, id, *spent] for id, spent in known.items()]

    def _recovered(self) -> dict[str, Spent]:
        """Outcomes that the ledger holds of reservations whose process died before it could settle them."""
        if not self._open:
            return {}
        ledger = Ledger(self._root)
        try:
            entries = ledger.get_entries(sorted({ask.key for ask in self._open.values()}))
        finally:
            ledger.close()
        paid = [entry.paid for entry in entries.values() if entry.paid is not None]
        return {told.reservation: told.spent for told in paid if told.reservation in self._open}

    def _rebuild(self) -> None:
        """Sums up all answers in the ledger that this corpus paid, but for what other machines hold."""
        ledger = Ledger(self._root)
        try:
            told = (entry.paid for entry in ledger.entries() if entry.paid is not None and entry.paid.corpus == self._corpus)
            paid = ((one.reservation, one.account, one.spent) for one in told)
            if self._shares is not None:
                paid = (("", *amount) for amount in self._shares.beyond(paid).items())
            for _, account, spent in paid:
                self._sums.add(account, spent)
        finally:
            ledger.close()

    def _compacted(self) -> Iterator[list[Any]]:
        """The sums without what is reserved, and the reservations."""
        yield [_CORPUS, self._corpus]
        if self._shares is not None:
            yield self._shares.line()
        settled = dict(self._sums.accounts)
        for ask in self._open.values():
            settled[ask.account] = settled[ask.account].minus(ask.bound)
        for account, spent in sorted(settled.items()):
            yield [_SUM, *account, *spent]
        for id, ask in self._open.items():
            yield _reserved(id, ask)


def _reserved(id: str, ask: Ask) -> list[Any]:
    return [_RESERVED, id, ask.key, *ask.account, *ask.bound]


def journal_path(ledger: Path, corpus: str) -> Path:
    """Where a corpus's journal lies."""
    return ledger / FOLDER / f"{corpus}{SUFFIX}"


def unsettled(ledger: Path) -> dict[str, list[Spent]]:
    """What was reserved, by corpus, for requests whose answer is not known: cut off by a death, or in flight now.

    Raises: LedgerError.
    """
    found: dict[str, list[Spent]] = {}
    for path in sorted((ledger / FOLDER).glob(f"*{SUFFIX}")):
        keeper = Keeper(ledger, path.stem, Caps())
        found[path.stem] = keeper.unsettled()
    return {corpus: spent for corpus, spent in found.items() if spent}
