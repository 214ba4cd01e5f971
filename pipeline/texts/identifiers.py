"""Identifiers of persons in a text, by rules that work offline: the eighteen kinds of HIPAA's Safe Harbor (45 CFR 164.514(b)(2)).

The rules look for what a record says of one person: numbers behind their label, names behind a title or before an age,
days beside what happened to a patient. Study periods, doses, eponyms and "a 45-year-old man on day 3" are none.
"""

import re
from bisect import bisect_right
from collections.abc import Iterator
from typing import NamedTuple

from pipeline.texts.identifier_rules import RULES, Kind

SCANNER_VERSION = 1


# Talk of fingerprints and photographs is no fingerprint and no photograph: told, but no reason to keep a text back.
REPORTED = frozenset({Kind.BIOMETRIC, Kind.PHOTO})


class Identifier(NamedTuple):
    """An identifier at `start` to `stop` of a text."""

    kind: Kind
    start: int
    stop: int

    @property
    def fails(self) -> bool:
        """Whether a text that holds it must be kept from strangers."""
        return self.kind not in REPORTED


_MONTH = r"(?:jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sept?(?:ember)?|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?)\.?"
_DAY = r"(?:0?[1-9]|[12]\d|3[01])"
_YEAR = r"(?:1[89]|20)\d\d"
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_NUMERIC = re.compile(r"\d[/-]\d|\d\.\d\d?\.\d")
_DATE = re.compile(
    rf"(?<![\d/.-])(?P<id>"
    rf"{_DAY}(?P<sign>[/-]){_DAY}(?P=sign)(?:{_YEAR}|\d\d)|{_DAY}\.{_DAY}\.{_YEAR}|{_YEAR}(?P<dash>[/-])(?:0[1-9]|1[0-2])(?P=dash){_DAY}|"
    rf"{_MONTH} {_DAY}(?:st|nd|rd|th)?,? {_YEAR}|{_DAY}(?:st|nd|rd|th)?(?: of)?[ -]{_MONTH}[ ,-]{{1,2}}{_YEAR}|"
    rf"{_MONTH} {_DAY}(?:st|nd|rd|th)?(?![\d%]| ?(?:mg|ml|%|cm|mm))"
    rf")(?![\d/-]*\d)",
    re.IGNORECASE,
)
_MONTH_YEAR = re.compile(rf"(?<![\d/-])\b(?P<id>{_MONTH},? (?:of )?{_YEAR})\b", re.IGNORECASE)
_EVENT = re.compile(
    r"(?:\bD\.?O\.?B\b\.?|\b(?:birth(?:day| ?date)?|born|admi(?:tted|ssion)|discharged?|died|death|deceased|expired|seen|visit(?:ed)?|presented|"
    r"examined|operated|surgery|hospitali[sz]ed|diagnosed|delivered|underwent|scanned|collected|performed|menstrual period|LMP|appointment|"
    r"follow[- ]?up|transferred|consult(?:ed|ation)|encounter|dictated|signed|date of (?:service|birth|death|admission|discharge|visit|procedure|exam))\b)",
    re.IGNORECASE,
)
_PERSON = re.compile(
    r"\b(?:patient|he|she|his|her|Mr|Mrs|Ms|Miss|\d{1,3}[- ]?(?:year|yr|month|week|day)s?[- ]old|y/?o|DOB|D\.O\.B|LMP|last menstrual period|date of (?:birth|death|admission|discharge))\b",
    re.IGNORECASE,
)
_STUDY = re.compile(
    r"\b(?:patients|participants|subjects|cohort|study|studies|trial|survey|published|database|registry|enrolled|recruited|consecutive|"
    r"between|records of|questionnaire|censuses|searched|approved|guidelines?|outbreak)\b",
    re.IGNORECASE,
)
_AGE = re.compile(
    r"(?<![\d.<>≥≤=-])(?<!over )(?<!than )(?<!to )(?<!or )(?<!and )(?P<id>(?:9\d|1[01]\d)(?:[- ]?(?:years?|yrs?)[- ]?(?:of age|olds?)\b|[- ]?y/?o\b)|"
    r"ninety(?:[- ](?:one|two|three|four|five|six|seven|eight|nine))?[- ]years?[- ]old)(?! or (?:older|over|above))|"
    r"\b(?:aged|age(?:d)? (?:of|is|was)|age:)\s*(?P<aged>(?:9\d|1[01]\d))\b(?! ?(?:or|and) (?:older|over|above)| ?[-–+%]|\.\d| to | ?(?:months?|days?|weeks?|hours?))",
    re.IGNORECASE,
)
_GROUP = re.compile(
    r"\b(?:patients|persons|people|women|men|adults|individuals|participants|subjects|residents|those)\b[^.]*$", re.IGNORECASE
)
_SCORES = re.compile(r"\b(?:apgar|gravida|para|strength|reflexes)\b", re.IGNORECASE)
_SHORT = re.compile(r"\d{1,2}([/-])\d{1,2}\1\d\d")
_SEQUENCE = re.compile(r"\b(?:GenBank|EMBL|DDBJ|database|sequence|RefSeq|UniProt|GEO)", re.IGNORECASE)
_LONG_ADDRESS = 11
_PHONE_DIGITS = (7, 15)
_BREAK = re.compile(r"(?<=[.!?])\s+(?=[A-Z(])|\n+")


def find_identifiers(text: str) -> list[Identifier]:
    """What identifies a person in a text, in order; of overlapping ones the first, the longest."""
    low = text.lower()
    found = [
        Identifier(rule.kind, *match.span("id"))
        for rule in RULES
        if not rule.words or any(word in low for word in rule.words)
        for match in rule.pattern.finditer(text)
        if _counts(rule.kind, match)
    ]
    if "year" in low or "y/o" in low or "yr" in low or "age" in low or "yo" in low:
        found += [
            Identifier(Kind.AGE, *match.span("id" if match["id"] else "aged")) for match in _AGE.finditer(text) if not _several(match)
        ]
    if any(month in low for month in _MONTHS) or _NUMERIC.search(low):
        found += _dates(text)
    kept: list[Identifier] = []
    for one in sorted(found, key=lambda one: (one.start, -one.stop)):
        if not kept or one.start >= kept[-1].stop:
            kept.append(one)
    return kept


def mask(text: str, found: list[Identifier]) -> str:
    """The text with each identifier that fails replaced by its kind in brackets."""
    for one in reversed(found):
        if one.fails:
            text = f"{text[: one.start]}[REDACTED:{one.kind}]{text[one.stop :]}"
    return text


def _counts(kind: Kind, match: re.Match[str]) -> bool:
    """False for what only looks like it: lists of numbers, codes with too few digits."""
    said = match["id"]
    if kind is Kind.IP and "." in said:
        return len(said) >= _LONG_ADDRESS or "IP" in match.string[max(match.start() - 24, 0) : match.start()]
    if kind is Kind.MRN:
        return not _SEQUENCE.search(match.string[max(match.start() - 60, 0) : match.start()])
    if kind in (Kind.PHONE, Kind.FAX):
        return _PHONE_DIGITS[0] <= sum(sign.isdigit() for sign in said) <= _PHONE_DIGITS[1]
    return True


def _several(match: re.Match[str]) -> bool:
    """Whether an age is that of a group."""
    return bool(_GROUP.search(match.string[max(match.start() - 40, 0) : match.start()]))


def _dates(text: str) -> Iterator[Identifier]:
    """Days of one person, and months in which something happened to one."""
    breaks = [0, *(match.start() for match in _BREAK.finditer(text)), len(text)]
    told: dict[int, _Sentence] = {}
    for rule in (_DATE, _MONTH_YEAR):
        for match in rule.finditer(text):
            place = min(bisect_right(breaks, match.start()), len(breaks) - 1)
            if place not in told:
                told[place] = _Sentence.read(text[breaks[place - 1] : breaks[place]])
            if told[place].dates(match["id"]):
                yield Identifier(Kind.DATE, *match.span("id"))


class _Sentence(NamedTuple):
    """What a sentence is about: several people or a study, something that happened, one person, scores written like days."""

    study: bool
    event: bool
    person: bool
    scores: bool

    @classmethod
    def read(cls, text: str) -> "_Sentence":
        return cls(*(bool(rule.search(text)) for rule in (_STUDY, _EVENT, _PERSON, _SCORES)))

    def dates(self, date: str) -> bool:
        """Whether a date in it is one of a person: a day without a year, and a month, need both event and person told."""
        if self.study or (self.scores and _SHORT.fullmatch(date)):
            return False
        if _NUMERIC.search(date) or (re.search(r"\d{4}", date) and re.search(r"\b\d{1,2}\b|\d(?:st|nd|rd|th)", date)):
            return self.event or self.person
        return self.event and self.person and not date.lower().startswith("may ")
