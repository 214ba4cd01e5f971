"""Looking into the ledger: what it holds, whether it is sound, and all of it as JSON lines."""

import json
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from pipeline.models.budget import unsettled
from pipeline.models.ledger import Ledger
from pipeline.store import writing
from schemas.errors import LedgerError


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
class Held:
    """What a ledger holds, and what was paid or may have been without reaching it."""

    answers: tuple[Holding, ...]
    unsettled: tuple[Unsettled, ...]


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
        for entry in ledger.entries():
            answer = entry.completion
            key = (entry.model, answer.finish_reason)
            counts[key] += 1
            spent = (answer.prompt_tokens, answer.completion_tokens, answer.cost_nanousd or 0, int(answer.cost_nanousd is None))
            sums[key] = [before + more for before, more in zip(sums.get(key, (0, 0, 0, 0)), spent, strict=True)]
    return Held(tuple(Holding(*key, count, *sums[key]) for key, count in sorted(counts.items())), unsettled_in(store / "ledger"))


def unsettled_in(ledger: Path) -> tuple[Unsettled, ...]:
    """What no process settled, by corpus.

    Raises: LedgerError.
    """
    found = unsettled(ledger)
    return tuple(
        Unsettled(corpus, len(open), sum(one.nanousd for one in open), sum(one.tokens for one in open)) for corpus, open in found.items()
    )


def verify(store: Path) -> Soundness:
    """Reads every record again."""
    with _opened(store) as ledger:
        damages = tuple(str(damage) for damage in ledger.verify())
        return Soundness(sum(1 for _ in ledger.entries()), damages)


def export(store: Path, out: Path) -> int:
    """Writes every answer as a JSON line: key, model, text, ending, tokens and the raw response. Returns how many.

    Raises: LedgerError, or StoreError where the file cannot be written.
    """
    count = 0
    with _opened(store) as ledger, writing(out) as temporary, temporary.open("w", encoding="utf-8") as file:
        for entry in ledger.entries():
            row: dict[str, Any] = {"key": entry.key, "model": entry.model, **vars(entry.completion), "raw": entry.raw}
            row["paid"] = asdict(entry.paid) if entry.paid else None
            file.write(json.dumps(row, ensure_ascii=False, default=_text) + "\n")
            count += 1
    return count


def _text(value: Any) -> str:
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)


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
