"""The last box of an answer, found by one pass over it."""

import re
from typing import NamedTuple


class Boxed(NamedTuple):
    """What stands in a box. `closed` is False where its brace never closes; `start`, `end` bound the content."""

    content: str
    start: int
    end: int
    closed: bool


_MARKS = ("\\boxed", "\\fbox", "\\framebox")
_BRACE = re.compile(r"\\.|[{}]", re.DOTALL)


def last_box(text: str, *, framed: bool) -> Boxed | None:
    r"""The last `\boxed{…}` (and `\fbox{…}` where `framed`), also with spaces before the brace, or without braces round one sign."""
    if "\\" not in text or "box" not in text:
        return None
    end = len(text)
    for _ in range(8):
        at, mark = max((text.rfind(mark, 0, end), mark) for mark in (_MARKS if framed else _MARKS[:1]))
        if at < 0:
            return None
        found = _content(text, at + len(mark))
        if found is not None:
            return found
        end = at
    return None


def _content(text: str, start: int) -> Boxed | None:
    """The argument that follows the command; None where a word merely begins like it."""
    while start < len(text) and text[start] in " \t\n":
        start += 1
    if start >= len(text):
        return Boxed("", start, start, False)
    if text[start] != "{":
        bare = text[start].isalnum() and not text[start + 1 : start + 2].isalnum() and text[start - 1] in " \t\n"
        return Boxed(text[start], start, start + 1, True) if bare else None
    end = closing_brace(text, start)
    return Boxed(text[start + 1 :], start + 1, len(text), False) if end < 0 else Boxed(text[start + 1 : end], start + 1, end, True)


def closing_brace(text: str, start: int) -> int:
    """Where the brace that opens at `start` closes; -1 where it does not."""
    depth = 0
    for brace in _BRACE.finditer(text, start):
        if brace[0] == "{":
            depth += 1
        elif brace[0] == "}":
            depth -= 1
            if depth == 0:
                return brace.start()
    return -1
