"""Answers in prose: the last phrase that announces one, or a whole text that is one."""

import re
from collections.abc import Callable

from pipeline.verify.gold import Found, Gold, Reading
from schemas.trace import Verdict

Reader = Callable[[str, Gold, str], Reading]
REACH = 400
_CUE = re.compile(
    r"(?:answer|choice|antwort|respuesta|r[ée]ponse)\**\s*(?:[^.\n:]{0,40}?\s(?:is|est|es|ist)\b)?\s*\**\s*[:：]?\**|答案\s*[是为]?\s*[:：]?",
    re.IGNORECASE,
)


def last_phrase(answer: str, gold: Gold, read: Reader) -> Found | None:
    """The last phrase whose continuation reads as an answer."""
    for cue in reversed(list(_CUE.finditer(answer))):
        line = answer[cue.end() : cue.end() + REACH].split("\n\n", 1)[0].strip()
        line = line.split("\n", 1)[0].strip()
        reading = read(line, gold, "phrase")
        if reading.verdict in (Verdict.CORRECT, Verdict.INCORRECT, Verdict.CONFLICT, Verdict.AMBIGUOUS):
            return Found(reading, cue.end(), cue.end() + len(line))
    return None


def whole(answer: str, gold: Gold, read: Reader) -> Found | None:
    """The whole text, where it is short and reads as an answer."""
    text = answer.strip()
    if not text or len(text) > REACH:
        return None
    reading = read(text, gold, "whole")
    return Found(reading, 0, len(answer)) if reading.verdict not in (Verdict.NO_ANSWER,) else None
