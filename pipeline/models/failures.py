"""What a failed call means: to be tried again, final for one question, final for all, or an answer after all."""

import json
import re
import time
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from enum import StrEnum
from typing import Any

import aiohttp
import openai

from pipeline.models.endpoints import Endpoint, address
from schemas.errors import TeacherError

LONGEST_PAUSE_S = 300.0
_SHOWN_CHARACTERS = 240
_TOO_MANY = 429
_RETRIED = (408, 409, _TOO_MANY)
_OVERLOADED = (503, 529)
# A proxy lost what stood behind it, which may have answered.
_LOST_BEHIND = (408, 502, 504, 520, 522, 524)
_TOO_LONG = re.compile(
    r"context[_ ](length|window|size)|exceed_context|prompt is too long|input is too long|input length"
    r"|input token count|too many (input )?tokens|maximum (prompt|input) length|longer than the maximum model length|max_model_len|`inputs` (tokens|must have)",
    re.IGNORECASE,
)
_FILTERED = re.compile(
    r"content[_ ](filter|policy|management)|ResponsibleAIPolicyViolation|data_?inspection_?failed|moderation|was flagged",
    re.IGNORECASE,
)
# What OpenAI answers with 429, and Groq with 413, where one request alone asks for more tokens than a minute has: it never can be answered.
_ABOVE_A_MINUTE = re.compile(r"request too large", re.IGNORECASE)
_IMAGE = re.compile(
    r"unsupported image|invalid_?image|image_?parse_error|image_?too_?large|image size must|image exceeds|cannot identify image"
    r"|too many images|at most [1-9]\d* image",
    re.IGNORECASE,
)
_UNSUPPORTED = re.compile(r"unsupported_(parameter|value)")
_MODEL_CONTEXT = re.compile(r"maximum context length (?:is|of) (\d+)", re.IGNORECASE)


class Kind(StrEnum):
    """What follows from a failure."""

    AGAIN = "again"
    LIMITED = "limited"
    DEAD = "dead"
    THIS = "this"
    ALL = "all"
    TOO_LONG = "too_long"
    CONTENT_FILTER = "content_filter"
    IMAGE_REFUSED = "image_refused"


# What is an answer after all: its name is how the completion ended.
FINAL = frozenset((Kind.TOO_LONG, Kind.CONTENT_FILTER, Kind.IMAGE_REFUSED))


@dataclass(frozen=True)
class Failure:
    """One failed call: what it means, what happened, the next move; the pause asked for and the body, where there are.

    `fault`: it speaks against the server, not against what it was asked. `billed`: the answer may have been made and be
    paid for, though it did not come whole.
    """

    kind: Kind
    what: str
    next_move: str
    pause_s: float = 0.0
    raw: str = ""
    fault: bool = False
    billed: bool = False

    def error(self, url: str, model: str) -> TeacherError:
        """The failure as the sentence that a person reads."""
        return TeacherError(f"Teacher model {model} at {address(url)} {self.what}. {self.next_move}")


def failure_of(error: openai.APIError, endpoint: Endpoint, max_tokens: int = 0) -> Failure:
    """The meaning of what the client raised."""
    if isinstance(error, openai.APIStatusError):
        return _status_failure(error, endpoint, max_tokens)
    if isinstance(error, openai.APIConnectionError):
        return _connection_failure(error, endpoint)
    return Failure(
        Kind.AGAIN,
        f"sent something unreadable: {shown(str(error), endpoint)}",
        "Look into the server's log, then build again.",
        billed=True,
    )


def broken_answer(what: str, endpoint: Endpoint) -> Failure:
    """The meaning of a body with status 200 that holds no final answer."""
    return Failure(Kind.AGAIN, f"sent {shown(what, endpoint)}", "Look into the server's log, then build again.", billed=True)


def shown(text: str, endpoint: Endpoint) -> str:
    """A server's words on one short line, without secrets."""
    words = " ".join(endpoint.hide(text).split()).rstrip(".")
    return words if len(words) <= _SHOWN_CHARACTERS else words[:_SHOWN_CHARACTERS] + "…"


def _connection_failure(error: openai.APIConnectionError, endpoint: Endpoint) -> Failure:
    cause = error.__cause__
    unreached = isinstance(cause, (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError))
    unreached = unreached or type(cause).__name__ in ("ConnectError", "ConnectTimeout")
    late = isinstance(error, openai.APITimeoutError)
    if unreached:
        reason = shown(str(cause or ""), endpoint)
        what = "cannot be reached" + (f" ({reason})" if reason else "")
        return Failure(Kind.DEAD, what, f"Start the server or mend {endpoint.said_by}, then build again.", fault=True)
    if late:
        return Failure(
            Kind.AGAIN, "did not answer in time", "Give the server fewer requests at once, then build again.", fault=True, billed=True
        )
    return Failure(Kind.AGAIN, "broke off the connection", "Look into the server's log, then build again.", fault=True, billed=True)


def _status_failure(error: openai.APIStatusError, endpoint: Endpoint, max_tokens: int) -> Failure:
    status = error.status_code
    message, code = _told(error)
    what = f"answered {status}" + (f" ({shown(message, endpoint)})" if message else "")
    key, url = f"{endpoint.variables}_API_KEY", endpoint.said_by
    if status in (400, 413, 422) and _TOO_LONG.search(f"{code} {message}"):
        limit = _MODEL_CONTEXT.search(message)
        if limit and max_tokens >= int(limit[1]):
            return Failure(Kind.ALL, what, f"Set max_tokens = {max_tokens} of the teacher below {limit[1]}, or serve a longer context.")
        return Failure(Kind.TOO_LONG, what, "", raw=_body(error, endpoint))
    if status in (400, 403) and _FILTERED.search(f"{code} {message}"):
        return Failure(Kind.CONTENT_FILTER, what, "", raw=_body(error, endpoint))
    if status in (400, 413, 415, 422) and _IMAGE.search(f"{code} {message}"):
        return Failure(Kind.IMAGE_REFUSED, what, "", raw=_body(error, endpoint))
    if status in (413, _TOO_MANY) and _ABOVE_A_MINUTE.search(message):
        return Failure(Kind.TOO_LONG, what, "", raw=_body(error, endpoint))
    if status == 400 and _UNSUPPORTED.search(code):
        return Failure(Kind.ALL, what, "Change that setting of the teacher in the manifest, then build again.")
    if status in (401, 403):
        return Failure(Kind.ALL, what, f"Set {key} to a key that may ask this model, then build again.")
    if status == 404:
        return Failure(Kind.ALL, what, f"Name a model that this server has, or mend {url} (many servers want /v1 at its end).")
    if status == 402 or "insufficient_quota" in code:
        return Failure(Kind.ALL, what, "Top up the account or use another key, then build again.")
    if status in _RETRIED or status >= 500:
        pause_s = _pause(error)
        limited = status == _TOO_MANY or (status in _OVERLOADED and pause_s > 0)
        kind = Kind.LIMITED if limited else Kind.AGAIN
        move = "Build again when the server has recovered; what was answered is kept."
        return Failure(kind, what, move, pause_s, fault=not limited, billed=status in _LOST_BEHIND)
    return Failure(Kind.THIS, what, "Mend what the server objects to in the teacher's settings, then build again.")


def _told(error: openai.APIStatusError) -> tuple[str, str]:
    """What the server says of its error: its message, and its code or type."""
    body: Any = error.body
    if isinstance(body, dict):
        inner: Any = body.get("error", body)
        body = inner if isinstance(inner, dict) else {"message": inner}
        message = body.get("message") or body.get("detail") or ""
        return message if isinstance(message, str) else json.dumps(message), f"{body.get('code') or ''} {body.get('type') or ''}".strip()
    return body if isinstance(body, str) else "", ""


def _body(error: openai.APIStatusError, endpoint: Endpoint) -> str:
    return endpoint.hide(error.response.content.decode(errors="replace"))


def _pause(error: openai.APIStatusError) -> float:
    """Seconds that the server asks to wait, from Retry-After in milliseconds, seconds or as a date."""
    headers = error.response.headers
    try:
        if "retry-after-ms" in headers:
            pause = float(headers["retry-after-ms"]) / 1000
        else:
            asked = headers.get("retry-after", "0")
            pause = float(asked) if re.fullmatch(r"[\d.]+", asked) else parsedate_to_datetime(asked).timestamp() - time.time()
    except ValueError:
        return 0.0
    return min(max(pause, 0.0), LONGEST_PAUSE_S)
