"""What the ledger keeps of one answer, and how it reads in a segment."""

import hashlib
import json
import zlib
from dataclasses import asdict, dataclass
from typing import Any

from pipeline.models.accounts import Account, Spent
from pipeline.models.generate import Completion
from pipeline.models.segment import Frame, Record, pack
from schemas.errors import LedgerError


@dataclass(frozen=True)
class Paid:
    """Who paid for an answer, under which reservation, and what counted against the budget in the end."""

    corpus: str
    teacher: str
    source: str
    reservation: str
    nanousd: int
    tokens: int

    @property
    def account(self) -> Account:
        """The account that it was booked to."""
        return Account(self.teacher, self.source)

    @property
    def spent(self) -> Spent:
        """What was booked."""
        return Spent(self.nanousd, self.tokens)


@dataclass(frozen=True)
class LedgerEntry:
    """One answer: the key of its request, the model that was asked, the server's body, verbatim, and who paid.

    `others`: the further choices of the same response, where it has several, each with its key. Such an entry is stored
    once; read back, each choice is an entry of its own, and the first is the one that was paid for.
    """

    key: str
    model: str
    completion: Completion
    raw: str
    paid: Paid | None = None
    others: tuple[tuple[str, Completion], ...] = ()

    @property
    def choices(self) -> tuple[tuple[str, Completion], ...]:
        """Every answer in it with its key."""
        return ((self.key, self.completion), *self.others)


def record_of(entry: LedgerEntry) -> Record:
    """The entry as a record of a segment."""
    content: dict[str, Any] = {"model": entry.model, "raw": entry.raw}
    if entry.others:
        content |= {"keys": [key for key, _ in entry.choices], "completions": [asdict(completion) for _, completion in entry.choices]}
    else:
        content["completion"] = asdict(entry.completion)
    if entry.paid is not None:
        content["paid"] = asdict(entry.paid)
    # Escaped, so that the lone surrogates some models write survive.
    text = json.dumps(content, sort_keys=True, separators=(",", ":")).encode()
    return pack([bytes.fromhex(key) for key, _ in entry.choices], digest_of(text), text)


def digest_of(content: bytes) -> bytes:
    """The digest of a record's content (16 bytes)."""
    return hashlib.sha256(content).digest()[:16]


def entries_of(frame: Frame, where: str) -> list[LedgerEntry]:
    """The entries in a record, one for each of its keys.

    Raises: LedgerError where the record is whole and its content is not an entry.
    """
    try:
        text = frame.content()
        if digest_of(text) != frame.digest:
            raise ValueError("its content has another digest")
        content = json.loads(text)
        paid = Paid(**content["paid"]) if "paid" in content else None
        told = content["completions"] if "completions" in content else [content["completion"]]
        return [
            LedgerEntry(key.hex(), content["model"], Completion(**completion), content["raw"], None if place else paid)
            for place, (key, completion) in enumerate(zip(frame.keys, told, strict=True))
        ]
    except (zlib.error, ValueError, KeyError, TypeError) as error:
        raise LedgerError(
            f"Ledger segment {where} holds an unreadable answer to {frame.keys[0].hex()}: {error}. "
            "Restore the segment from a copy, or move it away to have its answers asked again."
        ) from error
