"""Whether what stands before a place in prose denies it, puts it in another's mouth or under a condition."""

import re

_NEGATED = re.compile(
    r"(?:\b(?:not|never|incorrect\w*|wrong|neither|false(?=\s+that)|falsche?n?|mauvaise|second|(?<!no )(?<!without )doubt|least\s+\w+(?=\s*$)|worst(?=\s*$))\b|n't\b|错误|错的)[^.;\n]{0,24}$",
    re.IGNORECASE,
)
_EACH = re.compile(r"\b(?:each|every|all|any|other|another|remaining|possible)\s+(?:\w+\s+)?\Z", re.IGNORECASE)
_IF = re.compile(r"\W*(?:if(?!\s+(?:i|we|you|one|forced|only|had)\b)|unless|assuming)\b", re.IGNORECASE)
_HENCE = re.compile(r",\s*(?:hence|so|thus|therefore|and so|but)\b", re.IGNORECASE)
_SAID = re.compile(
    r"\b(?:[Ss]tudents?|[Pp]eople|[Ss]ome|[Oo]thers|[Mm]any|[Oo]ne|[Yy]ou|[Tt]hey)\s+(?:might |may |could |would |wrongly |often |mistakenly )*"
    r"(?:sa(?:id|ys?)|thinks?|thought|claim(?:s|ed)?|believe[sd]?|argue[sd]?|assume[sd]?)\b[^.?!\n]{0,40}\Z"
)
_WHO = "some others many most people students candidates examinees colleagues they"
_HOW = "people students candidates examinees clinicians physicians doctors might may could would will wrongly often mistakenly incorrectly also"
_OTHERS = re.compile(rf"\b(?:{_WHO.replace(' ', '|')})\b(?:\s+(?:{_HOW.replace(' ', '|')}))*\s+\Z", re.IGNORECASE)
# Most of what stands before a key ends otherwise, and is not searched.
_LAST = frozenset(f"{_WHO} {_HOW}".split())
_TAKE = re.compile(r"choos|chose|pick|select|prefer|opt\b|go\b|answer\b", re.IGNORECASE)
REACH_BACK = 300


def announces(text: str, start: int) -> bool:
    """Whether a key announces what follows it: it is not denied, not one of several answers, and under no condition."""
    return not (denies(text, start) or one_of_many(text, start) or conditional(text, start))


def denies(text: str, start: int) -> bool:
    """Whether what stands before a key denies it: `not the answer`, `incorrect answer`; or leaves it to others: `some choose`."""
    before = text[max(0, start - 80) : start]
    if negated(before[-40:]) or (_speaks(before) and _SAID.search(before) is not None):
        return True
    last = before.rstrip().rpartition(" ")[2].lower()
    return last in _LAST and _TAKE.match(text, start) is not None and _OTHERS.search(before) is not None


def _speaks(text: str) -> bool:
    """Whether a word for speaking or thinking may stand in a text. Written out: a loop takes three times as long."""
    return (
        "say" in text
        or "said" in text
        or "think" in text
        or "thought" in text
        or "claim" in text
        or "believe" in text
        or "argue" in text
        or "assume" in text
    )


def negated(before: str) -> bool:
    """Whether a text ends in a denial that no conclusion follows, as in `B and D are wrong, hence the …`, or one after it."""
    if not _may_deny(before.lower()):
        return False
    denial = _NEGATED.search(before)
    hence = denial and _HENCE.search(before, denial.start())
    return denial is not None and (hence is None or _NEGATED.search(before, hence.end()) is not None)


def _may_deny(small: str) -> bool:
    """Whether a part of a denying word stands in a text of small letters."""
    return (
        "not" in small
        or "n't" in small
        or "never" in small
        or "incorrect" in small
        or "wrong" in small
        or "least" in small
        or "worst" in small
        or "doubt" in small
        or "second" in small
        or "neither" in small
        or "fals" in small
        or "mauvaise" in small
        or "错" in small
    )


def one_of_many(text: str, start: int) -> bool:
    """Whether a key is one of several: `any other option`, `each answer`."""
    before = text[max(0, start - 30) : start].lower()
    hinted = (
        "all" in before
        or "each" in before
        or "every" in before
        or "any" in before
        or "other" in before
        or "remaining" in before
        or "possible" in before
        or not before.isascii()
    )
    return hinted and _EACH.search(text, max(0, start - 30), start) is not None


def conditional(text: str, start: int) -> bool:
    """Whether the sentence that a place stands in opens with a condition: `If there is no evidence, the answer would be no`."""
    before = text[max(0, start - REACH_BACK) : start].lower()
    if before.isascii() and "if" not in before and "unless" not in before and "assuming" not in before:
        return False
    back = max(0, start - REACH_BACK)
    begin = max(text.rfind(".", back, start), text.rfind("?", back, start), text.rfind("!", back, start), text.rfind("\n", back, start)) + 1
    return _IF.match(text, begin, start) is not None
