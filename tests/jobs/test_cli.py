"""The command line as a shell meets it: help, JSON, streams and exit codes."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.fixtures.fake_teacher import FakeTeacher
from tests.fixtures.local_build import ROOT, Project, Said, call, cli, environment, point_to, questions

COMMANDS = [
    ("plan",),
    ("build",),
    ("audit",),
    ("diff",),
    ("serve",),
    ("sources", "show"),
    ("sources", "check"),
    ("store", "verify"),
    ("store", "gc"),
]
HEAVY = ("ray", "pyarrow", "datasets", "openai", "PIL", "numpy", "numba")
IMPORTS = """
import sys
from jobs.__main__ import main
try:
    main({arguments})
except SystemExit:
    print(*sorted(set({heavy}) & set(sys.modules)), file=sys.stderr)
"""


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Project]:
    """A project that was built once."""
    project = Project(tmp_path_factory.mktemp("built"))
    project.write({"quiz": questions(4)})
    with pytest.MonkeyPatch.context() as monkeypatch, FakeTeacher() as server:
        point_to(monkeypatch, server.url)
        assert call(*project.arguments()).code == 0
        yield project


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_every_command_explains_itself_with_an_example(command: tuple[str, ...]) -> None:
    for flag in ("--help", "-h"):
        said = call(*command, flag)
        assert (said.code, said.err) == (0, "")
        assert "Example" in said.out
        assert f"medtrace {' '.join(command)}" in said.out


def test_the_overview_names_every_command() -> None:
    said = call("--help")
    assert said.code == 0
    assert all(f" {command[0]} " in said.out for command in COMMANDS)


@pytest.mark.parametrize("arguments", [["--help"], ["build", "--help"], ["bild"], ["build", "m.toml", "--workers", "many"]])
def test_help_and_misuse_load_nothing_heavy(arguments: list[str]) -> None:
    program = IMPORTS.format(arguments=arguments, heavy=HEAVY)
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, env=environment(), capture_output=True, text=True, check=True)
    assert done.stderr.splitlines()[-1] == ""


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["bild"], "No such command 'bild'"),
        (["build"], "Missing argument 'MANIFEST'"),
        (["build", "m.toml", "--wrokers", "2"], "--wrokers"),
        (["build", "m.toml", "--workers", "-1"], "--workers"),
        (["build", "m.toml", "--runner", "slurm"], "slurm"),
        (["serve", "--port", "65536"], "--port"),
        (["sources", "check", "medmcqa"], "--path"),
        (["sources", "check", "medmcqa", "--path", ".", "--limit", "0"], "--limit"),
        (["store", "gc"], "--keep"),
    ],
)
def test_misuse_exits_2_and_says_what_was_wrong(arguments: list[str], told: str) -> None:
    said = call(*arguments)
    assert (said.code, said.out) == (2, "")
    assert told in said.err


def test_a_step_that_is_not_there_is_misuse(built: Project) -> None:
    said = call(*built.arguments("--until", "chose"))
    assert said.code == 2
    assert "There is no step chose. The steps are ingest[quiz], partition" in said.error


def test_keeping_and_renewing_the_lock_exclude_each_other(built: Project) -> None:
    said = call(*built.arguments("--locked", "--relock"))
    assert said.code == 2
    assert "exclude each other" in said.error


@pytest.mark.parametrize("given", [[], ["--store", "store"], ["--store", "/shared/store"]])
def test_ray_wants_folders_that_every_node_finds(built: Project, given: list[str]) -> None:
    said = call("build", str(built.manifest), "--runner", "ray", *given)
    assert said.code == 2
    assert "absolute path" in said.error


@pytest.mark.parametrize(
    "arguments",
    [
        ["audit", "nowhere"],
        ["diff", "nowhere", "nowhere"],
        ["store", "verify", "--store", "nowhere"],
        ["sources", "check", "medmcqa", "--path", "nowhere"],
    ],
)
def test_what_is_not_there_fails_with_one_sentence(arguments: list[str]) -> None:
    said = call(*arguments)
    assert (said.code, said.out) == (1, "")
    assert "nowhere" in said.error


@pytest.mark.parametrize(
    "arguments",
    [
        ["plan", "{manifest}", "--store", "{store}"],
        ["build", "{manifest}", "--store", "{store}", "--out", "{out}", "--workers", "0"],
        ["audit", "{out}"],
        ["diff", "{out}", "{out}"],
        ["sources"],
        ["sources", "show", "medmcqa"],
        ["store", "verify", "--store", "{store}"],
        ["store", "gc", "--store", "{store}", "--keep", "{manifest}", "--dry-run"],
    ],
    ids=lambda arguments: " ".join(arguments[:2]).partition("{")[0],
)
def test_json_is_all_that_stands_on_stdout(built: Project, arguments: list[str]) -> None:
    named = {"manifest": built.manifest, "store": built.store, "out": built.out}
    asked = [argument.format_map(named) for argument in arguments]
    for said in (call(*asked, "--json"), call(*asked)):
        assert said.code == 0
        assert said.out.strip()
        assert all(": " in line for line in said.err.splitlines())
        assert "\x1b" not in said.out + said.err
    assert json.loads(call(*asked, "--json").out)


def test_a_failed_build_still_prints_its_json(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    project = Project(tmp_path)
    project.write({"quiz": [row | {"key": "Z"} for row in questions(2)]})
    with FakeTeacher() as server:
        point_to(monkeypatch, server.url)
        said = call(*project.arguments("--json"))
    assert said.code == 1
    assert said.told["errors"] == [said.error]
    assert {step["step"]: step["failed"] for step in said.told["steps"]}["partition"] == 1


def test_quiet_says_nothing_on_stderr(built: Project, tmp_path: Path) -> None:
    said = call(*built.arguments("--quiet", "--out", str(tmp_path / "again")))
    assert (said.code, said.err) == (0, "")


def test_a_real_process_keeps_its_streams_apart(tmp_path: Path) -> None:
    project = Project(tmp_path)
    project.write({"quiz": questions(4)})
    with FakeTeacher() as server:
        said: Said = cli(*project.arguments("--json", "--workers", "1"), url=server.url)
    assert said.code == 0
    assert said.told["counts"]["rl"] == 4
    assert "\x1b" not in said.err
    assert "ingest[quiz]: 1 of 1 units (0 were there)" in said.err.splitlines()


def test_a_reader_that_leaves_early_gets_no_traceback() -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", "jobs", "sources", "--json"],
        cwd=ROOT,
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    assert process.stderr is not None
    process.stdout.close()
    told = process.stderr.read()
    process.stderr.close()
    process.wait(60)
    assert "Traceback" not in told
    assert "Exception ignored" not in told


@pytest.mark.skipif(not hasattr(os, "openpty"), reason="this system has no pseudo-terminals")
def test_a_terminal_gets_bars_and_stdout_stays_json(tmp_path: Path) -> None:
    project = Project(tmp_path)
    project.write({"quiz": questions(4)})
    ours, theirs = os.openpty()
    with FakeTeacher() as server:
        process = subprocess.Popen(
            [sys.executable, "-m", "jobs", *project.arguments("--json")],
            cwd=ROOT,
            env=environment(server.url) | {"TERM": "xterm"},
            stdout=subprocess.PIPE,
            stderr=theirs,
        )
        os.close(theirs)
        shown = b"".join(_read(ours))
        out, _ = process.communicate(timeout=60)
    os.close(ours)
    assert process.returncode == 0
    assert json.loads(out)["name"] == "small"
    assert b"\x1b[" in shown
    assert b"ingest[quiz]" in shown


def _read(terminal: int) -> Iterator[bytes]:
    """What a terminal shows, until its last writer has gone."""
    while True:
        try:
            data = os.read(terminal, 65536)
        except OSError:
            return
        if not data:
            return
        yield data
