"""Whether the text behind an answer takes it back."""

import re

from pipeline.verify.gold import Gold
from schemas.example import AnswerType

REACH = 2000
NEAR = 200
SHORTEST = 3
_BACK = re.compile(
    r"\b(?:wait|actually|correction|scratch that|i meant|on second thought|on reflection|let me (?:re-?consider|correct|re-?check)"
    r"|i made (?:a mistake|an error)|that(?:'s| is) (?:wrong|incorrect|not right))\b|不对|等等",
    re.IGNORECASE,
)
_LETTER = re.compile(r"(?:\b(?:is|be|to|choose|answer|option|meant)\s*:?\s*|[(*]+)[(*]*([A-Z])(?![A-Za-z'’])(?!\s+[a-z])")
_WORD = re.compile(r"(?:\b(?:is|be|meant)\s*:?\s*|[,:]\s*|^\W*)(yes|no|maybe)\b(?=\W*$|\s*[.,;!])", re.IGNORECASE)
_NUMBER = re.compile(r"(?:\b(?:is|be|meant|approximately|about)\s*:?\s*|[=:≈]\s*)[-+]?\d")


def retracts(answer: str, end: int, gold: Gold) -> bool:
    """Whether, behind a right answer, a word of retraction is followed by another answer of the type."""
    back = _BACK.search(answer, end, end + REACH) if len(answer) - end >= SHORTEST else None
    if back is None:
        return False
    after = answer[back.end() : back.end() + NEAR]
    match gold.answer_type:
        case AnswerType.MCQ | AnswerType.MULTI:
            right = {chr(ord("A") + index) for index in gold.indexes}
            return any(letter not in right and ord(letter) - ord("A") < len(gold.options) for letter in _LETTER.findall(after))
        case AnswerType.YESNO | AnswerType.YESNOMAYBE:
            return any(word.lower() != gold.values[0] for word in _WORD.findall(after))
        case AnswerType.NUMERIC | AnswerType.DATE:
            return _NUMBER.search(after) is not None
        case _:
            return False
