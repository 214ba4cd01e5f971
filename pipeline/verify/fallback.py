"""Answers outside a box: fields of JSON, answer tags, anchored phrases, a whole short text. Never a guess."""

from pipeline.verify.choice_prose import choice_in_prose
from pipeline.verify.fields import Reader, field, tagged
from pipeline.verify.gold import Found, Gold
from pipeline.verify.phrase import find_phrase
from schemas.example import AnswerType


def find_answer(answer: str, gold: Gold, read: Reader, *, cut: bool, anchored: bool) -> Found | None:
    """The reading of an answer without a box; `cut`: only what is closed in itself counts; `anchored`: no whole text either."""
    for find in (tagged, field):
        found = find(answer, gold, read)
        if found is not None:
            return found
    if cut:
        return None
    if gold.answer_type in (AnswerType.MCQ, AnswerType.MULTI):
        return choice_in_prose(answer, gold, anchored=anchored)
    return find_phrase(answer, gold, read, anchored=anchored)
