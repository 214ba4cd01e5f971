"""Purging: answers that must no longer be kept leave the ledger, and all others stay."""

import os
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import replace
from itertools import islice
from pathlib import Path
from shutil import rmtree
from typing import NamedTuple

from pipeline.models.compact import LOCK
from pipeline.models.entry import LedgerEntry
from pipeline.models.ledger import SUFFIX, Ledger
from pipeline.models.remote import RemoteFolder, remote_of
from pipeline.models.segment_writer import lock, writer_lives
from pipeline.models.side_index import SUFFIX as INDEX
from pipeline.store import sync_folder
from schemas.errors import LedgerError

_AT_ONCE = 256
_FRESH = "purged"


def purge(root: Path, keys: Collection[str]) -> int:
    """Removes every answer to these keys; returns to how many keys there was one. No build may use the ledger meanwhile.

    All other answers are written anew first; the old segments go after that.
    Raises: LedgerError where it cannot be read or written, is damaged, or is written by somebody else at the same time.
    """
    ledger = Ledger(root)
    try:
        known = ledger.known(sorted(keys))
        if not known:
            return 0
        with _alone(root):
            damage = next(ledger.verify(), None)
            if damage is not None:
                raise LedgerError(f"Nothing is purged from a damaged ledger: {damage}")
            there = _objects(root)
            before = _segments(root)
            _write_others(ledger, known, root / _FRESH)
            _replace(root, before)
            if there is not None:
                ledger.push()
                for name in there.names:
                    there.folder.remove(name)
    except OSError as error:
        raise LedgerError(f"The ledger {root} cannot be purged: {error.strerror or error}. Make it writable, then redact again.") from error
    finally:
        ledger.close()
    return len(known)


class _Objects(NamedTuple):
    """What an object store held before."""

    folder: RemoteFolder
    names: tuple[str, ...]


def _objects(root: Path) -> _Objects | None:
    """The ledger's objects, where it is in an object store.

    Raises: LedgerError where another machine may still write it.
    """
    url = remote_of(root)
    if not url:
        return None
    folder = RemoteFolder(url, root)
    names = folder.names()
    here = _segments(root)
    for name in names:
        finished = not name.endswith(SUFFIX) or name.removesuffix(SUFFIX) + INDEX in names
        if not finished and root / name not in here:
            raise LedgerError(
                f"The ledger at {folder.name} is written by another machine, or was when that was lost; nothing was removed. "
                "Let its build end, or run medtrace ledger compact a day after it was lost, then redact again."
            )
    return _Objects(folder, tuple(names))


@contextmanager
def _alone(root: Path) -> Iterator[None]:
    """Keeps compactions out, and fails where a writer is at work."""
    fd = os.open(root / LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    try:
        if not lock(fd) or any(_is_written(path) for path in _segments(root)):
            raise LedgerError(f"The ledger {root} is in use; nothing was removed. Let the build end, then redact again.")
        yield
    finally:
        os.close(fd)


def _is_written(path: Path) -> bool:
    fd = os.open(path, os.O_RDWR | os.O_CLOEXEC)
    try:
        return writer_lives(fd)
    finally:
        os.close(fd)


def _write_others(ledger: Ledger, gone: Collection[str], folder: Path) -> None:
    """Writes every answer that stays into a folder of its own."""
    rmtree(folder, ignore_errors=True)
    fresh, others = Ledger(folder), (left for response in ledger.responses() if (left := _without(response, gone)) is not None)
    try:
        while some := list(islice(others, _AT_ONCE)):
            fresh.put(some)
    finally:
        fresh.close()


def _without(response: LedgerEntry, gone: Collection[str]) -> LedgerEntry | None:
    """What stays of a response; where it loses some of its choices, so does its body, which holds the words of all."""
    stays = [(key, completion) for key, completion in response.choices if key not in gone]
    if len(stays) == len(response.choices):
        return response
    if not stays:
        return None
    (key, completion), *others = stays
    return replace(response, key=key, completion=completion, raw='{"removed":"some of its choices were purged"}', others=tuple(others))


def _segments(root: Path) -> dict[Path, int]:
    return {path: path.stat().st_size for path in sorted(root.glob(f"*{SUFFIX}"))}


def _replace(root: Path, before: dict[Path, int]) -> None:
    """Puts the new segments beside the old ones and removes those; killed between, an answer stands twice and counts once."""
    if _segments(root) != before:
        raise LedgerError(f"The ledger {root} was written while it was purged; nothing was removed. Let the build end, then redact again.")
    for suffix in (SUFFIX, INDEX):
        for path in sorted((root / _FRESH).glob(f"*{suffix}")):
            path.rename(root / path.name)
    sync_folder(root)
    for path in before:
        path.unlink()
        path.with_suffix(INDEX).unlink(missing_ok=True)
    sync_folder(root)
    rmtree(root / _FRESH, ignore_errors=True)
