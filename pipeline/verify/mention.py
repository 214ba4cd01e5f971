"""Option texts named in running prose, and which of them a conclusion settles on."""

import re
from functools import lru_cache

from pipeline.verify.fold import align, lower, words_of
from pipeline.verify.gold import Gold

_SENTENCE = re.compile(r"[^.!?\n;]+(?:[.](?=\d)[^.!?\n;]*)*")
CONCLUDES = re.compile(
    r"\b(?:therefore|thus|hence|so|conclu\w+|overall|in summary|most|best|correct|diagnosis|answer|i think|i believe|would be|should be|suggests?"
    r"|consistent with|likely|choose|select|pick|go with|opt for|donc|ainsi|diagnostic|probable|por (?:lo )?tanto|diagnóstico|daher|somit|diagnose"
    r"|wahrscheinlich\w*)\b|\b(?:this|it) is\s+(?:an?\s+|the\s+)?",
    re.IGNORECASE,
)
DENIES = re.compile(
    r"\b(?:not|no|never|unlikely|neither|nor|without|cannot|incorrect|wrong|false|ruled out|rule out|excluded?|less likely|less|rather than"
    r"|instead of|unless|but|although|though|however|while|whereas|except|if|pas|non|sans|peu probable|plutôt que|mais|sin|pero|nicht|kein\w*|ohne|unwahrscheinlich|aber"
    r"|sondern)\b|n't\b|\?",
    re.IGNORECASE,
)
_PRAISES = re.compile(
    r"[*_\"]*(?:\s*\([^)]{0,60}\))?[*_]*,?\s+(?:is|are|was|would be|appears to be|seems to be|remains|should be)\s+(?:\w+ly\s+)?(?:the\s+)?"
    r"(?:most\s+(?:likely|appropriate|suitable|accurate|probable|consistent)|best|correct|right|answer)\b",
    re.IGNORECASE,
)
_EXAMPLE = re.compile(r"\b(?:such as|like|including|e\.g\.,?)\s*(?:an?\s+|the\s+)?\Z", re.IGNORECASE)
_WEAK = re.compile(r"suggests?|consistent with|likely", re.IGNORECASE)
_TURNS = re.compile(r"[.;\s]*(?:However|But|Given|Nevertheless|On the other hand)\b")
_LETTERS = re.compile(r"[(\[](?:option\s+|choice\s+)?([A-Z])[)\]]")
_ASIDE = re.compile(
    r"\b(?:less (?:likely|common|appropriate|suitable)|unlikely|not (?:the )?(?:most|best|first|immediate|appropriate|indicated|typical\w*))\b",
    re.IGNORECASE,
)
_SETTLES = re.compile(r"\b(?:therefore|thus|hence|so|conclu\w+|overall|answer|choose|select|more likely|rather|instead)\b", re.IGNORECASE)
_LISTED = re.compile(r"\s*[-*(]?\s*(?:[A-Z][).:]|\d{1,2}[).]|[^:\n]{1,120}:)\s")
_LETTER_BEFORE = re.compile(r"(?<!\w)([A-Z])\s*[).:]?\s*$")
_LETTER_AFTER = re.compile(r"\s*[(\[](?:option\s+|choice\s+)?([A-Z])[)\]]")
# A word of another kind beside the text makes it another thing: `gestational diabetes` is not `diabetes`.
_PLAIN_BEFORE = re.compile(
    r"(?:^|[,:(\"*]|\b(?:is|are|be|was|were|an?|the|of|as|with|to|by|for|suggests?|indicates?|has|have|likely|diagnosis|answer|choose|select|perform"
    r"|administer|prescribe|recommend|start|order|obtain|give|this|that|his|her|their|patient's|therefore|thus|hence|so|est|une?|la|le|les|es|una|el|ist|eine?|der|die|das|go with|pick|opt for))\s*[*_\"]*$",
    re.IGNORECASE,
)
_PLAIN_AFTER = re.compile(
    r"[*_\"]*\s*(?:$|[,.:;)(\]\"*]|(?:is|was|are|would|as|in|of|to|for|because|since|due|with|on|at|by|and|given|which|that|from|should|can|may|this"
    r"|based|after|secondary|or|car|parce|puisque|porque|ya|weil|da)\b)",
    re.IGNORECASE,
)
_OR_BEFORE = re.compile(
    r"\b(?:or|perhaps|possibly|ou|oder|o|soit|entweder|peut-être|quizás|vielleicht)\s*(?:l[ae]\s+|une?\s+|eine?\s+|una?\s+)?$"
)
_OR_AFTER = re.compile(r"\s*,?\s*(?:or|ou|oder|o)\b")
LAST = 3000
# The longest article that a cue may end with, and more.
BEYOND = 12
NEAR = 64
WORDS = 4
SENTENCES = 30


def concluded(text: str, gold: Gold) -> tuple[int, int, int] | None:
    """Index and place of the one option whose text the last concluding sentence names and does not deny."""
    begin = max(0, len(text) - LAST)
    there = words_of(text)
    words = [words if words and letters <= there else () for words, letters in _needles(gold.options)]
    if not any(words):
        return None
    doubted: set[int] = set()
    for sentence in list(_SENTENCE.finditer(text, begin))[: -SENTENCES - 1 : -1]:
        named = _named(lower(sentence[0]), words)
        if not named:
            continue
        starts = {start for start, _ in named.values()}
        denied = {index for index, span in named.items() if _denied(sentence[0], index, span)}
        cues = _cues(sentence[0], named)
        if not cues or _LISTED.match(sentence[0]):
            doubted |= denied if _sets_aside(sentence[0], max(starts)) else set()
            continue
        if all(cue[0].endswith((" ", "\t")) and cue.end() not in starts for cue in cues) or _sets_aside(sentence[0], max(starts)):
            doubted |= denied
            continue
        if len(named) > 1 or denied:
            return None
        ((index, (start, end)),) = named.items()
        if all(_WEAK.fullmatch(cue[0].strip()) for cue in cues) and _TURNS.match(text, sentence.end()):
            return None
        if index in doubted or gold.folded.count(gold.folded[index]) > 1:
            return None
        return index, sentence.start() + start, sentence.start() + end
    return None


def _words(option: str) -> tuple[str, ...]:
    """The words of an option's text, possessives aside; none where it is too short to be looked for."""
    words = tuple(word.removesuffix("'s") for word in align(option).lower().strip(' .\n"').split())
    return words if len("".join(words)) >= 3 and any(sign.isalpha() for sign in option) else ()


@lru_cache(maxsize=4096)
def _needles(options: tuple[str, ...]) -> list[tuple[tuple[str, ...], frozenset[bytes]]]:
    """The words of each option's text, and the runs of letters in them."""
    return [(words, words_of(" ".join(words))) for words in map(_words, options)]


@lru_cache(maxsize=4096)
def _pattern(words: tuple[str, ...]) -> re.Pattern[str]:
    """What finds an option's text whole, possessives aside."""
    return re.compile(r"(?<![\w-])" + r"(?:'s)?\s+(?:(?:an?|the)\s+)?".join(map(re.escape, words)) + r"(?:'s)?(?![\w-])")


def _named(sentence: str, options: list[tuple[str, ...]]) -> dict[int, tuple[int, int]]:
    """The options that a sentence names, each where it first stands; one that lies within another's place does not count."""
    places: dict[int, tuple[int, int]] = {}
    for index, words in enumerate(options):
        if words and words[0] in sentence and words[-1] in sentence and (found := _pattern(words).search(sentence)):
            places[index] = found.span()
    return {
        index: (start, end)
        for index, (start, end) in places.items()
        if not any(other != index and low <= start and end <= high and high - low > end - start for other, (low, high) in places.items())
    }


def _cues(sentence: str, named: dict[int, tuple[int, int]]) -> list[re.Match[str]]:
    """The words of a sentence that conclude: before an option it names, or calling it the best right behind it."""
    first = min(start for start, _ in named.values())
    cues = [cue for cue in CONCLUDES.finditer(sentence, 0, first + BEYOND) if cue.end() <= first]
    praises = (_PRAISES.match(sentence, end) for _, end in named.values())
    return cues or [praise for praise in praises if praise]


def _sets_aside(sentence: str, start: int) -> bool:
    """Whether a sentence that concludes nothing calls what it names less fit: `X (A) is less likely, since …`."""
    return _ASIDE.search(sentence, start) is not None and _SETTLES.search(sentence) is None


def _near_end(text: str) -> int:
    """From where a pattern of at most three words that ends with the text can match: not from its beginning, but for long blanks."""
    return len(text) - NEAR if len(text) > NEAR and len(text[-NEAR:].split()) > WORDS else 0


def _denied(sentence: str, index: int, span: tuple[int, int]) -> bool:
    """Whether what stands round an option's text denies it or sets it against another."""
    before, after = sentence[: span[0]], sentence[span[1] :]
    beside = {letter for found in (_LETTER_BEFORE.search(before), _LETTER_AFTER.match(after)) if found for letter in found.groups()}
    beside |= set(_LETTERS.findall(sentence))
    near = _near_end(before)
    if beside - {chr(ord("A") + index)} or _EXAMPLE.search(before, near):
        return True
    if before.rstrip().endswith(",") and after.lstrip().startswith(","):
        return True
    if not (_PLAIN_BEFORE.search(before, near) and _PLAIN_AFTER.match(after)):
        return True
    return bool(_OR_BEFORE.search(before, near) or _OR_AFTER.match(after) or DENIES.search(before + " " + after))
