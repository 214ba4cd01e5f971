"""What an engine is started with, and how samples become requests to it."""

from typing import Any

import pytest

from pipeline.models.engine_args import VARIABLE, Weights, engine_args, pixels_of, runs
from pipeline.models.generate import Message, Request, Sampling, Text
from schemas.errors import TeacherError


def request(text: str = "why?") -> Request:
    return Request("m", (Message("user", (Text(text),)),), Sampling(), 1024, (0,))


def test_consecutive_samples_of_one_question_are_one_run() -> None:
    first, second = request("a"), request("b")
    samples = [(first, 0), (first, 1), (first, 2), (second, 3), (second, 5), (second, 6)]
    assert [(asked is first, run) for asked, run in runs(samples)] == [(True, range(3)), (False, range(3, 4)), (False, range(5, 7))]


def test_every_sample_is_in_one_run() -> None:
    asked = request()
    indexes = [0, 1, 3, 4, 5, 9]
    assert [index for _, run in runs([(asked, index) for index in indexes]) for index in run] == indexes
    assert list(runs([])) == []


def test_equal_questions_of_two_callers_are_two_runs() -> None:
    assert len(list(runs([(request(), 0), (request(), 1)]))) == 2


def test_the_environment_decides_over_our_choices_and_changes_nothing_else() -> None:
    told = engine_args(Weights("m"), {VARIABLE: '{"max_model_len": 512, "max_num_seqs": 4}'}, gpu=True)
    assert (told["max_model_len"], told["max_num_seqs"], told["model"]) == (512, 4, "m")
    assert "dtype" not in told
    assert engine_args(Weights("m"), {}, gpu=False)["dtype"] == "float32"
    assert engine_args(Weights("m", gpus=4), {}, gpu=True)["tensor_parallel_size"] == 4


@pytest.mark.parametrize("told", ["{", "[]", "4"])
def test_a_variable_that_is_no_object_is_named(told: str) -> None:
    with pytest.raises(TeacherError, match=VARIABLE):
        engine_args(Weights("m"), {VARIABLE: told}, gpu=True)


def test_pixels_are_told_to_the_processor_and_take_part_in_the_key() -> None:
    assert pixels_of("65536..262144") == {"min_pixels": 65_536, "max_pixels": 262_144}
    assert pixels_of("") == {}
    keys: set[Any] = {Request("m", (), Sampling(pixels=pixels), 0, (0,)).key(0) for pixels in ("", "1..2", "1..3")}
    assert len(keys) == 3
