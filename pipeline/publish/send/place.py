"""What a destination must do, whatever it is: say what it holds, take files, and prove them."""

import hashlib
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from pipeline.publish.corpus import Corpus, first_line
from schemas.errors import PublishError

LOCK = "lock.json"
# What the Hub puts into every repository, and its client beside every download.
OTHERS = (".gitattributes", ".cache/huggingface/")
SECRETS = ("HF_TOKEN", "HUGGING_FACE_HUB_TOKEN", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_ACCESS_KEY_ID")

Say = Callable[[str], None]


@dataclass(frozen=True)
class File:
    """A file of a corpus: its name within, where it lies, and what its bytes are."""

    name: str
    path: Path
    sha256: str
    size: int


class Place(Protocol):
    """A destination. Its methods raise PublishError where it cannot be reached or written."""

    name: str
    remote: bool

    def listing(self) -> Mapping[str, int]:
        """What is there: sizes by name; empty where nothing is yet."""
        ...

    def read(self, name: str) -> bytes:
        """A small file that is there."""
        ...

    def holds(self, file: File) -> bool:
        """Whether the file lies there with these very bytes, looked at again."""
        ...

    def send(self, files: Sequence[File], gone: Sequence[str], title: str, say: Say) -> str:
        """Puts files there, the lock last, and removes others; returns what names the result, '' where nothing does."""
        ...


def files_of(corpus: Corpus) -> list[File]:
    """The files of a corpus, shards first, the lock last: who finds the lock finds all."""
    told = [(shard.name, shard.sha256, shard.size) for shard in corpus.shards]
    told += [(one["path"], one["sha256"], one.get("size", 0)) for one in corpus.lock["files"]]
    files = [File(name, corpus.path / name, sha256, size) for name, sha256, size in told]
    lock = (corpus.path / LOCK).read_bytes()
    return [*files, File(LOCK, corpus.path / LOCK, hashlib.sha256(lock).hexdigest(), len(lock))]


def is_hubs(name: str) -> bool:
    """Whether a file is one that the Hub or its client adds by itself."""
    return any(name == other or (other.endswith("/") and name.startswith(other)) for other in OTHERS)


def scrubbed(text: str) -> str:
    """A text without the keys that this process was given."""
    for name in SECRETS:
        if len(secret := os.environ.get(name, "")) >= 8:
            text = text.replace(secret, f"[{name}]")
    return text


@contextmanager
def told(what: str, next_move: str, *kinds: type[BaseException]) -> Iterator[None]:
    """Turns the errors of a library into one sentence without a key in it."""
    try:
        yield
    except kinds as error:
        said = getattr(error, "server_message", None) or (
            isinstance(error, RuntimeError) and error.__cause__ and first_line(error.__cause__)
        )
        cause = f" ({str(said).rstrip('.')})" if said else ""
        reason = scrubbed(" ".join(f"{first_line(error).rstrip('.')}{cause}".split())).rstrip(".")
        raise PublishError(f"{what}: {reason}. {next_move}") from None
