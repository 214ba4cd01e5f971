"""Wordings: what counts as the same question across sources, and which signs keep two apart."""

import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.normalise import content_hash, content_hashes, wording, wordings

ANY_TEXTS = st.lists(st.text(string.ascii_letters + " \t.,-'\"`5_é²“—ﬁ\0\x1c\x7f", max_size=12), max_size=6)
TEXTS = st.text(string.ascii_letters + string.digits + " .,;:?!'-<>+=%()/_", max_size=40)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Which drug is given?", "Which drug is given:"),
        ("Which drug  is given", " which Drug is\u00a0given."),
        ("Crohn's disease, treated", "Crohn’s disease treated"),
        ("beta-blocker", "Beta‑blocker"),
        ("T-cell", "T cell"),
        ("The enzyme is ____", "The enzyme is _______."),
        ("pH is “low”; why?", 'pH is "low": why'),
        ("age 20–30", "age 20-30"),
        ("temperature −5", "temperature -5"),
    ],
)
def test_punctuation_alone_makes_no_other_wording(one: str, other: str) -> None:
    assert wording(one) == wording(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("pH <5", "pH >5"),
        ("≤ 5 mg", "≥ 5 mg"),
        ("5 mg", ".5 mg"),
        ("0.5 mg", "05 mg"),
        ("10²", "102"),
        ("1:2", "12"),
        ("1,5", "15"),
        ("Na+", "Na"),
        ("Rh-", "Rh+"),
        ("-5 mmol", "5 mmol"),
        ("5!", "5"),
        ("50%", "50"),
        ("a/b", "ab"),
        ("2(3+4)", "2 3+4"),
        ("not given", "given"),
    ],
)
def test_signs_and_numbers_keep_two_wordings_apart(one: str, other: str) -> None:
    assert wording(one) != wording(other)


@pytest.mark.parametrize("text", ["?", "...", "-", "''"])
def test_a_text_of_signs_alone_is_not_empty(text: str) -> None:
    assert wording(text) == text


@given(ANY_TEXTS)
def test_many_texts_have_the_wordings_that_each_has_alone(texts: list[str]) -> None:
    assert wordings(texts) == [wording(text) for text in texts]


@given(st.lists(st.tuples(st.text(max_size=9), st.text(max_size=9), ANY_TEXTS), max_size=5))
def test_many_questions_have_the_contents_that_each_has_alone(asked: list[tuple[str, str, list[str]]]) -> None:
    alone = [content_hash(question, context, options) for question, context, options in asked]
    assert content_hashes([(question, context, *options) for question, context, options in asked]) == alone


@given(TEXTS, TEXTS, st.lists(TEXTS, max_size=5), st.data())
def test_case_and_the_order_of_options_never_change_the_content(
    question: str, context: str, options: list[str], data: st.DataObject
) -> None:
    shuffled = [option.lower() for option in data.draw(st.permutations(options))]
    assert content_hash(question, context, options) == content_hash(question.upper(), context.swapcase(), shuffled)


@given(TEXTS, TEXTS, st.integers(0, 10**6), st.integers(0, 10**6))
def test_another_number_always_changes_the_content(before: str, after: str, one: int, other: int) -> None:
    contents = {content_hash(f"{before}{number}{after}", "", ("yes", "no")) for number in (one, other)}
    assert len(contents) == len({one, other})
    contents = {content_hash("Which?", "", (f"{before}{number}{after}", "no")) for number in (one, other)}
    assert len(contents) == len({one, other})
