"""Whether the words beside a number leave it what it is: a label in front, filler words, the end of a clause behind."""

import re

from pipeline.verify.units import parse_unit

LONGEST = 120
_FILLER = (
    r"(?:about|approximately|approx|around|roughly|nearly|almost|exactly|only|simply|just|now|then|therefore|thus|hence|so|the|a|an"
    r"|final|correct|right|calculated|estimated|total|overall|answer|value|result|score|is|are|was|be|equals?|equal to|circa|ca"
    r"|est|es|ist|de|environ|etwa|rund|\\approx|\\sim(?:eq)?|[≈~=:,;.])"
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
_COUNTED = re.compile(
    r"\s*(?:(?:total|risk|major|minor|positive|clinical|sirs)\s+)?(?:criteri(?:a|on)|factors?|items?|features?|findings?|signs?|symptoms?|patients?|cases?|lesions?"
    r"|points?|episodes?)(?!\w)(?:\s+(?:met|present|fulfilled|positive|scored|total|in total))?(?!\w)",
    re.IGNORECASE,
)
_ASIDE = re.compile(r"\s*(?:[(\[,;:]|[-–—]\s)")
_BETWEEN = r"[\s.,;:()\[\]\"'’*–—-]"
_WORDS = re.compile(rf"{_BETWEEN}*[^\W\d_]{{1,24}}(?:{_BETWEEN}+[^\W\d_]{{1,24}}){{0,11}}{_BETWEEN}*")
_WORD = re.compile(r"[^\W\d_]+")
_HARMLESS = frozenset(("in", "score", "scores", "point", "points", "a", "à"))
_CHANGING = """
    one two three four five six seven eight nine ten eleven twelve twenty half halves third thirds quarter quarters tenth hundredth dozen dozens
    hundred hundreds thousand thousands million millions billion billions trillion double triple twice thrice times fold pair pairs couple percent
    percentage percentile per each every squared square cubed cubic root log logarithm ln exp pi factorial plus minus over divided multiplied power
    reciprocal inverse inverted negative ratio bid tid qid bd tds qds alternate
    no not non never without none neither nor cannot wrong incorrect false invalid except excluding excluded unless if unlikely unknown uncertain unclear
    unadjusted uncorrected when otherwise provided
    more less greater lower higher fewer above below under least most minimum maximum max min up down beyond exceeding exceeds than range between until
    within limit bound threshold cutoff approximately
    actually wait correction rather instead but however though although originally initially initial previously previous sorry mistake error oops hmm
    should could might may possibly perhaps maybe or versus vs then next followed increase increased increasing decrease decreased decreasing reduction
    reduced increment difference change drop loss deficit gain added additional extra further remaining see think
    pas ne ni sans sauf moins supérieur supérieure inférieur inférieure mais ou faux demi demie deux trois cent mille milliard milliards fois par chaque
    sin menos más mas mayor menor superior inferior pero medio media dos tres cien ciento mil millón millones docena veces por cada salvo excepto
    nicht kein keine keiner ohne weniger mehr größer kleiner über unter mindestens höchstens aber sondern oder halb zwei drei hundert tausend
    millionen milliarde milliarden mal pro je jede jeder jeden dutzend falsch zweimal dreimal falls wenn sonst si
"""
_CHANGES = frozenset(_CHANGING.split())
_SPACE = re.compile(r"[\s{}\\^()]+")


def leads_in(before: str) -> bool:
    """Whether what stands before a number merely names it: nothing, filler words, or a label that ends in `is`, `:` and the like."""
    return not _UNEQUAL.search(before) and _BEFORE.search(before) is not None


def trails_off(behind: str, *, prose: bool) -> bool:
    """Whether what stands behind a number and its unit adds nothing; in prose, another clause may follow."""
    return _BEHIND.fullmatch(behind) is not None or (prose and _CLAUSE.match(behind) is not None)


def describes(behind: str, *, after_unit: bool = True) -> bool:
    """Whether words behind a number leave it what it is: `(high risk)`, `of morphine`, `criteria met`.

    None may be a number, a unit, a negation, a comparison or a correction, or stand in other signs than Latin letters. Without
    a unit before them they stand apart, in brackets or behind a comma, or begin with the thing that is counted.
    """
    if not after_unit and not _ASIDE.match(behind):
        counted = _COUNTED.match(behind)
        if counted is None:
            return False
        behind = behind[counted.end() :]
        if not behind.strip(" .)]*\"'"):
            return True
        if not _ASIDE.match(behind):
            return False
    if len(behind) > LONGEST or _WORDS.fullmatch(behind) is None:
        return False
    return not any(_changes(word) for word in _WORD.findall(behind))


def _changes(word: str) -> bool:
    """Whether a word may make the number before it another value."""
    small = word.lower()
    if small in _HARMLESS:
        return False
    latin = all(sign < "\u0250" for sign in small)
    return not latin or len(small) == 1 or small in _CHANGES or small[:2] == "un" or parse_unit(small).length == len(small)


def is_unit(text: str, unit: str) -> bool:
    """Whether a text is the unit that is asked for, spelled the same, though it is none that is known."""
    return bool(unit) and _SPACE.sub("", text).rstrip(".").lower() == _SPACE.sub("", unit).lower()
