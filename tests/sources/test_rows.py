"""Golds as they come: letters, numbers from 0 or 1, texts, words, lists."""

from typing import Any

import pytest

from schemas.example import AnswerType
from sources import rows
from sources.rows import Fault


@pytest.mark.parametrize("value", ["B", "b", " B ", "(b)", "B.", "b)", "[B]", ["B"], ("b",)])
def test_a_letter_names_an_option(value: Any) -> None:
    assert rows.gold_by_letter(value, 4) == (AnswerType.MCQ, {"index": 1})


def test_several_letters_are_a_multiple_answer() -> None:
    assert rows.gold_by_letter(["d", "a"], 5) == (AnswerType.MULTI, {"indexes": [0, 3]})


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        (None, "no gold"),
        ("", "no gold"),
        ([], "no gold"),
        ("E", "gold out of range"),
        ("AB", "gold not a letter"),
        ("1", "gold not a letter"),
    ],
)
def test_a_letter_that_names_nothing_is_a_fault(value: Any, reason: str) -> None:
    with pytest.raises(Fault) as raised:
        rows.gold_by_letter(value, 4)
    assert raised.value.reason == reason


@pytest.mark.parametrize("value", [2, "2", 2.0, "2.0", " 2 "])
def test_an_index_counts_from_its_base(value: Any) -> None:
    assert rows.gold_by_index(value, 1, 4)[1] == {"index": 1}
    assert rows.gold_by_index(value, 0, 4)[1] == {"index": 2}


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        (None, "no gold"),
        (float("nan"), "no gold"),
        (0, "gold out of range"),
        (5, "gold out of range"),
        (1.5, "gold not an index"),
        (True, "gold not an index"),
        ("one", "gold not an index"),
        ("1_0", "gold not an index"),
    ],
)
def test_an_index_that_names_nothing_is_a_fault(value: Any, reason: str) -> None:
    with pytest.raises(Fault) as raised:
        rows.gold_by_index(value, 1, 4)
    assert raised.value.reason == reason


def test_several_texts_are_a_multiple_answer() -> None:
    assert rows.gold_by_text(["stroke", "Shock"], ("Shock", "Sepsis", "Stroke")) == (AnswerType.MULTI, {"indexes": [0, 2]})


def test_a_text_must_equal_exactly_one_option() -> None:
    assert rows.gold_by_text(" SEPSIS ", ("Shock", "Sepsis")) == (AnswerType.MCQ, {"index": 1})
    for options in (("Shock", "Stroke"), ("Sepsis", "sepsis")):
        with pytest.raises(Fault, match="gold not among options"):
            rows.gold_by_text("sepsis", options)


@pytest.mark.parametrize(("value", "word"), [("Yes", "yes"), ("NO ", "no"), (True, "yes"), (False, "no"), ("y", "yes"), (0, "no")])
def test_yes_and_no_are_read_in_any_case(value: Any, word: str) -> None:
    assert rows.gold_yesno(value) == (AnswerType.YESNO, {"value": word})


@pytest.mark.parametrize("value", ["maybe", "yes, probably", "2"])
def test_other_words_are_no_yes_or_no(value: str) -> None:
    with pytest.raises(Fault, match="gold not yes or no"):
        rows.gold_yesno(value)


@pytest.mark.parametrize("value", ["0.50", 3, 2.5, "-1e3", ".5"])
def test_a_number_is_kept_as_written(value: Any) -> None:
    assert rows.gold_number(value) == (
        AnswerType.NUMERIC,
        {"value": str(value), "low": str(value), "high": str(value), "unit": ""},
    )


@pytest.mark.parametrize("value", ["08/09/2004", "inf", "1,000", "3 mg", True, "1_000"])
def test_what_is_no_number_is_a_fault(value: Any) -> None:
    with pytest.raises(Fault, match="gold not a number"):
        rows.gold_number(value)


@pytest.mark.parametrize(
    "value",
    [
        ["x", "y"],
        {"B": "y", "A": "x"},
        {"a": "x", "b": "y", "c": None},
        [{"letter": "A", "content": "x"}, {"letter": "B", "content": "y"}],
        '["x", "y"]',
        '{"A": "x", "B": "y"}',
    ],
)
def test_options_in_one_cell_have_many_shapes(value: Any) -> None:
    assert rows.options_in(value) == ("x", "y")


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        (["x"], "too few options"),
        (["x", " "], "empty option"),
        ("x or y", "options unreadable"),
        ("[x", "options unreadable"),
        (None, "options unreadable"),
        ([{"z": 1}, {"z": 2}], "options unreadable"),
        ([["x"], ["y"]], "not text"),
        ({"A": "x", "B": None, "C": "y"}, "options unreadable"),
        ({"B": "x", "C": "y"}, "options unreadable"),
        ([{"letter": "B", "content": "x"}, {"letter": "A", "content": "y"}], "options unreadable"),
        ([{"key": "A", "value": "x"}, {"key": "C", "value": "y"}], "options unreadable"),
    ],
)
def test_options_that_cannot_be_read_are_a_fault(value: Any, reason: str) -> None:
    with pytest.raises(Fault) as raised:
        rows.options_in(value)
    assert raised.value.reason == reason


def test_columns_that_a_question_leaves_empty_at_the_end_are_no_options() -> None:
    assert rows.options_across(["x", "y", None, ""]) == ("x", "y")
    with pytest.raises(Fault, match="empty option"):
        rows.options_across(["x", None, "y"])


def test_half_a_surrogate_pair_is_broken_text() -> None:
    with pytest.raises(Fault, match="broken text"):
        rows.text("a\ud800")
    assert rows.text("a\U0001f600 ") == "a\U0001f600"


@pytest.mark.parametrize(
    ("said", "option", "begins"),
    [
        ("Fascia. Explanation: …", "fascia", True),
        ("Fascia, which …", "Fascia.", True),
        ("1", "1", True),
        ("10 mg", "1", False),
        ("1.5 mg", "1", False),
        ("Normal saline", "no", False),
    ],
)
def test_an_answer_begins_with_whole_words_of_an_option(said: str, option: str, begins: bool) -> None:
    assert rows.begins_with(said, option) is begins
