"""Where the thought of a completion ends and its answer begins, in every form that teachers write."""

import re
from collections.abc import Container, Mapping
from typing import Any, NamedTuple

from pipeline.markers import unmarked


class Thought(NamedTuple):
    """A completion in two parts.

    `complete`: no thought was opened that never closed. `answer` is `text[answer_start:answer_start + len(answer)]`.
    """

    think: str
    answer: str
    complete: bool
    answer_start: int


_NAMES = r"think|thinking|thought|reasoning"
_TAG = re.compile(
    rf"<[ \t]{{0,3}}(?P<xml>/?)[ \t]{{0,3}}(?:{_NAMES})[ \t]{{0,3}}>"
    r"|◁(?P<kimi>/?)think▷"
    r"|<\|(?P<sky>begin|end)_of_thought\|>"
    r"|<\|im_start\|>(?P<turn>think|answer)(?=\n)"
    r"|(?-i:\[(?P<mistral>/?)THINK\])|<(?P<seed>/?)seed:think>|<unused9(?P<gemma>[45])>",
    re.IGNORECASE,
)
# What every marker in angle brackets begins with, unlike `<10%`.
_OPENS = re.compile(r"<[ \t]{0,3}[/|A-Za-z]")
_HARMONY = re.compile(r"<\|(?:start|end|return|channel|message|constrain|call)\|>")
_HEADER = re.compile(r"<\|channel\|>[ \t]{0,3}(\w{1,20})[^<\n]{0,80}(?:<\|constrain\|>[^<\n]{0,40})?<\|message\|>")
_MARKS = re.compile(r"<\|(?:begin|end)_of_solution\|>|<\|im_(?:start|end)\|>|<\|end▁of▁sentence\|>|<\|endoftext\|>|<\|eot_id\|>")
_STRIPPED = "assistantfinal"
_ANALYSIS = "analysis"
_GEMMA = "thought\n"
_HEADED, _FINAL = "## Thinking\n", re.compile(r"^## Final (?:Response|Answer)[ \t]*\n", re.MULTILINE)
_HEADS = (_ANALYSIS, _HEADED)


def split_think(text: str) -> Thought:
    """The thought and the answer, whatever the markers; the answer is empty where a thought never ends."""
    if is_answer(text):
        return Thought("", text, True, 0)
    if "<|channel|>" in text:
        return _harmony(text)
    if text.startswith(_ANALYSIS) and _STRIPPED in text:
        cut = text.rfind(_STRIPPED)
        start = cut + len(_STRIPPED)
        return Thought(text[len(_ANALYSIS) : cut].strip(), text[start:], True, start)
    return _tags(text)


def is_answer(text: str) -> bool:
    """Whether no marker of a thought stands in a text, so that all of it is the answer; False where one may stand."""
    return not (
        ("<" in text and _OPENS.search(text) is not None) or "◁" in text or ("]" in text and "THINK]" in text) or text.startswith(_HEADS)
    )


def normalise_trace(text: str) -> str:
    """The completion with exactly one pair of tags: `<think>`, the thought, `</think>`, an empty line, the answer."""
    thought = split_think(text)
    return f"<think>\n{_clean(thought.think)}\n</think>\n\n{_clean(thought.answer)}"


def published_trace(text: str) -> str:
    """The completion as it is published: in the one form, without the markers that trainers take for a picture's place."""
    return unmarked(normalise_trace(text))


def trace_of_message(message: Mapping[str, Any]) -> str:
    """The completion as one text, from the message of an OpenAI-compatible server, wherever it put the thought.

    A content that brings its own thought is kept as it came.
    """
    content = message.get("content")
    answer = content if isinstance(content, str) else _joined(content, ("text", "output_text"))
    told = (
        message.get("reasoning"),
        message.get("reasoning_content"),
        _joined(message.get("reasoning_details")),
        _joined(content, ("thinking",)),
    )
    thought = next((one for one in told if isinstance(one, str) and one.strip()), "")
    own = split_think(answer)
    if not thought or own.think.strip() or not own.complete:
        return answer
    return f"<think>\n{_clean(thought)}\n</think>\n\n{own.answer.lstrip()}"


def _joined(parts: Any, kinds: Container[str] | None = None) -> str:
    """The texts in a list of parts, of some kinds or of all; a part without a kind is text."""
    if not isinstance(parts, list):
        return ""
    taken = [part for part in parts if isinstance(part, Mapping) and (kinds is None or part.get("type", "text") in kinds)]
    texts = [part.get("text") or part.get("summary") or part.get("thinking") for part in taken]
    return "".join(text if isinstance(text, str) else _joined(text) for text in texts)


def _clean(text: str) -> str:
    """A part without the markers of any format. A newline takes their place, so that no new marker arises."""
    if "<" in text or "◁" in text or "THINK]" in text:
        text = _MARKS.sub("\n", _HARMONY.sub("\n", _TAG.sub("\n", text)))
    return text.strip()


def _closes(tag: re.Match[str]) -> bool:
    words = (tag["sky"] or tag["turn"] or tag["gemma"] or "").lower()
    return bool(tag["xml"] or tag["kimi"] or tag["mistral"] or tag["seed"]) or words in ("end", "answer", "5")


def _tags(text: str) -> Thought:
    """By the last closing tag; a tag that opens after it starts a thought that has no end."""
    first = last = None
    for tag in _TAG.finditer(text):
        first = first or tag
        last = tag
    if first is None or last is None:
        return _headed(text)
    begin = first.end() if not _closes(first) and not text[: first.start()].strip() else 0
    if first["gemma"] and text.startswith(_GEMMA, begin):
        begin += len(_GEMMA)
    if not _closes(last):
        return Thought(_clean(text[begin:]), "", False, len(text))
    return Thought(_clean(text[begin : last.start()]), text[last.end() :], True, last.end())


def _headed(text: str) -> Thought:
    """By HuatuoGPT's headings, where no marker stands."""
    final = _FINAL.search(text) if text.startswith(_HEADED) else None
    if final is None:
        return Thought("", text, True, 0)
    return Thought(text[len(_HEADED) : final.start()].strip(), text[final.end() :], True, final.end())


def _harmony(text: str) -> Thought:
    """By the last `final` channel; what stands in the others is thought."""
    headers = list(_HEADER.finditer(text))
    finals = [header for header in headers if header[1] == "final"]
    if not finals or finals[-1] is not headers[-1]:
        return Thought(_clean(text[headers[0].end() if headers else 0 :]), "", False, len(text))
    start = finals[-1].end()
    ends = [end for mark in ("<|return|>", "<|end|>", "<|start|>", "<|call|>") if (end := text.find(mark, start)) >= 0]
    answer = text[start : min(ends, default=len(text))]
    think = "\n".join(_span(text, header) for header in headers if header[1] != "final")
    inner = split_think(answer)
    if not inner.complete or inner.answer_start:
        return Thought("\n".join(part for part in (think, inner.think) if part), inner.answer, inner.complete, start + inner.answer_start)
    return Thought(think, answer, True, start)


def _span(text: str, header: re.Match[str]) -> str:
    end = text.find("<|", header.end())
    return text[header.end() : end if end >= 0 else len(text)].strip()
