"""Outputs that end by announcing one letter, as most do: read at once where no other rule could decide."""

import re
from string import ascii_uppercase

from pipeline.verify.denial import announces
from pipeline.verify.fields import may_hold_field
from pipeline.verify.fold import align, fold
from pipeline.verify.gold import Found, Gold, Judged, Reading
from pipeline.verify.retract import SHORTEST, crossed_out, retracts
from pipeline.verify.target import is_whole
from pipeline.verify.think import is_answer
from schemas.trace import Verdict

KEYS = (
    "answer", "choice", "option", "choose", "chose", "select", "pick", "go with", "antwort", "lösung", "réponse", "reponse",
    "respuesta", "opción", "答案", "选",
)  # fmt: skip
NEW_QUESTION = re.compile(r"\n[ \t#*]*(?:Question|Q)[ \t]*\d{0,4}[*]{0,2}:", re.IGNORECASE)
_CLOSING = re.compile(r"(?<=[ \n*][Aa])nswer is:? ?\*{0,2}\(?([A-Z])\)?\*{0,2}\.?\s*\Z")
# The most common of these, each with its letter.
_COMMON = {f" answer is ({letter}){end}": letter for letter in ascii_uppercase for end in (".", "", ".\n", "\n", ".\n\n", "\n\n")}
# `answer is (C) Crohn disease.`, where the text of option C is Crohn disease.
_WORDED = re.compile(r"(?<=[ \n*][Aa])nswer(?: is:?|:)(?: |\n| ?\*\*)\(?([A-Z])[).:]{1,2}\*{0,2} ")
# `answer is (A), (C) and (D).`
_LISTED = re.compile(r"(?<=[ \n*][Aa])nswer is \*{0,2}\(?([A-Z](?:\)?(?:, ?(?:and |or )?| and | or )\(?[A-Z]){1,25})\)?\.?\*{0,2}\s*\Z")
_ENDS = frozenset(mark + end for mark in ("", ".", "**", ".**", "**.") for end in ("", "\n", "\n\n"))
# Texts of options that no rule reads otherwise than as what stands behind a letter.
_TAME = re.compile(
    r"(?!(?:is|isn|wrong|incorrect|unlikely|out|excluded|if|unless|no|or|not|and|und|oder|et|ou|y)\b)[A-Za-z0-9]{2}(?:(?!\b(?:and|or)\b)[\w ,.;:'%+/-])*",
    re.IGNORECASE | re.ASCII,
)
_KEY = re.compile("|".join(KEYS))
# What stands between the last full stop and `answer` most often: nothing in it denies, speaks or leaves the answer to others.
_LEADS = frozenset(
    f"{gap}{lead} "
    for gap in ("", " ", "  ", "\n", "\n\n", " \n", " \n\n")
    for lead in (
        "The",
        "The correct",
        "Therefore, the",
        "Therefore, the correct",
        "So, the",
        "So the",
        "Thus, the",
        "Final",
        "Final Answer:\nThe",
    )
)
REACH = 40
FAR = 200
BACK = 80


_judged = tuple.__new__  # what the class itself does, without a call in between
_CORRECT, _INCORRECT = Verdict.CORRECT, Verdict.INCORRECT  # an enumeration looks its members up by name at every use
# A letter or several, and where they stand.
Closing = tuple[str, int, int]


def closing_letter(text: str, gold: Gold) -> Found | None:
    """The reading by the letter that an answer ends with, as in `answer is (C).`: what the whole search would find."""
    at = text.rfind("nswer is", -REACH)
    found = _last_letter(text, at, gold) if at > 0 else None
    if found is None or not (_led(text, at) or announces(text, at - 1)):
        return None
    letter, start, end = found
    right = letter == gold.single[1]
    return Found(Reading(Verdict.CORRECT if right else Verdict.INCORRECT, letter, "phrase_letter", float(right)), start, end)


def plain_verdict(text: str, gold: Gold) -> Judged | None:
    """The verdict under `eval` on a whole output by what it ends with; None where anything round that could change it."""
    at = text.rfind("nswer", -FAR)
    if at <= 0 or "\\" in text or not is_answer(text) or ('"' in text and may_hold_field(text)):
        return None
    plain = text if text.isascii() else align(text)
    if ":" in plain and NEW_QUESTION.search(plain) is not None:
        return None
    found = _last_letter(plain, at, gold)
    stop = plain.rfind(".", max(0, at - BACK), at)
    if plain[stop + 1 : at - 1] not in _LEADS:
        if found is None or not announces(plain, at - 1):
            return None
    elif found is None:
        found = _last_option(plain, at, gold) or _last_letters(plain, at, gold)
        if found is None:
            return None
    letters, start, end = found
    if len(letters) > 1:
        return _judged(Judged, (Verdict.AMBIGUOUS, letters, "phrase_letters", (start, end), False, 0.0))
    if letters != gold.single[1]:
        return _judged(Judged, (_INCORRECT, letters, "phrase_letter", (start, end), False, 0.0))
    # Without these signs nothing is crossed out.
    if ("!" in text or "~" in text or plain is not text) and crossed_out(text, start, end, gold):
        return None
    if len(text) - end >= SHORTEST and retracts(text, end, gold):
        return None
    return _judged(Judged, (_CORRECT, letters, "phrase_letter", (start, end), False, 1.0))


def _led(text: str, at: int) -> bool:
    """Whether the sentence of a key opens as most do."""
    stop = text.rfind(".", max(0, at - BACK), at)
    return text[stop + 1 : at - 1] in _LEADS


def _last_letter(text: str, at: int, gold: Gold) -> Closing | None:
    """One option's letter, as in `answer is (C).`."""
    letter, start = _COMMON.get(text[at - 2 :], ""), at + len("nswer is (")
    if not letter:
        found = _CLOSING.match(text, at)
        letter, start = (found[1], found.start(1)) if found else ("", 0)
    return (letter, start, start + 1) if letter and letter in gold.single[0] else None


def _last_option(text: str, at: int, gold: Gold) -> Closing | None:
    """The letter of an option whose text follows it, as it is, to the end: no other key stands in that, and no rule reads it otherwise."""
    found = _WORDED.match(text, at)
    if found is None or found[1] not in gold.single[0] or gold.letters_in_texts or found[1].lower() in gold.lone_letters:
        return None
    index = ord(found[1]) - ord("A")
    option = gold.options[index].rstrip(" .")
    if not text.startswith(option, found.end()) or text[found.end() + len(option) :] not in _ENDS or not is_whole(option):
        return None
    tame = _TAME.fullmatch(option) is not None and _KEY.search(option.lower()) is None and fold(option) == gold.folded[index]
    return (found[1], found.start(1), found.end(1)) if tame else None


def _last_letters(text: str, at: int, gold: Gold) -> Closing | None:
    """Several options' letters, as in `answer is (A) and (C).`."""
    found = _LISTED.match(text, at)
    if found is None or gold.letters_in_texts:
        return None
    letters = sorted(set(filter(str.isupper, found[1])))
    if len(letters) < 2 or any(letter not in gold.single[0] for letter in letters):
        return None
    return ", ".join(letters), found.start(1), found.end(1)
