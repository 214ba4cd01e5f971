"""Rebuilding a published corpus from its own manifest, lock and ledger."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from jobs.redact import Wanted
from jobs.redact import run as redact
from jobs.steps import traces
from pipeline.publish import lock as locks
from pipeline.verify import answer
from tests.fixtures.corpora import edit_lock
from tests.fixtures.fake_teacher import FakeTeacher
from tests.fixtures.local_build import TEACHER, Project, Said, call, contents, png, point_to, question

SEES = 'sees = ["text", "image"]\n'


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """A corpus of two sources with pictures, its manifest no longer there, its teacher gone."""
    project = Project(tmp_path_factory.mktemp("built"))
    rows: dict[str, list[dict[str, Any]]] = {}
    for source in ("one", "two"):
        rows[source] = []
        for number in range(12):
            (project.folder / f"{source}{number // 3}.png").write_bytes(png(number // 3))
            rows[source].append(question(number, source) | {"image": f"{source}{number // 3}.png"})
    project.write(rows, teachers=TEACHER.format(samples=2) + SEES, more="[split]\nheldout = 0.3\n")
    with FakeTeacher() as teacher, pytest.MonkeyPatch.context() as patch:
        point_to(patch, teacher.url)
        assert call(*project.arguments()).code == 0
    project.manifest.unlink()
    return project


@pytest.fixture
def nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    """No endpoint is told."""
    monkeypatch.delenv("OPENAI_BASE_URL", raising=False)
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)


@pytest.fixture
def corpus(built: Project, tmp_path: Path) -> Path:
    """The corpus as somebody else received it, with the ledger beside."""
    shutil.copytree(built.store / "ledger", tmp_path / "store" / "ledger")
    return Path(shutil.copytree(built.out, tmp_path / "received"))


def again(corpus: Path, built: Project, *more: str, workers: int = 0) -> Said:
    places = [word for name in ("one", "two") for word in ("--from", f"{name}={built.folder / name}.jsonl")]
    folders = ["--store", str(corpus.parent / "store"), "--out", str(corpus.parent / "again"), "--workers", str(workers)]
    return call("build", str(corpus), "--locked", *places, *folders, *more)


@pytest.mark.parametrize("workers", [0, pytest.param(2, marks=pytest.mark.slow)])
def test_a_corpus_is_made_again_byte_for_byte_by_nobody_but_the_ledger(corpus: Path, built: Project, nobody: None, workers: int):
    said = again(corpus, built, workers=workers)
    assert said.code == 0, said.err
    assert f"{corpus.parent / 'again'} is {corpus}, byte for byte." in said.err
    assert contents(corpus.parent / "again") == contents(corpus)


def test_files_that_moved_with_other_names_of_folders_change_nothing(corpus: Path, built: Project, tmp_path: Path, nobody: None):
    moved = Path(shutil.copytree(built.folder, tmp_path / "elsewhere", ignore=shutil.ignore_patterns("store", "out")))
    said = again(corpus, Project(moved))
    assert said.code == 0, said.err


def changed_row(built: Project, tmp_path: Path) -> Project:
    moved = Path(shutil.copytree(built.folder, tmp_path / "changed", ignore=shutil.ignore_patterns("store", "out")))
    (moved / "one.jsonl").write_text((moved / "one.jsonl").read_text().replace("Finding a of one 3", "Finding z of one 3"))
    return Project(moved)


def test_another_upstream_file_is_named_with_both_digests(corpus: Path, built: Project, tmp_path: Path, nobody: None):
    said = again(corpus, changed_row(built, tmp_path))
    assert said.code == 1
    assert "datasets.one.files.one.jsonl.sha256 is " in said.error
    assert "locked " in said.error
    assert not (corpus.parent / "again").exists()


@pytest.mark.parametrize(
    ("edit", "told"),
    [
        (lambda lock: lock["datasets"][0].update(revision="abc"), "datasets.one.revision is , locked abc"),
        (lambda lock: lock.update(verifier="medtrace/0"), f"verifier is {answer.VERIFIER}, locked medtrace/0"),
        (lambda lock: lock["build"]["steps"].update({"judge[fake]": 99}), "build.steps.judge[fake] is "),
        (
            lambda lock: lock["build"]["recipes"]["sample[fake]"].update(max_tokens=63),
            "build.recipes.sample[fake].max_tokens is 64, locked 63",
        ),
        (
            lambda lock: lock["build"]["recipes"]["sample[fake]"]["prompt"].update(name="other"),
            "build.recipes.sample[fake].prompt.name is boxed, locked other",
        ),
        (lambda lock: lock.update(policy="eval"), "policy is train, locked eval"),
        (lambda lock: lock["manifest"].update(fingerprint="0" * 32), "manifest.fingerprint is "),
    ],
)
def test_what_decides_a_row_and_changed_is_named_before_anything_runs(
    corpus: Path, built: Project, nobody: None, edit: Callable[[dict[str, Any]], None], told: str
):
    edit_lock(corpus, edit)
    said = again(corpus, built)
    assert said.code == 1
    assert told in said.error
    assert not (corpus.parent / "again").exists()


def test_a_step_of_another_version_is_named(corpus: Path, built: Project, nobody: None, monkeypatch: pytest.MonkeyPatch):
    real = traces.Step
    monkeypatch.setattr(
        traces, "Step", lambda name, version, *rest, **more: real(name, version + (name.startswith("judge")), *rest, **more)
    )
    assert "build.steps.judge[fake] is " in again(corpus, built).error


def test_libraries_of_other_versions_are_told_where_bytes_moved(
    corpus: Path, built: Project, nobody: None, monkeypatch: pytest.MonkeyPatch
):
    real = locks.library_versions
    monkeypatch.setattr(locks, "library_versions", lambda: real() | {"pyarrow": "27.0.0"})
    monkeypatch.setattr("jobs.locked.library_versions", lambda: real() | {"pyarrow": "27.0.0"})
    said = again(corpus, built)
    assert said.code == 1
    assert f"Changed: libraries.pyarrow is 27.0.0, locked {real()['pyarrow']}" in said.err
    assert "lock.json: libraries.pyarrow is 27.0.0" in said.err


def test_missing_answers_are_counted_and_nobody_is_asked(corpus: Path, built: Project, monkeypatch: pytest.MonkeyPatch):
    shutil.rmtree(corpus.parent / "store")
    with FakeTeacher() as teacher:
        point_to(monkeypatch, teacher.url)
        said = again(corpus, built)
        assert teacher.asked == 0
    assert said.code == 1
    assert "a locked rebuild asks nobody" in said.err
    assert not (corpus.parent / "again").exists()


def test_a_corpus_with_another_shard_than_its_ledger_gives_is_told(corpus: Path, built: Project, nobody: None):
    edit_lock(corpus, lambda lock: lock["shards"][0].update(sha256="0" * 64))
    said = again(corpus, built)
    assert said.code == 1
    assert "holds the same values in other bytes" in said.err


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["build", "{corpus}"], "is a folder. Name a manifest, or add --locked"),
        (["build", "{corpus}", "--locked", "--until", "choose"], "without --batch, --pilot and --until"),
        (["build", "{corpus}", "--locked", "--out", "{corpus}"], "would take its own place"),
        (["build", "{corpus}", "--locked", "--from", "three=x"], "no such source or benchmark, only one, two"),
        (["build", "{corpus}", "--locked", "--from", "three"], "--from takes NAME=PATH"),
    ],
)
def test_what_cannot_be_meant_is_said(corpus: Path, arguments: list[str], told: str):
    before = contents(corpus)
    assert told in call(*(word.format(corpus=corpus) for word in arguments)).error
    assert contents(corpus) == before


def test_files_that_lie_nowhere_are_asked_for_by_name(corpus: Path):
    said = call("build", str(corpus), "--locked", "--out", str(corpus.parent / "again"))
    assert said.code == 2
    assert "Say where they lie now: --from one=PATH --from two=PATH." in said.error


def test_a_redacted_corpus_holds_the_values_of_a_build_with_its_list(corpus: Path, built: Project, nobody: None):
    source, gone = (pq.read_table(corpus / "data/rl/train-all.parquet")[name][0].as_py() for name in ("source", "source_row"))
    redact(corpus, Wanted(source, rows=(gone,)), corpus, None, None, say=lambda line: None)
    said = again(corpus, built)
    assert (said.code, "data/rl/train-all.parquet holds the same values in other bytes" in said.err) == (1, True), said.err


def test_the_lock_tells_no_path_of_this_machine(corpus: Path):
    assert str(corpus.parent) not in (corpus / "lock.json").read_text()
    assert "/tmp/" not in json.dumps(json.loads((corpus / "lock.json").read_text())["build"])
