"""Publishing a corpus: audited, permitted, sent, and proved where it arrived."""

import json
from collections.abc import Callable, Collection
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from pipeline.publish.audit import Audit, Status, audit
from pipeline.publish.corpus import Corpus, read_corpus
from pipeline.publish.finish import FORMAT
from pipeline.publish.redact import brought_back
from pipeline.publish.send.folder import Folder
from pipeline.publish.send.hub import Hub
from pipeline.publish.send.objects import Objects
from pipeline.publish.send.permission import check_permitted
from pipeline.publish.send.place import LOCK, Place, Say, files_of, is_hubs
from pipeline.takedown import NOTHING, told_by
from schemas.errors import PublishError, UsageError


@dataclass(frozen=True)
class Sent:
    """What publishing did, or would do. `result`: the commit, where the place makes commits."""

    dest: str
    dry_run: bool
    files: int
    sent: tuple[str, ...]
    sent_bytes: int
    removed: tuple[str, ...]
    verified: int
    result: str = ""

    def to_json(self) -> dict[str, Any]:
        """For machines."""
        return {name: list(value) if isinstance(value, tuple) else value for name, value in asdict(self).items()}


def place_of(dest: str, *, public: bool) -> Place:
    """The destination that a word names: a folder, s3://BUCKET/…, gs://BUCKET/… or hf://NAMESPACE/NAME.

    Raises: UsageError where it names none; PublishError where it cannot be opened.
    """
    scheme, sign, _ = dest.partition("://")
    if not sign:
        return Folder(Path(dest))
    if scheme == "hf":
        return Hub(dest, public=public)
    if scheme in ("s3", "gs"):
        return Objects(dest)
    raise UsageError(f"{scheme}:// is no destination. Name a folder, s3://BUCKET/…, gs://BUCKET/… or hf://NAMESPACE/NAME.")


def publish(
    path: Path,
    dest: str,
    *,
    public: bool = False,
    permitted: Collection[str] = (),
    dry_run: bool = False,
    prove: Callable[[Path], Audit] = audit,
    say: Say = lambda line: None,
) -> Sent:
    """Sends a corpus to a place and proves every file there; nothing is sent of one that fails its audit or may not go.

    Raises: CorpusError where the folder is no corpus; UsageError where the destination cannot be one; PublishError.
    """
    corpus = read_corpus(path)
    place = place_of(dest, public=public)
    if isinstance(place, Folder):
        _check_apart(corpus, place)
    say(f"{path.name} is audited")
    found = prove(path)
    _check_sound(path, found)
    if place.remote:
        check_permitted(corpus, found, place.name, permitted)
    files = files_of(corpus)
    held = place.listing()
    _check_replaceable(place, held, corpus)
    same = {file.name for file in files if file.name in held and place.holds(file)}
    goes = [file for file in files if file.name not in same]
    gone = tuple(sorted(name for name in set(held) - {file.name for file in files} if not is_hubs(name)))
    sent = Sent(
        place.name,
        dry_run,
        len(files),
        tuple(file.name for file in goes),
        sum(file.size for file in goes),
        gone,
        len(same) if dry_run else 0,
    )
    if dry_run:
        return sent
    result = ""
    if goes or gone:
        say(f"{len(goes):,} of {len(files):,} files go to {place.name}, {sent.sent_bytes:,} bytes")
        result = place.send(files if isinstance(place, Folder) else goes, gone, f"{corpus.lock['name']} {corpus.lock['version']}", say)
    for file in goes:
        if not place.holds(file):
            raise PublishError(f"{place.name}/{file.name} is not there with the bytes that were sent. Publish again: the others are kept.")
    return Sent(sent.dest, False, sent.files, sent.sent, sent.sent_bytes, gone, len(files), result)


def _check_sound(path: Path, found: Audit) -> None:
    failed = [check for check in found.checks if check.status is Status.FAILED]
    if failed:
        said = "; ".join(f"{check.name}: {check.detail}" for check in failed)
        raise PublishError(f"{path} fails its audit and is not published ({said}). See medtrace audit, then build it again.")


def _check_apart(corpus: Corpus, place: Folder) -> None:
    here, there = corpus.path.resolve(), place.path.resolve()
    if there.is_relative_to(here) or here.is_relative_to(there):
        raise UsageError(f"{place.name} and the corpus {corpus.path} lie in one another. Name a folder apart from it.")


def _check_replaceable(place: Place, held: Collection[str], corpus: Corpus) -> None:
    """Raises: PublishError where something lies at the destination that is no older state of this corpus, or of what stopped half way."""
    there = {name for name in held if not is_hubs(name)}
    ours = {file.name for file in files_of(corpus)}
    if LOCK not in there:
        others = sorted(there - ours)
        if others:
            raise PublishError(f"{place.name} holds {others[0]} and is no medtrace corpus; nothing is replaced. Name an empty place.")
        return
    try:
        lock = json.loads(place.read(LOCK))
        name, named = lock["name"], {one["path"] for part in ("files", "shards") for one in lock[part]} | {LOCK}
        taken = told_by(lock.get("build") or {})
        ok = str(lock["format"]).partition("/")[0] == FORMAT.partition("/")[0]
    except (ValueError, KeyError, TypeError):
        name, named, taken, ok = "", set[str](), NOTHING, False
    if not ok:
        raise PublishError(f"{place.name} holds a lock.json that is no corpus's; nothing is replaced. Name an empty place.")
    if name != corpus.lock["name"]:
        raise PublishError(f"{place.name} holds the corpus {name}, not {corpus.lock['name']}; nothing is replaced. Name another place.")
    others = sorted(there - named - ours)
    if others:
        raise PublishError(f"{place.name} also holds {others[0]}, which no build wrote; nothing is replaced. Move it away first.")
    back = brought_back(corpus, taken)
    if back:
        raise PublishError(
            f"{place.name} is without rows that were taken down, of which {corpus.path} holds {back:,}; nothing is replaced. "
            "Take them down here too with medtrace redact, or build again with the takedown list beside the manifest."
        )
