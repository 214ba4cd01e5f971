"""Whether the words beside a number leave it what it is: a label in front, filler words, the end of a clause behind."""

import re

_FILLER = (
    r"(?:about|approximately|approx|around|roughly|nearly|almost|exactly|only|simply|just|now|then|therefore|thus|hence|so|the|a|an"
    r"|final|correct|right|calculated|estimated|total|overall|answer|value|result|score|is|are|was|be|equals?|equal to|circa|ca"
    r"|est|es|ist|environ|etwa|rund|\\approx|\\sim(?:eq)?|[≈~=:,;.])"
)
_LABEL = (
    r"(?:[:：=≈~]|\\approx|\\simeq|(?<![\w\\])(?:is|are|was|be|equals?|equal to|yields?|gives?|est|es|ist|about|approximately|around|roughly"
    r"|(?:score|dose|total|value|rate|clearance|level|age|result) of))"
)
_OPENING = r"[\s(\[\"'*是为]*"
_BEFORE = re.compile(rf"(?:^|{_LABEL}){_OPENING}(?:(?<![\w\\]){_FILLER}(?![a-zA-Z]){_OPENING})*$", re.IGNORECASE)
_UNEQUAL = re.compile(r"≠|\\n(?:e|eq|ot)(?![a-zA-Z])|!\s*$|[<>/]\s*$")
_CLOSING = r"[\s)\]\"'*.,;。，]*"
_BEHIND = re.compile(
    rf"{_CLOSING}(?:(?:in total|total|overall|only|exactly|approximately|approx|or so|old|of age|is the (?:final )?(?:answer|result)|rounded)"
    rf"(?!\w){_CLOSING})*$",
    re.IGNORECASE,
)
_CLAUSE = re.compile(
    r"[)\]\"'*]*(?:[.,;]?\s+(?:which|because|since|so|as|and|based on|according to|for (?:this|the)|in (?:this|the)|is the|would be)(?!\w)|[.;]\s+[A-Z])"
)
_SPACE = re.compile(r"[\s{}\\^()]+")


def leads_in(before: str) -> bool:
    """Whether what stands before a number merely names it: nothing, filler words, or a label that ends in `is`, `:` and the like."""
    return not _UNEQUAL.search(before) and _BEFORE.search(before) is not None


def trails_off(behind: str, *, prose: bool) -> bool:
    """Whether what stands behind a number and its unit adds nothing; in prose, another clause may follow."""
    return _BEHIND.fullmatch(behind) is not None or (prose and _CLAUSE.match(behind) is not None)


def is_unit(text: str, unit: str) -> bool:
    """Whether a text is the unit that is asked for, spelled the same, though it is none that is known."""
    return bool(unit) and _SPACE.sub("", text).rstrip(".").lower() == _SPACE.sub("", unit).lower()
