"""What providers of the API do differently, as data: names of parameters, what models refuse, how keys go, images that are taken.

Sources, read in November 2026: OpenAI's guides to reasoning and images and its answer in openai-node issue 1613 (Responses
has no seed), Azure's API version lifecycle and quotas, DeepSeek's thinking mode, OpenRouter's API reference.
"""

import re
from dataclasses import dataclass, field
from enum import StrEnum
from urllib.parse import urlsplit

from pipeline.models.generate import Picture, Request
from schemas.errors import TeacherError

_MIB = 1 << 20
_WEB = frozenset(("jpg", "jpeg", "png", "webp", "gif"))
_REASONS = re.compile(r"(^|/)(o\d|gpt-[5-9])(?!.*-chat)", re.IGNORECASE)


class Api(StrEnum):
    """Which of the two APIs a server is asked through."""

    CHAT = "chat"
    RESPONSES = "responses"


@dataclass(frozen=True)
class Images:
    """What images one request may bring; 0 and the empty set are no limit."""

    bytes_each: int = 0
    bytes_together: int = 0
    count: int = 0
    formats: frozenset[str] = frozenset()

    def refusal(self, request: Request) -> str:
        """Why the images of a request are not taken; '' where they are."""
        shown = [part for message in request.messages for part in message.parts if isinstance(part, Picture)]
        sizes = [len(request.pictures[picture.digest]) for picture in shown]
        if self.count and len(shown) > self.count:
            return f"{len(shown)} images, where {self.count} are taken"
        if odd := sorted({picture.format for picture in shown} - self.formats) if self.formats else []:
            return f"an image as {odd[0]}, where {', '.join(sorted(self.formats))} are taken"
        if self.bytes_each and max(sizes, default=0) > self.bytes_each:
            return f"an image of {max(sizes):,} bytes, where {self.bytes_each:,} are taken"
        if self.bytes_together and sum(sizes) > self.bytes_together:
            return f"images of {sum(sizes):,} bytes together, where {self.bytes_together:,} are taken"
        return ""


@dataclass(frozen=True)
class Provider:
    """One kind of server.

    `hosts`: how the names of its hosts end; `owner`: what stands as the owner of its models where the host tells nothing.
    `most_tokens`: what it calls the bound on an answer. `grammar`: the path to a grammar in the body; empty where none is
    kept. `reasoning`: models that take no temperature but 1, and want none. `key_header`: where the key goes, if not
    as a bearer's. `lists`: its list of models names what may be asked. `pixels`: where a processor is told its pixels, if at all.
    """

    name: str
    hosts: tuple[str, ...] = ()
    owner: str = ""
    most_tokens: str = "max_tokens"
    seed: bool = True
    grammar: tuple[str, ...] = ()
    reasoning: re.Pattern[str] | None = None
    key_header: str = ""
    lists: bool = True
    images: Images = field(default_factory=Images)
    pixels: str = ""

    def reasons(self, model: str) -> bool:
        """Whether a model takes no temperature."""
        return self.reasoning is not None and self.reasoning.search(model) is not None


GENERIC = Provider("generic")
VLLM = Provider("vllm", owner="vllm", grammar=("structured_outputs", "grammar"), pixels="mm_processor_kwargs")
LLAMA_CPP = Provider("llama.cpp", owner="llamacpp", grammar=("grammar",))
OPENAI = Provider(
    "openai",
    hosts=("api.openai.com",),
    most_tokens="max_completion_tokens",
    reasoning=_REASONS,
    images=Images(20 * _MIB, 50 * _MIB, 500, _WEB),
)
AZURE = Provider(
    "azure",
    hosts=(".openai.azure.com", ".services.ai.azure.com", ".cognitiveservices.azure.com"),
    most_tokens="max_completion_tokens",
    reasoning=_REASONS,
    key_header="api-key",
    # It lists what could be deployed, not what is.
    lists=False,
    images=Images(20 * _MIB, 0, 50, _WEB),
)
OPENROUTER = Provider("openrouter", hosts=("openrouter.ai",))
DEEPSEEK = Provider("deepseek", hosts=("api.deepseek.com",), seed=False)

PROVIDERS = (OPENAI, AZURE, OPENROUTER, DEEPSEEK, VLLM, LLAMA_CPP, GENERIC)


def provider_named(name: str, variable: str) -> Provider:
    """The provider that a variable of the environment names.

    Raises: TeacherError.
    """
    found = next((provider for provider in PROVIDERS if provider.name == name.lower()), None)
    if found is None:
        raise TeacherError(f"{variable} is {name!r}. Name one of {', '.join(provider.name for provider in PROVIDERS)}, or leave it out.")
    return found


def provider_at(url: str) -> Provider | None:
    """The provider by the host of a URL; none where only the server itself can tell."""
    host = urlsplit(url).hostname or ""
    return next((one for one in PROVIDERS if any(_ends(host, end) for end in one.hosts)), None)


def provider_owning(owner: str) -> Provider:
    """The provider by whom a server names as the owner of its models."""
    return next((one for one in PROVIDERS if one.owner and one.owner == owner), GENERIC)


def _ends(host: str, end: str) -> bool:
    return host.endswith(end) if end.startswith(".") else host == end or host.endswith(f".{end}")
