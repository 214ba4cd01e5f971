"""Texts that decline to answer."""

import re

from pipeline.verify.fold import words_of

_REFUSAL = re.compile(
    r"\b(?:i(?:'m| am)?\s+(?:sorry|apologi[sz]e|unable|not able|cannot|can't|can not|won't|will not|must decline|do not feel comfortable)\b"
    r"|sorry,|as an ai\b|i'm just an ai\b|(?:unable|not possible|impossible)\s+to\s+(?:answer|determine|provide|choose|select|comply|assist)"
    r"|cannot\s+be\s+(?:answered|determined)|je ne peux pas|d[ée]sol[ée]|lo siento|no puedo|es tut mir leid|ich kann (?:diese|dir|ihnen|das))"
    r"|抱歉|对不起|无法(?:回答|确定|提供)",
    re.IGNORECASE,
)
_HINTS = (
    "sorry", "polog", "unable", "not able", "possible", "cannot", "can't", "can not", "won't", "will not", "decline", "comfortable",
    "an ai", "ne peux", "desol", "désol", "siento", "puedo", "mir leid", "ich kann", "抱歉", "对不起", "无法",
)  # fmt: skip
# One of these stands in every refusal that is written in ASCII, or `I` and one of the others.
_WORDS = frozenset(
    (b"sorry", b"unable", b"cannot", b"ai", b"possible", b"impossible", b"peux", b"desole", b"siento", b"puedo", b"leid", b"kann")
)
_WORDS_OF_I = frozenset((b"apologise", b"apologize", b"able", b"can", b"won", b"will", b"decline", b"comfortable"))
LONGEST = 600


def refuses(text: str) -> bool:
    """Whether an answer that names nothing says that it will not or cannot, at its beginning or its end."""
    edges = text if len(text) <= 2 * LONGEST else text[:LONGEST] + "\n" + text[-LONGEST:]
    if edges.isascii() and (words := words_of(edges)).isdisjoint(_WORDS) and (b"i" not in words or words.isdisjoint(_WORDS_OF_I)):
        return False
    edges = edges.replace("’", "'")
    small = edges.lower()
    return any(hint in small for hint in _HINTS) and _REFUSAL.search(edges) is not None
