import random
import re

import numpy as np
import pytest

from pipeline.texts.minhash import candidates, near_pairs, runs_of, sketches_of
from pipeline.texts.questions import Question


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


def _asked(texts: list[str]) -> list[Question]:
    return [Question(str(place), text) for place, text in enumerate(texts)]


@pytest.mark.parametrize(("threshold", "least"), [(0.7, 0.96), (0.8, 0.99), (0.9, 1.0)])
def test_finds_nearly_all_pairs_at_or_above_the_threshold_and_none_below(threshold: float, least: float) -> None:
    texts = list(dict.fromkeys(_texts(400)))
    pairs, similarity = near_pairs(_asked(texts), threshold)
    found = dict(zip(zip(pairs.row.tolist(), pairs.doc.tolist(), strict=True), similarity.tolist(), strict=True))
    truth = {(a, b): _jaccard(texts[a], texts[b]) for a in range(len(texts)) for b in range(a + 1, len(texts))}
    truth = {pair: value for pair, value in truth.items() if value >= threshold}
    assert found == pytest.approx({pair: truth[pair] for pair in found})
    assert len(found) >= least * len(truth) >= 20


def test_options_count_whatever_their_order_and_wherever_they_stand() -> None:
    stem, options = "Which of these hormones is made in the adrenal cortex of a healthy adult?", ("Cortisol", "Insulin", "Leptin")
    told = f"{stem} A. {options[0]} B. {options[1]} C. {options[2]}"
    rows = [
        Question("1", stem, "", options),
        Question("2", stem, "", options[::-1]),
        Question("3", told),
        Question("4", stem, "", ("a", "b")),
    ]
    pairs, similarity = near_pairs(rows, 0.5)
    found = dict(zip(zip(pairs.row.tolist(), pairs.doc.tolist(), strict=True), similarity.tolist(), strict=True))
    assert found[0, 1] == found[0, 2] == 1.0
    assert found[0, 3] < 0.9


def test_ten_thousand_equal_texts_are_pairs_with_the_first_alone() -> None:
    pairs, similarity = near_pairs(_asked(["the very same words here"] * 10_000), 0.8)
    assert pairs.row.tolist() == [0] * 9_999
    assert set(similarity.tolist()) == {1.0}


def test_ten_thousand_texts_of_one_template_meet_their_neighbours() -> None:
    told = "The dose of the drug was {} mg a day for all of the patients in the first arm of this trial. What was the dose a week?"
    pairs, _ = near_pairs(_asked([told.format(place) for place in range(10_000)]), 0.6)
    assert 9_999 <= len(pairs.row) <= 10_000 * 32 * 16


def test_texts_without_words_repeat_nothing() -> None:
    assert len(near_pairs(_asked(["", "", "…", "?"]), 0.5)[0].row) == 0
    assert len(near_pairs([], 0.5)[0].row) == 0


def test_a_sketch_depends_on_the_row_alone() -> None:
    rows = _asked(_texts(60))
    together = sketches_of(runs_of(rows))
    assert np.array_equal(together, np.concatenate([sketches_of(runs_of([row])) for row in rows]))
    assert len(candidates(together[:0], 0.8).row) == 0
