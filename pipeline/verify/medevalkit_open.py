"""MedEvalKit's scores of open answers, faults included, for comparison with tables published from it. Never a filter.

They are those of nltk 3.10 (`sentence_bleu` without smoothing) and rouge 1.0.1 (`get_scores`, which counts each word once).
"""

import math
import sys
from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

# Python's limit of recursion, at which rouge's walk over longer texts ends.
LONGEST_WALK = 1000
_TINY = 1e-8


class OpenScores(NamedTuple):
    """Scores of an open answer under the kit's names: `precision` holds F1, `recall` precision, `f1` recall.

    `stops`: 1 where the kit ends with an error instead, as it does on an empty answer; all scores are 0 then.
    """

    em: float
    bleu1: float = 0.0
    bleu2: float = 0.0
    bleu3: float = 0.0
    bleu4: float = 0.0
    rouge1: float = 0.0
    rouge2: float = 0.0
    rougel: float = 0.0
    precision: float = 0.0
    recall: float = 0.0
    f1: float = 0.0
    stops: float = 0.0


def open_scores(text: str, reference: str) -> OpenScores:
    """The scores of what the kit takes for the answer; the reference in small letters."""
    exact = float(text == reference)
    text = text.lower()
    said, wanted = set(text.split()), set(reference.split())
    ours, theirs = _sentences(text), _sentences(reference)
    if not (said and wanted and ours and theirs) or min(map(_longest, (ours, theirs))) > LONGEST_WALK:
        return OpenScores(exact, stops=1.0)
    shared = len(said & wanted)
    precision, recall = shared / len(said), shared / len(wanted)
    f1 = 2 * (precision * recall) / (precision + recall) if shared else 0.0
    bleus = {f"bleu{order}": _bleu(_tokens(text), _tokens(reference), order) for order in (1, 2, 3, 4)}
    rouges = {f"rouge{size}": _rouge_n(_words(ours), _words(theirs), size) for size in (1, 2)} | {"rougel": _rouge_l(ours, theirs)}
    # The kit unpacks F1, precision and recall under names in another order.
    return OpenScores(exact, **bleus, **rouges, precision=f1, recall=precision, f1=recall)


def _tokens(text: str) -> list[str]:
    return text.replace(".", " .").split(" ")


def _bleu(said: Sequence[str], right: Sequence[str], order: int) -> float:
    """The geometric mean of clipped precisions, where an order without a match counts as the least float."""
    precisions: list[float] = []
    for size in range(1, order + 1):
        counts = _ngrams(said, size)
        shared = (counts & _ngrams(right, size)).total()
        if size == 1 and not shared:
            return 0.0
        precisions.append(shared / max(1, counts.total()) if shared else sys.float_info.min)
    penalty = 1.0 if len(said) > len(right) else math.exp(1 - len(right) / len(said))
    return penalty * math.exp(math.fsum(math.log(precision) / order for precision in precisions))


def _ngrams(words: Sequence[str], size: int) -> Counter[tuple[str, ...]]:
    return Counter(tuple(words[at : at + size]) for at in range(len(words) - size + 1))


def _sentences(text: str) -> list[list[str]]:
    """Words by sentence; one of spaces alone is one empty word."""
    return [" ".join(part.split()).split(" ") for part in text.split(".") if part]


def _words(sentences: Sequence[Sequence[str]]) -> list[str]:
    return [word for sentence in sentences for word in sentence]


def _longest(sentences: Sequence[Sequence[str]]) -> int:
    return max(map(len, sentences))


def _rouge_n(said: Sequence[str], right: Sequence[str], size: int) -> float:
    ours, theirs = set(_ngrams(said, size)), set(_ngrams(right, size))
    shared = len(ours & theirs)
    return _rouge_f(shared / len(ours) if ours else 0.0, shared / len(theirs) if theirs else 0.0)


def _rouge_l(said: Sequence[Sequence[str]], right: Sequence[Sequence[str]]) -> float:
    """By the words, each once, of the longest common subsequence of every pair of sentences."""
    union: set[str] = set()
    for theirs in right:
        for ours in said:
            union.update(_common(theirs, ours))
    return _rouge_f(len(union) / len(set(_words(said))), len(union) / len(set(_words(right))))


def _rouge_f(precision: float, recall: float) -> float:
    return 2.0 * (precision * recall / (precision + recall + _TINY))


def _common(one: Sequence[str], other: Sequence[str]) -> list[str]:
    """The longest common subsequence that rouge's walk back through the table takes."""
    table = [[0] * (len(other) + 1)]
    for word in one:
        above, row = table[-1], [0]
        for place, against in enumerate(other):
            row.append(above[place] + 1 if word == against else max(above[place + 1], row[place]))
        table.append(row)
    found: list[str] = []
    row, column = len(one), len(other)
    while row and column:
        if one[row - 1] == other[column - 1]:
            row, column = row - 1, column - 1
            found.append(one[row])
        elif table[row - 1][column] > table[row][column - 1]:
            row -= 1
        else:
            column -= 1
    return found
