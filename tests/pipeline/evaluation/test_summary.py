"""A benchmark's numbers, on sets small enough to count by hand."""

import pytest

from pipeline.evaluation.summary import summarise
from schemas.evaluation import Scored
from tests.fixtures.scored_rows import YES_NO, answered, measured, question, scored


def test_accuracy_is_the_mean_over_questions_whatever_their_number_of_samples() -> None:
    (found,) = summarise(answered(question("1", "B", "B", "A", "A"), question("2", "B", "B")))
    assert found.all.accuracy.share == pytest.approx(0.75)
    assert found.all.questions == 2
    assert found.all.chance == 0.25


def test_unread_refused_and_truncated_are_shares_of_the_answers() -> None:
    verdicts = ["no_answer", "ambiguous", "conflict", "malformed", "refused", "truncated", "incorrect", "correct"]
    rows = [[scored(str(place), said="A", right=False, verdict=verdict)] for place, verdict in enumerate(verdicts)]
    (found,) = summarise(answered(*rows))
    assert (found.all.unparsed, found.all.refused, found.all.truncated) == (0.5, 0.125, 0.125)


def test_one_sample_has_neither_vote_nor_pass_at_k() -> None:
    (found,) = summarise(answered(question("1", "B")))
    assert found.all.vote is None
    assert found.all.pass_at == {}


def test_vote_and_pass_at_k_of_several_samples() -> None:
    (found,) = summarise(answered(question("1", "B", "B", "A"), question("2", "A", "C", "A")))
    assert found.all.vote is not None
    assert found.all.vote.share == 0.5
    assert found.all.pass_at == {1: pytest.approx(1 / 3), 2: pytest.approx(0.5)}


def test_closed_and_open_questions_are_told_apart() -> None:
    open_question = question("2", "lung", gold="liver", answer_type="open", options=[], chance=0.0, **measured(f1=0.5))
    (found,) = summarise(answered(question("1", "yes", gold="yes", **YES_NO), open_question))
    assert list(found.parts) == ["all", "closed", "open"]
    assert (found.parts["closed"].accuracy.share, found.parts["open"].accuracy.share) == (1.0, 0.0)
    assert found.parts["open"].measures == {"f1": 0.5}
    assert found.parts["closed"].measures == {}


def test_macro_f1_and_balanced_accuracy_weigh_classes_alike() -> None:
    rows = [question(str(place), "no", gold="no", **YES_NO) for place in range(9)]
    (found,) = summarise(answered(*rows, question("9", "no", gold="yes", **YES_NO)))
    assert found.all.accuracy.share == pytest.approx(0.9)
    assert found.all.balanced_accuracy == pytest.approx(0.5)
    assert found.all.macro_f1 == pytest.approx((2 * 9 / 19) / 2)


def test_an_answer_that_was_not_read_is_a_miss_of_its_class() -> None:
    (found,) = summarise(answered(question("1", "yes", gold="yes", **YES_NO), question("2", "", gold="yes", **YES_NO)))
    assert found.all.balanced_accuracy == pytest.approx(0.5)
    assert found.all.macro_f1 == pytest.approx(2 / 3)


def test_questions_with_other_options_share_no_classes() -> None:
    (found,) = summarise(answered(question("1", "B"), question("2", "B", options=["one", "two"])))
    assert found.all.macro_f1 is None
    assert found.all.balanced_accuracy is None


def test_label_sets_have_macro_and_micro_f1_over_the_labels_that_golds_name() -> None:
    told = {"answer_type": "label_set", "options": [], "chance": 0.0}
    first = question("1", "a, b", gold="a", **told, **measured(f1=2 / 3, found=["a"], wrong=["b"], missed=[]))
    second = question("2", "a", gold="c", **told, **measured(f1=0.0, found=[], wrong=["a"], missed=["c"]))
    (found,) = summarise(answered(first, second))
    assert found.all.measures["label_macro_f1"] == pytest.approx((2 / 3 + 0) / 2)
    assert found.all.measures["label_micro_f1"] == pytest.approx(2 / 5)
    assert "found" not in found.all.measures


def test_subjects_are_told_where_there_are_several_of_some_size() -> None:
    rows = [question(str(place), "B" if place < 10 else "A", subject="heart" if place < 10 else "skin") for place in range(20)]
    (found,) = summarise(answered(*rows))
    assert {name: part.accuracy.share for name, part in found.subjects.items()} == {"heart": 1.0, "skin": 0.0}
    (alone,) = summarise(answered(*rows[:10]))
    assert alone.subjects == {}


def test_each_benchmark_has_its_own_numbers() -> None:
    found = summarise(answered(question("1", "B", benchmark="b"), question("1", "A", benchmark="a")))
    assert [(one.benchmark, one.all.accuracy.share) for one in found] == [("a", 0.0), ("b", 1.0)]


def test_tokens_and_money_add_up() -> None:
    (found,) = summarise(answered(question("1", "B", "B", **{Scored.cost_nanousd: 7})))
    assert (found.all.tokens, found.all.cost_nanousd) == (30, 14)
