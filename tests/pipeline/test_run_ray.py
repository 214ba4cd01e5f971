"""The Ray runner on a real cluster: the local runner's bytes, through deaths of workers, and one sentence for each error."""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from pipeline.store import Store
from tests.fixtures.fake_teacher import FakeTeacher
from tests.fixtures.local_build import BOUND_S, ROOT, end_session, until
from tests.fixtures.ray_nodes import STALLED, STALLED_ELSEWHERE, Cluster, begin, cluster, drive, end
from tests.fixtures.toy_graph import echo_step, run, toy_graph, words

pytestmark = [pytest.mark.ray, pytest.mark.skipif(sys.platform != "linux", reason="finds Ray's processes in /proc")]

A = "alpha beta gamma delta epsilon zeta eta theta"
B = "one two three four five six seven eight"


@pytest.fixture(scope="module")
def marker(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What appears when a unit stalls on the node that is to be lost."""
    return tmp_path_factory.mktemp("lost") / "stalled"


@pytest.fixture(scope="module")
def nodes(marker: Path) -> Iterator[Cluster]:
    with cluster(2, **{STALLED_ELSEWHERE: str(marker)}) as started:
        yield started


@pytest.fixture
def files(tmp_path: Path) -> dict[Path, str]:
    return words(tmp_path / "files", a=A, b=B)


@pytest.fixture
def local(tmp_path: Path, files: dict[Path, str]) -> dict[str, bytes]:
    """What the local runner stores."""
    assert run(toy_graph(files, extra=(echo_step(),)), tmp_path / "local").errors == []
    return contents(tmp_path / "local")


def contents(root: Path) -> dict[str, bytes]:
    return {path.relative_to(root).as_posix(): path.read_bytes() for path in Store(root).entries()}


@pytest.mark.parametrize("workers", [1, None])
def test_the_same_bytes_as_the_local_runner(
    nodes: Cluster, tmp_path: Path, files: dict[Path, str], local: dict[str, bytes], workers: int | None
) -> None:
    ran = drive(nodes, tmp_path / "store", files, workers=workers)
    assert ran.errors == []
    assert contents(tmp_path / "store") == local
    assert ran.stderr == ""


def test_four_actors_at_one_endpoint_keep_its_limit_together(nodes: Cluster, tmp_path: Path) -> None:
    rpm, actors, requests = 1200, 4, 30
    with FakeTeacher() as server:
        command = [sys.executable, "-W", "error", "-m", "tests.fixtures.limited_nodes", str(tmp_path / "store"), "--url", server.url]
        command += ["--rpm", str(rpm), "--actors", str(actors), "--requests", str(requests)]
        ran = subprocess.run(command, cwd=ROOT, env=nodes.driver(), check=True, capture_output=True, text=True, timeout=BOUND_S)
        told = json.loads(ran.stdout)
        assert told["errors"] == []
        assert [told["done"][f"ask{number}"] for number in range(actors)] == [1] * actors
        assert server.asked == actors * requests
        took_s = max(server.times_s) - min(server.times_s)
    assert server.asked <= rpm * took_s / 60 + rpm * 0.01 + actors


def test_a_unit_whose_worker_was_killed_is_done_by_another(
    nodes: Cluster, tmp_path: Path, files: dict[Path, str], local: dict[str, bytes]
) -> None:
    marker = tmp_path / "killed"
    ran = drive(nodes, tmp_path / "store", files, measure={"dies_on": "gamma", "marker": str(marker)})
    assert marker.exists()
    assert ran.errors == []
    stored = contents(tmp_path / "store")
    assert [data for name, data in stored.items() if name.startswith("total")] == [
        data for name, data in local.items() if name.startswith("total")
    ]
    assert ran.done["measure"] == ran.done["gather"]


def test_a_unit_that_kills_every_worker_fails_with_its_name(nodes: Cluster, tmp_path: Path, files: dict[Path, str]) -> None:
    ran = drive(nodes, tmp_path / "store", files, measure={"dies_on": "gamma"})
    ((kind, said),) = ran.errors
    assert kind == "UnitError"
    assert said.startswith("measure ")
    assert "lost its worker" in said
    assert "\n" not in said


def test_a_failing_unit_gives_one_sentence_once(nodes: Cluster, tmp_path: Path, files: dict[Path, str]) -> None:
    ran = drive(nodes, tmp_path / "store", files, measure={"fails_on": "gamma"})
    ((kind, said),) = ran.errors
    assert kind == "UnitError"
    assert said.startswith("measure ")
    assert "cannot measure gamma" in said
    assert "\n" not in said
    assert ran.stderr == ""


@pytest.mark.parametrize(
    ("opened", "expected"),
    [
        ("open_refused", ("TeacherError", "The endpoint is dead. Start it and build again.")),
        ("open_broken", ("UnitError", "echo cannot be opened: ZeroDivisionError: division by zero. What was finished is kept.")),
    ],
)
def test_a_handle_that_cannot_be_opened_gives_its_error_once(
    nodes: Cluster, tmp_path: Path, files: dict[Path, str], opened: str, expected: tuple[str, str]
) -> None:
    ran = drive(nodes, tmp_path / "store", files, opened=opened)
    assert ran.errors == [expected]
    assert ran.done["total"] > 0
    assert "echo" not in ran.done


def test_an_engine_that_panics_ends_its_unit_and_not_the_build(nodes: Cluster, tmp_path: Path, files: dict[Path, str]) -> None:
    ran = drive(nodes, tmp_path / "store", files, runs={"echo": "panics"})
    assert ran.errors
    assert all(said.endswith("called unwrap on nothing. What was finished is kept; build again.") for _, said in ran.errors)
    assert ran.done["total"] > 0


def test_the_units_of_a_lost_node_are_done_by_another(
    nodes: Cluster, marker: Path, tmp_path: Path, files: dict[Path, str], local: dict[str, bytes]
) -> None:
    lost = nodes.start(2, **{STALLED: str(marker)})
    process = begin(nodes, tmp_path / "store", files, workers=4, runs={"measure": "stalls"})
    try:
        until(marker.exists, "a unit on the second node", process)
    except BaseException:
        end_session(process)
        raise
    finally:
        nodes.lose(lost)
    ran = end(process)
    assert ran.errors == []
    assert contents(tmp_path / "store") == local
