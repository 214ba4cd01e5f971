"""Whether a completion was cut off, by what its server said and by how its answer ends."""

import re

from pipeline.verify.box import last_box

# The server ended the answer and does not say why, or says that it was stopped from outside.
_ABORTED = frozenset(("other", "abort", "error"))
_TAIL = re.compile(r"(?:[\s$*`.。)\]}]|\\[\])]|<\|[^<>|]{1,40}\|>)*")


def was_cut(answer: str, finish_reason: str) -> bool:
    """Whether the end of an answer part is missing: always where its tokens ran out, and where it was aborted unless it ends in a closed box."""
    return finish_reason == "length" or (finish_reason in _ABORTED and not _ends_in_box(answer))


def _ends_in_box(answer: str) -> bool:
    box = last_box(answer, framed=False)
    return box is not None and box.closed and _TAIL.fullmatch(answer, box.end) is not None
