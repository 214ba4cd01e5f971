"""Provider batches: many requests in one uploaded file, answered within a day at half the price, into the same ledger.

What is under way stands on disk before it is sent, so that a crash at any point neither loses a paid batch nor sends
its requests twice. Source: OpenAI's Batch API reference (files, batches; 50,000 requests and 200 MB a file).
"""

import hashlib
import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

import openai

from pipeline.models.accounts import Spent
from pipeline.models.batch_bill import Bill, bill_lines, read_bill
from pipeline.models.batch_file import PATH, Body, Left, Row, files_of, read_row
from pipeline.models.batch_notes import alone, write
from pipeline.models.budget import Refusal
from pipeline.models.endpoints import Endpoint, address
from pipeline.models.entry import LedgerEntry
from pipeline.models.failures import failure_of, shown
from pipeline.models.generate import Request
from pipeline.models.ledger import Ledger
from pipeline.models.withhold import refuse_withheld
from schemas.errors import LedgerError, TeacherError

MOST_REQUESTS = 50_000
MOST_BYTES = 190 << 20
_TAG = "medtrace"
_ENDED = frozenset(("completed", "expired", "cancelled", "failed"))
_PUT_AT_ONCE = 512

_T = TypeVar("_T")


@dataclass(frozen=True)
class Sent:
    """A batch that is under way: the digest of its requests, how many, and what the provider calls it ('' before it is told)."""

    digest: str
    teacher: str
    model: str
    requests: int
    file: str = ""
    batch: str = ""


class State(NamedTuple):
    """How far a batch is, in the provider's words and counts."""

    sent: Sent
    status: str
    done: int
    failed: int

    @property
    def ended(self) -> bool:
        """Whether nothing more will come of it."""
        return self.status in _ENDED


@dataclass(frozen=True)
class Collected:
    """What came of ended batches: answers that are in the ledger now, requests to be sent again, and why those failed."""

    batches: int = 0
    answered: int = 0
    left: int = 0
    reasons: tuple[tuple[str, int], ...] = ()


class Submitted(NamedTuple):
    """The batches that were sent, how many requests were held back by a budget, and the first refusal."""

    sent: list[Sent]
    held_back: int = 0
    refusal: Refusal | None = None


class Batches:
    """The batches of one teacher, kept in a folder beside the ledger and paid by a bill."""

    def __init__(self, teacher: str, client: openai.OpenAI, endpoint: Endpoint, ledger: Ledger, folder: Path, bill: Bill) -> None:
        self._bill = bill
        self._teacher = teacher
        self._client = client
        self._endpoint = endpoint
        self._ledger = ledger
        self._folder = folder

    def submit(
        self, requests: Iterable[Request], body: Body, *, most_requests: int = MOST_REQUESTS, most_bytes: int = MOST_BYTES
    ) -> Submitted:
        """Sends every sample that is neither in the ledger nor under way, as far as the budget lets it; a question's samples stand together.

        Raises: TeacherError where the provider refuses or may not be told what is asked, LedgerError where nothing can be written down before.
        """
        with self._alone():
            return self._submit(requests, body, most_requests, most_bytes)

    def _submit(self, requests: Iterable[Request], body: Body, most_requests: int, most_bytes: int) -> Submitted:
        self._settle_intents()
        under_way = {key for sent in self.under_way() for key in self._keys(sent)}
        missing = self._missing(requests, under_way)
        sent: list[Sent] = []
        held_back, first = 0, None
        for rows in files_of(missing, body, most_requests, most_bytes):
            given = self._bill.reserve([(row.request, row.key) for row in rows])
            refused = [one for one in given if isinstance(one, Refusal)]
            held_back += len(refused)
            first = first or next(iter(refused), None)
            bill = {row.key: one for row, one in zip(rows, given, strict=True) if not isinstance(one, Refusal)}
            if bill:
                sent.append(self._send([row for row in rows if row.key in bill], bill_lines(bill)))
        return Submitted(sent, held_back, first)

    def under_way(self) -> list[Sent]:
        """The batches that are not collected, by digest."""
        found = (Sent(**json.loads(path.read_bytes())) for path in sorted(self._folder.glob("*.json")))
        return [sent for sent in found if sent.teacher == self._teacher]

    def states(self) -> list[State]:
        """How far every batch is, but for those that another process sends just now.

        Raises: TeacherError.
        """
        with self._alone(wait=False) as free:
            if free:
                self._settle_intents()
            return self._states()

    def _states(self) -> list[State]:
        return [self._state(sent) for sent in self.under_way() if sent.batch]

    def collect(self) -> Collected:
        """Puts what ended batches brought into the ledger, and forgets them; the same again after a crash changes nothing.

        Raises: TeacherError, LedgerError.
        """
        total = Collected()
        with self._alone():
            self._settle_intents()
            for state in self._states():
                if state.ended:
                    total = _sum(total, self._collect(state))
                    self._forget(state.sent)
        return total

    def cancel(self) -> int:
        """Asks the provider to end what is under way; what is answered by then is paid, and is collected as ever."""
        states = [state for state in self.states() if not state.ended]
        for state in states:
            self._call(lambda batch=state.sent.batch: self._client.batches.cancel(batch))
        return len(states)

    def _missing(self, requests: Iterable[Request], under_way: set[str]) -> Iterator[tuple[Request, int, str]]:
        for request in requests:
            keys = {request.key(index): index for index in request.samples}
            known = self._ledger.known(list(keys))
            if not known.issuperset(keys):
                refuse_withheld(self._teacher, self._endpoint, (request,))
            for key, index in keys.items():
                if key not in known and key not in under_way:
                    under_way.add(key)
                    yield request, index, key

    def _send(self, rows: Sequence[Row], bill: bytes) -> Sent:
        lines = b"".join(row.line for row in rows)
        sent = Sent(hashlib.sha256(lines).hexdigest(), self._teacher, rows[0].request.model, len(rows))
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            write(self._path(sent, "bill"), bill)
            write(self._path(sent, "keys"), "\n".join(row.key for row in rows).encode())
            self._note(sent)
        except OSError as error:
            raise _unwritable(self._folder, error) from error
        uploaded = self._call(lambda: self._client.files.create(file=(f"{sent.digest[:16]}.jsonl", lines), purpose="batch"))
        sent = replace(sent, file=uploaded.id)
        self._note(sent)
        return self._create(sent)

    def _create(self, sent: Sent) -> Sent:
        tag = {_TAG: sent.digest}
        # A client that tries again on its own would make, and pay, twice what was made and not told of.
        once = self._client.with_options(max_retries=0)
        made = self._call(lambda: once.batches.create(input_file_id=sent.file, endpoint=PATH, completion_window="24h", metadata=tag))
        sent = replace(sent, batch=made.id)
        self._note(sent)
        return sent

    @contextmanager
    def _alone(self, *, wait: bool = True) -> Iterator[bool]:
        """Whether no other process sends, whose notes would be taken for those of one that died."""
        try:
            with alone(self._folder, wait=wait) as free:
                yield free
        except OSError as error:
            raise _unwritable(self._folder, error) from error

    def _settle_intents(self) -> None:
        """Finds the batches that a crash left without their name; what the provider does not know was never begun."""
        open_ = [sent for sent in self.under_way() if not sent.batch]
        if not open_:
            return
        # By their files: an older batch of the same requests, which expired, has the same digest.
        named = {batch.input_file_id: batch.id for batch in self._listed()}
        for sent in open_:
            if sent.file in named:
                self._note(replace(sent, batch=named[sent.file]))
            elif sent.file:
                self._create(sent)
            else:
                self._bill.settle({one.id: Spent() for one in read_bill(self._path(sent, "bill")).values()})
                self._forget(sent)

    def _listed(self) -> list[Any]:
        return self._call(lambda: list(self._client.batches.list(limit=100)))

    def _state(self, sent: Sent) -> State:
        batch = self._call(lambda: self._client.batches.retrieve(sent.batch))
        counts = batch.request_counts
        return State(sent, batch.status, counts.completed if counts else 0, counts.failed if counts else 0)

    def _collect(self, state: State) -> Collected:
        batch = self._call(lambda: self._client.batches.retrieve(state.sent.batch))
        keys, reasons = set(self._keys(state.sent)), dict[str, int]()
        bill = read_bill(self._path(state.sent, "bill"))
        # What a batch did not answer is not charged (platform.openai.com/docs/guides/batch), but for answers that cannot be read.
        outcomes = {one.id: Spent() for one in bill.values()}
        answered: set[str] = set()
        waiting: list[LedgerEntry] = []
        for line in self._lines([file for file in (batch.output_file_id, batch.error_file_id) if file]):
            row = read_row(line, state.sent.model, self._endpoint)
            if row is None or row[0] not in keys or row[0] in answered:
                continue
            key, told = row
            if isinstance(told, Left):
                reasons[told.reason] = reasons.get(told.reason, 0) + 1
                if told.billed and key in bill:
                    outcomes.pop(bill[key].id, None)
                continue
            answered.add(key)
            entry = self._bill.paid(told, bill.get(key))
            if entry.paid is not None:
                outcomes[entry.paid.reservation] = entry.paid.spent
            waiting.append(entry)
            if len(waiting) >= _PUT_AT_ONCE:
                self._ledger.put(waiting)
                waiting = []
        self._ledger.put(waiting)
        self._bill.settle(outcomes)
        for fault in (batch.errors.data or []) if batch.errors else []:
            reason = shown(fault.message or fault.code or "", self._endpoint)
            reasons[reason] = reasons.get(reason, 0) + 1
        return Collected(1, len(answered), len(keys) - len(answered), tuple(sorted(reasons.items())))

    def _forget(self, sent: Sent) -> None:
        for kind in ("json", "keys", "bill"):
            self._path(sent, kind).unlink(missing_ok=True)

    def _lines(self, files: Sequence[str]) -> Iterator[str]:
        for file in files:
            content = self._call(lambda file=file: self._client.files.content(file).read())
            yield from content.decode(errors="replace").splitlines()

    def _call(self, ask: Callable[[], _T]) -> _T:
        try:
            return ask()
        except openai.APIError as error:
            where = address(self._endpoint.base_urls[0])
            what = failure_of(error, self._endpoint)
            raise TeacherError(
                f"The batches of teacher {self._teacher} at {where}: it {what.what}. Run the same command again to go on."
            ) from None

    def _keys(self, sent: Sent) -> list[str]:
        path = self._path(sent, "keys")
        return path.read_text().split() if path.exists() else []

    def _path(self, sent: Sent, kind: str) -> Path:
        return self._folder / f"{sent.digest}.{kind}"

    def _note(self, sent: Sent) -> None:
        write(self._path(sent, "json"), json.dumps(asdict(sent), sort_keys=True).encode())


def _unwritable(folder: Path, error: OSError) -> LedgerError:
    return LedgerError(f"{folder} cannot be written: {error.strerror}. Make room or make it writable, then send again.")


def _sum(one: Collected, two: Collected) -> Collected:
    reasons = dict(one.reasons)
    for reason, count in two.reasons:
        reasons[reason] = reasons.get(reason, 0) + count
    return Collected(one.batches + two.batches, one.answered + two.answered, one.left + two.left, tuple(sorted(reasons.items())))
