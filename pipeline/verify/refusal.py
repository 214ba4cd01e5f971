"""Texts that decline to answer."""

import re

_REFUSAL = re.compile(
    r"\b(?:i(?:'m| am)?\s+(?:sorry|apologi[sz]e|unable|not able|cannot|can't|can not|won't|will not|must decline|do not feel comfortable)"
    r"|sorry,|as an ai|i'm just an ai|(?:unable|not possible|impossible)\s+to\s+(?:answer|determine|provide|choose|select|comply|assist)"
    r"|cannot\s+be\s+(?:answered|determined)|je ne peux pas|d[ée]sol[ée]|lo siento|no puedo|es tut mir leid|ich kann (?:diese|dir|ihnen|das))"
    r"|抱歉|对不起|无法(?:回答|确定|提供)",
    re.IGNORECASE,
)
_HINTS = (
    "sorry", "polog", "unable", "not able", "possible", "cannot", "can't", "can not", "won't", "will not", "decline", "comfortable",
    "an ai", "ne peux", "sol", "siento", "puedo", "mir leid", "ich kann", "抱歉", "对不起", "无法",
)  # fmt: skip
LONGEST = 600


def refuses(text: str) -> bool:
    """Whether an answer that names nothing says that it will not or cannot, at its beginning or its end."""
    edges = text if len(text) <= 2 * LONGEST else text[:LONGEST] + "\n" + text[-LONGEST:]
    edges = edges.replace("’", "'")
    small = edges.lower()
    return any(hint in small for hint in _HINTS) and _REFUSAL.search(edges) is not None
