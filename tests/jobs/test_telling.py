"""How far teachers are, in words: by what was handed over, what waits, and what was answered when."""

import pytest

from jobs.telling import Far, Handed, Teachers, line
from pipeline.step import Answered


def test_what_waits_is_expected_to_ask_as_much_as_what_was_handed_over() -> None:
    teachers = Teachers()
    teachers._handed["sample[r1]"] = Handed(100, 300)
    told = {"sample[r1]": Answered(400, 0, 0)}
    assert teachers.far(told, 10.0)["r1"].expected == 1600
    far = teachers.far({"sample[r1]": Answered(400, 200, 50_000_000)}, 20.0)["r1"]
    assert (far.per_s, far.left_s, far.projected_nanousd) == (20.0, 70.0, 400_000_000)


def test_the_rate_is_that_of_the_last_minute() -> None:
    teachers = Teachers()
    for now_s, answered in ((0.0, 0), (30.0, 3000), (60.0, 3030), (90.0, 3060), (120.0, 3090)):
        far = teachers.far({"sample[r1]": Answered(9000, answered)}, now_s)["r1"]
    assert far.per_s == pytest.approx(1.0)


def test_nothing_is_said_of_a_teacher_whose_answers_are_all_in_the_ledger() -> None:
    assert Teachers().far({"sample[r1]": Answered()}, 1.0) == {}


def test_verdicts_of_all_rounds_count_for_the_one_model_that_is_asked_in_them() -> None:
    teachers = Teachers()
    teachers._right.update({"pupil.round1": 3, "pupil.round2": 2, "pupil2": 50})
    teachers._judged.update({"pupil.round1": 8, "pupil.round2": 4, "pupil2": 60})
    far = teachers.far({"sample[pupil]": Answered(12, 12)}, 1.0)["pupil"]
    assert (far.right, far.judged) == (5, 12)


@pytest.mark.parametrize(
    ("far", "words"),
    [
        (Far(Answered(400, 0), None, 0.0, None, 0, 0), "r1: 0 of 400 asked so far answers, 0.0/s"),
        (
            Far(Answered(8, 8, 5_000_000), 8, 2.0, 0.0, 3, 8),
            "r1: 8 of 8 answers, 3 of 8 judged are right, 2.0/s, $0.0050 paid of about $0.0050",
        ),
        (
            Far(Answered(400, 200, 2_000_000_000), 1600, 20.0, 4200.0, 70, 150),
            "r1: 200 of about 1,600 answers, 70 of 150 judged are right, 20.0/s, $2.00 paid of about $16.00, about 1 h 10 min left",
        ),
        (Far(Answered(400, 200, 0, 200), 400, 20.0, 10.0, 0, 0), "r1: 200 of 400 answers, 20.0/s, price unknown, about 10 s left"),
    ],
)
def test_a_line_says_what_is_known(far: Far, words: str) -> None:
    assert line("r1", far) == words
