"""Dates and gestational ages."""

import re
from calendar import monthrange

from pipeline.verify.fold import unwrap
from pipeline.verify.gold import Gold, Reading
from schemas.trace import Verdict

_MONTHS = {
    name: month
    for month, names in enumerate(
        (
            "january jan janvier enero januar", "february feb février fevrier febrero februar", "march mar mars marzo märz",
            "april apr avril abril", "may mai mayo", "june jun juin junio juni", "july jul juillet julio juli",
            "august aug août aout agosto", "september sep sept septembre septiembre", "october oct octobre octubre oktober",
            "november nov novembre noviembre", "december dec décembre decembre diciembre dezember",
        ),
        start=1,
    )
    for name in names.split()
}  # fmt: skip
_ISO = re.compile(r"(?<!\d)(\d{4})[-/.](\d{1,2})[-/.](\d{1,2})(?!\d)|(?<!\d)(\d{4})\s*年\s*(\d{1,2})\s*月\s*(\d{1,2})\s*日")
_NUMERIC = re.compile(r"(?<![\d/.-])(\d{1,2})[/.-](\d{1,2})[/.-](\d{4})(?!\d)")
_MONTH_FIRST = re.compile(r"([^\W\d_]{3,10})\.?\s+(\d{1,2})(?:st|nd|rd|th)?,?\s+(\d{4})(?!\d)")
_DAY_FIRST = re.compile(
    r"(?<!\d)(\d{1,2})(?:st|nd|rd|th|er|\.)?\s*(?:of\s+|de\s+|-)?([^\W\d_]{3,10})\.?,?\s*(?:de\s+|del\s+|-)?(\d{4})(?!\d)"
)
_AGE = re.compile(
    r"^[^\d<>≤≥±-]{0,3}(\d{1,3})\s*(?:weeks?|wks?|w|semaines?|semanas?|wochen|周)['\"]?\s*(?:,|and|et|y|und|\+)?\s*['\"]?"
    r"(\d{1,3})\s*(?:days?|d|jours?|d[ií]as?|tage|天)\W{0,3}$",
    re.IGNORECASE,
)
_AGES = re.compile(
    r"(?<![\d.])(\d{1,3})\s*(?:weeks?|wks?|semaines?|semanas?|wochen|周)(?:\W{0,3}(?:and|et|y|und)?\s*(\d{1,3})\s*(?:days?|jours?|d[ií]as?|tage|天))?",
    re.IGNORECASE,
)
_PROSE = ("phrase", "conclusion", "whole")
_OFF = r"not|never|before|after|until|till|by|since|than|prior to|earlier than|later than|nicht|vor|nach|avant|après|antes del?|después del?|pas"
_UNSURE_AGE = re.compile(
    rf"\b(?:{_OFF}|between|or|no|less|more|over|under|least|most|minus|plus|ago|oder|ou)\b|n't\b|[±≠<>≤≥¬-]|(?<!\d)\d+\s*(?:hours?|months?|years?)",
    re.IGNORECASE,
)
_PAIR = re.compile(r"^\(?\s*['\"]?(\d{1,3})['\"]?\s*\^?\s*[,+]\s*['\"]?(\d{1,3})['\"]?\s*\)?$")
_WEEKS = re.compile(r"^[^\d<>≤≥±-]{0,3}(\d{1,3})\s*(?:weeks?|wks?|w)\W{0,3}$", re.IGNORECASE)
_BESIDE = re.compile(
    rf"\b(?:{_OFF}|between|from|to|or|either|and|days?|weeks?|months?|no|oder|ou|wrong|incorrect|false|falsch|faux|excluded|bc|uncertain|unsure|perhaps|maybe|possibly)\b|^\s*-|n't\b|[±≠<>≤≥?¬]|\\(?:pm|n(?:e|eq|ot|eg)|[lg]eq?)(?![a-zA-Z])|[前后不]",
    re.IGNORECASE,
)
_NEAR = re.compile(
    rf"(?:\b(?:{_OFF})\b|n't\b|[±≠<>≤≥¬不])\s*(?:the|le|el|de[mnr]|du|on)?\s*(?=\d|(?:{'|'.join(_MONTHS)})\b)|\d\s*(?:±|\+/-|\?)",
    re.IGNORECASE,
)
LONGEST = 400


def read_date(content: str, gold: Gold, where: str) -> Reading:
    """A box, tag or field on a question after a date or a number of weeks and days: equal or not."""
    if not content.strip() or len(content) > LONGEST:
        return Reading(Verdict.NO_ANSWER, "", f"{where}_{'long' if content.strip() else 'empty'}", 0.0)
    text = unwrap(content)
    if gold.weeks_days is not None:
        return _age(text, gold.weeks_days, where) if "?" not in text else Reading(Verdict.NO_ANSWER, "", f"{where}_doubt", 0.0)
    dates = dates_of(text, gold.date_order)
    if len(dates) != 1:
        verdict = Verdict.AMBIGUOUS if dates else Verdict.INCORRECT if _NUMERIC.search(text) else Verdict.NO_ANSWER
        return Reading(verdict, "", f"{where}_{'several' if dates else 'no_date'}", 0.0)
    if (_NEAR if where in _PROSE else _BESIDE).search(text):
        return Reading(Verdict.AMBIGUOUS, "", f"{where}_beside", 0.0)
    (date,) = dates
    right = date == gold.date
    return Reading(Verdict.CORRECT if right else Verdict.INCORRECT, "{:04}-{:02}-{:02}".format(*date), f"{where}_date", float(right))


def dates_of(text: str, order: str) -> set[tuple[int, int, int]]:
    """The dates that a text names; `order` (mdy or dmy) says how `03/04/2020` is read."""
    found = {tuple(int(part) for part in match.groups() if part) for match in _ISO.finditer(text)}
    for first, second, year in _NUMERIC.findall(text):
        month, day = (first, second) if order == "mdy" else (second, first)
        found.add((int(year), int(month), int(day)))
    found |= {(int(year), _MONTHS.get(month.casefold(), 0), int(day)) for month, day, year in _MONTH_FIRST.findall(text)}
    found |= {(int(year), _MONTHS.get(month.casefold(), 0), int(day)) for day, month, year in _DAY_FIRST.findall(text)}
    return {(year, month, day) for year, month, day in found if 1 <= month <= 12 and year > 0 and 1 <= day <= monthrange(year, month)[1]}


def ages_of(text: str) -> set[tuple[int, int]]:
    """The gestational ages that a text names in weeks, with their days."""
    return {(int(weeks), int(days or 0)) for weeks, days in _AGES.findall(text)}


def _age(text: str, gold: tuple[int, int], where: str) -> Reading:
    found = _AGE.match(text) or _PAIR.match(text)
    if found is None and (weeks := _WEEKS.match(text)):
        said = int(weeks[1]), 0
    elif found is None:
        ages = ages_of(text) if where in _PROSE else set[tuple[int, int]]()
        if not ages or len(ages) > 1 or _UNSURE_AGE.search(text):
            return Reading(Verdict.AMBIGUOUS if ages else Verdict.NO_ANSWER, "", f"{where}_no_age", 0.0)
        (said,) = ages
    else:
        said = int(found[1]), int(found[2])
    right = said == gold
    return Reading(Verdict.CORRECT if right else Verdict.INCORRECT, f"{said[0]} weeks, {said[1]} days", f"{where}_weeks_days", float(right))
