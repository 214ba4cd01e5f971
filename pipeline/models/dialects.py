"""The two APIs side by side: where a request goes, how it is written, and how its answer is read."""

from collections.abc import Callable
from typing import NamedTuple

from pipeline.models.chat import choices_of, head_of
from pipeline.models.generate import Completion, Request
from pipeline.models.providers import Api, Provider
from pipeline.models.responses import completion_of_response, head_of_response


class Dialect(NamedTuple):
    """One API."""

    path: str
    head: Callable[[Request, Provider], bytes]
    read: Callable[[str, int], list[Completion | None]]
    seed: bool


DIALECTS = {
    Api.CHAT: Dialect("chat/completions", head_of, choices_of, seed=True),
    Api.RESPONSES: Dialect("responses", head_of_response, lambda raw, count: [completion_of_response(raw)], seed=False),
}
