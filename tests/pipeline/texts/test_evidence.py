from collections import Counter
from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.texts.evidence import match, spans
from pipeline.texts.evidence_kernels import best_window
from pipeline.texts.features import read
from pipeline.texts.index import Rarity
from pipeline.texts.lexicon import Lexicon
from pipeline.texts.questions import Question
from pipeline.texts.tokens import words

# Of one root, of one meaning, of one spelling, of nothing, and numbers.
SAID = [
    "diagnosis",
    "diagnoses",
    "diagnostic",
    "dyspnea",
    "breathlessness",
    "haematuria",
    "hematuria",
    "cardiac",
    "cardiology",
    "cardiologist",
    "heart",
    "hepatic",
    "hepatitis",
    "hepatoma",
    "liver",
    "the",
    "of",
    "with",
    "patient",
    "1,000",
    "1000",
    "5.0",
    "5",
    "37",
    "nephritis",
    "nephrosis",
    "nephrotic",
    "nephrotomy",
    "zebra",
]
ROWS = ["diagnosis of dyspnea", "cardiology and hepatitis", "nephritis or nephrosis with hematuria", "a zebra with nephrotic"]
TEXT = st.lists(st.sampled_from(SAID), max_size=14).map(" ".join)


@pytest.fixture(scope="module")
def lexicon() -> Lexicon:
    return Lexicon(Rarity(words(ROWS), len(ROWS)))


class Plain:
    """The words of a text as Python reads them."""

    def __init__(self, text: str, lexicon: Lexicon) -> None:
        self.words = text.split()
        ids = lexicon.said(text).words.tolist()
        known = lexicon.known
        assert len(ids) == len(self.words)
        self.meanings = [int(known.words["meaning"][word]) for word in ids]
        self.weights = [float(known.words["weight"][word]) for word in ids]
        self.bag = {
            meaning: (word, weight) for word, meaning, weight in zip(self.words, self.meanings, self.weights, strict=True) if weight
        }


def rooted(one: str, other: str) -> bool:
    same = next((at for at, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other)))
    return same >= max(5, 0.6 * max(len(one), len(other)))


def plain_match(left: Plain, right: Plain) -> tuple[float, set[int], set[int]]:
    same = left.bag.keys() & right.bag.keys()
    shared = sum(left.bag[meaning][1] for meaning in same)
    ours, theirs = set(same), set(same)
    free = sorted((word, meaning) for meaning, (word, _) in right.bag.items() if meaning not in same)
    for meaning, (word, weight) in left.bag.items():
        near = next((one for one in free if rooted(word, one[0])), None) if meaning not in same else None
        if near:
            free.remove(near)
            shared += 0.8 * min(weight, right.bag[near[1]][1])
            ours.add(meaning)
            theirs.add(near[1])
    return shared, ours, theirs


def plain_spans(text: str, places: Sequence[int]) -> list[tuple[int, int]]:
    starts = [0, *(at + 1 for at, sign in enumerate(text) if sign == " ")]
    cuts = [0, *(at for at, (one, other) in enumerate(pairwise(places), 1) if other - one > 4), len(places)]
    runs = [places[a:b] for a, b in pairwise(cuts) if a < b]
    held = text.split()
    return [(starts[run[0]], starts[run[-1]] + len(held[run[-1]])) for run in runs]


@given(TEXT, TEXT)
@settings(max_examples=200, deadline=None)
def test_what_two_texts_share_is_what_a_plain_reading_finds(lexicon: Lexicon, one: str, other: str) -> None:
    left, right = Plain(one, lexicon), Plain(other, lexicon)
    ours, theirs = read(Question("1", one), lexicon), read(Question("2", other), lexicon)
    found = match(ours.bag, theirs.bag, lexicon)
    shared, mine, yours = plain_match(left, right)
    assert found.shared == pytest.approx(shared)
    assert (set(found.left_meanings.tolist()), set(found.right_meanings.tolist())) == (mine, yours)
    assert found.left == pytest.approx(sum(weight for _, weight in left.bag.values()))
    numbers = [word.replace(",", "").removesuffix(".0") for word in right.words if word[0].isdigit()]
    assert sorted(theirs.numbers.values()) == sorted(Counter(numbers).values())
    told = {"5", "1000"}
    held = [at for at, word in enumerate(right.words) if (right.weights[at] and right.meanings[at] in yours) or word in told & {*numbers}]
    asked = [number for number, word in zip(theirs.numbers, dict.fromkeys(numbers), strict=True) if word in told]
    assert list(spans(lexicon, theirs.stem, found.right_meanings, np.array(asked, np.int32))) == plain_spans(other, held)


@given(st.lists(st.sampled_from(SAID), min_size=8, max_size=30), TEXT, st.integers(1, 7))
@settings(max_examples=100, deadline=None)
def test_the_window_holds_as_much_of_what_is_wanted_as_any(lexicon: Lexicon, said: list[str], wanted: str, size: int) -> None:
    bag = read(Question("1", wanted), lexicon).bag
    held = Plain(" ".join(said), lexicon)
    keys = set(lexicon.known.words["meaning"][bag.words].tolist())

    def weight(first: int) -> float:
        window = range(first, min(first + size, len(said)))
        return sum({held.meanings[at]: held.weights[at] for at in window if held.meanings[at] in keys}.values())

    found = best_window(lexicon.said(" ".join(said)).words, bag.words, size, lexicon.known.words, lexicon.known.marks)
    assert weight(found) == pytest.approx(max(map(weight, range(len(said)))))


def test_abbreviations_stand_for_their_words_where_they_are_written(lexicon: Lexicon) -> None:
    for text in ("An MI or a mi", "An MI or a mí"):
        said = lexicon.said(text)
        written = [text[start:end] for start, end in zip(said.starts, said.ends, strict=True)]
        assert written == ["An", "MI", "MI", "or", "a", text.split()[-1]]


@pytest.mark.parametrize("text", ["T2N0M0", "0f" * 300])
def test_letters_and_digits_by_turns_are_words_each(lexicon: Lexicon, text: str) -> None:
    said = lexicon.said(text)
    assert [text[start:end] for start, end in zip(said.starts.tolist(), said.ends.tolist(), strict=True)] == list(text)
