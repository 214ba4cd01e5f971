"""The answers to one question: what is right, and what the vote says."""

import pytest

from schemas.evaluation import Scored
from tests.fixtures.scored_rows import YES_NO, answered, question


@pytest.mark.parametrize(
    ("answers", "vote", "right"),
    [
        (("B",), 0, True),
        (("A", "B", "B"), 1, True),
        (("A", "A", "B"), 0, False),
        (("A", "B"), 0, False),
        (("B", "A"), 0, True),
        (("", "", "B"), 2, True),
        (("", ""), None, False),
    ],
)
def test_the_vote_is_the_answer_given_most_often_and_of_equals_the_first(answers: tuple[str, ...], vote: int | None, right: bool) -> None:
    (found,) = answered(question("1", *answers))
    assert (found.vote, found.voted_right) == (vote, right)


def test_answers_come_in_order_of_their_samples_whatever_the_rows_order() -> None:
    rows = question("1", "A", "B", "C")
    (found,) = answered(rows[::-1])
    assert found.said == ("A", "B", "C")
    assert (found.correct, found.rate) == (1, pytest.approx(1 / 3))


def test_a_class_is_the_text_of_an_option_so_that_shuffling_does_not_change_it() -> None:
    (plain,) = answered(question("1", "B"))
    (shuffled,) = answered(question("1", "A", gold="A", options=["green", "yellow", "red", "blue"]))
    assert plain.right == shuffled.right == "green"
    assert set(plain.predicted_among) == set(shuffled.predicted_among)


def test_words_are_classes_too() -> None:
    (found,) = answered(question("1", "no", gold="yes", **YES_NO))
    assert (found.right, found.predicted(0), found.predicted_among) == ("yes", "no", ("yes", "no"))


def test_two_rows_with_one_upstream_id_stay_two_questions() -> None:
    assert len(answered(question("7", "B"), question("7", "B", **{Scored.example: "another"}))) == 2
