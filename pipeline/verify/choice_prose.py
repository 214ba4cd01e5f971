"""The option that prose settles on: by an announced letter, a letter in its place, or the one option text of a conclusion."""

import re
from collections.abc import Iterator, Sequence
from itertools import islice

from pipeline.verify.choice import Named, either, letters, name_options
from pipeline.verify.claim import placed_target
from pipeline.verify.closing import KEYS, NEW_QUESTION, closing_letter
from pipeline.verify.denial import announces, negated
from pipeline.verify.fold import align, lower, stands
from pipeline.verify.gold import Found, Gold, Reading
from pipeline.verify.line import lined_target
from pipeline.verify.mention import CONCLUDES, concluded
from pipeline.verify.retract import SILENT
from pipeline.verify.target import Target, segments, target_at
from schemas.example import AnswerType
from schemas.trace import Verdict

_OTHER_KEY = re.compile("|".join(map(re.escape, KEYS[1:])))
LONGEST_KEY = max(map(len, KEYS))
_FORMS = ("", "s", "d", "ed", "en")
_WORD_OF = {key: key.split()[0] for key in KEYS if key.isascii()}
_ODDKEYS = tuple(key for key in KEYS if not key.isascii())
_COPULA = re.compile(r"\b(?:is|are|be|was|remains|ist|lautet|wäre|est|serait|es|sería)\b|[:=]|[是为选项择]+")
# The copulas that stand most often right behind a key, and where they end.
_LINKS = {" is ": 3, ":": 1}
_DIRECT = re.compile(r"(?<=[a-zéó选案])(?=\s*[*_]*\s?\(?[A-Z][).*\s]|\s*[*_]*\s?\(?[A-Z]$)")
_WORD_END = re.compile(r"(?:s|d|ed|en)?(?![^\W\d_])")
_PLURAL = re.compile(r"(?:s|en)\s+(?:correct\w*\s+|finale?s?\s+)?(?:are|sont|son|sind|lauten)\b\s*:?")
_MANY = re.compile(r"\s*(?:choices|options)\b")
_OPTION = re.compile(r"\b(?:option|choice)\s+[*_(\[]*([A-Z])(?![A-Za-z'’])")
_LETTERED = re.compile(r"[(\[](?:option\s+|choice\s+)?([A-Z])[)\]]")
_MATCHES = re.compile(r"\b(?:correspond\w*|closest|match\w*)\b", re.IGNORECASE)
_FOLLOWS = re.compile(r"\bfollow(?:s|ing)\b", re.IGNORECASE)
_END = re.compile(r"[\s)\]*_.\"']*\Z")
_FAULTY = re.compile(r"\b(?:incorrect|wrong|false\b|falsch|mauvais|erron|equivocad)", re.IGNORECASE)
_FAULTS = ("incorrect", "wrong", "false", "falsch", "mauvais", "erron", "equivocad")
_UNDERSCORED = re.compile(r"(?:final|correct|best|your|my|predicted|model|the)_\Z", re.IGNORECASE)
_EITHER = re.compile(r"\Aeither\s+", re.IGNORECASE)
_STOP = re.compile(r"[.?!]\s")
_UNSURE = re.compile(
    r"(?:\bnot|n't|\bcannot|\bnever|\bcould|\bmight|\bmay|\bno|\bnicht|\bn'|不可能|可能|也许|或许|未必|不一定|[不非])\s*(?:\b(?:be|is|are|was)|是)?\s*$"
)
TAIL = 300
NEAR = 32
WORDS = 3
REACH = 120
WINDOW = 20_000
TRIES = 40


def choice_in_prose(answer: str, gold: Gold, *, anchored: bool) -> Found | None:
    """The reading of an answer without a box, on a question of choice; `anchored`: by announced letters and texts alone."""
    text = align(answer)
    other = NEW_QUESTION.search(text) if ":" in text else None
    if other is None and (found := closing_letter(text, gold)):
        return found
    if other is not None and not anchored and text[: other.start()].strip():
        first = choice_in_prose(answer[: other.start()], gold, anchored=True)
        if first is not None:
            return first
    finders = (_announced,) if anchored else (_announced, placed_target, lined_target, _closing, concluded_target)
    for find in finders:
        begin = 0 if find is _announced else max(0, len(text) - WINDOW)
        target = find(text[begin:], gold)
        if target is not None and len(target.named.indexes) > 1 and gold.answer_type is AnswerType.MCQ and other is None:
            target = _decided(text[begin:], target, gold)
        if target is not None:
            return Found(_reading(text[begin:], target, gold), target.start + begin, target.end + begin)
    return None


def _decided(text: str, target: Target, gold: Gold) -> Target:
    """The one of several named options that a conclusion behind them settles on, else the several: `F or G. … Therefore, F`."""
    behind = text[target.end :]
    if not behind.strip(SILENT):
        return target
    later = placed_target(behind, gold)
    if later is None or later.named.rule != "claim" or later.named.verdict is not Verdict.CORRECT:
        later = _settled(behind, gold)
    if later is not None and len(later.named.indexes) == 1 and later.named.indexes[0] in target.named.indexes:
        return Target(later.named, later.start + target.end, later.end + target.end)
    return target


def _reading(text: str, target: Target, gold: Gold) -> Reading:
    named = target.named
    if named.verdict is Verdict.CORRECT and len(named.indexes) == 1 and gold.answer_type is AnswerType.MCQ:
        right = named.indexes == gold.indexes
        return Reading(Verdict.CORRECT if right else Verdict.INCORRECT, letters(named.indexes), named.rule, float(right))
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
    if not begin or tries == TRIES or not (keys := _keys_in(text)):
        return None
    for key, start in islice(_keys(lower(text), begin, keys), TRIES - tries):
        if target := _after_key(text, start, start + len(key), gold):
            return target
    return None


def _keys_in(text: str) -> list[str]:
    """The keys that may stand in a text as words."""
    small = lower(text)
    keys = [key for key, word in _WORD_OF.items() if word in small and stands(small, word, _FORMS)]
    return [*keys, *_ODDKEYS] if not text.isascii() else keys


def _keys(plain: str, stop: int, keys: Sequence[str] = KEYS) -> Iterator[tuple[str, int]]:
    """The last 40 keys that begin before `stop` in a text of small letters, the last first, each with its place."""
    most = plain.rfind(KEYS[0], 0, stop + len(KEYS[0]) - 1) if KEYS[0] in keys else -1
    first = most >= 0 and _OTHER_KEY.search(plain, most, stop + LONGEST_KEY) is None
    if first:
        yield KEYS[0], most
    ends = {key: at for key in keys if (at := plain.rfind(key, 0, stop + len(key) - 1)) >= 0}
    for turn in range(TRIES):
        if not ends:
            return
        key = max(ends, key=ends.__getitem__)
        at = ends[key]
        if turn or not first:
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
    plural = text.startswith(("s", "en"), end) and _PLURAL.match(text, end)
    if (text.startswith("s", end) and not plural) or _MANY.match(text, end) or not announces(text, start):
        return None
    line = text.find("\n", end, end + REACH)
    stop = min(end + REACH, len(text)) if line < 0 else line + 1
    if plural and (target := target_at(text, plural.end(), gold)):
        return target
    beside = _LINKS.get(text[end : end + 4], _LINKS.get(text[end : end + 1], 0))
    direct = not beside and text[start:end].lower() not in ("option", "choice") and _DIRECT.match(text, end, stop)
    if direct and (target := target_at(text, end, gold)):
        return target
    if beside and (target := target_at(text, end + beside, gold)):
        return target
    for copula in _COPULA.finditer(text, end, stop):
        before = text[end : copula.start()]
        if before and not before.isspace():
            if _STOP.search(before) or _faulty(before):
                return None
            if _unsure(before):
                continue
        target = target_at(text, copula.end(), gold)
        if target is not None:
            return target
    return None


def _faulty(before: str) -> bool:
    """Whether what stands between a key and its verb calls it wrong."""
    small = before.lower()
    return (not small.isascii() or any(hint in small for hint in _FAULTS)) and _FAULTY.search(before) is not None


def _unsure(before: str) -> bool:
    """Whether what stands between a key and its verb makes it no announcement: `answer could be`, `the following`."""
    near = len(before) - NEAR if len(before[-NEAR:].split()) > WORDS else 0
    return _UNSURE.search(before, max(0, near)) is not None or _FOLLOWS.search(before) is not None


def _closing(text: str, gold: Gold) -> Target | None:
    """By the one `option C` of the last sentence."""
    body = text.rstrip(" .\n")
    sentence = max(body.rfind(". "), body.rfind(".\n"), body.rfind("\n"), body.rfind("? ")) + 1
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
    found = _settled(text, gold)
    if found is None:
        whole = name_options(_EITHER.sub("", text.strip()), gold) if len(text) <= 400 else None
        if whole is None or whole.verdict is Verdict.NO_ANSWER:
            return None
        return Target(whole._replace(rule=f"whole_{whole.rule}"), 0, len(text))
    return found


def _settled(text: str, gold: Gold) -> Target | None:
    found = concluded(text, gold)
    return found and Target(Named(Verdict.CORRECT, (found[0],), "conclusion"), found[1], found[2])
