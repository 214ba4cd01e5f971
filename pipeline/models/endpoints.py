"""Where a teacher is: its base URLs and its key, from the environment and nowhere else."""

import base64
import ipaddress
import os
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TypeVar
from urllib.parse import parse_qsl, unquote, urlsplit, urlunsplit

from pipeline.models.limits import Rates
from pipeline.models.providers import Api, Provider, provider_at, provider_named
from schemas.errors import TeacherError

_SHORTEST_SECRET = 8
# What OpenAI takes.
_MOST_CHOICES = 128
_SAID_BY = "_BASE_URL_SAID_BY"
_T = TypeVar("_T")


@dataclass(frozen=True)
class Endpoint:
    """One or several servers of the same model, with the key that all or each of them take.

    `variables`: how the names of the environment variables begin that it was read from. `rpm`, `tpm` (requests and tokens
    a minute) and `in_flight` (requests at once) hold for each server; one value stands for all. `provider`: what they
    are, where the host does not tell it. `choices`: samples of one question that are asked for in one request, at most.
    `said`: what gave the URLs, where no variable did.
    """

    base_urls: tuple[str, ...] = field(repr=False)
    api_keys: tuple[str, ...] = field(default=(), repr=False)
    variables: str = "OPENAI"
    rpm: tuple[int, ...] = ()
    tpm: tuple[int, ...] = ()
    in_flight: tuple[int, ...] = ()
    provider: Provider | None = None
    api: Api = Api.CHAT
    choices: int = 1
    said: str = ""

    def key(self, index: int) -> str:
        """The key of a server; '' where it takes none."""
        return _of(self.api_keys, index, "")

    def rates(self, index: int) -> Rates:
        """The limits of a server; 0 where none is known."""
        return Rates(_of(self.rpm, index, 0), _of(self.tpm, index, 0))

    def concurrency(self, index: int) -> int:
        """The most requests that a server is given at once; 0 where nothing is said."""
        return _of(self.in_flight, index, 0)

    def told(self, index: int) -> Provider | None:
        """What a server is, as far as its host or the environment tells."""
        return self.provider or provider_at(self.base_urls[index])

    @property
    def said_by(self) -> str:
        """What gave its URLs: a variable, or an option of the command line."""
        return self.said or f"{self.variables}_BASE_URL"

    @property
    def remote(self) -> bool:
        """Whether what is sent there may leave this machine."""
        return not all(map(is_loopback, self.base_urls))

    def __repr__(self) -> str:
        return f"Endpoint({', '.join(map(address, self.base_urls))})"

    def hide(self, text: str) -> str:
        """The text without the key and without credentials of the URLs, should a server echo them."""
        for secret in (*self.api_keys, *(secret for url in self.base_urls for secret in _secrets(url))):
            if len(secret) >= _SHORTEST_SECRET:
                text = text.replace(secret, "[hidden]").replace(secret.replace("/", r"\/"), "[hidden]")
        return text


def variables_of(teacher: str) -> str:
    """How the environment variables of a teacher's own begin."""
    return "MEDTRACE_" + re.sub(r"[^A-Z0-9]", "_", teacher.upper())


def endpoint_for(teacher: str, environ: Mapping[str, str]) -> Endpoint:
    """The endpoint of a teacher: its own variables, else those of OPENAI.

    Raises: TeacherError naming the variables that would say it.
    """
    own = variables_of(teacher)
    for variables in (own, "OPENAI"):
        given = [url.strip() for url in environ.get(f"{variables}_BASE_URL", "").split(",")]
        urls = tuple(url.rstrip("/") for url in given if url)
        if urls:
            _check_urls(urls, variables)
            keys = _list(environ, f"{variables}_API_KEY", len(urls))
            for key in keys:
                _check_key(key, variables)
            rpm, tpm, in_flight = (_counts(environ, f"{own}_{what}", len(urls)) for what in ("RPM", "TPM", "CONCURRENCY"))
            provider, api = _kind(environ, own)
            said = environ.get(f"{variables}{_SAID_BY}", "")
            return Endpoint(urls, keys, variables, rpm, tpm, in_flight, provider, api, _choices(environ, own, api), said)
    raise TeacherError(
        f"Teacher {teacher} has no endpoint. Set {own}_BASE_URL and {own}_API_KEY, or OPENAI_BASE_URL and OPENAI_API_KEY "
        "(several URLs comma-separated), or run medtrace serve for a small local model."
    )


@contextmanager
def served_at(teacher: str, url: str, said_by: str) -> Iterator[None]:
    """Makes a URL (several comma-separated) a teacher's own endpoint in this process, which errors call by the words that said it."""
    told = {f"{variables_of(teacher)}_BASE_URL": url, f"{variables_of(teacher)}{_SAID_BY}": said_by}
    before = {name: os.environ.get(name) for name in told}
    os.environ.update(told)
    try:
        yield
    finally:
        for name, value in before.items():
            os.environ.pop(name)
            if value is not None:
                os.environ[name] = value


def address(url: str) -> str:
    """Host and port of a URL, without credentials, path and query."""
    parts = urlsplit(url)
    host = parts.hostname or "?"
    shown = f"[{host}]" if ":" in host else host
    port = parts.port or {"http": 80, "https": 443}.get(parts.scheme, 0)
    return f"{shown}:{port}"


def is_loopback(url: str) -> bool:
    """True where the URL names this machine, so that nothing sent there leaves it."""
    host = urlsplit(url).hostname or ""
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def bare(url: str) -> str:
    """The URL without credentials and query."""
    parts = urlsplit(url)
    return urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2], query="", fragment=""))


def query(url: str) -> dict[str, str]:
    """What stands behind the question mark, such as Azure's api-version."""
    return dict(parse_qsl(urlsplit(url).query))


def basic(url: str) -> str:
    """The credentials in a URL as basic authorization takes them; '' where there are none."""
    parts = urlsplit(url)
    user, password = unquote(parts.username or ""), unquote(parts.password or "")
    return base64.b64encode(f"{user}:{password}".encode()).decode() if user or password else ""


def _of(values: tuple[_T, ...], index: int, otherwise: _T) -> _T:
    """A server's own value, or the one that stands for all."""
    return values[index if len(values) > 1 else 0] if values else otherwise


def _list(environ: Mapping[str, str], name: str, servers: int) -> tuple[str, ...]:
    """Values separated by commas: none, one for all servers, or one for each."""
    values = tuple(value.strip() for value in environ.get(name, "").split(",")) if environ.get(name, "").strip() else ()
    if len(values) > 1 and len(values) != servers:
        raise TeacherError(f"{name} holds {len(values)} values for {servers} servers. Give one for all of them, or one for each.")
    return values


def _counts(environ: Mapping[str, str], name: str, servers: int) -> tuple[int, ...]:
    values = _list(environ, name, servers)
    if not all(re.fullmatch(r"[1-9]\d{0,11}", value) for value in values):
        raise TeacherError(f"{name} is {environ[name]!r}, which is no whole number above 0. Write it like 600, several comma-separated.")
    return tuple(map(int, values))


def _choices(environ: Mapping[str, str], own: str, api: Api) -> int:
    (choices,) = _counts(environ, f"{own}_CHOICES", 1) or (1,)
    if choices > 1 and api is Api.RESPONSES:
        raise TeacherError(f"{own}_CHOICES is {choices}, and the Responses API gives one choice. Leave it out, or {own}_API.")
    return min(choices, _MOST_CHOICES)


def _kind(environ: Mapping[str, str], own: str) -> tuple[Provider | None, Api]:
    provider, api = environ.get(f"{own}_PROVIDER", "").strip(), environ.get(f"{own}_API", "").strip().lower() or Api.CHAT
    if api not in tuple(Api):
        raise TeacherError(f"{own}_API is {api!r}. Name one of {', '.join(Api)}, or leave it out.")
    return provider_named(provider, f"{own}_PROVIDER") if provider else None, Api(api)


def _secrets(url: str) -> tuple[str, ...]:
    values = (value for name, value in query(url).items() if name != "api-version")
    return basic(url), unquote(urlsplit(url).password or ""), *values


def _check_key(key: str, variables: str) -> None:
    if not all("!" <= sign <= "~" for sign in key):
        raise TeacherError(f"{variables}_API_KEY holds spaces or signs that no key has. Copy the key again, without quotes.")


def _check_urls(urls: tuple[str, ...], variables: str) -> None:
    for url in urls:
        try:
            parts = urlsplit(url)
            good = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
        except ValueError:
            good = False
        if not good:
            raise TeacherError(
                f"{variables}_BASE_URL holds a value that is no http(s) URL with a host. "
                "Write it like http://127.0.0.1:8000/v1, several comma-separated."
            )
