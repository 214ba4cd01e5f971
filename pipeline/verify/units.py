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
    "month": ("month", "1"), "year": ("year", "1"), "bpm": ("rate", "1"), "point": ("points", "1"), "beat": ("beats", "1"),
    "celsius": ("celsius", "1"), "fahrenheit": ("fahrenheit", "1"), "cell": ("cells", "1"), "%": ("%", "1"),
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
}  # fmt: skip
MERCURY = re.compile(r"(?<=(?<![a-zA-Z])mm)\s+(?=hg\b)", re.IGNORECASE)
_TERM = re.compile(r"\s*(°?[a-zA-Zµμ]+|%)\s*(?:\^?\s*\(?(-?[123²³])\)?(?![\d.]))?|\s*([²³])")
_JOIN = re.compile(r"\s*(/|per\b|·|\*)\s*(?:1\.73\s*(?=m))?", re.IGNORECASE)
_WORDS_TOO = frozenset(("in", "h", "day", "celsius", "fahrenheit", "iu", "s", "l", "m", "g", "point", "month", "ft", "min"))
_PROSE = re.compile(r"\s+[a-z]{2,}|\s+a\s")
_EXPONENT = {ord("²"): "2", ord("³"): "3"}


@lru_cache(maxsize=4096)
def parse_unit(text: str) -> Unit:
    """The unit that a text begins with."""
    names: list[str] = []
    at, sign = 0, 1
    while len(names) < 6:
        found = _TERM.match(text, at)
        name = _known(found[1]) if found and found[1] else ""
        if found is None or not name:
            break
        if name in _WORDS_TOO and _PROSE.match(text, found.end()):
            break
        power = sign * (int(found[2].translate(_EXPONENT)) if found[2] else 1)
        names.append(f"{name}^{power}")
        at = found.end()
        joint = _JOIN.match(text, at)
        if joint is None:
            break
        sign = 1 if joint[1] in "·*" else -1
        at = joint.end()
    return Unit("%" if names == ["%^1"] else " ".join(names), at if names else 0)


def comparable(one: str, other: str) -> bool:
    """Whether two units measure the same, as far as both are known."""
    ours, theirs = _measure(one)[0], _measure(_name(other))[0]
    return not theirs or ours == theirs


def factor(one: str, other: str) -> Decimal:
    """What a value in the one unit is multiplied with to be in the other."""
    theirs = _measure(_name(other))
    return _measure(one)[1] / theirs[1] if theirs[0] else Decimal(1)


def _name(unit: str) -> str:
    return parse_unit(MERCURY.sub("", unit.strip())).name or ""


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
        quantity, scale = _ATOMS[atom]
        if quantity == "length" and power in (3, -3):
            quantity, power, scale = "volume", power // 3, str(Decimal(scale) ** 3 * 1000)
        if quantity == "points":
            continue
        powers[quantity] = powers.get(quantity, 0) + power
        size *= Decimal(scale) ** power
    return tuple(sorted((quantity, power) for quantity, power in powers.items() if power)), size
