"""Rules for identifiers of persons: for each kind, the words without which there is none, and the pattern."""

import re
from enum import StrEnum
from typing import NamedTuple


class Kind(StrEnum):
    """What was found. `AGE`: over 89, which Safe Harbor counts among dates."""

    NAME = "name"
    PLACE = "place"
    DATE = "date"
    AGE = "age"
    PHONE = "phone"
    FAX = "fax"
    EMAIL = "email"
    SSN = "ssn"
    MRN = "mrn"
    PLAN = "plan"
    ACCOUNT = "account"
    LICENCE = "licence"
    VEHICLE = "vehicle"
    DEVICE = "device"
    URL = "url"
    IP = "ip"
    BIOMETRIC = "biometric"
    PHOTO = "photo"
    OTHER = "other"


_NUMBER = r"(?:number|no\b\.?|num\b\.?|nr\b\.?|id\b|#|№)"
_IS = r"[\s:#=.]*(?:(?:is|was)[\s:]+)?"
_CODE = r"(?P<id>[A-Za-z]{0,4}[- ]?\d[\dA-Za-z/-]{3,})"
_STATES = (
    "AL AK AZ AR CA CO CT DE DC FL GA HI ID IL IN IA KS KY LA ME MD MA MI MN MS MO MT NE NV NH NJ NM NY NC ND OH OK OR PA RI SC SD TN TX "
    "UT VT VA WA WV WI WY"
).replace(" ", "|")
_STREET = r"(?:Street|St|Avenue|Ave|Road|Rd|Lane|Ln|Drive|Boulevard|Blvd|Court|Ct|Way|Terrace|Parkway|Pkwy|Highway|Hwy|Crescent|Square)"
_GIVEN = r"(?:O'|D'|Mc|Mac)?[A-Z][a-zà-ÿ]+(?:[-'][A-Z]?[a-zà-ÿ]+)?"
_FULL = rf"{_GIVEN}(?: [A-Z]\.?)?(?: (?:van|von|de|da|del|der|la|bin|al)){{0,2}} {_GIVEN}"
_PHONE = r"(?:\+?1[-. ]?)?(?:\([2-9]\d\d\) ?|[2-9]\d\d[-.])[2-9]\d\d[-.]\d{4}"
_DIGITS = r"\+?\(?\d[\d() .-]{5,}\d"


class Rule(NamedTuple):
    """What is looked for where the lower-case text holds one of some words (any text where there are none)."""

    kind: Kind
    words: tuple[str, ...]
    pattern: re.Pattern[str]


def _rule(kind: Kind, words: str, pattern: str, flags: re.RegexFlag = re.NOFLAG) -> Rule:
    return Rule(kind, tuple(words.split()), re.compile(pattern, flags))


def _labelled(kind: Kind, words: str, label: str, code: str = _CODE) -> Rule:
    """A number or code behind what it is called."""
    return _rule(kind, words, rf"\b(?:{label}){_IS}{code}", re.IGNORECASE)


_ANY = re.IGNORECASE
RULES = (
    _rule(Kind.EMAIL, "@", r"(?P<id>[A-Za-z0-9._%+-]+@[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)*\.[A-Za-z]{2,})"),
    _rule(Kind.URL, "http www.", r"(?P<id>(?:https?://|www\.)[^\s<>\"')\]]+)", _ANY),
    _rule(Kind.SSN, "-", r"(?<![\d-])(?P<id>(?!000|666|9\d\d)\d{3}-(?!00)\d\d-(?!0000)\d{4})(?![\d-])"),
    _rule(
        Kind.SSN,
        "ssn social",
        r"\b(?:SSN|social security)(?: number| no\.?| #)?[\s:#]*(?:is |was )?(?P<id>\d[\d -]{7,}\d|[Xx*]{3}-[Xx*]{2}-\d{4})",
        _ANY,
    ),
    _rule(Kind.FAX, "fax", rf"\bfax(?:\s?{_NUMBER})?[\s:.]*(?:(?:is|at|to)\s+)?(?P<id>{_DIGITS})", _ANY),
    _rule(Kind.PHONE, "- .", rf"(?<![\d.-])(?P<id>{_PHONE})(?![\d.-]\d)"),
    _rule(
        Kind.PHONE,
        "phone tel mobile cell pager call reached",
        rf"\b(?:(?:tele)?phone|tel|mobile|cell|pager|call(?:ed)?|reached)\b(?:\s?{_NUMBER})?[\s:.]*(?:(?:is|at|on|him at|her at)\s+)?(?P<id>{_DIGITS})",
        _ANY,
    ),
    _rule(Kind.PHONE, "+", r"(?<![\w+])(?P<id>\+\d{1,3}[ -]\(?\d{1,4}\)?(?:[ -]\d{2,6}){2,4})(?!\d)"),
    _labelled(
        Kind.MRN,
        "mrn record number hospital patient chart clinic",
        rf"MRN|(?:medical|hospital|patient|chart|clinic|unit|health)(?:\s+record)?\s*{_NUMBER}|medical record|record {_NUMBER}",
    ),
    _rule(Kind.MRN, "nhs", rf"\bNHS(?:\s*{_NUMBER})?[\s:]*(?:is )?(?P<id>\d{{3}}[ -]?\d{{3}}[ -]?\d{{4}})(?!\d)", _ANY),
    _labelled(
        Kind.MRN, "accession", rf"accession(?:\s*{_NUMBER})?", r"(?P<id>[A-Z]{0,3}-?\d{5,})(?!\w)(?=[^.]*$|(?![^.]*(?:GenBank|database)))"
    ),
    _labelled(
        Kind.OTHER,
        "passport national aadhaar study subject case employee student badge",
        rf"passport(?:\s*{_NUMBER})?|national (?:id|insurance)(?:\s*{_NUMBER})?|aadhaar(?:\s*{_NUMBER})?|"
        r"(?:study|subject|case|employee|student|badge)\s*(?:ID\b|identifier)",
    ),
    _labelled(
        Kind.PLAN,
        "plan insurance policy member subscriber beneficiary medicare medicaid group",
        rf"(?:(?:health )?plan|insurance|policy|member(?:ship)?|subscriber|beneficiary|medicare|medicaid|group)\s*(?:card\s*)?{_NUMBER}",
    ),
    _labelled(
        Kind.ACCOUNT, "account acct iban card", rf"(?:bank |billing |patient )?(?:account|acct\.?|credit card)\s*(?:{_NUMBER}|(?=:))|IBAN"
    ),
    _labelled(
        Kind.LICENCE,
        "licens licenc certificate dea npi",
        rf"(?:driver'?s?'? |medical |nursing |pilot )?(?:licen[cs]e|certificate)\s*{_NUMBER}|(?-i:DEA|NPI)(?:\s*{_NUMBER})?",
    ),
    _rule(
        Kind.VEHICLE,
        "vin vehicle",
        r"\b(?:VIN|vehicle identification)(?: number| no\.?| #)?[\s:#]*(?:is |was )?(?P<id>(?=\w*\d)[A-HJ-NPR-Z0-9]{11,17})\b",
        _ANY,
    ),
    _rule(
        Kind.VEHICLE,
        "plate",
        r"\b(?:[Ll]icen[cs]e|[Nn]umber|[Rr]egistration) plate(?: number| no\.?| #)?[\s:#]*(?:is |was |reads? )?"
        r"(?P<id>(?=[A-Z -]*\d)[A-Z0-9]{1,4}[ -]?[A-Z0-9]{2,5})\b",
    ),
    _labelled(Kind.DEVICE, "serial s/n imei udi device", rf"serial\s*{_NUMBER}|S/N|IMEI|(?-i:UDI)|device (?:identifier|{_NUMBER})"),
    _rule(Kind.DEVICE, ": -", r"(?<![\w:-])(?P<id>(?:[0-9A-Fa-f]{2}[:-]){5}[0-9A-Fa-f]{2})(?![\w:-])"),
    _rule(
        Kind.IP,
        ".",
        r"(?<![\d.])(?P<id>(?:(?:25[0-5]|2[0-4]\d|1?\d?\d)\.){3}(?:25[0-5]|2[0-4]\d|1?\d?\d))(?![\d.]*\d)",
    ),
    _rule(
        Kind.IP,
        ":",
        r"(?<![\w:])(?P<id>(?:[0-9A-Fa-f]{1,4}:){7}[0-9A-Fa-f]{1,4}|(?:[0-9A-Fa-f]{1,4}:){2,6}(?::[0-9A-Fa-f]{1,4}){1,5})(?![\w:])",
    ),
    _rule(
        Kind.PLACE,
        "street st avenue ave road rd lane ln drive boulevard blvd court ct way terrace parkway pkwy highway hwy crescent square",
        rf"(?<![\w.-])(?P<id>\d{{1,5}}[A-Za-z]? (?:(?:North|South|East|West|[NSEW]\.?) )?(?:[A-Z][a-z]+ ){{1,3}}{_STREET}\b\.?)"
        r"(?! (?:Hospital|disease|criteria|score))",
    ),
    _rule(Kind.PLACE, "", rf"(?P<id>\b[A-Z][a-z]+(?: [A-Z][a-z]+){{0,2}},? (?:{_STATES}),? \d{{5}}(?:-\d{{4}})?)(?!\d)"),
    _rule(Kind.PLACE, "box", r"(?P<id>\bP\.? ?O\.? Box \d+)", _ANY),
    _rule(
        Kind.PLACE,
        "zip postal post",
        r"\b(?:[Zz]ip|ZIP|[Pp]ostal|[Pp]ost)[ -]?[Cc]ode:? (?:is |was )?(?P<id>(?=[A-Z ]{0,4}\d)[A-Z0-9]{2,5}(?:[ -][A-Z0-9]{3,4})?)\b",
    ),
    _rule(
        Kind.NAME,
        "name signed dictated dear kin attending referred",
        r"(?:\b(?:[Pp]atient|PATIENT)(?:'s)? ?(?:[Nn]ame|NAME)|^(?:NAME|Name)|\b[Nn]ame of (?:the )?patient|\b[Ss]igned(?: by)?|\b[Dd]ictated by|"
        r"\b[Dd]ear|\b[Nn]ext of kin|\b[Aa]ttending|\b[Rr]eferred by)\s*[:,]?\s*"
        rf"(?P<id>(?:(?:Mr|Mrs|Ms|Miss|Dr|Prof)\.? )?(?:{_FULL}|{_GIVEN}, {_GIVEN})|(?:Mr|Mrs|Ms|Miss|Dr|Prof)\.? {_GIVEN})",
        re.MULTILINE,
    ),
    _rule(
        Kind.NAME,
        "mr ms miss herr frau señor mme monsieur madame",
        rf"\b(?:Mr|Mrs|Ms|Miss|Herr|Frau|Señora?|Mme|Monsieur|Madame)\.? (?P<id>{_FULL}|{_GIVEN})(?![\w'-])",
    ),
    _rule(
        Kind.NAME,
        "year yr y/o age month week day",
        rf"(?:^|(?<=[.:;!?\n] ))(?P<id>{_FULL})(?=(?:, | \(| is )(?:an?|the|aged|age)? ?\d{{1,3}}(?:[- ]?(?:year|yr|y/?o|month|week|day)|[,)]))",
        re.MULTILINE,
    ),
    _rule(
        Kind.NAME,
        "named called name",
        r"\b(?:(?:man|woman|boy|girl|patient|child|infant|mother|father|daughter|son|wife|husband)(?:,| is| was)? (?:named|called)|"
        rf"(?:[Mm]y|[Hh]is|[Hh]er) name is)\s+(?P<id>{_GIVEN}(?: {_GIVEN})?)",
    ),
    _rule(
        Kind.BIOMETRIC,
        "print scan recognition template biometric",
        r"\b(?P<id>(?:finger|palm|voice|hand)[ -]?prints?|(?:retinal?|iris|face|facial)[ -](?:scans?|recognition|template)|biometric \w+)\b",
        _ANY,
    ),
    _rule(
        Kind.PHOTO,
        "photo image picture selfie",
        r"\b(?P<id>(?:full[- ]face|facial) (?:photo(?:graph)?s?|images?|pictures?)|passport photo(?:graph)?s?|"
        r"(?:photo(?:graph)?s?|selfies?) of (?:the|his|her|their) (?:patient(?:'s face)?|face))\b",
        _ANY,
    ),
)
