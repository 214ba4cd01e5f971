"""The local runner: the same results with any number of workers, through deaths of workers and of handles."""

import dataclasses
from pathlib import Path

import pytest

from pipeline.run_local import available_cpus
from pipeline.step import Fan, Read, Step
from pipeline.store import Store
from schemas.errors import TeacherError, UnitError
from tests.fixtures import toy_graph as toy
from tests.fixtures.toy_graph import Letters, Plain, done, echo_step, measure, open_broken, open_refused, run, toy_graph, words

A = "alpha beta gamma delta epsilon zeta eta theta"
B = "one two three four five six seven eight"


@pytest.fixture
def files(tmp_path: Path) -> dict[Path, str]:
    return words(tmp_path / "files", a=A, b=B)


@pytest.fixture(autouse=True)
def _nothing_open() -> None:
    toy.OPENED.clear()
    toy.CLOSED.clear()


def contents(root: Path) -> dict[str, bytes]:
    return {path.relative_to(root).as_posix(): path.read_bytes() for path in Store(root).entries()}


def test_the_same_bytes_whatever_the_number_of_workers(tmp_path: Path, files: dict[Path, str]) -> None:
    made: list[dict[str, bytes]] = []
    for workers in (0, 1, 2):
        execution = run(toy_graph(files, extra=(echo_step(),)), tmp_path / f"store{workers}", workers=workers)
        assert execution.errors == []
        made.append(contents(tmp_path / f"store{workers}"))
    assert made[0] == made[1] == made[2]


def test_a_unit_whose_worker_was_killed_is_done_by_another(tmp_path: Path, files: dict[Path, str]) -> None:
    marker = tmp_path / "killed"
    graph = toy_graph(files, measure=Plain(dies_on="gamma", marker=str(marker)))
    execution = run(graph, tmp_path / "store", workers=2)
    assert marker.exists()
    assert execution.errors == []
    assert execution.ran["total"].done == len(execution.groups)
    assert execution.ran["measure"].done == len(execution.prefixes)
    assert list(Store(tmp_path / "store").verify()) == []


def test_a_unit_that_kills_every_worker_fails_alone_with_its_name(tmp_path: Path, files: dict[Path, str]) -> None:
    aside = Step("aside", 1, Fan.MAP, measure, Plain(salt=3), (Read("examples", "gather", "examples"),), {"letters": Letters})
    graph = toy_graph(files, measure=Plain(dies_on="gamma"), extra=(aside,))
    execution = run(graph, tmp_path / "store", workers=2)
    assert [type(error) for error in execution.errors] == [UnitError]
    assert str(execution.errors[0]).startswith("measure ")
    assert "lost its worker" in str(execution.errors[0])
    assert "--workers" in str(execution.errors[0])
    assert execution.ran["measure"].failed == 1
    assert execution.ran["aside"].done == len(execution.prefixes) > 1
    assert execution.ran["total"].done == 0


def test_a_failing_unit_in_a_worker_gives_one_sentence(tmp_path: Path, files: dict[Path, str]) -> None:
    execution = run(toy_graph(files, measure=Plain(fails_on="gamma")), tmp_path / "store", workers=1)
    assert [type(error) for error in execution.errors] == [UnitError]
    assert "cannot measure gamma" in str(execution.errors[0])
    assert "\n" not in str(execution.errors[0])


def test_a_handle_is_opened_once_for_all_units_and_closed_once(tmp_path: Path, files: dict[Path, str]) -> None:
    execution = run(toy_graph(files, max_rows=2, extra=(echo_step(),)), tmp_path / "store")
    assert execution.errors == []
    assert execution.ran["echo"].done > 3
    assert toy.OPENED == ["store"]
    assert toy.CLOSED == ["store"]


def test_each_step_has_a_handle_of_its_own(tmp_path: Path, files: dict[Path, str]) -> None:
    two = (echo_step(), echo_step(name="echo[two]", recipe=Plain(salt=2)))
    assert run(toy_graph(files, extra=two), tmp_path / "store").errors == []
    assert toy.OPENED == toy.CLOSED == ["store", "store"]


def test_steps_that_say_so_share_a_handle(tmp_path: Path, files: dict[Path, str]) -> None:
    two = (echo_step(), echo_step(name="echo[two]", recipe=Plain(salt=2)))
    shared = tuple(dataclasses.replace(step, shares="echoes") for step in two)
    execution = run(toy_graph(files, extra=shared), tmp_path / "store")
    assert execution.errors == []
    assert execution.ran["echo"].done == execution.ran["echo[two]"].done > 0
    assert toy.OPENED == toy.CLOSED == ["store"]


def test_no_handle_is_opened_where_everything_is_stored(tmp_path: Path, files: dict[Path, str]) -> None:
    graph = toy_graph(files, extra=(echo_step(),))
    run(graph, tmp_path / "store")
    toy.OPENED.clear()
    assert done(run(graph, tmp_path / "store")) == {}
    assert toy.OPENED == []


def test_a_handle_that_cannot_be_opened_gives_its_error_and_is_tried_once(tmp_path: Path, files: dict[Path, str]) -> None:
    execution = run(toy_graph(files, extra=(echo_step(open_refused),)), tmp_path / "store")
    assert [type(error) for error in execution.errors] == [TeacherError]
    assert str(execution.errors[0]) == "The endpoint is dead. Start it and build again."
    assert execution.ran["echo"].done == 0
    assert execution.ran["total"].done > 0
    assert toy.OPENED == ["store"]
    assert toy.CLOSED == []


def test_a_fault_while_opening_names_the_step(tmp_path: Path, files: dict[Path, str]) -> None:
    execution = run(toy_graph(files, extra=(echo_step(open_broken),)), tmp_path / "store")
    assert [type(error) for error in execution.errors] == [UnitError]
    assert str(execution.errors[0]).startswith("echo cannot be opened: ZeroDivisionError")
    assert toy.OPENED == ["store"]


def test_a_handle_is_closed_though_a_unit_failed(tmp_path: Path, files: dict[Path, str]) -> None:
    step = dataclasses.replace(echo_step(), run=fails)
    execution = run(toy_graph(files, extra=(step,)), tmp_path / "store")
    assert [type(error) for error in execution.errors] == [UnitError] * len(execution.errors)
    assert execution.errors
    assert toy.CLOSED == ["store"]


def fails(letters: object, recipe: Plain, handle: object) -> dict[str, object]:
    raise ValueError("the answer is no table")


def test_an_engine_that_panics_ends_its_unit_and_not_the_build(tmp_path: Path, files: dict[Path, str]) -> None:
    step = dataclasses.replace(echo_step(), run=panics)
    execution = run(toy_graph(files, extra=(step,)), tmp_path / "store")
    assert execution.errors
    assert "Panic" in str(execution.errors[0])
    assert execution.ran["total"].done > 0


class Panic(BaseException):
    """What extensions written in Rust raise: no Exception."""


def panics(letters: object, recipe: Plain, handle: object) -> dict[str, object]:
    raise Panic("called unwrap on nothing")


def test_there_is_at_least_one_cpu() -> None:
    assert available_cpus() >= 1
