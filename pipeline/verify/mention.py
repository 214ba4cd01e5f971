"""Option texts named in running prose, and which of them a conclusion settles on."""

import re

from pipeline.verify.fold import lower
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
_OR_BEFORE = re.compile(r"\b(?:or|perhaps|possibly)\s*$")
_OR_AFTER = re.compile(r"\s*,?\s*or\b")
LAST = 3000
SENTENCES = 30


def concluded(text: str, gold: Gold) -> tuple[int, int, int] | None:
    """Index and place of the one option whose text the last concluding sentence names and does not deny."""
    begin = max(0, len(text) - LAST)
    texts = [option.lower().strip(" .") for option in gold.options]
    for sentence in list(_SENTENCE.finditer(text, begin))[: -SENTENCES - 1 : -1]:
        cues = list(_CONCLUDES.finditer(sentence[0]))
        if not cues or _LISTED.match(sentence[0]):
            continue
        named = _named(lower(sentence[0]), texts)
        if not named:
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


def _named(sentence: str, texts: list[str]) -> dict[int, tuple[int, int]]:
    """The options that a sentence names, each where it first stands; one that lies within another's place does not count."""
    places: dict[int, tuple[int, int]] = {}
    for index, text in enumerate(texts):
        if text not in sentence or len(text) < 3 or not any(sign.isalpha() for sign in text):
            continue
        found = re.search(rf"(?<!\w){re.escape(text)}(?!\w)", sentence)
        if found:
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
    return bool(_OR_BEFORE.search(before) or _OR_AFTER.match(after) or _DENIES.search(before + " " + after))
