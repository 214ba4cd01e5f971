"""What stands at a place in prose: one letter or several, an option's text, and whether the two agree."""

import re
from itertools import islice
from typing import NamedTuple

from pipeline.verify.choice import Named, agrees, letters
from pipeline.verify.fold import fold
from pipeline.verify.gold import Gold
from schemas.trace import Verdict

# What may stand between a letter and the end of the text: no rule for what follows can find anything in these.
_ENDS = frozenset(mark + end for mark in ("", ")", "**", ")**") for end in ("", ".", "\n", ".\n", "\n\n", ".\n\n"))
_SHORT = max(map(len, _ENDS)) + 1
_FILLER = re.compile(
    r"(?:[\s*_:\"'`$\\(\[{}<>=-]|(?=[a-z][a-z])\b(?:most|likely|probably|clearly|definitely|therefore|thus|indeed|simply|still|then|the|option|choice|letter"
    r"|text|mathrm|mathbf|textbf|boxed|best|with|is|be|either|both|between|opción|donc|daher|somit|entonces|la|die|der|das)\b|选项|选择|选|项|是|为){0,60}",
    re.IGNORECASE,
)
_LETTER = re.compile(r"([A-Z])(?![A-Za-z'’]|\.[A-Za-z])")
_SMALL = re.compile(r"(?<=[(\[{])([a-z])(?=[)\]}])")
_TURNED = re.compile(r"not\s+(?:option\s+)?\(?[A-Z]\)?\s*,?\s*(?:but|rather|it is|it's|instead)\s+(?:rather\s+|option\s+)?\(?([A-Z])\b")
_NEXT = re.compile(
    r"[)\]*_\"'.:]{0,3}\s*(?:,\s*(?:and|or)?|/|&|\+|\band\b|\bor\b|\bund\b|\boder\b|\bet\b|\bou\b|\by\b|和|或)\s*(?:(?:also|possibly|perhaps|maybe|even|potentially|option|choice)\s+){0,2}[(\[*]*"
    r"([A-Z])(?![A-Za-z'’])(?![)\]*]*\s+(?:is|are|was|were|would|has|have|does|do|can|could|may|might|will|looks?|seems?)\b)"
)
_JOINED = re.compile(
    r"[)\]*_]{0,3}[.:)]?\s[^\n.;()?]{0,200}?\b(?:and|or)\s+(?:also\s+|option\s+|choice\s+)?[(\[*_]{0,3}([A-Z])[)\].:]"
    r"(?![)\]*]*\s+(?:is|are|was|were|would|has|have|does|do|can|could|may|might|will|looks?|seems?)\b)"
)
_LISTED = re.compile(r"[)\]*_]{0,3}[.:)][^\n]{0,200}\n{1,2}[ \t>*_(\[-]{0,4}([A-Z])(?=[).:\]])")
_AFTER = re.compile(
    r"[)\]}*_\"'`$\\>]|[.,;:!](?:\s|$|[)\]}*\"']|[^\x00-\x7f])|\s*$|\s*\n|\s+(?:because|since|as|for|which|due|based|given|and|or|but|with|in|according|rather|instead|over|\()"
    r"|\s*[-–—]\s|[。，；、！<]|[^\x00-\x7f]"
)
_TAKEN_BACK = re.compile(
    r"[)\]}*_\"'$]{0,4}(?:,\s+(?:if(?!\s+(?:i|we|you|one|forced|only)\b)|unless|provided)\b|\s+(?:(?:is\s+)?(?:wrong|incorrect|unlikely|out|excluded)|isn't|if|unless|no|is not|or(?!\s+(?:\w+\s+)?[(\[*]*[A-Z]\b)|not(?!\s+\(?[A-Z]\b))\b)",
    re.IGNORECASE,
)
_DOUBT = re.compile(r"[)\]*_\"'\s]{0,4}\?")
_THEN_LETTER = re.compile(r"[)\]*_.: ]{0,6}([^().;\n]{3,200}?)\s*\(([A-Z])\)")
_QUERY = re.compile(r"[^.\n]{0,400}\?")
_MARKED = re.compile(r"^[^.;]*?\(\s*(?:option\s*)?([A-Z])\s*\)")
_BESIDE = re.compile(r"[)\]*_]{0,3}\s+(?:[(\[*]+([A-Z])[)\]*]+|([A-Z])\s*[.,]?\s*\Z)")
_AND_TEXT = re.compile(r"[)\]*_\"']{0,3}\s*,?\s*(?:and|or)\s+([^\n]{3,200})")
_CUT = re.compile(r'[.;,(*"<]')
_FIRST = re.compile(r"[A-Za-z]+")
_ARTICLES = ("a", "an", "the")
_VALUE_AND = re.compile(r"(?<!\S)(\d[\d.]*(?: %)?|%) and (?=[a-z])")
SEGMENTS = 6
_CUTS = ("", ".", ";", ",", "(", "*", '"', "<")
_CUT_WORD = re.compile(r'[.;,(*"<]|\s(?:-|as|because|since|which)\s')


class Target(NamedTuple):
    """The options named at a place, and where the naming stands."""

    named: Named
    start: int
    end: int


def target_at(text: str, at: int, gold: Gold) -> Target | None:
    """The letters, or the option text, that stand at a place."""
    if gold.letters_in_texts and (named := _worded(text, at, gold)):
        return named
    filler = _FILLER.match(text, at)
    begin = filler.end() if filler else at
    if text.startswith("not", begin) and (turned := _TURNED.match(text, begin)):
        begin = turned.start(1)
    letter = _LETTER.match(text, begin) or _SMALL.match(text, begin)
    if letter is None:
        return _worded(text, begin, gold)
    end = letter.end()
    if text[end : end + _SHORT] in _ENDS:
        return lettered(text, letter.start(1), end, (letter[1].upper(),), gold, ends=True)
    asked = text.find("?", end) >= 0 and (_DOUBT.match(text, end) or _QUERY.match(text, end))
    if asked or _TAKEN_BACK.match(text, end):
        return None
    joins = text.find("and", end) >= 0 or text.find("or", end) >= 0
    found = [letter[1].upper()]
    listed = not text[text.rfind("\n", 0, begin) + 1 : letter.start()].strip(" \t>*_([-")
    while following := _NEXT.match(text, end) or (joins and _JOINED.match(text, end)) or (_LISTED.match(text, end) if listed else None):
        found.append(following[1])
        end = following.end()
        if len(found) > 26:
            return None
    if joins and len(found) == 1 and (more := _AND_TEXT.match(text, end)):
        said = fold(more[1])
        if any(option and f"{said} ".startswith(f"{option} ") for option in gold.folded):
            return Target(Named(Verdict.AMBIGUOUS, (), "phrase_letter_and_other_text"), letter.start(1), more.end())
    if len(found) == 1 and (beside := _BESIDE.match(text, end)) and (beside[1] or beside[2]) != found[0]:
        found.append(beside[1] or beside[2])
        end = beside.end()
    if len(found) == 1 and not _AFTER.match(text, end):
        beside = segments(text, end)
        index = ord(found[0]) - ord("A")
        if not (index < len(gold.options) and gold.folded[index] in beside):
            return _worded(text, begin, gold)
    return lettered(text, letter.start(1), end, tuple(found), gold)


def lettered(text: str, start: int, end: int, found: tuple[str, ...], gold: Gold, *, ends: bool = False) -> Target | None:
    """The options of some letters, checked against the text that stands behind them; `ends`: none does."""
    indexes = tuple(sorted({ord(letter) - ord("A") for letter in found}))
    if indexes[-1] >= len(gold.options):
        return Target(Named(Verdict.NO_ANSWER, (), "phrase_out_of_range"), start, end)
    lone = len(indexes) == 1 and found[0].lower() in gold.lone_letters
    if lone and any(option == found[0].lower() for other, option in enumerate(gold.folded) if other != indexes[0]):
        return Target(Named(Verdict.AMBIGUOUS, indexes, "phrase_letter_or_text"), start, end)
    if len(indexes) == 1 and not ends and contradicts(text, end, gold, indexes[0]):
        return Target(Named(Verdict.CONFLICT, indexes, "phrase_letter_against_text"), start, end)
    return Target(Named(Verdict.CORRECT, indexes, "phrase_letter" if len(indexes) == 1 else "phrase_letters"), start, end)


def contradicts(text: str, end: int, gold: Gold, index: int) -> bool:
    """Whether the text right behind a letter is another option's."""
    own = gold.folded[index]
    marked = text.find("(", end, end + 250) >= 0 and _THEN_LETTER.match(text, end)
    if marked and fold(marked[1]) == own and ord(marked[2]) - ord("A") != index:
        return True
    if _follows(text, end, gold.options[index]):
        return False
    beside = segments(text, end)
    if not beside or own in beside:
        return False
    if any(option and option != own and option in beside for option in gold.folded):
        return True
    listed = re.match(r"[)\]*_]{0,3}[.:)]?[)\]*_]{0,3}\s+", text[end : end + 12])
    return bool(listed and beside and not agrees(beside[-1], gold, index) and _nearer(beside[-1], gold, index))


def _nearer(said: str, gold: Gold, index: int) -> bool:
    """Whether a text is plainly another option's, with some word more or less."""
    return any(agrees(said, gold, other) for other in range(len(gold.options)) if other != index)


def _follows(text: str, end: int, option: str) -> bool:
    """Whether an option's text follows a place on its line just as it is, up to a sign that may end it."""
    line = _behind(text, end)
    return line.startswith(option) and line[len(option) : len(option) + 1] in _CUTS and is_whole(option)


def is_whole(option: str) -> bool:
    """Whether an option's text, where it stands as it is, is among the segments of its line."""
    return bool(option) and option[:2] != "A " and len(option) < 300 and len(_CUT_WORD.findall(option)) < SEGMENTS


def _listed(said: str, gold: Gold) -> tuple[int, ...]:
    """The options that a list of values names though they have no `and` between them: `sensitivity 90% and specificity 95%`."""
    if " and " not in said or (plain := _VALUE_AND.sub(r"\1 ", said)) == said:
        return ()
    return tuple(index for index, option in enumerate(gold.folded) if option == plain)


def _behind(text: str, end: int) -> str:
    """What follows a place on its line, without the signs between."""
    return text[end : end + 400].split("\n", 1)[0].lstrip(" )]*_.:\"'-–—}$")


def segments(text: str, end: int) -> list[str]:
    """What follows a place on its line, up to each sign that may end it, folded; the longest first."""
    line = _behind(text, end)
    if not line:
        return []
    worded = "as" in line or "-" in line or "because" in line or "since" in line or "which" in line
    cuts = [len(line), *(sign.start() for sign in islice((_CUT_WORD if worded else _CUT).finditer(line), SEGMENTS))]
    return [folded for cut in sorted(set(cuts), reverse=True) if (folded := fold(line[:cut]))]


def _worded(text: str, begin: int, gold: Gold) -> Target | None:
    """The option whose text stands at a place, whole."""
    line = _behind(text, begin)
    first = _FIRST.match(line)
    word = first[0].lower() if first else ""
    if word and word not in _ARTICLES and not any(option.startswith(word) for option in gold.folded):
        return None
    for said in segments(text, begin):
        same = tuple(index for index, option in enumerate(gold.folded) if option == said) or _listed(said, gold)
        if same and _QUERY.match(text, begin):
            return None
        if same and set(_MARKED.findall(text[begin : begin + 400].split("\n", 1)[0])) - set(letters(same).split(", ")):
            return Target(Named(Verdict.CONFLICT, same, "phrase_text_against_letter"), begin, begin)
        if same:
            rule = "phrase_text" if len(same) == 1 else "phrase_equal_texts"
            verdict = Verdict.CORRECT if len(same) == 1 else Verdict.AMBIGUOUS
            line = text.find("\n", begin)
            return Target(Named(verdict, same, rule), begin, line if line >= 0 else len(text))
    return None
