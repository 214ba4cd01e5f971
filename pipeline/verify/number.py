"""Numbers with units: one value read from a text, compared with inclusive limits."""

import re
from decimal import Decimal, InvalidOperation
from typing import NamedTuple

from pipeline.verify.beside import describes, is_unit, leads_in, trails_off
from pipeline.verify.fold import unwrap
from pipeline.verify.gold import Gold, Reading
from pipeline.verify.units import factor, parse_unit, same_quantity, scale_of, spell_units
from schemas.trace import Verdict

LONGEST = 400
_PROSE = ("phrase", "conclusion", "whole")
_NUMERAL = r"(?:\d{1,3}(?:[, ]\d{3})+(?![\d])(?:\.\d+)?|\d+(?:[.,]\d+)?|\.\d+)"
_NUMBER = re.compile(
    rf"(?<![\w.])([+-]?)\s*({_NUMERAL})(?!\d|-(?:year|month|week|day|hour|minute|point)s?\b)(?:\s*(?:[x*×·]\s*10\s*\^?\s*\(?([+-]?\d{{1,3}})\)?|[eE]([+-]?\d{{1,3}})(?![a-zA-Z])))?"
)
_FRAC = re.compile(r"\\[dt]?frac\s*\{\s*([+-]?\d{1,9})\s*\}\s*\{\s*(\d{1,9})\s*\}")
_OUT_OF = re.compile(
    r"\s*(?:points?\s+)?(out of|of|/|sur|von insgesamt|von|de)\s*(\d+)\s*(?:points?|criteria)?\s*(?:\(([^()]{1,60})\)?)?\s*\.?$",
    re.IGNORECASE,
)
_DEGREE = re.compile(r"\^?\s*\{?\s*\\(?:circ|degree)(?![a-zA-Z])\s*\}?")
_RANGE = re.compile(r"\d\s*(?:-|to|~|bis|à|至|and)\s*[+-]?\d|\bbetween\b|\bentre\b|\bzwischen\b|\\pm|±|\+/-", re.IGNORECASE)
_HEDGED = re.compile(r"\b(?:or|not|cannot|oder|ou)\b|n't\b", re.IGNORECASE)
_BOUND = re.compile(
    r"[<>≤≥]|\\(?:le|ge|lt|gt)|\b(?:at least|at most|more than|less than|greater than|under|over|above|below|up to)\b", re.IGNORECASE
)
_IN_BRACKETS = re.compile(r"^\s*[(\[]\s*([^()\[\]]{1,40})[)\]]?")


class Quantity(NamedTuple):
    """A value, its unit, the second number of `3 out of 5` or `3/5` (0 where there is none), and its power of ten where one is written."""

    value: Decimal
    unit: str
    whole: Decimal = Decimal(0)
    power: int = 0


def read_number(content: str, gold: Gold, where: str) -> Reading:
    """A box, tag or field on a numeric question: correct where its one value lies within the limits."""
    if not content.strip():
        return Reading(Verdict.NO_ANSWER, "", f"{where}_empty", 0.0)
    if len(content) > LONGEST:
        return Reading(Verdict.NO_ANSWER, "", f"{where}_long", 0.0)
    quantity = one_quantity(content, gold.unit, prose=where in _PROSE)
    if isinstance(quantity, str):
        verdict = Verdict.NO_ANSWER if quantity == "no_number" else Verdict.AMBIGUOUS
        return Reading(verdict, "", f"{where}_{quantity}", 0.0)
    rule = _compare(quantity, gold)
    right = rule in ("number", "out_of", "percent", "converted")
    verdict = Verdict.CORRECT if right else Verdict.AMBIGUOUS if rule in ("scaled", "part") else Verdict.INCORRECT
    return Reading(verdict, f"{quantity.value} {quantity.unit}".strip(), f"{where}_{rule}", float(right))


def one_quantity(content: str, unit_asked: str, *, prose: bool) -> Quantity | str:
    """The one value that a text gives, or why there is none: no_number, range, bound, hedged, several, beside."""
    text = _FRAC.sub(r"\1/\2", content).replace("\\times", "x").replace("\\cdot", "·")
    text = _DEGREE.sub("°", text)
    text = re.sub(r"\\[,;:! ]", " ", re.sub(r"(?<=\d)\{,\}(?=\d)|(?<=\d)\\[,!](?=\d{3})", ",", text))
    text, left = spell_units(unwrap(text).replace("^{", "^").strip(" ()[]\"'")), ""
    if "=" in text:
        left, text = (side.strip() for side in text.rsplit("=", 1))
    numbers = list(_NUMBER.finditer(text))
    if not numbers:
        return "no_number"
    first = numbers[0]
    value = _decimal(first)
    if value is None:
        return "no_number"
    behind = text[first.end() :]
    if _RANGE.search(text):
        return "range"
    if _BOUND.search(text):
        return "bound"
    if _HEDGED.search(text) or ((not prose or "=" in left) and _HEDGED.search(left)):
        return "hedged"
    if re.match(r"\.\d", behind):
        return "no_number"
    if not leads_in(text[: first.start()]) or (left and _unequal(left, value)):
        return "beside"
    if (outof := _OUT_OF.match(behind)) and (not outof[3] or describes(outof[3])):
        word = outof[1].lower()
        return Quantity(value, word if word in "/ of" else "out of", Decimal(outof[2])) if int(outof[2]) else "no_number"
    quantity = _with_unit(value, behind, unit_asked, prose=prose)
    return quantity if isinstance(quantity, str) else quantity._replace(power=int(first[3] or first[4] or 0))


def _with_unit(value: Decimal, behind: str, asked: str, *, prose: bool) -> Quantity | str:
    """A value with the unit behind it, or why what stands there makes it another value."""
    if (bracket := _IN_BRACKETS.match(behind)) and parse_unit(bracket[1]).length == len(bracket[1].rstrip()):
        behind = f" {bracket[1]}{behind[bracket.end() :]}"
    unit = parse_unit(behind)
    if is_unit(behind, asked):
        return Quantity(value, unit.name)
    rest = behind[unit.length :]
    if _NUMBER.search(rest):
        return "several"
    if trails_off(rest, prose=prose) or describes(rest, after_unit=bool(unit.name)):
        return Quantity(value, unit.name)
    return "beside"


def _unequal(left: str, value: Decimal) -> bool:
    """Whether the left side of an equation denies it: `!=`, `<=`, or another bare number."""
    sides = left.rsplit("=", 1)
    alone = _NUMBER.fullmatch(sides[-1].strip())
    return left[-1:] in "!/<>≠" or left.endswith("\\not") or (alone is not None and _decimal(alone) != value)


def _decimal(number: re.Match[str]) -> Decimal | None:
    digits = number[2].replace(" ", "")
    if re.fullmatch(r"\d{1,3}(?:,\d{3})+(?:\.\d+)?", digits):
        digits = digits.replace(",", "")
    power = number[3] or number[4] or "0"
    try:
        return Decimal(f"{number[1]}{digits.replace(',', '.')}e{power}")
    except InvalidOperation:
        return None


def _compare(quantity: Quantity, gold: Gold) -> str:
    """The rule by which the value is right, or `outside`, `other_unit`, `scaled` or `part`."""
    value = quantity.value
    if quantity.whole:
        return _compare_part(quantity, gold)
    if quantity.unit == "%":
        if gold.unit not in ("", "%", "percent"):
            return "other_unit"
        as_percent = gold.unit in ("%", "percent") or (not gold.unit and abs(gold.value) > 1)
        value = value if as_percent else value / 100
        return "percent" if gold.low <= value <= gold.high else "outside"
    if quantity.unit and gold.unit:
        if not same_quantity(quantity.unit, gold.unit):
            return "other_unit"
        ratio = factor(quantity.unit, gold.unit)
        return ("number" if ratio == 1 else "converted") if gold.low <= value * ratio <= gold.high else "outside"
    if gold.low <= value <= gold.high:
        return "number"
    if quantity.power and gold.low <= value.scaleb(-quantity.power) <= gold.high:
        return "number" if gold.unit and scale_of(gold.unit).adjusted() == quantity.power else "scaled"
    return "outside"


def _compare_part(quantity: Quantity, gold: Gold) -> str:
    """Of a part of a whole: `3/5` is a fraction, `3 out of 5` the first number, `3 of 5` that too where a whole number without unit is asked."""
    value = quantity.value
    if quantity.unit == "/":
        return "number" if gold.low <= value / quantity.whole <= gold.high else "outside"
    if not (gold.low <= value <= gold.high and 0 <= value <= quantity.whole):
        return "outside"
    counted = not gold.unit and gold.low == gold.high and gold.value == gold.value.to_integral_value()
    return "out_of" if quantity.unit == "out of" or counted else "part"
