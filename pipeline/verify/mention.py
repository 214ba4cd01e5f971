"""Option texts named in running prose, and which of them a conclusion settles on."""

import re
from functools import lru_cache

from pipeline.verify.fold import align, lower
from pipeline.verify.gold import Gold

_SENTENCE = re.compile(r"[^.!?\n;]+(?:[.](?=\d)[^.!?\n;]*)*")
_CONCLUDES = re.compile(
    r"\b(?:therefore|thus|hence|so|conclu\w+|overall|in summary|most|best|correct|diagnosis|answer|i think|i believe|would be|should be|suggests?"
    r"|consistent with|likely|choose|select)\b|\b(?:this|it) is\s+(?:an?\s+|the\s+)?",
    re.IGNORECASE,
)
_DENIES = re.compile(
    r"\b(?:not|no|never|unlikely|neither|nor|without|cannot|incorrect|wrong|false|ruled out|rule out|excluded?|less likely|less|rather than"
    r"|instead of|unless|but|although|though|however|while|whereas|except|if)\b|n't\b|\?",
    re.IGNORECASE,
)
_LISTED = re.compile(r"\s*[-*(]?\s*(?:[A-Z][).:]|\d{1,2}[).]|[^:\n]{1,120}:)\s")
_LETTER_BEFORE = re.compile(r"(?<!\w)([A-Z])\s*[).:]?\s*$")
_LETTER_AFTER = re.compile(r"\s*[(\[](?:option\s+|choice\s+)?([A-Z])[)\]]")
# A word of another kind beside the text makes it another thing: `gestational diabetes` is not `diabetes`.
_PLAIN_BEFORE = re.compile(
    r"(?:^|[,:(\"*]|\b(?:is|are|be|was|were|an?|the|of|as|with|to|by|for|suggests?|indicates?|has|have|likely|diagnosis|answer|choose|select|perform"
    r"|administer|prescribe|recommend|start|order|obtain|give|this|that|his|her|their|patient's|therefore|thus|hence|so))\s*[*_\"]*$",
    re.IGNORECASE,
)
_PLAIN_AFTER = re.compile(
    r"[*_\"]*\s*(?:$|[,.:;)(\]\"*]|(?:is|was|are|would|as|in|of|to|for|because|since|due|with|on|at|by|and|given|which|that|from|should|can|may|this"
    r"|based|after|secondary|or)\b)",
    re.IGNORECASE,
)
_OR_BEFORE = re.compile(r"\b(?:or|perhaps|possibly)\s*$")
_OR_AFTER = re.compile(r"\s*,?\s*or\b")
LAST = 3000
SENTENCES = 30


def concluded(text: str, gold: Gold) -> tuple[int, int, int] | None:
    """Index and place of the one option whose text the last concluding sentence names and does not deny."""
    begin = max(0, len(text) - LAST)
    patterns = [_pattern(option) for option in gold.options]
    window = lower(text[begin:])
    if not any(first and first in window for first, _ in patterns):
        return None
    for sentence in list(_SENTENCE.finditer(text, begin))[: -SENTENCES - 1 : -1]:
        named = _named(lower(sentence[0]), patterns)
        cues = list(_CONCLUDES.finditer(sentence[0])) if named else []
        if not cues or _LISTED.match(sentence[0]):
            continue
        if len(named) > 1 or any(_denied(sentence[0], index, span) for index, span in named.items()):
            return None
        ((index, (start, end)),) = named.items()
        if all(cue[0].endswith((" ", "\t")) and start != cue.end() for cue in cues):
            continue
        if gold.folded.count(gold.folded[index]) > 1:
            return None
        return index, sentence.start() + start, sentence.start() + end
    return None


@lru_cache(maxsize=4096)
def _pattern(option: str) -> tuple[str, re.Pattern[str] | None]:
    """The first word of an option's text, and what finds the whole of it, possessives aside; '' where it is too short to be looked for."""
    words = [word.removesuffix("'s") for word in align(option).lower().strip(" .").split()]
    if len("".join(words)) < 3 or not any(sign.isalpha() for sign in option):
        return "", None
    return words[0], re.compile(r"(?<![\w-])" + r"(?:'s)?\s+".join(map(re.escape, words)) + r"(?:'s)?(?![\w-])")


def _named(sentence: str, patterns: list[tuple[str, re.Pattern[str] | None]]) -> dict[int, tuple[int, int]]:
    """The options that a sentence names, each where it first stands; one that lies within another's place does not count."""
    places: dict[int, tuple[int, int]] = {}
    for index, (first, pattern) in enumerate(patterns):
        if pattern is not None and first in sentence and (found := pattern.search(sentence)):
            places[index] = found.span()
    return {
        index: (start, end)
        for index, (start, end) in places.items()
        if not any(other != index and low <= start and end <= high and high - low > end - start for other, (low, high) in places.items())
    }


def _denied(sentence: str, index: int, span: tuple[int, int]) -> bool:
    """Whether what stands round an option's text denies it or sets it against another."""
    before, after = sentence[: span[0]], sentence[span[1] :]
    beside = {letter for found in (_LETTER_BEFORE.search(before), _LETTER_AFTER.match(after)) if found for letter in found.groups()}
    if beside - {chr(ord("A") + index)}:
        return True
    if not (_PLAIN_BEFORE.search(before) and _PLAIN_AFTER.match(after)):
        return True
    return bool(_OR_BEFORE.search(before) or _OR_AFTER.match(after) or _DENIES.search(before + " " + after))
