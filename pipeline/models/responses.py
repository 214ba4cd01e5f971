"""The Responses API, both ways: a request as the body of a call, the body of an answer as a completion."""

import json
from typing import Any

from pipeline.models.body import UnfinishedAnswerError, data_url, mapping, mappings, number, scalar_text, told_error, words
from pipeline.models.generate import Completion, Message, Request, Text
from pipeline.models.providers import Provider
from pipeline.verify.think import trace_of_message

_INCOMPLETE = {"max_output_tokens": "length", "content_filter": "content_filter"}


def head_of_response(request: Request, provider: Provider) -> bytes:
    """The JSON body that asks for any sample of a question; it has no seed."""
    sampling = request.sampling
    body: dict[str, Any] = {
        "model": request.model,
        "input": [_item(message, request) for message in request.messages],
        "max_output_tokens": sampling.max_tokens,
        "store": False,
    }
    fixed = provider.reasons(request.model)
    if not fixed or sampling.temperature != 1:
        body["temperature"] = sampling.temperature
    if not fixed or sampling.top_p != 1:
        body["top_p"] = sampling.top_p
    return json.dumps(body, separators=(",", ":")).encode()


def completion_of_response(raw: str) -> Completion:
    """The completion in the body of an answer, its reasoning in <think> tags before the content.

    Raises: UnfinishedAnswerError.
    """
    try:
        body = json.loads(raw)
    except ValueError as error:
        raise UnfinishedAnswerError(f"a body that is not JSON ({len(raw)} characters)") from error
    if not isinstance(body, dict) or not isinstance(body.get("output"), list) or body.get("error"):
        raise UnfinishedAnswerError(told_error(body) or "a body without output")
    items = mappings(body, "output")
    parts = [part for item in items if item.get("type") == "message" for part in mappings(item, "content")]
    thoughts = [part for item in items if item.get("type") == "reasoning" for part in _thought(item)]
    refusal = "".join(words(part, "refusal") for part in parts)
    content = "".join(words(part, "text") for part in parts) or refusal
    text = trace_of_message({"content": content, "reasoning_details": [{"text": thought} for thought in thoughts]})
    usage = mapping(body, "usage")
    prompt_tokens = number(usage, "input_tokens")
    return Completion(
        text=scalar_text(text),
        finish_reason="refused" if refusal else _finish_reason(body, text),
        model=scalar_text(words(body, "model")),
        prompt_tokens=prompt_tokens,
        completion_tokens=number(usage, "output_tokens"),
        cached_tokens=min(number(mapping(usage, "input_tokens_details"), "cached_tokens"), prompt_tokens),
    )


def _item(message: Message, request: Request) -> dict[str, Any]:
    if all(isinstance(part, Text) for part in message.parts):
        return {"role": message.role, "content": "".join(part.text for part in message.parts if isinstance(part, Text))}
    parts = [
        {"type": "input_text", "text": part.text}
        if isinstance(part, Text)
        else {"type": "input_image", "image_url": data_url(part, request)}
        for part in message.parts
    ]
    return {"role": message.role, "content": parts}


def _thought(item: dict[str, Any]) -> list[str]:
    """The thought itself where it is told, else its summary."""
    told = [words(part, "text") for part in mappings(item, "content")]
    found = told or [words(part, "text") for part in mappings(item, "summary")]
    return [text if place == 0 else f"\n\n{text}" for place, text in enumerate(found)]


def _finish_reason(body: dict[str, Any], text: str) -> str:
    status = body.get("status")
    reason = mapping(body, "incomplete_details").get("reason")
    if status == "completed" and text.strip():
        return "stop"
    if status == "incomplete" and isinstance(reason, str) and reason in _INCOMPLETE:
        return _INCOMPLETE[reason]
    if not text.strip() or status in ("failed", "cancelled", "queued", "in_progress"):
        raise UnfinishedAnswerError(f"an answer with status {status!r} and {'a text' if text.strip() else 'no text'}")
    return "other"
