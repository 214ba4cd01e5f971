"""Failing units: they stop their step and what depends on it, and nothing else."""

import dataclasses
from pathlib import Path

import pytest

from pipeline.graph import Graph
from pipeline.step import Fan, Read, Step
from schemas.errors import UnitError
from tests.fixtures.toy_graph import Letters, Plain, Total, done, echo_step, measure, run, total, toy_graph, words

A = "alpha beta gamma delta epsilon zeta eta theta iota kappa lambda mu"
B = "one two three four five six seven eight nine ten eleven twelve"


@pytest.fixture
def files(tmp_path: Path) -> dict[Path, str]:
    return words(tmp_path / "files", a=A, b=B)


def test_a_failing_unit_stops_its_step_and_what_depends_on_it_and_nothing_else(tmp_path: Path, files: dict[Path, str]) -> None:
    aside = Step("aside", 1, Fan.MAP, measure, Plain(salt=3), (Read("examples", "gather", "examples"),), {"letters": Letters})
    behind = Step("behind", 1, Fan.GROUP, total, Plain(), (Read("letters", "aside", "letters"),), {"total": Total}, group_bytes=300)
    graph = toy_graph(files, extra=(aside, behind), measure=Plain(fails_on="kappa"))
    execution = run(graph, tmp_path / "store")
    assert [type(error) for error in execution.errors] == [UnitError]
    assert str(execution.errors[0]).startswith("measure ")
    assert "cannot measure kappa" in str(execution.errors[0])
    shards = len(execution.prefixes)
    assert execution.ran["measure"].failed == 1
    assert execution.ran["count"].units == execution.ran["count"].done == 0
    assert execution.ran["join"].done == execution.ran["total"].done == 0
    assert execution.ran["aside"].done == shards
    assert execution.ran["behind"].done == execution.ran["behind"].units > 0


def test_a_step_hands_over_no_more_units_once_one_failed(tmp_path: Path, files: dict[Path, str]) -> None:
    graph = toy_graph(files, max_rows=2)
    steps = tuple(dataclasses.replace(step, run=fails_always) if step.name == "measure" else step for step in graph.steps)
    execution = run(Graph(steps, graph.part_digests), tmp_path / "store")
    assert execution.ran["measure"].failed == 1
    assert execution.ran["measure"].left == len(execution.prefixes) - 1 > 3


def fails_always(examples: object, recipe: Plain) -> dict[str, object]:
    raise ValueError("always")


def test_an_error_that_many_units_meet_comes_back_once(tmp_path: Path, files: dict[Path, str]) -> None:
    graph = toy_graph(files, extra=(dataclasses.replace(echo_step(), run=refuses_always),))
    execution = run(graph, tmp_path / "store")
    assert [str(error) for error in execution.errors] == ["The disk is gone. Mount it and build again."]
    assert execution.ran["echo"].done == 0


def refuses_always(letters: object, recipe: Plain, handle: object) -> dict[str, object]:
    raise UnitError("The disk is gone. Mount it and build again.")


def test_what_failed_is_done_when_it_no_longer_fails(tmp_path: Path, files: dict[Path, str]) -> None:
    def graph(run_: object) -> Graph:
        made = toy_graph(files)
        return Graph(tuple(dataclasses.replace(step, run=run_) if step.name == "join" else step for step in made.steps), made.part_digests)

    broken = run(graph(fails_join), tmp_path / "store")
    assert broken.errors
    assert "total" not in done(broken)
    mended = run(toy_graph(files), tmp_path / "store")
    assert mended.errors == []
    assert set(done(mended)) == {"join", "total"}


def fails_join(letters: object, counts: object, recipe: Plain) -> dict[str, object]:
    raise ValueError("no join")
