"""The words that two questions share, where they stand, and how they are weighed one pair at a time."""

from typing import NamedTuple

from pipeline.texts.lexicon import Ids, Lexicon, Said

Spans = tuple[tuple[int, int], ...]


class Bag(NamedTuple):
    """The words of a text that weigh anything, one of each meaning, and what they weigh."""

    words: Ids
    total: float


class Match(NamedTuple):
    """How much of the weight of two bags of words is shared, and by which meanings on each side."""

    shared: float
    left: float
    right: float
    left_meanings: Ids
    right_meanings: Ids

    @property
    def of_left(self) -> float:
        return min(self.shared / self.left, 1.0) if self.left else 0.0

    @property
    def of_right(self) -> float:
        return min(self.shared / self.right, 1.0) if self.right else 0.0

    @property
    def both(self) -> float:
        return min(2 * self.shared / (self.left + self.right), 1.0) if self.left + self.right else 0.0


def match(left: Bag, right: Bag, lexicon: Lexicon) -> Match:
    """What two texts share: words of one meaning in full, words of one root for a part."""
    from pipeline.texts.evidence_kernels import match as matched

    shared, ours, theirs = matched(left.words, right.words, *lexicon.known)
    return Match(shared, left.total, right.total, ours, theirs)


def spans(lexicon: Lexicon, said: Said, meanings: Ids, numbers: Ids) -> Spans:
    """Where the shared words of a text stand; neighbours with no more than three other words between them are one span."""
    from pipeline.texts.evidence_kernels import spans as found

    known = lexicon.known
    first, last = found(said.words, meanings, numbers, known.words, known.marks)
    return tuple(zip(said.starts[first].tolist(), said.ends[last].tolist(), strict=True))
