"""Looking after a store: damage is found and mended by building again, and only what no manifest needs is removed."""

from pathlib import Path

import pytest

from tests.fixtures.fake_teacher import FakeTeacher
from tests.fixtures.local_build import Project, call, contents, point_to, questions


@pytest.fixture
def built(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    project = Project(tmp_path)
    project.write({"quiz": questions(4)})
    with FakeTeacher() as server:
        point_to(monkeypatch, server.url)
        assert call(*project.arguments()).code == 0
    return project


def test_a_damaged_file_is_named_and_mended_without_a_teacher(built: Project) -> None:
    before = contents(built.out)
    (path,) = built.store.glob("sample*/*.parquet")
    path.write_bytes(path.read_bytes()[:-5] + b"12345")
    said = call("store", "verify", "--store", str(built.store), "--json")
    assert said.code == 1
    assert [damage["path"] for damage in said.told["damaged"]] == [str(path)]
    path.unlink()
    with FakeTeacher() as server, pytest.MonkeyPatch.context() as monkeypatch:
        point_to(monkeypatch, server.url)
        assert call(*built.arguments()).code == 0
        assert server.asked == 0
    assert contents(built.out) == before
    assert call("store", "verify", "--store", str(built.store)).code == 0


def test_collecting_keeps_what_the_kept_manifests_reach_and_the_ledger(built: Project) -> None:
    stored = set(built.store.glob("*/*.parquet"))
    assert call("store", "gc", "--store", str(built.store), "--keep", str(built.manifest)).out.startswith("0 files removed")
    built.write({"quiz": questions(4)}, more='[judge]\npolicy = "eval"\n')
    asked = ["store", "gc", "--store", str(built.store), "--keep", str(built.manifest), "--json"]
    would = call(*asked, "--dry-run").told
    assert set(built.store.glob("*/*.parquet")) == stored
    done = call(*asked).told
    assert (done["removed"], done["kept"]) == (would["removed"], would["kept"])
    left = set(built.store.glob("*/*.parquet"))
    assert left < stored
    assert {path.parent.name for path in stored - left} <= {"judge", "select", "publish", "judge[fake]", "select[fake]"}
    assert len(built.answered()) == 8


def test_collecting_removes_nothing_where_a_kept_manifest_cannot_be_planned(built: Project) -> None:
    stored = contents(built.store)
    (built.folder / "quiz.jsonl").unlink()
    said = call("store", "gc", "--store", str(built.store), "--keep", str(built.manifest))
    assert said.code == 1
    assert "quiz.jsonl" in said.error
    assert contents(built.store) == stored


def test_collecting_removes_what_a_killed_writer_left(built: Project) -> None:
    (finished,) = built.store.glob("judge*/*.parquet")
    torn = finished.with_name(f".{finished.name}.0123abcd")
    torn.write_bytes(b"PAR1 half a file")
    said = call("store", "gc", "--store", str(built.store), "--keep", str(built.manifest), "--json")
    assert said.told["removed"] == 1
    assert not torn.exists()
    assert finished.exists()


def test_a_store_inside_the_corpus_is_refused_before_anything_runs(built: Project) -> None:
    said = call("build", str(built.manifest), "--store", str(built.out / "cache"), "--out", str(built.out))
    assert said.code == 1
    assert "which a build replaces whole" in said.err
    assert not (built.out / "cache").exists()
