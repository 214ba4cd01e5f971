"""How an `openai` client is configured for each server of an endpoint, and the lanes that carry requests to them."""

import hashlib
from typing import Any

import openai

from pipeline.models.dialects import DIALECTS
from pipeline.models.endpoints import Endpoint, address, bare, basic, is_loopback, query
from pipeline.models.lanes import Lane
from pipeline.models.limits import Limits
from pipeline.models.patience import Patience
from pipeline.models.providers import Provider
from pipeline.models.window import Window
from pipeline.models.wire import Wire

CONCURRENCY = 64


def settings(endpoint: Endpoint, index: int, patience: Patience) -> dict[str, Any]:
    """The arguments of a client of one of the endpoint's servers."""
    url, key = endpoint.base_urls[index], endpoint.key(index)
    return {
        "base_url": bare(url),
        "api_key": key or "none",
        "default_headers": _headers(endpoint.told(index), url, key),
        "default_query": query(url) or None,
        "max_retries": 0,
        "timeout": openai.Timeout(patience.timeout_s, connect=patience.connect_timeout_s),
    }


def _headers(provider: Provider | None, url: str, key: str) -> dict[str, Any] | None:
    """The headers that carry a key otherwise than as a bearer's."""
    if basic(url):
        return {"Authorization": f"Basic {basic(url)}"}
    return {provider.key_header: key, "Authorization": openai.Omit()} if provider and provider.key_header and key else None


def lanes_of(endpoint: Endpoint, patience: Patience, limits: Limits, concurrency: int = 0) -> list[Lane]:
    """One lane a server; `concurrency` for each of them, where it is given, goes before what the endpoint says."""
    return [_lane(endpoint, index, patience, limits, concurrency) for index in range(len(endpoint.base_urls))]


def _lane(endpoint: Endpoint, index: int, patience: Patience, limits: Limits, concurrency: int) -> Lane:
    url, most = endpoint.base_urls[index], concurrency or endpoint.concurrency(index) or CONCURRENCY
    client = openai.AsyncOpenAI(**settings(endpoint, index, patience))
    # A proxy named in the environment must not come between us and this machine.
    wire = Wire(client, path=DIALECTS[endpoint.api].path, query=query(url), trust_env=not is_loopback(url))
    return Lane(url, _name(url, endpoint.key(index)), wire, Window(most), endpoint.rates(index), limits)


def _name(url: str, key: str) -> str:
    """What limits are kept under: providers count a key's requests together, and the key itself is nobody's to read."""
    return f"{address(url)} {hashlib.sha256(key.encode()).hexdigest()[:16]}"
