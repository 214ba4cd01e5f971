"""Whether the text behind an answer takes it back."""

import re

from pipeline.verify.gold import Gold
from schemas.example import AnswerType

_BACK = re.compile(
    r"\b(?:wait|actually|correction|scratch that|i meant|on second thought|on reflection|let me (?:re-?consider|correct|re-?check)"
    r"|i made (?:a mistake|an error)|that(?:'s| is) (?:wrong|incorrect|not right))\b",
    re.IGNORECASE,
)
_NAMES = re.compile(r"(?:\b(?:is|be|to|choose|answer|option)\s*:?\s*|[(*])\**\(?([A-Z])\b|\b(?:yes|no|maybe)\b|\d")
REACH = 2000


def retracts(answer: str, end: int, gold: Gold) -> bool:
    """Whether, behind the answer, a word of retraction is followed by another answer of the type."""
    back = _BACK.search(answer, end, end + REACH)
    if back is None or gold.answer_type in (AnswerType.OPEN, AnswerType.BBOX, AnswerType.LABEL_SET):
        return False
    return _NAMES.search(answer, back.end(), back.end() + 200) is not None
