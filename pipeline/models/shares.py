"""What each machine holds of one corpus's caps: an object of its own beside a ledger in an object store, which all others read.

A machine writes what it wants to hold, then reads what the others hold, and has it where all together pass no cap. Of two that
want the same at once the one that writes later reads the other's: caps hold without locks and without clocks. It asks no more of
the store than that what was written is read and listed from then on, as S3 and Google Cloud Storage promise.
"""

import json
import os
import random
import secrets
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, NamedTuple

from pipeline.models.accounts import Account, Ask, Caps, Spent, Sums, plus
from pipeline.models.remote import open_at, reason
from schemas.errors import LedgerError

FOLDER = "budget"
LINE = "share"
_SUFFIX = ".json"
_REMEMBERED = 64
_BIDS, _PAUSE_S = 4, 0.1
_READS = 9
# A machine that is lost holds what it was ready to send next for ever: a fifth of what was left at most.
_ROOM = 4

Amounts = Mapping[Account, Spent]
Note = Callable[[list[Any]], None]


class _Share(NamedTuple):
    """What a machine holds, and by what the last writing of it is known."""

    held: dict[Account, Spent]
    put: str


class Shares:
    """The shares of one corpus. Not for several processes at once: use it under the lock of the journal that keeps its lines."""

    def __init__(self, url: str, corpus: str) -> None:
        self._url = url
        self._corpus = corpus
        self.others = Sums()
        self.forget()

    def forget(self) -> None:
        """Begins as a machine that nobody knows."""
        self.machine = secrets.token_hex(8)
        self._held: dict[Account, Spent] = {}
        self._puts: list[str] = []
        self._seen: set[Account] = set()
        self.noted = False

    def line(self) -> list[Any]:
        """What the journal is to keep of this machine."""
        self.noted = True
        return [LINE, self.machine, self._puts, _rows(self._held)]

    def take(self, machine: str, puts: list[str], held: list[list[Any]]) -> None:
        """Takes up what a line of the journal says."""
        self.machine, self._puts, self._held, self.noted = machine, puts, _amounts(held), True

    def covers(self, wanted: Amounts) -> bool:
        """Whether this machine holds so much, as this process has seen for itself: caps may have been lowered since."""
        return all(account in self._seen and _within(spent, self._held.get(account, Spent())) for account, spent in wanted.items())

    def widen(self, spent: Amounts, in_flight: Sequence[Ask], asks: Sequence[Ask], caps: Caps, note: Note) -> None:
        """Holds what the asks may cost, as far as caps let it, and as much again as may be in flight where that is little of what is left.

        `note` writes a line of the journal. Raises: LedgerError.
        """
        wanted = plus(spent, asks)
        if self.covers({ask.account: wanted[ask.account] for ask in asks}):
            return
        ahead = [ask for ask in (*in_flight, *asks) if ask.account in {one.account for one in asks}]
        if self._hold(spent, plus(wanted, ahead), asks, caps, note, room=plus(wanted, ahead * _ROOM)):
            return
        for _ in range(_BIDS):
            fitting: list[Ask] = []
            for ask in asks:
                if not _passes(caps, [ask], plus(spent, [*fitting, ask]), self.others):
                    fitting.append(ask)
            if not fitting or self._hold(spent, plus(spent, fitting), fitting, caps, note):
                return
            time.sleep(random.random() * _PAUSE_S)  # another machine wants the last of a cap too

    def _hold(self, spent: Amounts, wanted: Amounts, asks: Sequence[Ask], caps: Caps, note: Note, room: Amounts | None = None) -> bool:
        """Whether this machine holds so much from now on, as there is room for it or for more; else what it held before and what it spent, as far as both are within it.

        What it no longer holds is noted before others can read so; what it holds more, after they can.
        """
        self._check_alone()
        self._held = {account: _most(spent.get(account), _least(self._held.get(account), most)) for account, most in wanted.items()}
        self._put(wanted, note)
        self.others = Sums()
        for machine, share in self._read().items():
            if machine != self.machine:
                for account, held in share.held.items():
                    self.others.add(account, held)
        if _passes(caps, asks, room or wanted, self.others):
            self._put(self._held, note)
            return False
        self._held = dict(wanted)
        self._seen |= {ask.account for ask in asks}
        note(self.line())
        return True

    def lower(self, wanted: Amounts, note: Note) -> None:
        """Holds no more than this.

        Raises: LedgerError.
        """
        if wanted != self._held:
            self._check_alone()
            self._held = dict(wanted)
            self._put(wanted, note)

    def beyond(self, paid: Iterable[tuple[str, Account, Spent]]) -> Amounts:
        """What was paid, by reservation, account and amount, beyond what the machines that paid it hold.

        Raises: LedgerError.
        """
        sums: dict[str, Sums] = {}
        for reservation, account, spent in paid:
            machine, _, rest = reservation.partition(".")
            sums.setdefault(machine if rest else "", Sums()).add(account, spent)
        shares, found = self._read(), Sums()
        for machine, told in sums.items():
            held = shares[machine].held if machine in shares else {}
            for account, spent in told.accounts.items():
                more = spent.minus(held.get(account, Spent()))
                found.add(account, Spent(max(0, more.nanousd), max(0, more.tokens)))
        return found.accounts

    def by_machine(self) -> dict[str, Spent]:
        """What each machine spent, reserved or is ready to send, in all.

        Raises: LedgerError.
        """
        sums: dict[str, Spent] = {}
        for machine, share in sorted(self._read().items()):
            for spent in share.held.values():
                sums[machine] = sums.get(machine, Spent()).plus(spent)
        return sums

    def _check_alone(self) -> None:
        """Becomes another machine where one that goes on from a copy of this one's files writes under its name; both count what they share."""
        known = self._read(self.machine).get(self.machine)
        if known is not None and known.put not in self._puts:
            self.machine, self._puts, self._held = secrets.token_hex(8), [], {}

    def _put(self, amounts: Amounts, note: Note) -> None:
        put = secrets.token_hex(8)
        self._puts = [*self._puts, put][-_REMEMBERED:]  # until one is known to be there, it may be any of them
        note(self.line())
        files, base = open_at(self._url)
        folder = f"{base}/{FOLDER}/{self._corpus}"
        with _telling(self._url, self._corpus):
            local = files.type_name == "local"
            if local:
                files.create_dir(folder)
            there = f"{folder}/{self.machine}{_SUFFIX}"
            beside = f"{folder}/.{self.machine}.{os.getpid()}" if local else there
            with files.open_output_stream(beside) as out:
                out.write(json.dumps({"put": put, "held": _rows(amounts)}).encode())
            if local:
                files.move(beside, there)
        self._puts = [put]

    def _read(self, only: str = "") -> dict[str, _Share]:
        """What all machines hold, or one."""
        from pyarrow import fs

        files, base = open_at(self._url)
        folder = f"{base}/{FOLDER}/{self._corpus}"
        found: dict[str, _Share] = {}
        with _telling(self._url, self._corpus):
            told = files.get_file_info([f"{folder}/{only}{_SUFFIX}"] if only else fs.FileSelector(folder, allow_not_found=True))
            for one in told:
                if one.type is fs.FileType.File and one.base_name.endswith(_SUFFIX) and one.base_name[0] != ".":
                    said = _whole(files, one.path)
                    found[one.base_name.removesuffix(_SUFFIX)] = _Share(_amounts(said["held"]), said["put"])
        return found


def _whole(files: Any, path: str) -> dict[str, Any]:
    """What an object says, read anew where it was replaced while it was read, or where the connection broke."""
    for left in reversed(range(_READS)):
        try:
            with files.open_input_stream(path) as stream:
                return json.loads(stream.read())
        except OSError:
            if not left:
                raise
        except ValueError as error:
            if not left:
                raise ValueError(f"{path} is no whole JSON, however often it is read") from error
        time.sleep(random.random() * _PAUSE_S)
    raise AssertionError("the last read returns or raises")


def held_at(url: str) -> dict[str, dict[str, Spent]]:
    """What machines hold of the budgets of all corpora, by corpus and machine.

    Raises: LedgerError.
    """
    from pyarrow import fs

    files, base = open_at(url)
    with _telling(url, "any corpus"):
        found = files.get_file_info(fs.FileSelector(f"{base}/{FOLDER}", allow_not_found=True, recursive=True))
    corpora = sorted({one.path.split("/")[-2] for one in found if one.path.endswith(_SUFFIX)})
    return {corpus: Shares(url, corpus).by_machine() for corpus in corpora}


@contextmanager
def _telling(url: str, corpus: str) -> Iterator[None]:
    try:
        yield
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise LedgerError(
            f"What other machines hold of the budget of {corpus} cannot be read or written at {url.partition('?')[0]}/"
            f"{FOLDER}: {reason(error)}. Nothing is sent without it; mend that, then build again."
        ) from error


def _passes(caps: Caps, asks: Iterable[Ask], amounts: Amounts, others: Sums) -> bool:
    """Whether amounts, with what others hold, pass a cap that binds one of the asks."""
    total = Sums(dict(others.accounts), dict(others.sums))
    for account, spent in amounts.items():
        total.add(account, spent)
    return any(cap.passed(total.of(part)) for account in {ask.account for ask in asks} for _, cap, part in caps.binding(account))


def _most(one: Spent | None, two: Spent) -> Spent:
    return two if one is None else Spent(max(one.nanousd, two.nanousd), max(one.tokens, two.tokens))


def _least(one: Spent | None, two: Spent) -> Spent:
    return Spent() if one is None else Spent(min(one.nanousd, two.nanousd), min(one.tokens, two.tokens))


def _within(spent: Spent, held: Spent) -> bool:
    return spent.nanousd <= held.nanousd and spent.tokens <= held.tokens


def _rows(amounts: Amounts) -> list[list[Any]]:
    return [[*account, *spent] for account, spent in sorted(amounts.items())]


def _amounts(rows: Iterable[list[Any]]) -> dict[Account, Spent]:
    return {Account(teacher, source): Spent(nanousd, tokens) for teacher, source, nanousd, tokens in rows}
