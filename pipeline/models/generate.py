"""The protocol behind which every model stands: questions with sample indexes in, completions out."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from pipeline.fingerprint import canonical_json

SEED_STRIDE = 1024
# How a completion ends that stands in the place of an answer which nobody asked for, and its text, which no server writes.
NOT_ASKED = "not_asked"
MISSING_TEXT = "\0not asked"


@dataclass(frozen=True)
class Text:
    """A piece of text in a message."""

    text: str


@dataclass(frozen=True)
class Picture:
    """An image in a message, known by the digest of the bytes that are sent."""

    digest: str
    format: str


@dataclass(frozen=True)
class Message:
    """One turn."""

    role: str
    parts: tuple[Text | Picture, ...]


@dataclass(frozen=True)
class Sampling:
    """The parameters that change what a model answers.

    `pixels`: the least and most at which a model's own processor shows it an image (`65536..262144`); '' leaves them to it.
    """

    temperature: float = 1.0
    top_p: float = 1.0
    max_tokens: int = 8192
    structure: str = ""
    grammar: str = ""
    pixels: str = ""


@dataclass(frozen=True)
class Request:
    """One question to a model, and which samples of it are wanted.

    `seed` is a multiple of 1024, of the question; sample i is drawn with seed + i. `pictures` holds the
    bytes of each image named in the messages, by digest; `withheld` names the kinds of identifiers of persons for which
    the text may go to no remote server. They and `source`, whose budget pays, take no part in the key. `revision`: which of
    the models that were served under this name is meant; '' where nothing is said.
    """

    model: str
    messages: tuple[Message, ...]
    sampling: Sampling
    seed: int
    samples: tuple[int, ...]
    pictures: Mapping[str, bytes] = field(default_factory=dict[str, bytes], compare=False, repr=False)
    source: str = field(default="", compare=False)
    withheld: tuple[str, ...] = field(default=(), compare=False)
    revision: str = ""

    @property
    def digest(self) -> bytes:
        """Hash of all that decides the answers, but the sample index (32 bytes).

        Kept after the first call, without the lock of `functools.cached_property`: units in threads would queue for it.
        """
        found = self.__dict__.get("_digest")
        if found is None:
            found = hashlib.sha256(canonical_json(self.canonical()).encode("utf-8", "surrogatepass")).digest()
            object.__setattr__(self, "_digest", found)
        return found

    def canonical(self) -> dict[str, Any]:
        """What the key is made of, as JSON values."""
        messages = [
            {"role": message.role, "parts": [part.text if isinstance(part, Text) else {"image": part.digest} for part in message.parts]}
            for message in self.messages
        ]
        sampling = {name: value for name, value in vars(self.sampling).items() if value != ""}
        told = {"model": self.model, "messages": messages, "sampling": sampling, "seed": self.seed}
        return told | ({"revision": self.revision} if self.revision else {})

    def key(self, sample: int) -> str:
        """The ledger's key of one sample (64 hex digits)."""
        return hashlib.sha256(self.digest + sample.to_bytes(4, "big")).hexdigest()


@dataclass(frozen=True)
class Completion:
    """One final answer of a model.

    `finish_reason`: stop, length, content_filter, refused (the server says so), too_long (the prompt does
    not fit), image_refused (the server takes no such image, or not so many), other (ended for no reason that is known). `text` holds the thought in <think> tags, wherever the API put it.
    Tokens are 0 where not reported; those of the thought are completion tokens, `cached_tokens` are prompt tokens.
    `cost_nanousd` is what was paid, None where no price is known.
    """

    text: str
    finish_reason: str
    model: str = ""
    prompt_tokens: int = 0
    completion_tokens: int = 0
    cached_tokens: int = 0
    cost_nanousd: int | None = None


class Generate(Protocol):
    """A model."""

    def __call__(self, requests: Sequence[Request]) -> list[tuple[Completion, ...]]:
        """For each request in order, one completion per wanted sample in order.

        Called from several threads at once. Returns only when every answer is final.
        Raises: TeacherError where an answer could not be had; what was answered is in the ledger by then.
        """
        ...

    def close(self) -> None:
        """Gives back connections, threads and files."""
        ...
