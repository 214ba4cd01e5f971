"""The option that prose settles on: by an announced letter, a letter in its place, or the one option text of a conclusion."""

import re
from collections.abc import Iterator
from itertools import islice

from pipeline.verify.choice import Named, agrees, either, letters, name_options
from pipeline.verify.denial import EACH, conditional, denies, negated
from pipeline.verify.fold import align, fold, lower
from pipeline.verify.gold import Found, Gold, Reading
from pipeline.verify.mention import CONCLUDES, concluded
from pipeline.verify.target import Target, contradicts, lettered, segments, target_at
from schemas.example import AnswerType
from schemas.trace import Verdict

_KEYS = (
    "answer", "choice", "option", "choose", "chose", "select", "pick", "go with", "antwort", "lösung", "réponse", "reponse",
    "respuesta", "opción", "答案", "选",
)  # fmt: skip
_COPULA = re.compile(r"\b(?:is|are|be|was|remains|ist|lautet|wäre|est|serait|es|sería)\b|[:=]|[是为选项择]+")
_DIRECT = re.compile(r"(?<=[a-zéó选案])(?=\s*[*_]*\s?\(?[A-Z][).*\s]|\s*[*_]*\s?\(?[A-Z]$)")
_WORD_END = re.compile(r"(?:s|d|ed|en)?(?![^\W\d_])")
_PLURAL = re.compile(r"(?:s|en)\s+(?:correct\w*\s+|finale?s?\s+)?(?:are|sont|son|sind|lauten)\b\s*:?")
_MANY = re.compile(r"\s*(?:choices|options)\b")
_BEFORE = re.compile(
    r"(?:^|(?<=[\s(*]))(?P<mark>(?:[Oo]ption|[Cc]hoice|[Aa]nswer|Antwort|[Rr]éponse|[Oo]pción|[Rr]espuesta)\s+[(\[*]{0,3}|[(\[*]{1,3}|)(?P<letter>[A-Z])(?P<close>[)\]*.:]{0,3})"
    r"(?P<gap>\s[^.\n,;?]{0,120}?)?\s+(?:is|ist|est|es|would be|seems|appears|must be)\s+(?:to be\s+)?(?:(?:therefore|thus|clearly|indeed|likely|probably)\s+)?"
    r"(?:(?:the|la)\s+)?(?:(?:single|only|one)\s+)*(?:correct[ea]?|richtig|korrekt|bonne réponse|right|best|closest|most\s+(?:likely|appropriate|accurate|suitable))\b",
    re.MULTILINE,
)
_JUDGED = re.compile(
    r"^[ \t>*_(\[-]*(?:[Oo]ption )?(?P<letter>[A-Z])[).:\]][^\n]*?\b(?:[Tt]his|[Ii]t) is (?:therefore |thus )?(?:the )?(?:most likely |best |only )?"
    r"(?:correct|right|best) (?:answer|option|choice)[.!*_ \t]*$",
    re.MULTILINE,
)
_PRAISE = (
    "correct",
    "richtig",
    "korrekt",
    "bonne réponse",
    "right",
    "best",
    "closest",
    "most likely",
    "most appropriate",
    "most accurate",
    "most suitable",
)
_DENIED_GAP = re.compile(r"\b(?:not|nicht|kein\w*|pas|ne|n't|no|if|but|and|or|than|that|which|[A-Z])\b|n't", re.IGNORECASE)
_BRACKETED = re.compile(r"\b(?:is|are|be|was|with|by|represented by)\s*:?\s*(?:option\s+|choice\s+)?[*_]*[(\[]?([A-Z])[)\]]")
_BRACKET = re.compile(r"[A-Z][)\]]")
_OPTION = re.compile(r"\b(?:option|choice)\s+[*_(\[]*([A-Z])(?![A-Za-z'’])")
_LINE = re.compile(r"^[ \t>*_(\[-]*([A-Z])[ \t]*[).:\]][)*_ \t]*(.*)$", re.MULTILINE)
_LEADS = re.compile(
    r"(?:\A|\b(?:is|are|be|was|answer|ans|conclusion|response|therefore|thus|hence|so|decision|verdict)\b|\b(?:correct|best|most)\b[^\n]*\?)[\s*_:,.#]*\Z",
    re.IGNORECASE,
)
_LETTERED = re.compile(r"[(\[](?:option\s+|choice\s+)?([A-Z])[)\]]")
_MATCHES = re.compile(r"\b(?:correspond\w*|closest|match\w*)\b", re.IGNORECASE)
_FOLLOWS = re.compile(r"\bfollow(?:s|ing)\b", re.IGNORECASE)
_END = re.compile(r"[\s)\]*_.\"']*\Z")
_ALONE = re.compile(r"^[ \t*_(\[{\"'$\\]*([A-Z])[ \t*_)\]}\"'.:$\\]*$", re.MULTILINE)
_SHORTLY = re.compile(
    r"^[ \t*_#>]*(?:ans|conclusion|(?:final )?decision|verdict|hence|thus|so|therefore|risposta|resposta)\b[ \t,:.*_]*\(?(?-i:([A-Z]))\)?[ \t*_.]*$",
    re.IGNORECASE | re.MULTILINE,
)
_NEW_QUESTION = re.compile(r"\n[ \t#*]*(?:Question|Q)[ \t]*\d{0,4}[*]{0,2}:", re.IGNORECASE)
_CLOSING = re.compile(r"(?<=[ \n*][Aa])nswer is:? ?\*{0,2}\(?([A-Z])\)?\*{0,2}\.?\s*\Z")
_FAULTY = re.compile(r"\b(?:incorrect|wrong|false\b|falsch|mauvais|erron|equivocad)", re.IGNORECASE)
_UNDERSCORED = re.compile(r"(?:final|correct|best|your|my|predicted|model|the)_\Z", re.IGNORECASE)
_EITHER = re.compile(r"\Aeither\s+", re.IGNORECASE)
_STOP = re.compile(r"[.?!]\s")
_UNSURE = re.compile(
    r"(?:\bnot|n't|\bcannot|\bnever|\bcould|\bmight|\bmay|\bno|\bnicht|\bn'|不可能|可能|也许|或许|未必|不一定|[不非])\s*(?:\b(?:be|is|are|was)|是)?\s*$"
)
TAIL = 300
CLOSING = 40
REACH = 120
WINDOW = 20_000
TRIES = 40


def choice_in_prose(answer: str, gold: Gold, *, anchored: bool) -> Found | None:
    """The reading of an answer without a box, on a question of choice; `anchored`: by announced letters and texts alone."""
    text = align(answer)
    other = _NEW_QUESTION.search(text)
    if other is None and (found := _last_words(text, gold)):
        return found
    if other is not None and not anchored and text[: other.start()].strip():
        first = choice_in_prose(answer[: other.start()], gold, anchored=True)
        if first is not None:
            return first
    finders = (_announced,) if anchored else (_announced, _placed, _line, _closing, concluded_target)
    for find in finders:
        begin = 0 if find is _announced else max(0, len(text) - WINDOW)
        target = find(text[begin:], gold)
        if target is not None and len(target.named.indexes) > 1 and gold.answer_type is AnswerType.MCQ and other is None:
            target = _decided(text[begin:], target, gold)
        if target is not None:
            return Found(_reading(text[begin:], target, gold), target.start + begin, target.end + begin)
    return None


def _last_words(text: str, gold: Gold) -> Found | None:
    """The reading of an output that ends with `answer is (C).`: what the whole search would find, found at once."""
    at = text.rfind("nswer is", max(0, len(text) - CLOSING))
    closing = _CLOSING.match(text, at) if at >= 0 else None
    if closing is None:
        return None
    index = ord(closing[1]) - ord("A")
    if index >= len(gold.options) or gold.letter_texts or gold.answer_type is not AnswerType.MCQ or denies(text, closing.start() - 1):
        return None
    right = index == gold.indexes[0]
    reading = Reading(Verdict.CORRECT if right else Verdict.INCORRECT, closing[1], "phrase_letter", float(right))
    return Found(reading, closing.start(1), closing.end(1))


def _decided(text: str, target: Target, gold: Gold) -> Target:
    """The one of several named options that a conclusion behind them settles on, else the several: `F or G. … Therefore, F`."""
    for find in (_placed, concluded_target):
        later = find(text[target.end :], gold)
        if later is not None and later.named.verdict is Verdict.CORRECT and later.named.rule in ("claim", "conclusion"):
            if len(later.named.indexes) == 1 and later.named.indexes[0] in target.named.indexes:
                return Target(later.named, later.start + target.end, later.end + target.end)
            return target
    return target


def _reading(text: str, target: Target, gold: Gold) -> Reading:
    named = target.named
    verdict, score = named.verdict, 0.0
    said, right = set(named.indexes), set(gold.indexes)
    if verdict is Verdict.CORRECT and gold.answer_type is AnswerType.MCQ and len(said) != 1:
        verdict = Verdict.AMBIGUOUS
    if verdict is Verdict.CORRECT:
        score = 2 * len(said & right) / (len(said) + len(right))
        verdict = Verdict.CORRECT if said == right else Verdict.INCORRECT
        if verdict is Verdict.CORRECT and len(right) > 1 and either(text[target.start : target.end], gold):
            verdict, score = Verdict.AMBIGUOUS, 0.0
        score = score if gold.answer_type is AnswerType.MULTI or verdict is Verdict.CORRECT else 0.0
    return Reading(verdict, letters(named.indexes), named.rule, score)


def _announced(text: str, gold: Gold) -> Target | None:
    """By the last `answer is X` and its kin in five languages."""
    begin = max(0, len(text) - TAIL)
    tries = 0
    for key, start in _keys(lower(text[begin:]), len(text)):
        if target := _after_key(text, begin + start, begin + start + len(key), gold):
            return target
        tries += 1
    if not begin or tries == TRIES:
        return None
    for key, start in islice(_keys(lower(text), begin), TRIES - tries):
        if target := _after_key(text, start, start + len(key), gold):
            return target
    return None


def _keys(plain: str, stop: int) -> Iterator[tuple[str, int]]:
    """The last 40 keys that begin before `stop` in a text of small letters, the last first, each with its place."""
    ends = {key: at for key in _KEYS if (at := plain.rfind(key, 0, stop + len(key) - 1)) >= 0}
    for _ in range(TRIES):
        if not ends:
            return
        key = max(ends, key=ends.__getitem__)
        at = ends[key]
        yield key, at
        if (before := plain.rfind(key, 0, at)) >= 0:
            ends[key] = before
        else:
            del ends[key]


def _after_key(text: str, start: int, end: int, gold: Gold) -> Target | None:
    if text[start].isascii() and not (_WORD_END.match(text, end) and not text[start - 1 : start].isalpha()):
        return None
    if text[start - 1 : start] == "_" and not _UNDERSCORED.search(text, max(0, start - 12), start) and text[start - 2 : start] != "__":
        return None
    plural = _PLURAL.match(text, end)
    if (text.startswith("s", end) and not plural) or _MANY.match(text, end) or denies(text, start):
        return None
    line = text.find("\n", end, end + REACH)
    stop = min(end + REACH, len(text)) if line < 0 else line + 1
    if EACH.search(text, max(0, start - 30), start) or conditional(text, start):
        return None
    if plural and (target := target_at(text, plural.end(), gold)):
        return target
    direct = text[start:end].lower() not in ("option", "choice") and _DIRECT.match(text, end, stop)
    if direct and (target := target_at(text, end, gold)):
        return target
    for copula in _COPULA.finditer(text, end, stop):
        before = text[end : copula.start()]
        if before and not before.isspace():
            if _STOP.search(before):
                return None
            if _FAULTY.search(before):
                return None
            if _UNSURE.search(before) or _FOLLOWS.search(before):
                continue
        target = target_at(text, copula.end(), gold)
        if target is not None:
            return target
    return None


def _placed(text: str, gold: Gold) -> Target | None:
    """By a claim or a letter in brackets; AMBIGUOUS where the two differ."""
    claimed, bracketed = _claimed(text, gold), _bracketed(text, gold)
    if claimed is None or bracketed is None or claimed.named.indexes == bracketed.named.indexes:
        return claimed or bracketed
    both = tuple(sorted({*claimed.named.indexes, *bracketed.named.indexes}))
    return claimed._replace(named=Named(Verdict.AMBIGUOUS, both, "claims_differ"))


def _claimed(text: str, gold: Gold) -> Target | None:
    """By `option C is the correct one`: all that are called so, which should be one."""
    if not any(word in text for word in _PRAISE):
        return None
    claims = [claim for claim in _BEFORE.finditer(text) if ord(claim["letter"]) - ord("A") < len(gold.options) and _holds(claim)]
    claims = claims or list(_JUDGED.finditer(text))
    if not claims:
        return None
    found = tuple(sorted({claim["letter"] for claim in claims}))
    target = lettered(text, claims[-1].start("letter"), claims[-1].end("letter"), found, gold)
    return target and target._replace(named=target.named._replace(rule="claim"))


def _holds(claim: re.Match[str]) -> bool:
    """Whether a claim has its letter as subject: marked as a letter where words come between, and nothing denied in them."""
    gap = (claim["gap"] or "").strip()
    return not gap or bool((claim["mark"] or claim["close"]) and not _DENIED_GAP.search(gap))


def _bracketed(text: str, gold: Gold) -> Target | None:
    """By the last `is (C)`, in brackets, whatever is said to be it."""
    last = max(_BRACKETED.finditer(text), key=re.Match.start, default=None) if _BRACKET.search(text) else None
    if last is None or negated(text[max(0, last.start() - 60) : last.start()]):
        return None
    return target_at(text, last.start(1), gold)


def _line(text: str, gold: Gold) -> Target | None:
    """By a line that is one letter, or one letter with its option's text, where no other such line stands."""
    lines = list(_LINE.finditer(text))
    alone = [*_ALONE.finditer(text), *_SHORTLY.finditer(text)]
    if alone and not lines:
        named = {line[1] for line in alone}
        below = text[alone[-1].end() :].strip()[:400].split("\n", 1)[0]
        if fold(below) in gold.folded and name_options(f"{alone[-1][1]}. {below}", gold).verdict is not Verdict.CORRECT:
            return None
        return lettered(text, alone[-1].start(1), alone[-1].end(1), tuple(sorted(named)), gold)
    if not lines:
        return None
    if len({line[1] for line in lines}) == 1:
        if not _LEADS.search(text[: lines[-1].start()].rstrip()[-80:]):
            return None
        index = ord(lines[-1][1]) - ord("A")
        first = lines[-1][2].split(". ", 1)[0]
        fits = index >= len(gold.options) or agrees(first, gold, index) or gold.folded[index] in segments(text, lines[-1].start(2))
        return target_at(text, lines[-1].start(1), gold) if fits or contradicts(text, lines[-1].end(1), gold, index) else None
    last = lines[-1]
    lead = text[: last.start()].rstrip()
    if lead.endswith(":") and not text[last.end() :].strip():
        return target_at(text, last.start(1), gold)
    return None


def _closing(text: str, gold: Gold) -> Target | None:
    """By the one `option C` of the last sentence."""
    sentence = max((text.rstrip(" .\n").rfind(sign) for sign in (". ", ".\n", "\n", "? ")), default=-1) + 1
    found = {option[1]: option for option in _OPTION.finditer(text, sentence)}
    if len(found) != 1:
        return None
    (option,) = found.values()
    settled = CONCLUDES.search(text, sentence, option.start()) or _MATCHES.search(text, sentence, option.start())
    if not settled or negated(text[sentence : option.start()]):
        return None
    if set(_LETTERED.findall(text, sentence)) - {option[1]}:
        return None
    index = ord(option[1]) - ord("A")
    if not _END.match(text, option.end()) and (index >= len(gold.options) or gold.folded[index] not in segments(text, option.end())[:1]):
        return None
    return target_at(text, option.start(1), gold)


def concluded_target(text: str, gold: Gold) -> Target | None:
    """By the one option text that the last concluding sentence names."""
    found = concluded(text, gold)
    if found is None:
        whole = name_options(_EITHER.sub("", text.strip()), gold) if len(text) <= 400 else None
        if whole is None or whole.verdict is Verdict.NO_ANSWER:
            return None
        return Target(whole._replace(rule=f"whole_{whole.rule}"), 0, len(text))
    index, start, end = found
    return Target(Named(Verdict.CORRECT, (index,), "conclusion"), start, end)
