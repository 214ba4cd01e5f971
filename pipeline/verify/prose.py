"""Free text compared with references: exact, token F1, BLEU-1, ROUGE-L."""

import math
from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

from pipeline.verify.fold import fold, negative, unwrap
from pipeline.verify.gold import Gold, Reading
from pipeline.verify.maths import looks_like_maths, same_maths
from schemas.trace import Verdict

LONGEST = 20_000
LONGEST_LCS = 1_000


class TextScores(NamedTuple):
    """How near a text comes to the best of its references, each from 0 to 1."""

    exact: float
    f1: float
    bleu1: float
    rouge_l: float


def read_text(content: str, gold: Gold, where: str) -> Reading:
    """A box, tag or whole answer on an open question: correct where it equals a reference, scored by token F1."""
    text = unwrap(content) if len(content) <= LONGEST else ""
    if not text:
        return Reading(Verdict.NO_ANSWER, "", f"{where}_{'long' if content.strip() else 'empty'}", 0.0)
    if text.endswith(("?", "？")) and not any("?" in value for value in gold.values):
        return Reading(Verdict.NO_ANSWER, "", f"{where}_doubt", 0.0)
    if any(looks_like_maths(value) and same_maths(content, value) for value in gold.values):
        return Reading(Verdict.CORRECT, text, f"{where}_maths", 1.0)
    said = fold(text)
    if negative(text) and not any(map(negative, gold.values)):
        return Reading(Verdict.AMBIGUOUS, text, f"{where}_sign", 0.0)
    if said and any(said == fold(unwrap(value)) for value in gold.values if not looks_like_maths(value)):
        return Reading(Verdict.CORRECT, text, f"{where}_exact", 1.0)
    tokens = said.split()
    score = max(token_f1(tokens, fold(unwrap(value)).split()) for value in gold.values)
    return Reading(Verdict.INCORRECT, text, f"{where}_differs", min(score, 0.999))


def text_scores(text: str, references: Sequence[str]) -> TextScores:
    """The best of each measure over the references."""
    said = fold(unwrap(text))
    each = [_scores(said, fold(unwrap(reference))) for reference in references]
    return TextScores(*(max(score[place] for score in each) for place in range(4))) if each else TextScores(0.0, 0.0, 0.0, 0.0)


def token_f1(said: Sequence[str], right: Sequence[str]) -> float:
    """F1 of the words, each counted as often as it occurs."""
    shared = (Counter(said) & Counter(right)).total()
    return 2 * shared / (len(said) + len(right)) if said or right else 1.0


def bleu1(said: Sequence[str], right: Sequence[str]) -> float:
    """Clipped unigram precision with the brevity penalty."""
    if not said:
        return 0.0
    penalty = 1.0 if len(said) >= len(right) else math.exp(1 - len(right) / len(said))
    return penalty * (Counter(said) & Counter(right)).total() / len(said)


def rouge_l(said: Sequence[str], right: Sequence[str]) -> float:
    """F1 by the longest common subsequence of words, over the first 1,000 of each."""
    common = _longest_common(said[:LONGEST_LCS], right[:LONGEST_LCS])
    return 2 * common / (len(said) + len(right)) if said or right else 1.0


def _scores(said: str, right: str) -> TextScores:
    ours, theirs = said.split(), right.split()
    return TextScores(float(said == right and bool(said)), token_f1(ours, theirs), bleu1(ours, theirs), rouge_l(ours, theirs))


def _longest_common(ours: Sequence[str], theirs: Sequence[str]) -> int:
    """By bit-parallel rows: one long integer for each word of ours."""
    places: dict[str, int] = {}
    for place, word in enumerate(theirs):
        places[word] = places.get(word, 0) | 1 << place
    row = (1 << len(theirs)) - 1
    full = row
    for word in ours:
        match = row & places.get(word, 0)
        row = (row + match | row - match) & full
    return len(theirs) - row.bit_count()
