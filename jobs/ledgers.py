"""Looking into the ledger: what it holds, whether it is sound, all of it as JSON lines or Parquet, and few segments from many."""

import json
import re
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from itertools import islice
from pathlib import Path
from typing import Any

from pipeline.models.body import scalar_text
from pipeline.models.budget import unsettled
from pipeline.models.compact import Compacted
from pipeline.models.entry import LedgerEntry
from pipeline.models.ledger import Ledger
from pipeline.models.remote import join, remote_of
from pipeline.models.shares import held_at
from pipeline.store import writing
from schemas.errors import LedgerError

_ROWS_A_GROUP = 2048


@dataclass(frozen=True)
class Holding:
    """The answers of one model that ended one way. `unpriced`: those among them whose cost is not known."""

    model: str
    finish_reason: str
    answers: int
    prompt_tokens: int
    completion_tokens: int
    cost_nanousd: int
    unpriced: int


@dataclass(frozen=True)
class Unsettled:
    """Requests that a corpus reserved budget for and whose answer is not known; they count in full, with what they may have cost."""

    corpus: str
    requests: int
    nanousd: int
    tokens: int


@dataclass(frozen=True)
class Share:
    """What one machine holds of a corpus's budget, where several share a ledger: spent, reserved, or ready to be sent."""

    corpus: str
    machine: str
    nanousd: int
    tokens: int


@dataclass(frozen=True)
class Held:
    """What a ledger holds, where and in how many segments, what was paid or may have been without reaching it, and who holds budgets."""

    answers: tuple[Holding, ...]
    unsettled: tuple[Unsettled, ...]
    shares: tuple[Share, ...]
    where: str
    segments: int
    nbytes: int


@dataclass(frozen=True)
class Soundness:
    """How many answers can be read, and what is damaged."""

    answers: int
    damages: tuple[str, ...]


def show(store: Path) -> Held:
    """Answers, tokens and costs by model and ending, in order, and what is not settled.

    Raises: LedgerError where there is no ledger.
    """
    counts: Counter[tuple[str, str]] = Counter()
    sums: dict[tuple[str, str], list[int]] = {}
    with _opened(store) as ledger:
        where, segments, nbytes = ledger.extent()
        for entry in ledger.entries():
            answer = entry.completion
            key = (entry.model, answer.finish_reason)
            counts[key] += 1
            spent = (answer.prompt_tokens, answer.completion_tokens, answer.cost_nanousd or 0, int(answer.cost_nanousd is None))
            sums[key] = [before + more for before, more in zip(sums.get(key, (0, 0, 0, 0)), spent, strict=True)]
    holdings = tuple(Holding(*key, count, *sums[key]) for key, count in sorted(counts.items()))
    return Held(holdings, unsettled_in(store / "ledger"), _shares_in(store / "ledger"), where, segments, nbytes)


def _shares_in(ledger: Path) -> tuple[Share, ...]:
    url = remote_of(ledger)
    held = held_at(url) if url else {}
    return tuple(Share(corpus, machine, *spent) for corpus, machines in held.items() for machine, spent in machines.items())


def unsettled_in(ledger: Path) -> tuple[Unsettled, ...]:
    """What no process settled, by corpus.

    Raises: LedgerError.
    """
    found = unsettled(ledger)
    return tuple(
        Unsettled(corpus, len(open), sum(one.nanousd for one in open), sum(one.tokens for one in open)) for corpus, open in found.items()
    )


def verify(store: Path) -> Soundness:
    """Reads every record again.

    Raises: LedgerError where there is no ledger.
    """
    with _opened(store) as ledger:
        damages = tuple(str(damage) for damage in ledger.verify())
        return Soundness(sum(1 for _ in ledger.entries()), damages)


def answer(store: Path, key: str) -> dict[str, Any]:
    """One answer by its key, as `export` writes it.

    Raises: LedgerError where the ledger does not hold it.
    """
    if not re.fullmatch(r"[0-9a-f]{64}", key):
        raise LedgerError(f"{key!r} is no key of an answer, which has 64 hex digits. A corpus has them in its column request.")
    with _opened(store) as ledger:
        found = ledger.get_entries([key])
    if not found:
        raise LedgerError(f"The ledger of {store} holds no answer under {key}. Check the key, or name another --store or --ledger.")
    return _row(found[key])


def compact(store: Path) -> Compacted:
    """Merges small segments whose writers are done, in an object store those of all machines.

    Raises: LedgerError.
    """
    with _opened(store) as ledger:
        return ledger.compact()


def join_ledger(store: Path, url: str) -> None:
    """Makes a store use the ledger at a URL from now on; nothing where none is given.

    Raises: LedgerError.
    """
    if url:
        join(store / "ledger", url)


def upload(store: Path) -> None:
    """Sends what is answered and not yet in the object store, where the ledger is in one: the rest of a crash, or of workers elsewhere.

    Raises: LedgerError.
    """
    if (store / "ledger").is_dir():
        Ledger(store / "ledger").push()


def export(store: Path, out: Path) -> int:
    """Writes every answer with its raw response, as Parquet or, under any other name, as JSON lines. Returns how many.

    Raises: LedgerError, or StoreError where the file cannot be written.
    """
    with _opened(store) as ledger, writing(out) as temporary:
        rows = map(_row, ledger.entries())
        return _to_parquet(rows, temporary) if out.suffix == ".parquet" else _to_lines(rows, temporary)


def _to_lines(rows: Iterator[dict[str, Any]], path: Path) -> int:
    count = 0
    with path.open("w", encoding="utf-8") as file:
        for row in rows:
            # Escaped where a lone surrogate, as some models write, would be no UTF-8.
            line = json.dumps(row, ensure_ascii=False)
            file.write((line if _is_utf8(line) else json.dumps(row)) + "\n")
            count += 1
    return count


def _to_parquet(rows: Iterator[dict[str, Any]], path: Path) -> int:
    import pyarrow as pa
    import pyarrow.parquet as pq

    count = 0
    text, number = pa.large_string(), pa.int64()
    paid = pa.struct(
        [(name, pa.string()) for name in ("corpus", "teacher", "source", "reservation")] + [("nanousd", number), ("tokens", number)]
    )
    told = [(name, pa.string()) for name in ("key", "asked", "model")] + [("text", text), ("finish_reason", pa.string())]
    told += [(name, number) for name in ("prompt_tokens", "completion_tokens", "cached_tokens", "cost_nanousd")]
    schema = pa.schema([*told, ("raw", text), ("paid", paid)])
    with pq.ParquetWriter(path, schema, compression="zstd") as writer:
        while batch := list(islice(rows, _ROWS_A_GROUP)):
            # Arrow's texts are UTF-8, which has no lone surrogates; JSON lines keep them.
            clean = [{name: scalar_text(value) if isinstance(value, str) else value for name, value in row.items()} for row in batch]
            writer.write_table(pa.Table.from_pylist(clean, schema))
            count += len(batch)
    return count


def _row(entry: LedgerEntry) -> dict[str, Any]:
    answer = entry.completion
    return {
        "key": entry.key,
        "asked": entry.model,
        "model": answer.model,
        "text": answer.text,
        "finish_reason": answer.finish_reason,
        "prompt_tokens": answer.prompt_tokens,
        "completion_tokens": answer.completion_tokens,
        "cached_tokens": answer.cached_tokens,
        "cost_nanousd": answer.cost_nanousd,
        "raw": entry.raw,
        "paid": asdict(entry.paid) if entry.paid else None,
    }


def _is_utf8(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


@contextmanager
def _opened(store: Path) -> Iterator[Ledger]:
    root = store / "ledger"
    if not root.is_dir():
        raise LedgerError(f"There is no ledger in {store}. Name its store with --store, or build something with a teacher first.")
    ledger = Ledger(root)
    try:
        yield ledger
    finally:
        ledger.close()
