"""What a person may get wrong: one sentence, the documented exit code, nothing lost, the rest of the build kept."""

import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.fixtures.fake_teacher import FakeTeacher
from tests.fixtures.local_build import Project, Said, call, contents, give_up_soon, png, point_to, questions, ran


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return Project(tmp_path)


@pytest.fixture
def teacher(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeTeacher]:
    give_up_soon(monkeypatch)
    with FakeTeacher() as server:
        point_to(monkeypatch, server.url)
        yield server


def build(project: Project, *more: str) -> Said:
    return call(*project.arguments("--json", *more))


def dropped(project: Project) -> dict[str, int]:
    """Rows that did not come through, by reason, as the lock counts them and the card tells."""
    lock = json.loads((project.out / "lock.json").read_text())
    return {reason: count for _, _, reason, count in lock["tallies"]}


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("name = ", "is not TOML"),
        ('name = "x"\nsources = 3\n[[source]]\nname = "medmcqa"\n', "unknown key sources"),
        ('name = "x"\n[[source]]\nname = "medmcqa"\nmax_rows = "many"\n', "source.0.max_rows"),
        ('name = "x"\n[[source]]\nname = "medmcqq"\n', "medmcqq"),
        ('name = "x"\n[[source]]\nname = "medmcqa"\n[[source]]\nname = "medmcqa"\n', "two sources are called medmcqa"),
        ('name = "x"\n', "source is missing"),
        ('name = "x"\n[[source]]\nname = "mmlu_med"\n', "[[benchmark]]"),
        ('name = "x"\n[[source]]\nname = "medmcqa"\n[[teacher]]\nname = "t"\nmodel = "m"\nprompt = "nosuch"\n', "nosuch"),
    ],
)
@pytest.mark.parametrize("command", ["plan", "build"])
def test_a_manifest_that_cannot_be_meant_is_misuse(project: Project, command: str, text: str, told: str) -> None:
    project.manifest.write_text(text)
    said = call(command, str(project.manifest), "--store", str(project.store))
    assert said.code == 2
    assert told in said.error


def test_a_manifest_that_is_not_there_is_misuse(project: Project) -> None:
    said = build(project)
    assert said.code == 2
    assert f"{project.manifest} cannot be read: No such file" in said.error


def test_a_missing_column_is_named_beside_those_there(project: Project, teacher: FakeTeacher) -> None:
    project.write({"quiz": [{"question": "why?", "key": "A"}]})
    said = build(project)
    assert said.code == 1
    assert "quiz.jsonl has no column q, a, b, c, d; its columns are question, key" in said.error
    assert teacher.asked == 0


def test_files_that_are_not_there_are_named(project: Project, teacher: FakeTeacher) -> None:
    project.write({"quiz": questions(1)})
    (project.folder / "quiz.jsonl").unlink()
    said = build(project)
    assert said.code == 1
    assert "quiz.jsonl" in said.error


def test_a_row_without_gold_is_counted_and_the_rest_is_published(project: Project, teacher: FakeTeacher) -> None:
    rows = questions(4)
    rows[1]["key"] = ""
    rows[2] |= {"q": " "}
    project.write({"quiz": rows})
    said = build(project)
    assert said.code == 0
    assert said.told["counts"]["rl"] == 2
    assert dropped(project)["no gold"] == 1
    assert "no gold" in (project.out / "README.md").read_text()


def test_a_line_that_is_no_json_costs_only_itself(project: Project, teacher: FakeTeacher) -> None:
    project.write({"quiz": questions(3)})
    with (project.folder / "quiz.jsonl").open("a") as file:
        file.write('{"q": "half a li\n')
    said = build(project)
    assert said.code == 0
    assert said.told["counts"]["rl"] == 3


def test_an_empty_source_beside_a_full_one_adds_nothing(project: Project, teacher: FakeTeacher) -> None:
    header = "q,a,b,c,d,key\n"
    project.write({"quiz": questions(3), "empty": []})
    (project.folder / "empty.jsonl").unlink()
    (project.folder / "empty.csv").write_text(header)
    project.manifest.write_text(project.manifest.read_text().replace("empty.jsonl", "empty.csv"))
    said = build(project)
    assert said.code == 0, said.err
    assert said.told["counts"]["rl"] == 3


def test_an_empty_file_is_told_while_planning(project: Project, teacher: FakeTeacher) -> None:
    project.write({"quiz": questions(3), "empty": []})
    said = build(project)
    assert said.code == 1
    assert "empty.jsonl" in said.error
    assert teacher.asked == 0


def test_nothing_but_rejected_rows_is_a_failure_that_names_the_next_move(project: Project, teacher: FakeTeacher) -> None:
    project.write({"quiz": [row | {"key": "Z"} for row in questions(3)]})
    said = build(project)
    assert said.code == 1
    assert "No source has a usable row" in said.error


def with_parquet(project: Project) -> Path:
    """A project with a Parquet table beside a good source."""
    project.write({"quiz": questions(3), "other": []})
    (project.folder / "other.jsonl").unlink()
    project.manifest.write_text(project.manifest.read_text().replace("other.jsonl", "other.parquet"))
    path = project.folder / "other.parquet"
    pq.write_table(pa.Table.from_pylist(questions(50, "other")), path, compression="zstd", use_dictionary=False)
    return path


def test_a_corrupt_parquet_stops_its_source_and_no_other(project: Project, teacher: FakeTeacher) -> None:
    path = with_parquet(project)
    whole = path.read_bytes()
    path.write_bytes(whole[:40] + bytes(200) + whole[240:])
    said = build(project)
    assert said.code == 1
    assert "other.parquet" in said.error
    assert ran(said.told) == {"ingest[quiz]": 1}
    assert not project.out.exists()
    path.write_bytes(whole)
    again = build(project)
    assert again.code == 0
    assert "ingest[quiz]" not in ran(again.told)


def test_a_cut_off_parquet_is_named_before_anything_runs(project: Project, teacher: FakeTeacher) -> None:
    path = with_parquet(project)
    path.write_bytes(path.read_bytes()[:300])
    said = build(project)
    assert said.code == 1
    assert "other.parquet is not readable as Parquet" in said.error


def test_a_corrupt_image_costs_its_row_only(project: Project, teacher: FakeTeacher) -> None:
    rows = questions(3)
    for number, row in enumerate(rows):
        row["image"] = f"{number}.png"
        (project.folder / f"{number}.png").write_bytes(png(number))
    (project.folder / "1.png").write_bytes(png(1)[:-30])
    rows.append(rows[0] | {"q": "Which one is missing?", "image": "9.png"})
    project.write({"quiz": rows})
    said = build(project)
    assert said.code == 0
    assert said.told["counts"]["rl"] == 2
    assert dropped(project)["broken image"] == 1
    assert dropped(project)["image missing"] == 1


def test_a_file_where_a_folder_is_wanted_is_left_alone(project: Project, teacher: FakeTeacher) -> None:
    project.write({"quiz": questions(1)})
    project.store.write_text("mine")
    said = build(project)
    assert said.code == 1
    assert f"{project.store} cannot be written" in said.error
    assert "--store" in said.error
    assert project.store.read_text() == "mine"
    project.store.unlink()
    project.out.write_text("mine")
    said = build(project)
    assert said.code == 1
    assert f"{project.out} is a file, and is left as it is" in said.error
    assert project.out.read_text() == "mine"
    assert teacher.asked == 0


def test_a_folder_that_is_no_corpus_is_refused(project: Project, teacher: FakeTeacher) -> None:
    project.write({"quiz": questions(1)})
    project.out.mkdir()
    (project.out / "thesis.tex").write_text("years of work")
    said = build(project)
    assert said.code == 1
    assert "is a folder that is no medtrace corpus" in said.error
    assert contents(project.out) == {"thesis.tex": b"years of work"}


@pytest.fixture
def mounted(tmp_path: Path) -> Iterator[Path]:
    """A small file system of its own, where this user may mount one."""
    folder = tmp_path / "mounted"
    folder.mkdir()
    if shutil.which("mount") is None or os.geteuid() != 0:
        pytest.skip("mounting a tmpfs needs root")
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(folder)], capture_output=True, check=False).returncode:
        pytest.skip("this machine does not let root mount a tmpfs")
    yield folder
    subprocess.run(["umount", "-l", str(folder)], check=True)


@pytest.mark.parametrize("option", ["--store", "--out"])
def test_a_read_only_mount_is_named_before_anything_is_asked(project: Project, teacher: FakeTeacher, mounted: Path, option: str) -> None:
    subprocess.run(["mount", "-o", "remount,ro", str(mounted)], check=True)
    project.write({"quiz": questions(1)})
    said = build(project, option, str(mounted / "here"))
    assert said.code == 1
    assert "Read-only file system" in said.error
    assert option in said.error
    assert teacher.asked == 0


@pytest.mark.parametrize("free", [20_000, 60_000, 100_000])
def test_a_full_disk_loses_nothing(project: Project, teacher: FakeTeacher, mounted: Path, free: int) -> None:
    project.write({"quiz": questions(24)}, samples=4)
    store, out = mounted / "store", mounted / "out"
    store.mkdir()
    room = os.statvfs(mounted).f_bavail * os.statvfs(mounted).f_frsize
    (mounted / "ballast").write_bytes(bytes(room - free))
    said = build(project, "--store", str(store), "--out", str(out))
    assert said.code == 1
    assert "No space left on device" in said.error
    assert not out.exists()
    assert [path.name for path in mounted.rglob(".*")] == []
    asked = teacher.asked
    kept = project_answers(store)
    (mounted / "ballast").unlink()
    again = build(project, "--store", str(store), "--out", str(out))
    assert again.code == 0, again.err
    assert teacher.asked - asked == 96 - kept
    assert call("store", "verify", "--store", str(store)).code == 0
    assert call("audit", str(out)).code == 0


def project_answers(store: Path) -> int:
    return len(Project(store.parent).answered()) if (store / "ledger").exists() else 0
