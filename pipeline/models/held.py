"""A teacher's answers as far as the ledger holds them: nobody is asked, and what is missing says so."""

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from pipeline.models.budget import FOLDER
from pipeline.models.generate import MISSING_TEXT, NOT_ASKED, Completion, Request
from pipeline.models.ledger import Ledger
from pipeline.step import Context

_MISSING = Completion(MISSING_TEXT, NOT_ASKED)


class Held:
    """Gives the answers that a ledger holds, and in the place of each other one a completion that ended as `not_asked`."""

    def __init__(self, ledger: Path) -> None:
        self._ledger = Ledger(ledger)

    def __call__(self, requests: Sequence[Request]) -> list[tuple[Completion, ...]]:
        """For each request in order, one completion per wanted sample in order."""
        keys = [[request.key(sample) for sample in request.samples] for request in requests]
        known = self._ledger.get([key for asked in keys for key in asked])
        return [tuple(known.get(key, _MISSING) for key in asked) for asked in keys]

    def close(self) -> None:
        """Gives back the ledger's files."""
        self._ledger.close()


def open_held(recipe: Any, context: Context) -> Held:
    """The handle of a step that asks nobody."""
    return Held(context.ledger)


def state_of(ledger: Path) -> str:
    """What tells one state of a ledger from all earlier ones: its files and their sizes, hashed."""
    digest = hashlib.sha256()
    for path in sorted(ledger.rglob("*")):
        name = path.relative_to(ledger)
        if path.is_file() and name.parts[0] != FOLDER:
            digest.update(f"{name.as_posix()}\0{path.stat().st_size}\n".encode())
    return digest.hexdigest()[:32]
