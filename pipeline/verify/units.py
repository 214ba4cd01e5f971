"""Units of medicine: their spellings, and the factor from one to another of the same quantity."""

import re
from decimal import Decimal
from functools import lru_cache
from typing import NamedTuple


class Unit(NamedTuple):
    """A unit in its one spelling ('' where the text names none that is known), and how many characters it took."""

    name: str
    length: int


_ATOMS: dict[str, tuple[str, str]] = {
    "kg": ("mass", "1000"), "g": ("mass", "1"), "mg": ("mass", "1e-3"), "mcg": ("mass", "1e-6"), "ng": ("mass", "1e-9"),
    "pg": ("mass", "1e-12"), "lb": ("mass", "453.59237"),
    "l": ("volume", "1"), "dl": ("volume", "0.1"), "ml": ("volume", "1e-3"), "mcl": ("volume", "1e-6"), "fl": ("volume", "1e-15"),
    "km": ("length", "1000"), "m": ("length", "1"), "cm": ("length", "0.01"), "mm": ("length", "1e-3"), "mcm": ("length", "1e-6"),
    "in": ("length", "0.0254"), "ft": ("length", "0.3048"),
    "s": ("time", "1"), "msec": ("time", "1e-3"), "min": ("time", "60"), "h": ("time", "3600"), "day": ("time", "86400"),
    "week": ("time", "604800"),
    "mol": ("amount", "1"), "mmol": ("amount", "1e-3"), "mcmol": ("amount", "1e-6"), "nmol": ("amount", "1e-9"),
    "eq": ("charge", "1"), "meq": ("charge", "1e-3"),
    "mmhg": ("pressure", "1"), "kpa": ("pressure", "7.50062"),
    "iu": ("activity", "1"), "osm": ("osmoles", "1"), "mosm": ("osmoles", "1e-3"),
    "month": ("month", "1"), "year": ("year", "1"), "bpm": ("bpm", "1"), "point": ("points", "1"), "beat": ("beats", "1"),
    "celsius": ("celsius", "1"), "fahrenheit": ("fahrenheit", "1"), "cell": ("cells", "1"), "%": ("%", "1"),
    "degree": ("angle", "1"), "bsa": ("body surface", "1"),
}  # fmt: skip
_SPELLINGS = {
    "ug": "mcg", "µg": "mcg", "μg": "mcg", "microgram": "mcg", "milligram": "mg", "gram": "g", "gm": "g", "kilogram": "kg", "lbs": "lb",
    "pound": "lb", "liter": "l", "litre": "l", "milliliter": "ml", "millilitre": "ml", "cc": "ml", "deciliter": "dl", "µl": "mcl",
    "μl": "mcl", "ul": "mcl", "meter": "m", "metre": "m", "centimeter": "cm", "centimetre": "cm", "millimeter": "mm", "millimetre": "mm",
    "µm": "mcm", "μm": "mcm", "um": "mcm", "inch": "in", "inches": "in", "foot": "ft", "feet": "ft", "sec": "s", "second": "s",
    "ms": "msec", "millisecond": "msec", "minute": "min", "mins": "min", "hr": "h", "hour": "h", "d": "day", "wk": "week",
    "mo": "month", "yr": "year", "µmol": "mcmol", "μmol": "mcmol", "umol": "mcmol", "micromol": "mcmol", "millimole": "mmol",
    "mole": "mol", "unit": "iu", "u": "iu", "percent": "%", "pct": "%", "pt": "point", "score": "point", "°c": "celsius", "c": "celsius",
    "°f": "fahrenheit", "f": "fahrenheit", "jahre": "year", "tage": "day", "ans": "year", "jours": "day",
    "°": "degree", "deg": "degree", "breath": "beat", "jour": "day", "tag": "day", "día": "day", "días": "day", "año": "year", "punto": "point", "punkt": "point", "punkte": "point",
    "分": "point", "岁": "year", "天": "day", "日": "day", "周": "week", "年": "year", "小时": "h", "分钟": "min", "秒": "s", "毫克": "mg", "微克": "mcg",
    "克": "g", "千克": "kg", "公斤": "kg", "毫升": "ml", "升": "l", "厘米": "cm", "毫米": "mm", "毫摩尔": "mmol",
}  # fmt: skip
_SPELLED = (
    (re.compile(r"(?<=(?<![a-zA-Z])mm)\s+(?=hg\b)", re.IGNORECASE), ""),
    (re.compile(r"(?<![\d.])1\.73\s*(?:m\s*(?:\^\s*)?[2²]|square met(?:er|re)s?)", re.IGNORECASE), "bsa"),
    (re.compile(r"(?:°|\bdeg(?:rees?)?)\s*(?=[cf]\b|celsius\b|fahrenheit\b)", re.IGNORECASE), "°"),
    (re.compile(r"°(?=celsius|fahrenheit)", re.IGNORECASE), ""),
    (
        re.compile(
            r"\s*\b(?:(?:once\s+)?daily|once (?:a|per) day|a day|(?:every|each) day|par jour|pro tag|täglich|al día|por día|diari[oa]s?)\b",
            re.IGNORECASE,
        ),
        "/day",
    ),
    (re.compile(r"\s*\b(hour|week|month|year)ly\b", re.IGNORECASE), r"/\1"),
)
_TERM = re.compile(
    r"\s*(°?[a-zA-Zµμáíñ]+|%|°|分钟|小时|毫摩尔|[毫微千]克|公斤|毫升|[厘毫]米|[分岁天日周年秒克升])\s*(?:\^?\s*\(?(-?[123²³])\)?(?![\d.]))?"
)
_JOIN = re.compile(r"\s*(/|per\b|·|\*)\s*", re.IGNORECASE)
_PRODUCT = re.compile(r"\s*(?=[a-zA-Zµμ]{1,6}\s*\^?\s*\(?-[123])")
_POWER = re.compile(r"\s*(?:[x×*·]\s*)?10\s*(?:\^|\*\*?)?\s*(\d{1,2}|[⁰¹²³⁴⁵⁶⁷⁸⁹]{1,2})\s*(?=/|per\b|[a-zA-Zµμ])")
_SUPERSCRIPT = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹", "0123456789")
_COUNTED = frozenset(("points", "cells", "beats"))
_OMITTED = ("day^-1", "bsa^-1")
_WORDS_TOO = frozenset(("in", "h", "day", "celsius", "fahrenheit", "iu", "s", "l", "m", "g", "point", "month", "ft", "min"))
_PROSE = re.compile(r"\s+[a-z]{2,}|\s+a\s")
_EXPONENT = {ord("²"): "2", ord("³"): "3"}


def spell_units(text: str) -> str:
    """The text with units of two words in one: mm Hg, 1.73 m², degrees Celsius, daily."""
    for odd, plain in _SPELLED:
        text = odd.sub(plain, text)
    return text


@lru_cache(maxsize=4096)
def parse_unit(text: str) -> Unit:
    """The unit that a text begins with, also one that opens with a division or a power of ten: `/min`, `10^9/L`."""
    power = _POWER.match(text)
    names = [f"10^{int(power[1].translate(_SUPERSCRIPT))}"] if power else []
    at = end = power.end() if power else 0
    joint = _JOIN.match(text, at)
    if joint and joint[1] not in "·*":
        at = joint.end()
    else:
        joint = None
    while len(names) < 6:
        found = _TERM.match(text, at)
        name = _known(found[1]) if found else ""
        if found is None or not name or (name in _WORDS_TOO and _PROSE.match(text, found.end())):
            break
        exponent = int(found[2].translate(_EXPONENT)) if found[2] else 1
        names.append(f"{name}^{-exponent if joint and joint[1] not in '·*' else exponent}")
        at = end = found.end()
        joint = _JOIN.match(text, at)
        onward = joint or _PRODUCT.match(text, at)
        if onward is None:
            break
        at = onward.end()
    return Unit("%" if names == ["%^1"] else " ".join(names), end if names else 0)


def same_quantity(one: str, other: str) -> bool:
    """Whether a unit that was read measures what the unit asked for measures.

    A day or a body surface that the one asked for divides by may be left out, and a day be added (`5 mg daily` of mg);
    a degree without its scale is of any.
    """
    theirs = _name(other)
    if not theirs:
        return not one
    right, ours = _measure(theirs)[0], _measure(one)[0]
    if ours == right or (one == "degree^1" and theirs in ("celsius^1", "fahrenheit^1")):
        return True
    left_out = [omitted for omitted in _OMITTED if omitted in theirs.split()]
    return _measure(one.removesuffix(" day^-1"))[0] == right or any(ours == _measure(_without(theirs, omitted))[0] for omitted in left_out)


def factor(one: str, other: str) -> Decimal:
    """What a value in the one unit is multiplied with to be in the other, where both measure the same."""
    ours, theirs = _measure(one), _measure(_name(other))
    if one != "degree^1" and ours[0] != theirs[0]:
        ours, theirs = _measure(_without(one, *_OMITTED)), _measure(_without(_name(other), *_OMITTED))
    return ours[1] / theirs[1]


def _without(name: str, *terms: str) -> str:
    return " ".join(term for term in name.split() if term not in terms)


def scale_of(unit: str) -> Decimal:
    """The power of ten that a unit opens with: 10^9 of `10^9/L`."""
    first, _, exponent = _name(unit).partition(" ")[0].partition("^")
    return Decimal(10) ** int(exponent) if first == "10" else Decimal(1)


@lru_cache(maxsize=4096)
def _name(unit: str) -> str:
    return parse_unit(spell_units(unit.strip().replace("{", "").replace("}", ""))).name


def _known(word: str) -> str:
    plain = word.lower()
    for candidate in (plain, plain.removesuffix("s")):
        if candidate in _ATOMS:
            return candidate
        if candidate in _SPELLINGS:
            return _SPELLINGS[candidate]
    return ""


@lru_cache(maxsize=4096)
def _measure(name: str) -> tuple[tuple[tuple[str, int], ...], Decimal]:
    """The quantities with their powers, and the size in base units."""
    powers: dict[str, int] = {}
    size = Decimal(1)
    for term in name.split():
        atom, _, exponent = term.partition("^")
        power = int(exponent or 1)
        if atom == "10":
            size *= Decimal(10) ** power
            continue
        if atom == "bpm":
            powers["time"] = powers.get("time", 0) - power
            size /= Decimal(60) ** power
            continue
        quantity, scale = _ATOMS[atom]
        if quantity == "length" and power in (3, -3):
            quantity, power, scale = "volume", power // 3, str(Decimal(scale) ** 3 * 1000)
        if quantity in _COUNTED:
            continue
        powers[quantity] = powers.get(quantity, 0) + power
        size *= Decimal(scale) ** power
    return tuple(sorted((quantity, power) for quantity, power in powers.items() if power)), size
