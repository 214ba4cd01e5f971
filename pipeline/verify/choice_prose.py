"""The option that prose settles on: by an announced letter, a letter in its place, or the one option text of a conclusion."""

import re

from pipeline.verify.choice import Named, agrees, letters, name_options
from pipeline.verify.fold import align, fold, lower
from pipeline.verify.gold import Found, Gold, Reading
from pipeline.verify.mention import concluded
from pipeline.verify.target import Target, contradicts, lettered, segments, target_at
from schemas.example import AnswerType
from schemas.trace import Verdict

_KEYS = (
    "answer", "choice", "option", "choose", "chose", "select", "pick", "go with", "antwort", "lösung", "réponse", "reponse",
    "respuesta", "opción", "答案", "选",
)  # fmt: skip
_COPULA = re.compile(
    r"\b(?:is|are|be|was|remains|ist|lautet|wäre|est|serait|es|sería)\b|[:=]|(?<=[a-zéó选案])(?=\s*[*_]*\s?\(?[A-Z][).*\s]|\s*[*_]*\s?\(?[A-Z]$)|[是为选项择]+",
)
_WORD_END = re.compile(r"(?:s|d|ed)?(?![^\W\d_])")
_MANY = re.compile(r"\s*(?:choices|options)\b")
_BEFORE = re.compile(
    r"(?:^|(?<=[\s(*]))(?P<mark>(?:[Oo]ption|[Cc]hoice|[Aa]nswer)\s+[(\[*]{0,3}|[(\[*]{1,3}|)(?P<letter>[A-Z])(?P<close>[)\]*.:]{0,3})"
    r"(?P<gap>\s[^.\n,;?]{0,120}?)?\s+(?:is|would be|seems|appears|must be)\s+(?:to be\s+)?(?:(?:therefore|thus|clearly|indeed|likely|probably)\s+)?"
    r"(?:the\s+)?(?:(?:single|only|one)\s+)*(?:correct|right|best|most\s+(?:likely|appropriate|accurate|suitable))\b",
    re.MULTILINE,
)
_PRAISE = ("correct", "right", "best", "most likely", "most appropriate", "most accurate", "most suitable")
_DENIED_GAP = re.compile(r"\b(?:not|n't|no|if|but|and|or|than|that|which|[A-Z])\b|n't", re.IGNORECASE)
_BRACKETED = re.compile(r"\b(?:is|are|be|was|with|by|represented by)\s*:?\s*(?:option\s+|choice\s+)?[*_]*[(\[]?([A-Z])[)\]]")
_OPTION = re.compile(r"\b(?:option|choice)\s+[*_(\[]*([A-Z])(?![A-Za-z'’])")
_NEGATED = re.compile(
    r"(?:\bnot|n't|\bin|\bin)?\s*(?:\bnot\b|n't\b|\bnever\b|\bincorrect\b|\bwrong\b|\bneither\b)[^.;\n]{0,24}$", re.IGNORECASE
)
_LINE = re.compile(r"^[ \t>*_(\[-]*([A-Z])[ \t]*[).:\]][)*_ \t]*(.*)$", re.MULTILINE)
_ALONE = re.compile(r"^[ \t*_(\[{\"'$\\]*([A-Z])[ \t*_)\]}\"'.:$\\]*$", re.MULTILINE)
_SHORTLY = re.compile(
    r"^[ \t*_#>]*(?:ans|conclusion|(?:final )?decision|verdict|hence|thus|so|therefore|risposta|resposta)\b[ \t,:.*_]*\(?(?-i:([A-Z]))\)?[ \t*_.]*$",
    re.IGNORECASE | re.MULTILINE,
)
_NEW_QUESTION = re.compile(r"\n[ \t#*]*(?:Question|Q)[ \t]*\d{0,4}[*]{0,2}:", re.IGNORECASE)
_CLOSING = re.compile(r"(?<=[ \n*][Aa])nswer is:? ?\*{0,2}\(?([A-Z])\)?\*{0,2}\.?\s*\Z")
_DENIALS = ("not", "n't", "never", "incorrect", "wrong", "neither")
_STOP = re.compile(r"[.?!]\s")
_UNSURE = re.compile(r"(?:\bnot|n't|\bcannot|\bnever|\bcould|\bmight|\bmay|[不非])\s*(?:\b(?:be|is|are|was)|是)?\s*$")
TAIL = 300
REACH = 120
WINDOW = 20_000
TRIES = 40


def choice_in_prose(answer: str, gold: Gold, *, anchored: bool) -> Found | None:
    """The reading of an answer without a box, on a question of choice; `anchored`: by announced letters and texts alone."""
    text = align(answer)
    asks_again = "uestion" in text or "UESTION" in text or "\nQ" in text or "\nq" in text
    if not asks_again and (closing := _CLOSING.search(text, max(0, len(text) - 40))) and (found := _last_words(text, closing, gold)):
        return found
    if asks_again and not anchored and (other := _NEW_QUESTION.search(text)) and text[: other.start()].strip():
        first = choice_in_prose(answer[: other.start()], gold, anchored=True)
        if first is not None:
            return first
    finders = (_announced,) if anchored else (_announced, _placed, _line, _closing, concluded_target)
    for find in finders:
        begin = 0 if find is _announced else max(0, len(text) - WINDOW)
        target = find(text[begin:], gold)
        if target is not None:
            return Found(_reading(target.named, gold), target.start + begin, target.end + begin)
    return None


def _last_words(text: str, closing: re.Match[str], gold: Gold) -> Found | None:
    """The reading of an output that ends with `answer is (C).`: what the whole search would find, found at once."""
    index = ord(closing[1]) - ord("A")
    if index >= len(gold.options) or gold.letter_texts or gold.answer_type is not AnswerType.MCQ or _denies(text, closing.start() - 1):
        return None
    right = index == gold.indexes[0]
    reading = Reading(Verdict.CORRECT if right else Verdict.INCORRECT, closing[1], "phrase_letter", float(right))
    return Found(reading, closing.start(1), closing.end(1))


def _denies(text: str, start: int) -> bool:
    """Whether what stands before a key denies it: `not the answer`, `incorrect answer`."""
    before = text[max(0, start - 40) : start].lower()
    return any(word in before for word in _DENIALS) and _NEGATED.search(before) is not None


def _reading(named: Named, gold: Gold) -> Reading:
    verdict, score = named.verdict, 0.0
    said, right = set(named.indexes), set(gold.indexes)
    if verdict is Verdict.CORRECT and gold.answer_type is AnswerType.MCQ and len(said) != 1:
        verdict = Verdict.AMBIGUOUS
    if verdict is Verdict.CORRECT:
        score = 2 * len(said & right) / (len(said) + len(right))
        verdict = Verdict.CORRECT if said == right else Verdict.INCORRECT
        score = score if gold.answer_type is AnswerType.MULTI or verdict is Verdict.CORRECT else 0.0
    return Reading(verdict, letters(named.indexes), named.rule, score)


def _announced(text: str, gold: Gold) -> Target | None:
    """By the last `answer is X` and its kin in five languages."""
    plain = lower(text[-TAIL:])
    if len(text) > TAIL and any(key in plain for key in _KEYS):
        target = _search(text, len(text) - TAIL, plain, gold)
        if target is not None:
            return target
    return _search(text, 0, lower(text), gold)


def _search(text: str, begin: int, plain: str, gold: Gold) -> Target | None:
    """By the last key of `plain`, which is the text in small letters from `begin` on, then the one before it."""
    ends = {key: plain.rfind(key) for key in _KEYS}
    for _ in range(TRIES):
        key = max(ends, key=lambda name: ends[name])
        at = ends[key]
        if at < 0:
            return None
        target = _after_key(text, begin + at, begin + at + len(key), gold)
        if target is not None:
            return target
        ends[key] = plain.rfind(key, 0, at)
    return None


def _after_key(text: str, start: int, end: int, gold: Gold) -> Target | None:
    if _denies(text, start):
        return None
    if text[start].isascii() and not (_WORD_END.match(text, end) and not text[start - 1 : start].isalpha()):
        return None
    if (text.startswith("s", end) and not text.startswith("s are", end)) or _MANY.match(text, end):
        return None
    line = text.find("\n", end, end + REACH)
    stop = min(end + REACH, len(text)) if line < 0 else line + 1
    for copula in _COPULA.finditer(text, end, stop):
        before = text[end : copula.start()]
        if copula.end() == copula.start() and (before.strip(" *_\n") or text[start:end].lower() in ("option", "choice")):
            continue
        if before and not before.isspace():
            if _STOP.search(before):
                return None
            if _UNSURE.search(before):
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
    last = max(_BRACKETED.finditer(text), key=lambda found: found.start(), default=None)
    if last is None or _NEGATED.search(text, max(0, last.start() - 60), last.start()):
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
    if len(found) != 1 or _NEGATED.search(text[sentence:]):
        return None
    (option,) = found.values()
    return target_at(text, option.start(1), gold)


def concluded_target(text: str, gold: Gold) -> Target | None:
    """By the one option text that the last concluding sentence names."""
    found = concluded(text, gold)
    if found is None:
        whole = name_options(text.strip(), gold) if len(text) <= 400 else None
        if whole is None or whole.verdict is Verdict.NO_ANSWER:
            return None
        return Target(whole._replace(rule=f"whole_{whole.rule}"), 0, len(text))
    index, start, end = found
    return Target(Named(Verdict.CORRECT, (index,), "conclusion"), start, end)
