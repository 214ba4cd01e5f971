"""The option that prose calls the right one, or gives in brackets, wherever it does."""

import re

from pipeline.verify.choice import Named
from pipeline.verify.denial import announces, negated
from pipeline.verify.fold import lower, stands
from pipeline.verify.gold import Gold
from pipeline.verify.target import Target, lettered, target_at
from schemas.trace import Verdict

_BEFORE = re.compile(
    r"(?:^|(?<=[\s(*]))(?P<mark>(?:[Oo]ption|[Cc]hoice|[Aa]nswer|Antwort|[Rr]éponse|[Oo]pción|[Rr]espuesta)\s+[(\[*]{0,3}|[(\[*]{1,3}|)(?P<letter>[A-Z])(?P<close>[)\]*.:]{0,3})"
    r"(?P<gap>\s[^.\n,;?]{0,120}?)?\s+(?:is|ist|est|es|would be|seems|appears|must be)\s+(?:to be\s+)?(?:(?:therefore|thus|clearly|indeed|likely|probably)\s+)?"
    r"(?:(?:the|la)\s+)?(?:(?:single|only|one)\s+)*(?:correct[ea]?|richtig|korrekt|bonne réponse|right|best|closest|most\s+(?:likely|appropriate|accurate|suitable))\b",
    re.MULTILINE,
)
_SUBJECT = re.compile(r"[A-Z][)\]*.:]{0,3}(?:\s[^.\n,;?]{0,120}?)?\s+(?:is|ist|est|es|would be|seems|appears|must be)\s")
_JUDGED = re.compile(
    r"\n[ \t>*_(\[-]*(?:[Oo]ption )?(?P<letter>[A-Z])[).:\]][^\n]*?\b(?:[Tt]his|[Ii]t) is (?:therefore |thus )?(?:the )?(?:most likely |best |only )?"
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
_PRAISE_WORDS = {"correct": ("", "e", "a")} | dict.fromkeys(("richtig", "korrekt", "bonne", "right", "best", "closest", "most"), ("",))
_DENIED_GAP = re.compile(r"\b(?:not|nicht|kein\w*|pas|ne|n't|no|if|but|and|or|than|that|which|[A-Z])\b|n't", re.IGNORECASE)
_BRACKETED = re.compile(r"\b(?:is|are|be|was|with|by|represented by)\s*:?\s*(?:option\s+|choice\s+)?[*_]*[(\[]?([A-Z])[)\]]")
_EXCEPT = re.compile(
    r"\b(?:except(?:\s+for)?|(?:(?:any|every)(?:thing|one)|all|none|nothing)\s+(?:\w+\s+)?but)\s+(?:option\s+|choice\s+)?[*_(\[]*\Z",
    re.IGNORECASE,
)
_KEYED = re.compile(r"\b(?:answer|choice|option)\s+\Z", re.IGNORECASE)
_MARKS = ("(", "[", "*", "_")
NEAR = 48
LONGEST = 16
WORDS = 3
_LED = ("is", "are", "be", "was", "with", "by", ":", "option", "choice")


def placed_target(text: str, gold: Gold) -> Target | None:
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
    small = lower(text)
    if not any(word in small and stands(small, word, forms) for word, forms in _PRAISE_WORDS.items()):
        return None
    subject = _SUBJECT.search(text)
    claims: list[tuple[str, int]] = []
    if subject:
        found = (
            claim
            for claim in _BEFORE.finditer(text, _first_mark(text, subject.start()))
            if ord(claim["letter"]) - ord("A") < len(gold.options) and _holds(claim) and not _excepted(text, claim.start("letter"))
        )
        claims = [(claim["letter"], claim.start("letter")) for claim in found]
    if not claims and ("t is " in text or "his is " in text):
        claims = [(claim["letter"], claim.start("letter") - 1) for claim in _JUDGED.finditer("\n" + text)]
    if not claims:
        return None
    letters = tuple(sorted({letter for letter, _ in claims}))
    start = claims[-1][1]
    target = lettered(text, start, start + 1, letters, gold)
    return target and target._replace(named=target.named._replace(rule="claim"))


def _first_mark(text: str, letter: int) -> int:
    """From where a claim may begin whose letter stands at or behind a place: the words that mark it are short, but for long blanks."""
    begin = max(0, letter - NEAR)
    return begin if len(text[begin:letter].split()) > WORDS else 0


def _holds(claim: re.Match[str]) -> bool:
    """Whether a claim has its letter as subject: marked as a letter where words come between, and nothing denied in them."""
    gap = (claim["gap"] or "").strip()
    return not gap or bool((claim["mark"] or claim["close"]) and not _DENIED_GAP.search(gap))


def _excepted(text: str, letter: int) -> bool:
    """Whether a letter is what is left out: `all but B is correct`, `anything except B`."""
    before = text[max(0, letter - NEAR) : letter]
    return ("but" in before or "xcept" in before) and _EXCEPT.search(before) is not None


def _bracketed(text: str, gold: Gold) -> Target | None:
    """By the last `is (C)`, in brackets, whatever is said to be it."""
    last = _last_bracketed(text) if ")" in text or "]" in text else None
    if last is None or negated(text[max(0, last.start() - 60) : last.start()]):
        return None
    key = _KEYED.search(text, max(0, last.start() - LONGEST), last.start())
    if key is not None and not announces(text, key.start()):
        return None
    return target_at(text, last.start(1), gold)


def _last_bracketed(text: str) -> re.Match[str] | None:
    """The last letter in brackets that a verb leads to: looked for right before the brackets, from the last to the first."""
    curved, square = text.rfind(")"), text.rfind("]")
    while (end := max(curved, square)) > 0:
        if end == curved:
            curved = text.rfind(")", 0, end)
        else:
            square = text.rfind("]", 0, end)
        if not "A" <= text[end - 1] <= "Z":
            continue
        begin = end - 1
        while text[begin - 1 : begin] in _MARKS:
            begin -= 1
        before = text[max(0, begin - NEAR) : begin].rstrip()
        begin = max(0, begin - NEAR)
        if before and not before.endswith(_LED):
            continue
        near = [found for found in _BRACKETED.finditer(text, begin, end + 1) if found.end() == end + 1]
        if near and (not begin or near[-1].start() > begin + LONGEST):
            return near[-1]
        return max(_BRACKETED.finditer(text), key=re.Match.start, default=None)
    return None
