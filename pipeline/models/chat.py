"""Chat completions, both ways: a request as the body of a call, the body of an answer as a completion."""

import base64
import json
from collections.abc import Mapping
from enum import StrEnum
from typing import Any

from pipeline.models.generate import Completion, Message, Picture, Request, Text
from pipeline.verify.think import trace_of_message


class Flavour(StrEnum):
    """Which dialect of the API a server speaks."""

    LLAMA_CPP = "llama.cpp"
    VLLM = "vllm"
    OPENAI = "openai"


class UnfinishedAnswerError(ValueError):
    """A body that holds no final answer: cut off, an error in disguise, or no chat completion at all."""


_OWNERS = {"llamacpp": Flavour.LLAMA_CPP, "vllm": Flavour.VLLM}
_LETTERS_A_TOKEN = 4
_TOKENS_AN_IMAGE = 800
_MOST_TOKENS = 2**31 - 1
_MIME = {"jpg": "jpeg", "tif": "tiff"}
_FINISH = {
    "stop": "stop",
    "eos": "stop",
    "eos_token": "stop",
    "end_turn": "stop",
    "stop_sequence": "stop",
    "tool_calls": "stop",
    "length": "length",
    "max_tokens": "length",
    "model_length": "length",
    "content_filter": "content_filter",
    "safety": "content_filter",
    "recitation": "content_filter",
    "refusal": "refused",
}


def flavour_of(owned_by: str) -> Flavour:
    """The flavour of a server by what its list of models says."""
    return _OWNERS.get(owned_by, Flavour.OPENAI)


def head_of(request: Request, flavour: Flavour) -> bytes:
    """The JSON body that asks for any sample of a question, but for its seed."""
    sampling = request.sampling
    body: dict[str, Any] = {
        "model": request.model,
        "messages": [_message(message, request.pictures) for message in request.messages],
        "temperature": sampling.temperature,
        "top_p": sampling.top_p,
        "max_tokens": sampling.max_tokens,
    }
    if sampling.grammar and flavour is Flavour.VLLM:
        body["structured_outputs"] = {"grammar": sampling.grammar}
    elif sampling.grammar:
        body["grammar"] = sampling.grammar
    return json.dumps(body, separators=(",", ":")).encode()


def body_of(head: bytes, seed: int) -> bytes:
    """The JSON body that asks for one sample."""
    return head[:-1] + f',"seed":{seed}}}'.encode()


def size_of(request: Request) -> int:
    """About how many tokens a prompt has, images included."""
    parts = [part for message in request.messages for part in message.parts]
    letters = sum(len(part.text) for part in parts if isinstance(part, Text))
    return letters // _LETTERS_A_TOKEN + _TOKENS_AN_IMAGE * sum(isinstance(part, Picture) for part in parts) + 1


def completion_of(raw: str) -> Completion:
    """The completion in the body of an answer, its reasoning in <think> tags before the content.

    Raises: UnfinishedAnswerError.
    """
    try:
        body = json.loads(raw)
    except ValueError as error:
        raise UnfinishedAnswerError(f"a body that is not JSON ({len(raw)} characters)") from error
    choice = _first(body, "choices")
    message = choice.get("message") if choice else None
    if choice is None or not isinstance(message, dict):
        raise UnfinishedAnswerError(_told_error(body) or "a body without choices")
    refusal = _words(message, "refusal")
    text = trace_of_message({**message, "content": refusal} if refusal and not message.get("content") else message)
    prompt_tokens, completion_tokens, cached_tokens = _tokens(_mapping(body, "usage"))
    return Completion(
        text=_scalar_text(text),
        finish_reason="refused" if refusal else _finish_reason(choice, body, text),
        model=_scalar_text(_words(body, "model")),
        prompt_tokens=prompt_tokens,
        completion_tokens=completion_tokens,
        cached_tokens=cached_tokens,
    )


def _message(message: Message, pictures: Mapping[str, bytes]) -> dict[str, Any]:
    if all(isinstance(part, Text) for part in message.parts):
        return {"role": message.role, "content": "".join(part.text for part in message.parts if isinstance(part, Text))}
    return {"role": message.role, "content": [_part(part, pictures) for part in message.parts]}


def _part(part: Text | Picture, pictures: Mapping[str, bytes]) -> dict[str, Any]:
    if isinstance(part, Text):
        return {"type": "text", "text": part.text}
    data = base64.b64encode(pictures[part.digest]).decode()
    return {"type": "image_url", "image_url": {"url": f"data:image/{_MIME.get(part.format, part.format)};base64,{data}"}}


def _finish_reason(choice: dict[str, Any], body: dict[str, Any], text: str) -> str:
    """Why the answer ended: `other` where there is text and the server gives no reason that is known."""
    told = choice.get("finish_reason")
    reason = _FINISH.get(told.lower()) if isinstance(told, str) else None
    if reason is not None:
        return reason
    error = _told_error(choice) or _told_error(body)
    if error or not text.strip():
        raise UnfinishedAnswerError(error or f"an empty answer that ended with finish_reason {told!r}")
    return "other"


def _scalar_text(text: str) -> str:
    """The text with every lone surrogate replaced: UTF-8, and so Arrow, has none."""
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def _told_error(body: Any) -> str:
    told = body.get("error") if isinstance(body, dict) else None
    if isinstance(told, dict):
        return f"error {told.get('code')}: {told.get('message')}"
    return f"error: {told}" if told else ""


def _mappings(body: Any, name: str) -> list[dict[str, Any]]:
    value = body.get(name) if isinstance(body, dict) else None
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def _first(body: Any, name: str) -> dict[str, Any] | None:
    return next(iter(_mappings(body, name)), None)


def _mapping(body: dict[str, Any], name: str) -> dict[str, Any]:
    value = body.get(name)
    return value if isinstance(value, dict) else {}


def _words(body: dict[str, Any], name: str) -> str:
    value = body.get(name)
    return value if isinstance(value, str) else ""


def _tokens(usage: dict[str, Any]) -> tuple[int, int, int]:
    """Tokens of the prompt, of all that was put out, and of the prompt that were cached."""
    prompt, completion = _count(usage, "prompt_tokens"), _count(usage, "completion_tokens")
    # Google's and xAI's endpoints leave the thought out of completion_tokens, and put it into the total.
    completion = max(completion, min(_count(usage, "total_tokens") - prompt, _MOST_TOKENS)) if completion else completion
    cached = max(_count(_mapping(usage, "prompt_tokens_details"), "cached_tokens"), _count(usage, "prompt_cache_hit_tokens"))
    return prompt, completion, min(cached, prompt)


def _count(usage: dict[str, Any], name: str) -> int:
    """The tokens that are reported, within what a trace can hold."""
    value = usage.get(name)
    return min(max(value, 0), _MOST_TOKENS) if isinstance(value, int) and not isinstance(value, bool) else 0
