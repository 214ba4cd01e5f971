"""The only downloader: a source's files from the Hub, at one commit, against their lock."""

import hashlib
import os
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import NamedTuple, TypeVar

import httpx2
from huggingface_hub import HfApi
from huggingface_hub.errors import (
    GatedRepoError,
    HfHubHTTPError,
    HFValidationError,
    LocalEntryNotFoundError,
    OfflineModeIsEnabled,
    RepositoryNotFoundError,
    RevisionNotFoundError,
)
from huggingface_hub.hf_api import RepoFile
from pydantic import ValidationError

from pipeline.models.endpoints import bare
from pipeline.unpack import stays_inside, unpack_beside
from schemas.errors import FetchError, PinError
from schemas.lock import FetchLock, LockedFile, LockedSource
from sources.source import Source

RETRY_WAITS_S = (1.0, 4.0, 16.0)
DOWNLOADS_AT_ONCE = 4
HUB = "https://huggingface.co"

_Result = TypeVar("_Result")
_TRANSIENT = frozenset({408, 429, 500, 502, 503, 504})


class Fetched(NamedTuple):
    """The folder that holds a source's files in upstream's layout, and what was locked of them."""

    folder: Path
    locked: LockedSource


@dataclass(frozen=True)
class _Wanted:
    """One file to have: what the lock says of it, and what the Hub does; '' where they say nothing."""

    path: str
    locked: str = ""
    stated: str = ""
    blob: str = ""


def fetch(
    source: Source, split: str | None, revision: str | None, locked: LockedSource | None, cache: Path, relock: bool, locked_only: bool
) -> Fetched:
    """The files of one split (None: the source's default), downloaded where they are not in the cache yet; zip archives unpacked beside.

    An archive `a/images.zip` is unpacked into `a/images/`. Nothing is asked of the Hub where all locked files are there.
    Raises: FetchError, PinError.
    """
    patterns = _patterns(source, split or source.default_split)
    locked = None if relock else locked
    if locked is None and locked_only:
        raise PinError(f"{source.name} is not in the lock. Build once without --locked, so that its files are fetched and locked.")
    if locked is not None:
        _check_pin(source, revision, locked)
    api = HfApi(endpoint=os.environ.get("HF_ENDPOINT") or None, token=os.environ.get("HF_TOKEN") or None)
    commit = locked.revision if locked else _resolve(api, source, revision)
    folder = cache / source.repo.replace("/", "--") / commit
    files = _wanted(api, source, patterns, commit, locked, locked_only)
    with ThreadPoolExecutor(DOWNLOADS_AT_ONCE) as pool:
        have = tuple(pool.map(lambda file: _have(api, source, commit, folder, file), files))
    for file in have:
        if file.path.lower().endswith(".zip"):
            unpack_beside(folder / file.path, file.sha256)
    return Fetched(folder, LockedSource(repo=source.repo, revision=commit, files=have))


def read_lock(path: Path) -> FetchLock:
    """The lock in a file; an empty one where there is no file.

    Raises: PinError where it cannot be read.
    """
    if not path.exists():
        return FetchLock()
    try:
        lock = FetchLock.model_validate_json(path.read_bytes())
    except OSError as error:
        raise PinError(
            f"{path} cannot be read: {error.strerror}. Give read access to it, or move it away and rebuild with --relock."
        ) from error
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"]) or "the file"
        raise PinError(f"{path} is no lock: {place}: {first['msg']}. Restore it, or delete it and rebuild with --relock.") from error
    if lock.version != 1:
        raise PinError(
            f"{path} has version {lock.version}, this medtrace reads 1. Use the medtrace that wrote it, or rebuild with --relock."
        )
    return lock


def write_lock(path: Path, lock: FetchLock) -> None:
    """Writes the lock whole or not at all, sources and files in order of their names.

    Raises: PinError where it cannot be written.
    """
    fetched = {
        name: source.model_copy(update={"files": tuple(sorted(source.files, key=lambda file: file.path))})
        for name, source in sorted(lock.fetched.items())
    }
    partial = path.with_name(f".{path.name}.{os.getpid()}.partial")
    try:
        with partial.open("w", encoding="utf-8") as out:
            out.write(lock.model_copy(update={"fetched": fetched}).model_dump_json(indent=2) + "\n")
            out.flush()
            os.fsync(out.fileno())
        partial.replace(path)
    except OSError as error:
        partial.unlink(missing_ok=True)
        raise PinError(f"{path} cannot be written: {error.strerror}. Give write access to its folder: it pins what was fetched.") from error


def _patterns(source: Source, split: str) -> tuple[str, ...]:
    if not source.repo:
        raise FetchError(
            f"{source.name} cannot be fetched (access: {source.access}). Get its files from {source.homepage} and name their folder as `path`."
        )
    if split not in source.files:
        raise FetchError(f"{source.name} has no files for split {split!r}, only for {', '.join(sorted(source.files))}. Name one of these.")
    return source.files[split]


def _check_pin(source: Source, revision: str | None, locked: LockedSource) -> None:
    if locked.repo != source.repo:
        raise PinError(
            f"{source.name} is locked to {locked.repo}, its source now reads {source.repo}. Review it, then rebuild with --relock."
        )
    commit = revision is not None and len(revision) == 40 and all(digit in "0123456789abcdef" for digit in revision)
    if commit and revision != locked.revision:
        raise PinError(f"{source.name} is locked at {locked.revision}, the manifest asks for {revision}. Rebuild with --relock to move it.")


def _resolve(api: HfApi, source: Source, revision: str | None) -> str:
    commit = _call(source, revision, lambda: api.dataset_info(source.repo, revision=revision).sha)
    if not commit:
        raise FetchError(f"The Hub names no commit for {source.repo}. Check HF_ENDPOINT, or name a `revision` in the manifest.")
    return commit


def _wanted(
    api: HfApi, source: Source, patterns: tuple[str, ...], commit: str, locked: LockedSource | None, locked_only: bool
) -> tuple[_Wanted, ...]:
    """The files that match the patterns, in order of their paths: the lock's where it covers all patterns, else the Hub's."""
    pins = {file.path: file.sha256 for file in locked.files} if locked else {}
    missing = [pattern for pattern in patterns if not any(fnmatchcase(path, pattern) for path in pins)]
    if missing and locked_only:
        raise PinError(f"The lock of {source.name} has no file like {missing[0]}. Build once without --locked, so that it is locked too.")
    files = [_Wanted(path, pin) for path, pin in pins.items()] if not missing else _listed(api, source, commit, pins)
    absent = [pattern for pattern in patterns if not any(fnmatchcase(file.path, pattern) for file in files)]
    if absent:
        raise FetchError(f"{source.repo} at {commit} has no file like {absent[0]}. Name an older `revision`, or a folder as `path`.")
    chosen = [file for file in files if any(fnmatchcase(file.path, pattern) for pattern in patterns)]
    for file in chosen:
        if not stays_inside(file.path):
            raise FetchError(f"{source.repo} lists the file {file.path!r}, which leads out of the cache. Do not use this repository.")
    return tuple(sorted(chosen, key=lambda file: file.path))


def _listed(api: HfApi, source: Source, commit: str, pins: dict[str, str]) -> list[_Wanted]:
    tree = _call(source, commit, lambda: list(api.list_repo_tree(source.repo, recursive=True, revision=commit, repo_type="dataset")))
    return [
        _Wanted(item.path, pins.get(item.path, ""), item.lfs.sha256 if item.lfs else "", "" if item.lfs else item.blob_id)
        for item in tree
        if isinstance(item, RepoFile)
    ]


def _have(api: HfApi, source: Source, commit: str, folder: Path, wanted: _Wanted) -> LockedFile:
    """The file, in the folder and checked; what lies there and is not it is fetched anew."""
    path = folder / wanted.path
    if path.is_file():
        found = _digest(path)
        if wanted.locked == found if wanted.locked else _is_stated(path, found, wanted):
            return LockedFile(path=wanted.path, sha256=found, size=path.stat().st_size)
        path.unlink()
    _call(source, commit, lambda: api.hf_hub_download(source.repo, wanted.path, repo_type="dataset", revision=commit, local_dir=folder))
    found = _digest(path)
    if wanted.locked and found != wanted.locked:
        raise PinError(
            f"{source.name} {wanted.path} has sha256 {found[:12]}…, locked {wanted.locked[:12]}…. Review the new file, then rebuild with --relock."
        )
    if not _is_stated(path, found, wanted):
        path.unlink()
        raise FetchError(f"{source.name} {wanted.path} arrived with sha256 {found[:12]}…, which is not what the Hub states. Build again.")
    return LockedFile(path=wanted.path, sha256=found, size=path.stat().st_size)


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _is_stated(path: Path, found: str, wanted: _Wanted) -> bool:
    """Whether the file is what the Hub's listing says: by sha256 for a large file, by git's blob hash for a small one."""
    if wanted.stated:
        return found == wanted.stated
    if not wanted.blob:
        return True
    blob = hashlib.sha1(b"blob %d\0" % path.stat().st_size, usedforsecurity=False)
    blob.update(path.read_bytes())
    return blob.hexdigest() == wanted.blob


def _call(source: Source, revision: str | None, ask: Callable[[], _Result]) -> _Result:
    """The answer, asked for again while the fault may pass. Raises: FetchError."""
    for wait_s in (*RETRY_WAITS_S, None):
        try:
            return ask()
        except (OSError, httpx2.HTTPError, HFValidationError) as error:
            if wait_s is None or not _may_pass(error):
                raise FetchError(_told(source, revision, error)) from error
        time.sleep(wait_s)
    raise AssertionError("the last attempt returns or raises")


def _may_pass(error: BaseException | None) -> bool:
    if isinstance(error, LocalEntryNotFoundError):
        return _may_pass(error.__cause__)
    if isinstance(error, HfHubHTTPError):
        return error.response.status_code in _TRANSIENT
    return isinstance(error, httpx2.TransportError)


def _told(source: Source, revision: str | None, error: BaseException) -> str:
    cause = error.__cause__ if isinstance(error, LocalEntryNotFoundError) and error.__cause__ else error
    page = f"{bare(os.environ.get('HF_ENDPOINT') or HUB)}/datasets/{source.repo}"
    if isinstance(cause, GatedRepoError):
        return f"{source.name} is gated: {page}. Accept its terms there, set HF_TOKEN to a token of that account, and build again."
    if isinstance(cause, RevisionNotFoundError):
        return f"{source.repo} has no revision {revision!r}. Name a branch, a tag or a commit that stands at {page}."
    if isinstance(cause, OfflineModeIsEnabled):
        return f"{source.name} is not whole in the cache and HF_HUB_OFFLINE is set. Unset it, or name a folder with its files as `path`."
    status = cause.response.status_code if isinstance(cause, HfHubHTTPError) else 0
    if isinstance(cause, RepositoryNotFoundError) or status in (401, 403):
        return f"{page} is not there or not for this account (HTTP {status}). Set HF_TOKEN to a token that may read it, or name a `path`."
    if status:
        return f"{page} answered HTTP {status}. Build again later: what has arrived is kept; or name a folder as `path`."
    return (
        f"{page} could not be fetched: {type(cause).__name__}: {' '.join(str(cause).split())[:200]}. "
        "Check the network and HF_ENDPOINT and build again: what has arrived is kept; or name a folder as `path`."
    )
