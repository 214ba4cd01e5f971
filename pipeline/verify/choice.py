"""Letters and option texts: which options a piece of text names, and whether its letter and its text agree."""

import re
from functools import lru_cache
from typing import NamedTuple

from pipeline.verify.fold import fold, negative, unwrap
from pipeline.verify.gold import Gold, Reading
from schemas.trace import Verdict

_LEAD = re.compile(
    r"^(?:(?:the\s+)?(?:final\s+|correct\s+|best\s+)*(?:answer|option|choice|letter|r[ée]ponse|respuesta|opci[óo]n|antwort|答案|选项)"
    r"(?:\s+(?:choice|option|is|est|es|ist|letter))*\s*(?:[:：是为]\s*)*)+",
    re.IGNORECASE,
)
_LETTER = re.compile(r"^[\s(\[{<\"'*]*([A-Za-z])\s*[)\]}>\"'*]*\s*(?:$|([.:,;)\]\-])\s*|(?=\s|[^\x00-\x7f]))")
_SEPARATOR = re.compile(r"\s*(?:,|;|/|&|\+|\||\n|\band\b|\bor\b|\bet\b|\bou\b|\by\b|\bund\b|\boder\b|和|或|与|及)\s*", re.IGNORECASE)
_TRAILING = re.compile(r"^(.{2,400}?)\s*[(\[]\s*([A-Za-z])\s*[)\]]\.?$", re.DOTALL)
_ALONE = re.compile(r"(?<![\w'’.-])[A-Z](?![\w'’])")
_EITHER = re.compile(r"\b(?:or|ou|oder|either)\b|或", re.IGNORECASE)
_MARRED = re.compile(r"^\(?[A-Z]\)?\s*(?:['+]|-+)$")
_FACTORIAL = re.compile(r"\d!")
_DOUBLE = re.compile(r"(.)\1+")
_WORD = re.compile(r"\w+")
_NEGATIONS = frozenset(
    [
        "no",
        "not",
        "non",
        "never",
        "without",
        "none",
        "neither",
        "nor",
        "except",
        "excluding",
        "excluded",
        "false",
        "incorrect",
        "wrong",
        "isn",
        "absent",
        "unlikely",
        "ruled",
        "less",
        "cannot",
        "or",
        "but",
        "if",
        "unless",
        "though",
    ]
)
LONGEST = 2000


class Named(NamedTuple):
    """The options that a text names: the verdict is CORRECT where it reads well, whatever the gold."""

    verdict: Verdict
    indexes: tuple[int, ...]
    rule: str


def read_choice(content: str, gold: Gold, where: str) -> Reading:
    """A box, tag or field on a question with one right option."""
    named = name_options(content, gold)
    verdict = named.verdict
    if verdict is Verdict.CORRECT and len(named.indexes) != 1:
        verdict = Verdict.AMBIGUOUS
    right = verdict is Verdict.CORRECT and named.indexes[0] == gold.indexes[0]
    if verdict is Verdict.CORRECT and not right:
        verdict = Verdict.INCORRECT
    return Reading(verdict, letters(named.indexes), f"{where}_{named.rule}", float(right))


def read_choices(content: str, gold: Gold, where: str) -> Reading:
    """A box, tag or field on a question with several right options: correct where the sets are equal."""
    named = name_options(content, gold)
    if named.verdict is not Verdict.CORRECT:
        return Reading(named.verdict, letters(named.indexes), f"{where}_{named.rule}", 0.0)
    said, right = set(named.indexes), set(gold.indexes)
    if said == right and len(right) > 1 and either(content, gold):
        return Reading(Verdict.AMBIGUOUS, letters(named.indexes), f"{where}_either", 0.0)
    score = 2 * len(said & right) / (len(said) + len(right))
    verdict = Verdict.CORRECT if said == right else Verdict.INCORRECT
    return Reading(verdict, letters(named.indexes), f"{where}_{named.rule}", score)


def either(text: str, gold: Gold) -> bool:
    """Whether a list of options leaves open which: `A or C`."""
    return _EITHER.search(text) is not None and not any(_EITHER.search(option) for option in gold.options)


def letters(indexes: tuple[int, ...]) -> str:
    """Indexes of options as letters: `A, C`."""
    return ", ".join(chr(ord("A") + index) for index in indexes)


def name_options(content: str, gold: Gold) -> Named:
    """Which options a short text names, by letter, by text, or by both where they agree."""
    if len(content) == 1 and "A" <= content <= "Z" and ord(content) - ord("A") < len(gold.options) and not gold.letter_texts:
        return Named(Verdict.CORRECT, (ord(content) - ord("A"),), "letter")
    text = unwrap(content[:LONGEST]) if len(content) <= LONGEST else ""
    if not text:
        return Named(Verdict.NO_ANSWER, (), "long" if content.strip() and len(content) > LONGEST else "empty")
    if "?" in text and not any("?" in option for option in gold.options):
        return Named(Verdict.NO_ANSWER, (), "doubt")
    if _MARRED.match(text) or (_FACTORIAL.search(text) and not any("!" in option for option in gold.options)):
        return Named(Verdict.NO_ANSWER, (), "doubt")
    bare = len(text) == 1 and text.isascii() and text.isalpha()
    if not bare and (by_text := _by_text(text, gold)):
        return by_text
    text = _LEAD.sub("", text, count=1).strip() or text
    single = _one(text, gold)
    if single.verdict is Verdict.CORRECT and single.rule != "letter_start":
        return single
    several = _several(text, gold)
    return several or single


def _by_text(text: str, gold: Gold) -> Named | None:
    """By the whole text of an option; options of equal text cannot be told apart."""
    folded = fold(text)
    same = tuple(index for index, option in enumerate(gold.folded) if option == folded)
    same = same or tuple(index for index, option in enumerate(gold.options) if option.strip(" .") == text.strip(" ."))
    same = tuple(index for index in same if negative(gold.options[index]) == negative(text)) if "-" in text[-3:] else same
    if not same or not folded:
        return None
    return Named(Verdict.CORRECT if len(same) == 1 else Verdict.AMBIGUOUS, same, "text" if len(same) == 1 else "equal_texts")


def _one(text: str, gold: Gold) -> Named:
    """By one letter at the start, with what follows it, or one in parentheses at the end."""
    found = _LETTER.match(text)
    if found is None:
        trailing = _TRAILING.match(text)
        if trailing is None:
            return _by_text(text, gold) or Named(Verdict.NO_ANSWER, (), "unmatched")
        letter, rest = trailing[2], trailing[1]
    else:
        letter, rest = found[1], text[found.end() :]
    if found and letter.islower() and rest and not found[2]:
        return _by_text(text, gold) or Named(Verdict.NO_ANSWER, (), "unmatched")
    index = ord(letter.upper()) - ord("A")
    if index >= len(gold.options):
        return _by_text(text, gold) or Named(Verdict.NO_ANSWER, (), "out_of_range")
    if not rest.strip(" .)]}\"'"):
        if any(option == letter.lower() for other, option in enumerate(gold.folded) if other != index):
            return Named(Verdict.AMBIGUOUS, (index,), "letter_or_text")
        return Named(Verdict.CORRECT, (index,), "letter")
    if agrees(rest, gold, index):
        return Named(Verdict.CORRECT, (index,), "letter_and_text")
    plain = found is not None and not found[2]
    if plain and letter in "AI" and fold(rest) not in gold.folded:
        return Named(Verdict.NO_ANSWER, (), "unmatched")
    return Named(Verdict.CONFLICT, (index,), "letter_against_text")


def agrees(rest: str, gold: Gold, index: int) -> bool:
    """Whether the text beside a letter is that option's: equal, a telling part of it, or it with more behind.

    Never by nearness alone: numbers and negations must be the same, and no other option may fit as well.
    """
    plain = unwrap(rest)
    said, own = fold(plain), gold.folded[index]
    if said == own or not said:
        return True
    if said in gold.folded or _strays(plain, gold, index):
        return False
    if (said[0] == own[:1] or "r" in (said[0], own[:1])) and _squash(said) == _squash(own):
        return True
    longest, scores = _fits(said, gold.folded)
    if longest:
        more = said[len(own) :]
        return longest == own and not _denied(more) and not any(option and option != own and option in more for option in gold.folded)
    return scores[index] > 0 and all(scores[index] > score for other, score in enumerate(scores) if gold.folded[other] != own)


@lru_cache(maxsize=64)
def _fits(said: str, options: tuple[str, ...]) -> tuple[str, list[float]]:
    """The longest option that a text begins with, else how much it shares with each."""
    longest = max((option for option in options if option and f"{said} ".startswith(f"{option} ")), key=len, default="")
    return longest, [] if longest else [_overlap(said, option) for option in options]


def _strays(text: str, gold: Gold, index: int) -> bool:
    """Whether a text holds the letter of another option, alone, that its own option's text does not hold."""
    last = chr(ord("A") + len(gold.options) - 1)
    own = {chr(ord("A") + index), *_ALONE.findall(gold.options[index])}
    return any(letter <= last and letter not in own for letter in _ALONE.findall(text) if letter != "I")


@lru_cache(maxsize=4096)
def _squash(text: str) -> str:
    """A text without double letters and without `rt`, which an upstream's character recognition lost in many options."""
    return _DOUBLE.sub(r"\1", text.replace("rt", "")).replace("rt", "")


def _overlap(said: str, option: str) -> float:
    """Shared words over the words of the longer, where one holds all words of the other; 0 where numbers or negations differ."""
    ours, theirs = _words(said), _words(option)
    if not (ours <= theirs or theirs <= ours) or {word for word in ours ^ theirs if word[0].isdigit()} or _denied(" ".join(ours ^ theirs)):
        return 0.0
    return len(ours & theirs) / max(len(ours), len(theirs), 1)


@lru_cache(maxsize=4096)
def _words(text: str) -> frozenset[str]:
    return frozenset(_WORD.findall(text))


def _denied(text: str) -> bool:
    return not _NEGATIONS.isdisjoint(_WORD.findall(text))


def _several(text: str, gold: Gold) -> Named | None:
    """By a list of letters or option texts; None where some part of it is neither."""
    compact = text.strip("()[]. ").removeprefix("only ").removesuffix(" only")
    if 2 <= len(compact) <= 26 and compact.isascii() and compact.isalpha() and list(compact) == sorted(set(compact)) and compact.isupper():
        pieces = list(compact)
    else:
        pieces = [piece for piece in _SEPARATOR.split(compact.removeprefix("either ").removeprefix("both ")) if piece.strip("()[]. ")]
    if len(pieces) < 2 or len(pieces) > 26:
        return None
    indexes: set[int] = set()
    for piece in pieces:
        part = piece.strip("()[]. \"'")
        named = (_by_text(part, gold) if len(part) > 1 else None) or _one(part, gold)
        if named.verdict is not Verdict.CORRECT:
            return named if named.verdict is Verdict.CONFLICT else None
        indexes |= set(named.indexes)
    return Named(Verdict.CORRECT, tuple(sorted(indexes)), "letters")
