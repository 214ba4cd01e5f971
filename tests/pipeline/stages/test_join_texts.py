"""Questions in nearly the same words, from their sketches to what makes them two all the same."""

from typing import Any

import pyarrow as pa
import pytest

from pipeline.stages.find_near_texts import NearTextsRecipe, find_near_texts
from pipeline.stages.join_texts import JoinTextsRecipe, join_texts
from pipeline.stages.pick_texts import PickTextsRecipe, pick_texts
from pipeline.stages.sketch_texts import SketchTextsRecipe, sketch_texts
from pipeline.texts.differ import DIFFER_VERSION
from pipeline.texts.minhash import SKETCH_VERSION
from schemas.similar import Similar
from tests.fixtures.stage_rows import digest_of, example, examples, mcq, pictured, pictures, sharded

Row = dict[str, Any]
STEM = (
    "A 34-year-old man has had a fever of >39 degrees and a swollen left knee for five days after a tick bite in the forest."
    " His joint fluid holds many white cells but no bacteria. Which drug is given first, at 100 mg twice a day, if he is not allergic?"
)


def found(rows: list[Row], *shown: Row, shards: list[int] | None = None, threshold: float = 0.7, words: bool = True) -> list[Row]:
    """What the four steps make of some examples."""
    table, owner = examples(rows), shards or [0] * len(rows)
    sketches = sketch_texts(table, SketchTextsRecipe(SKETCH_VERSION))["sketches"]
    near = find_near_texts(sharded(table, owner), sketches, pictures(*shown), NearTextsRecipe(threshold, SKETCH_VERSION))
    picked = pick_texts(table, near["near"], PickTextsRecipe())["picked"]
    of = dict(zip(table["id"].to_pylist(), owner, strict=True))
    recipe = JoinTextsRecipe(threshold, ("a", "b"), words, SKETCH_VERSION, DIFFER_VERSION)
    made = join_texts(sharded(picked, [of[id] for id in picked["id"].to_pylist()]), near["pairs"], recipe)["similar"]
    assert isinstance(made, pa.Table)
    return made.to_pylist()


def against(question: str, **told: Any) -> list[str]:
    (row,) = found([example("1", question=STEM), example("2", question=question, **told)])
    return row[Similar.against]


def test_a_question_in_other_grammar_is_the_same_across_sources() -> None:
    (row,) = found(
        [example("2", question=STEM), example("1", source="b", question=STEM.replace("Which drug is", "Which is the drug"), content="x")]
    )[:1]
    assert row[Similar.similarity] >= 0.7
    assert (row[Similar.id], row[Similar.other]) == ("1", "2"), "the source named first comes first"


@pytest.mark.parametrize(
    ("was", "becomes", "why"),
    [
        ("34-year-old", "74-year-old", ["numbers"]),
        ("100 mg", "200 mg", ["numbers"]),
        ("100 mg", "100 mcg", ["words"]),
        (">39", "<39", ["signs"]),
        ("is not allergic", "is allergic", ["polarity"]),
        ("a swollen left knee", "a swollen right knee", ["words"]),
        ("old man has", "old woman has", ["words"]),
        ("many white cells but no bacteria", "bacteria but no many white cells", ["order"]),
        ("has had a fever", "has had the fever", []),
    ],
)
def test_says_what_makes_two_questions_of_nearly_the_same_words(was: str, becomes: str, why: list[str]) -> None:
    assert was in STEM
    assert against(STEM.replace(was, becomes)) == why


def test_other_options_and_another_gold_make_two_questions() -> None:
    reworded = STEM.replace("has had a fever", "has had the fever")
    assert against(reworded, options=["green", "Yellow."], gold_json=mcq(0)) == []
    assert against(reworded, gold_json=mcq(0)) == ["gold"]
    assert against(reworded, options=["yellow", "green", "blue"]) == ["options"]


def test_the_evidence_names_the_words_that_only_one_holds() -> None:
    rows = [example("1", question=STEM), example("2", question=STEM.replace("knee", "elbow"), source="b")]
    (row,) = found(rows)
    assert row[Similar.words] == ["-elbow", "+knee"]
    (row,) = found(rows, words=False)
    assert row[Similar.words] == []


def test_questions_on_other_pictures_are_never_near_and_on_the_same_are() -> None:
    rows = [example("1", question=STEM, images=[digest_of("p")]), example("2", question=STEM + " Why?", images=[digest_of("q")])]
    assert found(rows) == []
    assert len(found(rows, pictured("p"), pictured("q", "p"))) == 1
    assert found([rows[0], rows[1] | {"images": []}]) == []


def test_equal_questions_are_left_to_find_duplicates() -> None:
    rows = [example(id, question=STEM, content="x") for id in "123"]
    assert found(rows) == []
    met = found([*rows, example("4", question=STEM + " Why?")])
    assert [(row[Similar.id], row[Similar.other]) for row in met] == [("4", "1")]


def test_nothing_below_the_threshold_and_the_same_whatever_the_shards() -> None:
    rows = [
        example(str(place), question=STEM.replace("knee", word)) for place, word in enumerate(("knee", "wrist", "hip and ankle", "toe"))
    ]
    one = found(rows, threshold=0.85)
    assert one
    assert all(row[Similar.similarity] >= 0.85 for row in one)
    other = found(rows[::-1], threshold=0.85, shards=[3, 2, 1, 0])
    assert other == one


def test_rows_without_words_and_short_questions_with_other_options_are_not_near() -> None:
    rows = [example("1", question="…", options=[]), example("2", question="?", options=[])]
    rows += [
        example(str(place), question="Which is true?", options=[f"bile is {word}", f"urea is {word}"])
        for place, word in enumerate(("red", "sour"), 3)
    ]
    assert found(rows) == []
