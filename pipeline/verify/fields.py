"""Answers in marks of their own: fields of JSON and answer tags."""

import json
import re
from collections.abc import Callable
from typing import Any

from pipeline.verify.gold import Found, Gold, Reading
from schemas.trace import Verdict

Reader = Callable[[str, Gold, str], Reading]
_TAG = re.compile(r"<(/?)answer>", re.IGNORECASE)
_KEY = re.compile(r'"(?:final_?)?answer(?:_choice|_letter|_idx)?"\s*:\s*(?=("(?:[^"\\]|\\.)*"|\[[^\[\]]*\]|[+-]?\d[\d.]*))', re.IGNORECASE)


def tagged(answer: str, gold: Gold, read: Reader) -> Found | None:
    """The last `<answer>…</answer>`."""
    if "<" not in answer or ("nswer>" not in answer and "NSWER>" not in answer):
        return None
    tags = list(_TAG.finditer(answer))
    for opening, closing in zip(reversed(tags[:-1]), reversed(tags), strict=False):
        if closing[1] and not opening[1]:
            return Found(read(answer[opening.end() : closing.start()], gold, "tag"), opening.end(), closing.start())
    return None


def field(answer: str, gold: Gold, read: Reader) -> Found | None:
    """The last answer field of JSON, also of JSON that was written into a string."""
    if '"' not in answer:
        return None
    text = answer.replace('\\"', ' "').replace("\\n", "  ") if "\\" in answer and '\\"' in answer else answer
    fields = list(_KEY.finditer(text))
    if not fields:
        return None
    value = _text(fields[-1][1])
    found = Found(read(value, gold, "json"), fields[-1].start(1), fields[-1].end(1))
    return found if value.strip() else found._replace(reading=Reading(Verdict.NO_ANSWER, "", "json_empty", 0.0))


def may_hold_field(text: str) -> bool:
    """Whether an answer field of JSON stands in a text without backslashes."""
    return '"' in text and _KEY.search(text) is not None


def _text(raw: str) -> str:
    try:
        value: Any = json.loads(raw)
    except ValueError:
        return raw.strip('"')
    return ", ".join(str(item) for item in value) if isinstance(value, list) else str(value)
