"""What the ledger keeps of one answer, and how it reads in a segment."""

import hashlib
import json
import zlib
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

from pipeline.models.accounts import Account, Spent
from pipeline.models.body import shared_out
from pipeline.models.generate import Completion
from pipeline.models.segment import Damage, Frame, Placed, Record, pack
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

    @property
    def total(self) -> Completion:
        """All choices as one, with the tokens of all."""
        told = [completion for _, completion in self.choices]
        text = next((one.text for one in told if one.text), "")
        prompt, completion, cached = (sum(getattr(one, f"{kind}_tokens") for one in told) for kind in ("prompt", "completion", "cached"))
        return replace(self.completion, text=text, prompt_tokens=prompt, completion_tokens=completion, cached_tokens=cached)

    def costing(self, nanousd: int | None) -> "LedgerEntry":
        """The entry with what it cost, shared out among its choices by their tokens."""
        told = [completion for _, completion in self.choices]
        shares: Sequence[int | None] = [None] * len(told)
        if nanousd is not None:
            shares = shared_out(nanousd, [one.prompt_tokens + one.completion_tokens for one in told])
        first, *others = (replace(one, cost_nanousd=share) for one, share in zip(told, shares, strict=True))
        return replace(self, completion=first, others=tuple(zip((key for key, _ in self.others), others, strict=True)))


def entry_of_choices(keys: Sequence[str], model: str, completions: Sequence[Completion | None], raw: str) -> LedgerEntry:
    """The entry of a response: its choices that are final, at least one, each under the key of its sample."""
    (key, first), *others = [(key, told) for key, told in zip(keys, completions, strict=True) if told is not None]
    return LedgerEntry(key, model, first, raw, others=tuple(others))


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


def each_of(response: LedgerEntry) -> list[LedgerEntry]:
    """The choices of a response as entries of their own; the first is the one that was paid for."""
    first = replace(response, others=())
    return [first, *(replace(first, key=key, completion=completion, paid=None) for key, completion in response.others)]


def response_of(frame: Frame, where: str) -> LedgerEntry:
    """The entry in a record, with all of its choices.

    Raises: LedgerError where the record is whole and its content is not an entry.
    """
    try:
        text = frame.content()
        if digest_of(text) != frame.digest:
            raise ValueError("its content has another digest")
        content = json.loads(text)
        paid = Paid(**content["paid"]) if "paid" in content else None
        told = content["completions"] if "completions" in content else [content["completion"]]
        (key, first), *others = [(key.hex(), Completion(**one)) for key, one in zip(frame.keys, told, strict=True)]
        return LedgerEntry(key, content["model"], first, content["raw"], paid, tuple(others))
    except (zlib.error, ValueError, KeyError, TypeError) as error:
        raise LedgerError(
            f"Ledger segment {where} holds an unreadable answer to {frame.keys[0].hex()}: {error}. "
            "Restore the segment from a copy, or move it away to have its answers asked again."
        ) from error


def check(found: Placed | Damage, where: str) -> None:
    """Whether what stands in a segment is sound; the torn end that a crash leaves is.

    Raises: LedgerError.
    """
    if isinstance(found, Placed):
        response_of(found.frame, where)
        return
    if not found.torn:
        rest = "to its end, and what stood there is lost" if found.last else "and the answers before and after that are read"
        raise LedgerError(
            f"Ledger segment {where} is damaged from byte {found.start} to {found.stop}, {rest}. "
            "Restore the segment from a copy, or build again to ask anew what is lost."
        )
