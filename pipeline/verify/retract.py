"""Whether the text behind an answer takes it back."""

import re

from pipeline.verify.gold import Gold
from pipeline.verify.number import read_number
from schemas.example import AnswerType
from schemas.trace import Verdict

REACH = 2000
NEAR = 200
SHORTEST = 3
_BACK = re.compile(
    r"\b(?:wait|actually|correction|scratch that|i meant|on second thought|on reflection|let me (?:re-?consider|correct|re-?check)"
    r"|i made (?:a mistake|an error)|that(?:'s| is) (?:wrong|incorrect|not right))\b|不对|等等",
    re.IGNORECASE,
)
_DENIED = re.compile(
    r"[\s}$*).\]]*(?:(?:is|was|would be|seems?)\s+(?:clearly\s+|also\s+)?(?:incorrect|wrong|not\s+(?:correct|right|the\s+(?:correct|right|best))|false)"
    r"|isn['’]t\s+(?:correct|right))\b",
    re.IGNORECASE,
)
_NOT = re.compile(r"\b(?:not|n['’]t|never|isn['’]t)\s*:?[\s$*({]*(?:\\(?:boxed|fbox|framebox)\s*\{?)?\s*$", re.IGNORECASE)
_ANEW = re.compile(
    r"\b(?:the|my)\s+(?:correct|final|right)\s+(?:answer|option|choice)\s+(?:is|would be|should be)\b\s*:?|\bfinal answer\s*:",
    re.IGNORECASE,
)
_LETTER = re.compile(r"(?:\b(?:is|be|to|choose|answer|option|meant)\s*:?\s*|[(*]+)[(*]*([A-Z])(?![A-Za-z'’])(?!\s+[a-z])")
_WORD = re.compile(r"(?:\b(?:is|be|meant)\s*:?\s*|[,:]\s*|^\W*)(yes|no|maybe)\b(?=\W*$|\s*[.,;!])", re.IGNORECASE)
_NUMBER = re.compile(r"(?:\b(?:is|be|meant|approximately|about)\s*:?\s*|[=:≈]\s*)([-+]?\d)")
_FIRST_LETTER = re.compile(r"(?:\b(?:is|be|answer|option|choice)\s*:?\s*|[(*$]+)[(*$]*([A-Z])(?![\w'’-])(?!(?<=[AI])\s+[a-z])")
_END = re.compile(r"\n|\.(?!\d)")


def retracts(answer: str, end: int, gold: Gold) -> bool:
    """Whether, behind a right answer, a word of retraction is followed by another answer of the type."""
    if len(answer) - end < SHORTEST:
        return False
    back = _BACK.search(answer, end, end + REACH)
    if back is not None and _differs(answer[back.end() : back.end() + NEAR], gold):
        return True
    return any(_differs_at(answer[cue.start() : cue.end() + NEAR], gold) for cue in _ANEW.finditer(answer, end, end + REACH))


def denied(answer: str, start: int, end: int) -> bool:
    """Whether a box is negated right before it, or called wrong right behind it."""
    return _NOT.search(answer, max(0, start - 40), start) is not None or _DENIED.match(answer, end) is not None


def _differs_at(again: str, gold: Gold) -> bool:
    """Whether an answer announced anew names another first: reasons may follow that name any option."""
    match gold.answer_type:
        case AnswerType.MCQ | AnswerType.MULTI:
            letter = _FIRST_LETTER.search(again)
            index = ord(letter[1]) - ord("A") if letter else -1
            return letter is not None and index < len(gold.options) and index not in gold.indexes
        case AnswerType.YESNO | AnswerType.YESNOMAYBE:
            word = _WORD.search(again)
            return word is not None and word[1].lower() != gold.values[0]
        case AnswerType.NUMERIC:
            number = _NUMBER.search(again)
            said = _END.split(again[number.start(1) :], maxsplit=1)[0] if number else ""
            return number is not None and read_number(said, gold, "phrase").verdict is Verdict.INCORRECT
        case _:
            return False


def _differs(after: str, gold: Gold) -> bool:
    """Whether a text gives an answer of the type that is not the right one."""
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
