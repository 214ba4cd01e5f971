"""Find duplicates: same pictures and same question, told apart by whether they agree on the gold."""

import json
from typing import Any

import pyarrow as pa
import pytest

from pipeline.stages.find_duplicates import DuplicatesRecipe, find_duplicates
from schemas.graph import SHARD, Duplicate
from tests.fixtures.stage_rows import digest_of, example, examples, mcq, pictured, pictures, sharded


def found(rows: list[dict[str, Any]], *shown: dict[str, Any], shards: list[int] | None = None) -> pa.Table:
    return find_duplicates(sharded(examples(rows), shards), pictures(*shown), DuplicatesRecipe())["duplicates"]


def kinds(table: pa.Table) -> dict[str, str]:
    return {row[Duplicate.id]: row[Duplicate.kind] for row in table.to_pylist()}


def test_examples_of_equal_content_are_duplicates_across_sources() -> None:
    rows = [example("1", content="x"), example("2", content="x", source="b"), example("3", content="y")]
    table = found(rows)
    assert kinds(table) == {"1": "question", "2": "question"}
    assert len(set(table[Duplicate.group].to_pylist())) == 1


def test_another_gold_makes_a_contradiction_of_the_whole_group() -> None:
    rows = [example("1", content="x"), example("2", content="x"), example("3", content="x", gold_json=mcq(0))]
    assert kinds(found(rows)) == dict.fromkeys("123", "contradiction")


@pytest.mark.parametrize(
    "options",
    [["green", "yellow"], ["Green", "yellow"], [" green ", "yellow"], ["ｇｒｅｅｎ", "yellow"]],
)
def test_the_gold_is_the_text_of_the_option_as_it_is_compared(options: list[str]) -> None:
    rows = [
        example("1", content="x", options=["yellow", "green"], gold_json=mcq(1)),
        example("2", content="x", options=options, gold_json=mcq(0)),
    ]
    assert kinds(found(rows)) == {"1": "question", "2": "question"}


def test_blanks_inside_an_option_do_not_make_a_contradiction() -> None:
    rows = [
        example(id, content="x", options=["vitamin" + gap + "A", "zinc"], gold_json=mcq(0))
        for id, gap in (("1", " "), ("2", "  "), ("3", "\u00a0"))
    ]
    assert set(kinds(found(rows)).values()) == {"question"}


def test_several_right_options_are_compared_as_a_set() -> None:
    told = {"content": "x", "answer_type": "multi"}
    one = example("1", options=["a", "b", "c"], gold_json='{"indexes":[0,2]}', **told)
    two = example("2", options=["c", "b", "a"], gold_json='{"indexes":[0,2]}', **told)
    three = example("3", options=["c", "b", "a"], gold_json='{"indexes":[0,1]}', **told)
    assert set(kinds(found([one, two])).values()) == {"question"}
    assert set(kinds(found([one, three])).values()) == {"contradiction"}


def test_golds_that_differ_in_a_number_contradict_and_in_punctuation_do_not() -> None:
    def kind(*values: str) -> set[str]:
        told = {"content": "x", "options": [], "answer_type": "open"}
        return set(kinds(found([example(value, gold_json=json.dumps({"values": [value]}), **told) for value in values])).values())

    assert kind("5 mg", "50 mg") == kind("<5", ">5") == {"contradiction"}
    assert kind("Crohn's disease", "Crohn’s disease.") == {"question"}


def test_free_golds_are_compared_without_case() -> None:
    rows = [
        example(id, content="x", options=[], answer_type="open", gold_json=json.dumps({"values": [value]}))
        for id, value in (("1", "Liver"), ("2", "liver"))
    ]
    assert set(kinds(found(rows)).values()) == {"question"}


@pytest.mark.parametrize(("word", "kind"), [("No", "question"), ("yes", "contradiction"), ("no evidence", "contradiction")])
def test_yes_and_no_are_known_again_as_words(word: str, kind: str) -> None:
    told = {"content": "x", "options": []}
    sure = example("1", answer_type="yesno", gold_json=json.dumps({"value": "no"}), **told)
    free = example("2", answer_type="open", gold_json=json.dumps({"values": [word]}), **told)
    assert set(kinds(found([sure, free])).values()) == {kind}


def test_the_same_question_of_other_pictures_is_none() -> None:
    rows = [
        example("1", content="x", images=[digest_of("p")]),
        example("2", content="x", images=[digest_of("q")]),
        example("3", content="x"),
    ]
    assert found(rows, pictured("p"), pictured("q")).num_rows == 0


def test_images_of_one_picture_are_the_same() -> None:
    rows = [example("1", content="x", images=[digest_of("p")]), example("2", content="x", images=[digest_of("q")])]
    assert set(kinds(found(rows, pictured("p"), pictured("q", "p")))) == {"1", "2"}


def test_pictures_in_another_order_are_another_question() -> None:
    rows = [
        example("1", content="x", images=[digest_of("p"), digest_of("q")]),
        example("2", content="x", images=[digest_of("q"), digest_of("p")]),
    ]
    assert found(rows, pictured("p"), pictured("q")).num_rows == 0


def test_another_question_about_one_picture_stays() -> None:
    rows = [example("1", content="x", images=[digest_of("p")]), example("2", content="y", images=[digest_of("q")])]
    assert found(rows, pictured("p"), pictured("q", "p")).num_rows == 0


def test_another_gold_about_one_picture_is_a_contradiction() -> None:
    one = example("1", content="x", images=[digest_of("p")])
    two = example("2", content="x", images=[digest_of("q")], gold_json=mcq(0))
    assert set(kinds(found([one, two], pictured("p"), pictured("q", "p"))).values()) == {"contradiction"}


def test_rows_are_by_shard_whatever_the_order() -> None:
    rows = [example("2", content="x"), example("1", content="y"), example("4", content="y"), example("3", content="x")]
    table = found(rows, shards=[0, 0, 1, 1])
    assert list(zip(table[SHARD].to_pylist(), table[Duplicate.id].to_pylist(), strict=True)) == [(0, "1"), (0, "2"), (1, "3"), (1, "4")]
    backwards = found(rows[::-1], shards=[1, 1, 0, 0])
    assert backwards.equals(table)


def test_none_gives_an_empty_table() -> None:
    assert found([example("1")]).num_rows == 0
