"""Chat completions, both ways: a request as the body of a call, the body of an answer as a completion."""

import json
from dataclasses import replace
from typing import Any

from pipeline.models.body import (
    MOST_TOKENS,
    UnfinishedAnswerError,
    data_url,
    mapping,
    mappings,
    number,
    scalar_text,
    shared_out,
    told_error,
    words,
)
from pipeline.models.engine_args import pixels_of
from pipeline.models.generate import Completion, Message, Picture, Request, Text
from pipeline.models.providers import Provider
from pipeline.verify.think import trace_of_message

_LETTERS_A_TOKEN = 4
_TOKENS_AN_IMAGE = 800
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
    "prohibited_content": "content_filter",
    "blocklist": "content_filter",
    "spii": "content_filter",
    "image_safety": "content_filter",
    "sensitive": "content_filter",
    "refusal": "refused",
}


def head_of(request: Request, provider: Provider) -> bytes:
    """The JSON body that asks for any sample of a question, but for its seed."""
    sampling = request.sampling
    body: dict[str, Any] = {"model": request.model, "messages": [_message(message, request) for message in request.messages]}
    # What is 1 is not said to a model that takes nothing else; what is not 1 is for the server to refuse.
    fixed = provider.reasons(request.model)
    if not fixed or sampling.temperature != 1:
        body["temperature"] = sampling.temperature
    if not fixed or sampling.top_p != 1:
        body["top_p"] = sampling.top_p
    body[provider.most_tokens] = sampling.max_tokens
    if sampling.grammar and provider.grammar:
        *folders, last = provider.grammar
        place = body
        for folder in folders:
            place = place.setdefault(folder, {})
        place[last] = sampling.grammar
    if sampling.pixels and provider.pixels:
        body[provider.pixels] = pixels_of(sampling.pixels)
    return json.dumps(body, separators=(",", ":")).encode()


def body_of(head: bytes, seed: int) -> bytes:
    """The JSON body that asks for one sample, where the provider takes a seed."""
    return head[:-1] + f',"seed":{seed}}}'.encode()


def with_choices(body: bytes, count: int) -> bytes:
    """The JSON body that asks for so many samples at once."""
    return body if count == 1 else body[:-1] + f',"n":{count}}}'.encode()


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
    told = _completion(next(iter(mappings(body, "choices")), None), body)
    prompt_tokens, completion_tokens, cached_tokens = _tokens(mapping(body, "usage"))
    return replace(told, prompt_tokens=prompt_tokens, completion_tokens=completion_tokens, cached_tokens=cached_tokens)


def choices_of(raw: str, count: int) -> list[Completion | None]:
    """The completions of so many choices in the body of an answer, in order; None for one that is not there or not final.

    The prompt's tokens stand with the first; those put out are told for all together, and are shared out by length.
    Raises: UnfinishedAnswerError where none is final.
    """
    if count == 1:
        return [completion_of(raw)]
    try:
        body = json.loads(raw)
    except ValueError as error:
        raise UnfinishedAnswerError(f"a body that is not JSON ({len(raw)} characters)") from error
    found: dict[int, Completion] = {}
    faults = [UnfinishedAnswerError(told_error(body) or "a body without choices")]
    for place, choice in enumerate(mappings(body, "choices")):
        try:
            told = choice.get("index")
            found[told if isinstance(told, int) else place] = _completion(choice, body)
        except UnfinishedAnswerError as error:
            faults.append(error)
    kept = [place for place in sorted(found) if 0 <= place < count]
    if not kept:
        raise faults[-1]
    prompt_tokens, completion_tokens, cached_tokens = _tokens(mapping(body, "usage"))
    shares = shared_out(completion_tokens, [len(found[place].text) for place in kept])
    for place, share in zip(kept, shares, strict=True):
        found[place] = replace(found[place], completion_tokens=share)
    found[kept[0]] = replace(found[kept[0]], prompt_tokens=prompt_tokens, cached_tokens=cached_tokens)
    return [found.get(place) for place in range(count)]


def _completion(choice: dict[str, Any] | None, body: Any) -> Completion:
    """One choice without its tokens."""
    message = choice.get("message") if choice else None
    if choice is None or not isinstance(message, dict):
        raise UnfinishedAnswerError(told_error(body) or "a body without choices")
    refusal = words(message, "refusal")
    text = trace_of_message({**message, "content": refusal} if refusal and not message.get("content") else message)
    reason = "refused" if refusal else _finish_reason(choice, body, text)
    return Completion(text=scalar_text(text), finish_reason=reason, model=scalar_text(words(body, "model")))


def _message(message: Message, request: Request) -> dict[str, Any]:
    if all(isinstance(part, Text) for part in message.parts):
        return {"role": message.role, "content": "".join(part.text for part in message.parts if isinstance(part, Text))}
    return {"role": message.role, "content": [_part(part, request) for part in message.parts]}


def _part(part: Text | Picture, request: Request) -> dict[str, Any]:
    if isinstance(part, Text):
        return {"type": "text", "text": part.text}
    return {"type": "image_url", "image_url": {"url": data_url(part, request)}}


def _finish_reason(choice: dict[str, Any], body: dict[str, Any], text: str) -> str:
    """Why the answer ended: `other` where there is text and the server gives no reason that is known."""
    told = choice.get("finish_reason")
    # Google says content_filter: PROHIBITED_CONTENT.
    word = told.lower().partition(":")[0].strip() if isinstance(told, str) else ""
    if word in _FINISH:
        return _FINISH[word]
    error = told_error(choice) or told_error(body)
    if error or not text.strip():
        raise UnfinishedAnswerError(error or f"an empty answer that ended with finish_reason {told!r}")
    return "other"


def _tokens(usage: dict[str, Any]) -> tuple[int, int, int]:
    """Tokens of the prompt, of all that was put out, and of the prompt that were cached."""
    prompt, completion = number(usage, "prompt_tokens"), number(usage, "completion_tokens")
    # Google's and xAI's endpoints leave the thought out of completion_tokens, and put it into the total.
    completion = max(completion, min(number(usage, "total_tokens") - prompt, MOST_TOKENS)) if completion else completion
    cached = max(number(mapping(usage, "prompt_tokens_details"), "cached_tokens"), number(usage, "prompt_cache_hit_tokens"))
    return prompt, completion, min(cached, prompt)
