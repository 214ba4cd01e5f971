"""Answers in prose that are not of choice: an announced one, a leading word, the one value of a conclusion, a whole short text."""

import re
from collections.abc import Callable

from pipeline.verify.fold import align
from pipeline.verify.gold import Found, Gold, Reading
from pipeline.verify.refusal import refuses
from schemas.example import AnswerType
from schemas.trace import Verdict

Reader = Callable[[str, Gold, str], Reading]
REACH = 400
TRIES = 20
WINDOW = 20_000
_CUE = re.compile(
    r"\b(?:answers?|result|antwort|respuesta|r[ée]ponse|labels|findings|diagnos[ei]s|final value)\b[*_]{0,2}(?:[^.\n:=]{0,60}?"
    r"(?:\b(?:is|are|est|es|ist|lautet)\b|[:=]))[*_]{0,2}|答案\s*[是为]?\s*[:]?",
    re.IGNORECASE,
)
_NEGATED = re.compile(r"(?:\bnot\b|n't\b|\bincorrect\b|\bwrong\b|\bnicht\b|\bpas\b)[^.\n]{0,20}$", re.IGNORECASE)
_DENYING = re.compile(r"\bnot\b|n't\b|\bnever\b|\bincorrect|\bwrong\b|\bnicht\b|\bpas\b|\bno es\b", re.IGNORECASE)
_SENTENCE = re.compile(r"(?:[^.!?\n]|[.](?=\d)|(?<=\d)[.](?=[ \t]*[a-z]))+")
_CONCLUDES = re.compile(
    r"\b(?:therefore|thus|hence|so|final|result|total|score|equals?|approximately|about|is|are|was|would be|due)\b|[=≈:]", re.IGNORECASE
)
_LEAD = re.compile(r"^[\s*_#>\"'(]*(yes|oui|sí|ja|no|non|nein|maybe|是的|是|否|不是)(?![\w-])(.)?", re.IGNORECASE | re.DOTALL)
_EITHER = re.compile(r"\s*(?:or|and|/|oder|ou|o|et|y|und|)\s*(?:yes|no|non|nein|oui|sí|ja|maybe)\b|\s+(?:or|not)\b|\s*\?", re.IGNORECASE)
_ASIDE = "?/"
_READ = (Verdict.CORRECT, Verdict.INCORRECT, Verdict.CONFLICT, Verdict.AMBIGUOUS)


def find_phrase(answer: str, gold: Gold, read: Reader, *, anchored: bool) -> Found | None:
    """The reading of an answer without a box; `anchored`: by announced answers alone."""
    begin = max(0, len(answer) - WINDOW)
    if begin:
        found = find_phrase(answer[begin:], gold, read, anchored=True)
        return found and found._replace(start=found.start + begin, end=found.end + begin)
    text = align(answer)
    announced = _announced(text, gold, read)
    if anchored:
        return announced
    if gold.answer_type in (AnswerType.YESNO, AnswerType.YESNOMAYBE):
        lead = _lead(text, gold, read)
        if lead and announced and lead.reading.extracted != announced.reading.extracted:
            return Found(Reading(Verdict.AMBIGUOUS, "", "lead_against_phrase", 0.0), lead.start, lead.end)
        return announced or lead or _whole(text, gold, read)
    if announced is not None:
        return announced
    if gold.answer_type in (AnswerType.NUMERIC, AnswerType.DATE):
        return _whole(text, gold, read) or _concluded(text, gold, read)
    return _whole(text, gold, read)


def _announced(text: str, gold: Gold, read: Reader) -> Found | None:
    """The last phrase that announces an answer and whose line reads as one."""
    for cue in list(_CUE.finditer(text))[: -TRIES - 1 : -1]:
        if _NEGATED.search(text, max(0, cue.start() - 30), cue.start()) or _DENYING.search(cue[0]):
            continue
        for start, end in _stretches(text, cue.end()):
            reading = read(text[start:end], gold, "phrase")
            if reading.verdict in _READ:
                return Found(reading, start, end)
    return None


def _stretches(text: str, start: int) -> list[tuple[int, int]]:
    """What follows a cue: to the end of its sentence, then to the end of its line."""
    while start < len(text) and text[start] in " \t\n*_:":
        start += 1
    line = text.find("\n", start, start + REACH)
    end = line if line >= 0 else min(len(text), start + REACH)
    sentence = _SENTENCE.match(text, start, end)
    if sentence is None or sentence.end() >= end or text[sentence.end()] == "?":
        return [(start, end)]
    return [(start, sentence.end()), (start, end)]


def _lead(text: str, gold: Gold, read: Reader) -> Found | None:
    """The word that the answer opens with; `no` only where the clause ends behind it, since it also opens `no fracture is seen`."""
    lead = _LEAD.match(text)
    if lead is None or _EITHER.match(text, lead.end(1)):
        return None
    sure = lead[1].lower() in ("yes", "oui", "sí", "ja", "是的") and lead[2] not in tuple(_ASIDE)
    reading = read(text[lead.start(1) : lead.end() + 200].split("\n", 1)[0], gold, "lead")
    if sure and reading.verdict is Verdict.NO_ANSWER:
        reading = read(lead[1], gold, "lead")
    return Found(reading, lead.start(1), lead.end(1)) if reading.verdict in _READ else None


def _concluded(text: str, gold: Gold, read: Reader) -> Found | None:
    """The value of the last sentence that holds any digit, where it concludes and gives one value."""
    last = None
    for sentence in _SENTENCE.finditer(text, max(0, len(text) - 10 * REACH)):
        if any(sign.isdigit() for sign in sentence[0]):
            last = sentence
    if last is None or len(last[0]) > REACH or not _CONCLUDES.search(last[0]):
        return None
    reading = read(last[0], gold, "conclusion")
    return Found(reading, last.start(), last.end()) if reading.verdict in _READ else None


def _whole(text: str, gold: Gold, read: Reader) -> Found | None:
    """The whole text, where it is one short line and reads as an answer; on an open question one without a word of the references may refuse."""
    line = text.strip()
    if not line or len(line) > REACH or ("\n" in line and gold.answer_type is not AnswerType.LABEL_SET):
        return None
    reading = read(line, gold, "whole")
    wrong = gold.answer_type is AnswerType.OPEN and reading.verdict is Verdict.INCORRECT and reading.score == 0.0
    if wrong and refuses(line) and not any(map(refuses, gold.values)):
        reading = Reading(Verdict.REFUSED, "", "refusal", 0.0)
    return Found(reading, 0, len(text)) if reading.verdict in (*_READ, Verdict.REFUSED) else None
