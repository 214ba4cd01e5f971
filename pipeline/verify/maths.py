"""Formulas compared: one spelling of LaTeX, and exact values where both are numbers."""

import re
from fractions import Fraction

from pipeline.verify.fold import align

LONGEST = 400
_DROP = re.compile(r"\\(?:left|right|displaystyle|[Bb]igg?[lr]?)(?![a-zA-Z])|\\[,;:!() \[\]]|\$|\s+|\^\{?\\circ\}?|\\degree|°")
_FONT = re.compile(r"\\(?:text|textbf|mathrm|mathbf|mbox|textrm|boxed)\{([^{}]*)\}")
_UNIT = re.compile(r"(?<=[\d}])\s*\\(?:text|mathrm|textrm|mbox)\{[^{}]*\}(?:\^\{?\d\}?)?\s*\$?$")
_SHORT_FRAC = re.compile(r"\\frac(\d)(\d)")
_SLASH = re.compile(r"^(-?)(\d+)/(\d+)$")
_SHORT_ROOT = re.compile(r"\\sqrt(\d)")
_ONE_SIGN = re.compile(r"(?<=[\^_])\{([^{}\\])\}")
_NAME = re.compile(r"^[a-zA-Z](?:\([a-zA-Z]\))?=")
_NUMBER = re.compile(r"^[+-]?(?:\d{1,3}(?:,\d{3})+|\d{1,30})?(?:\.\d{1,30})?$")
_PLAIN = re.compile(r"^[(\[]?[+-]?[\d.][\d\s,./+-]*[)\]]?$")
_RATIO = re.compile(r"^([+-]?)\\frac\{([+-]?\d{1,30})\}\{(\d{1,30})\}$")


def looks_like_maths(text: str) -> bool:
    """Whether a reference is a formula or a number rather than words."""
    return len(text) <= LONGEST and bool(re.search(r"\\[a-zA-Z]|[\^_{}=]", text) or _PLAIN.match(text.strip().strip("$")))


def same_maths(one: str, right: str) -> bool:
    """Whether two formulas are written alike, or are equal numbers. Nothing is solved or evaluated beyond a fraction."""
    if len(one) > LONGEST or len(right) > LONGEST:
        return False
    named = _UNIT.search(align(right).strip().rstrip(".")) is not None
    ours, theirs = _spell(one, units=named), _spell(right, units=named)
    if ours == theirs:
        return bool(ours)
    values = _value(ours), _value(theirs)
    return values[0] is not None and values[0] == values[1]


def _spell(text: str, *, units: bool) -> str:
    text = align(text).strip().rstrip(".")
    text = text if units else _UNIT.sub("", text)
    text = _DROP.sub("", _FONT.sub(r"\1", text))
    text = text.replace("\\dfrac", "\\frac").replace("\\tfrac", "\\frac").replace("\\%", "%").replace("\\cdot", "*").replace("\\times", "*")
    text = _ONE_SIGN.sub(r"\1", _SHORT_ROOT.sub(r"\\sqrt{\1}", _SHORT_FRAC.sub(r"\\frac{\1}{\2}", text)))
    text = _SLASH.sub(r"\1\\frac{\2}{\3}", _NAME.sub("", text, count=1))
    return text.strip()


def _value(text: str) -> Fraction | None:
    if (ratio := _RATIO.match(text)) and int(ratio[3]):
        return Fraction(int(ratio[2]), int(ratio[3])) * (-1 if ratio[1] == "-" else 1)
    if any(sign.isdigit() for sign in text) and _NUMBER.match(text):
        return Fraction(text.replace(",", ""))
    return None
