"""What the ledger keeps of one answer, and how it reads in a segment."""

import hashlib
import json
import zlib
from dataclasses import asdict, dataclass
from pathlib import Path

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
    """One answer: the key of its request, the model that was asked, the server's body, verbatim, and who paid."""

    key: str
    model: str
    completion: Completion
    raw: str
    paid: Paid | None = None


def record_of(entry: LedgerEntry) -> Record:
    """The entry as a record of a segment."""
    content = {"model": entry.model, "completion": asdict(entry.completion), "raw": entry.raw}
    if entry.paid is not None:
        content["paid"] = asdict(entry.paid)
    # Escaped, so that the lone surrogates some models write survive.
    text = json.dumps(content, sort_keys=True, separators=(",", ":")).encode()
    return pack(bytes.fromhex(entry.key), hashlib.sha256(text).digest()[:16], text)


def entry_of(frame: Frame, where: Path) -> LedgerEntry:
    """The entry in a record.

    Raises: LedgerError where the record is whole and its content is not an entry.
    """
    try:
        text = frame.content()
        if hashlib.sha256(text).digest()[:16] != frame.digest:
            raise ValueError("its content has another digest")
        content = json.loads(text)
        paid = Paid(**content["paid"]) if "paid" in content else None
        return LedgerEntry(frame.key.hex(), content["model"], Completion(**content["completion"]), content["raw"], paid)
    except (zlib.error, ValueError, KeyError, TypeError) as error:
        raise LedgerError(
            f"Ledger segment {where} holds an unreadable answer to {frame.key.hex()}: {error}. "
            "Restore the segment from a copy, or move it away to have its answers asked again."
        ) from error
