import random
import re

import pyarrow as pa
import pytest

from pipeline.texts.duplicates import Kind, near_duplicates


def _jaccard(one: str, other: str) -> float:
    sets = []
    for text in (one, other):
        words = re.findall(r"[a-z]+|[0-9]+", text.lower())
        sets.append({tuple(words[at : at + 3]) for at in range(max(len(words) - 2, 1))})
    return len(sets[0] & sets[1]) / len(sets[0] | sets[1])


def _texts(count: int) -> list[str]:
    chance = random.Random(5)
    words = [f"w{chr(97 + a)}{chr(97 + b)}" for a in range(12) for b in range(12)]
    texts: list[str] = []
    for _ in range(count):
        if texts and chance.random() < 0.5:
            held = chance.choice(texts).split()
            for _ in range(chance.randint(0, 2)):
                held[-chance.randint(1, min(len(held), 30))] = chance.choice(words)
            texts.append(" ".join(held))
        else:
            texts.append(" ".join(chance.choice(words) for _ in range(chance.randint(1, 120))))
    return texts


@pytest.mark.parametrize("threshold", [0.5, 0.7, 0.8, 0.9])
def test_finds_just_the_pairs_at_or_above_the_threshold(threshold: float) -> None:
    texts = list(dict.fromkeys(_texts(150)))
    found = {(pair.left, pair.right): pair.similarity for pair in near_duplicates(texts, threshold)}
    truth = {(a, b): _jaccard(texts[a], texts[b]) for a in range(len(texts)) for b in range(a + 1, len(texts))}
    assert found == pytest.approx({pair: value for pair, value in truth.items() if value >= threshold})
    assert len(found) >= 3


def test_tells_the_same_bytes_from_the_same_words_from_near() -> None:
    question = "Which nerve carries taste from the anterior two thirds of the tongue"
    texts = [question, question, question.upper() + "?", question + " in adults", "Something else entirely is asked here"]
    kinds = {(pair.left, pair.right): pair.kind for pair in near_duplicates(texts, 0.7)}
    assert kinds == {(0, 1): Kind.EXACT, (0, 2): Kind.NORMALISED, (0, 3): Kind.NEAR}


def test_ten_thousand_equal_texts_are_pairs_with_the_first_alone() -> None:
    assert len(near_duplicates(pa.array(["the very same words here"] * 10_000))) == 9_999


def test_texts_without_words_repeat_nothing() -> None:
    assert near_duplicates(["", "", "…", "?", None]) == []  # type: ignore[list-item]
    assert near_duplicates([]) == []
