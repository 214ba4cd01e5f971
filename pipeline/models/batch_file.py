"""The files of provider batches: requests as lines, and lines of answers as entries of the ledger."""

import json
from collections.abc import Callable, Iterable, Iterator
from typing import Any, NamedTuple

import httpx2
import openai

from pipeline.models.body import UnfinishedAnswerError
from pipeline.models.chat import completion_of
from pipeline.models.endpoints import Endpoint
from pipeline.models.entry import LedgerEntry
from pipeline.models.failures import FINAL, failure_of, shown
from pipeline.models.generate import Completion, Request

PATH = "/v1/chat/completions"
_OK = 200

Body = Callable[[Request, int], bytes]


class Row(NamedTuple):
    """One line of a file: the request that it puts, and the key of its answer."""

    request: Request
    key: str
    line: bytes


class Left(NamedTuple):
    """Why a row brought no answer. `billed`: one was made, and is paid for, though it cannot be read."""

    reason: str
    billed: bool = False


def files_of(samples: Iterable[tuple[Request, int, str]], body: Body, most_requests: int, most_bytes: int) -> Iterator[list[Row]]:
    """Files of one model each, within the provider's bounds."""
    rows: list[Row] = []
    size = 0
    for request, index, key in samples:
        line = b'{"custom_id":"%s","method":"POST","url":"%s","body":%s}\n' % (key.encode(), PATH.encode(), body(request, index))
        if rows and (request.model != rows[0].request.model or len(rows) >= most_requests or size + len(line) > most_bytes):
            yield rows
            rows, size = [], 0
        rows.append(Row(request, key, line))
        size += len(line)
    if rows:
        yield rows


def _as_error(status: int, body: Any) -> openai.APIStatusError:
    """A failed row as the error that the client would have raised."""
    response = httpx2.Response(status, json=body, request=httpx2.Request("POST", f"http://batch{PATH}"))
    told = body.get("error", body) if isinstance(body, dict) else body
    return openai.APIStatusError("", response=response, body=told)


def read_row(line: str, model: str, endpoint: Endpoint) -> tuple[str, LedgerEntry | Left] | None:
    """The key and the answer of one line that a batch brought, or why there is none; none for a line that is no row."""
    try:
        row = json.loads(line)
        key, response, error = row["custom_id"], row.get("response"), row.get("error")
    except (ValueError, KeyError, TypeError, AttributeError):
        return None
    if error or not isinstance(response, dict):
        told = error if isinstance(error, dict) else {}
        return key, Left(shown(str(told.get("code") or told.get("message") or "no response"), endpoint))
    status, body = response.get("status_code"), response.get("body")
    raw = endpoint.hide(json.dumps(body, ensure_ascii=False, separators=(",", ":")))
    if status == _OK:
        try:
            return key, LedgerEntry(key, model, completion_of(raw), raw)
        except UnfinishedAnswerError as unfinished:
            return key, Left(str(unfinished), billed=True)
    failure = failure_of(_as_error(int(status or 500), body), endpoint)
    if failure.kind in FINAL:
        return key, LedgerEntry(key, model, Completion("", str(failure.kind), model), raw)
    return key, Left(failure.what)
