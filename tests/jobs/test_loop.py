"""On-policy rounds: what is trained on what, what is sampled next, and what is not done again."""

import json
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from jobs import inputs
from jobs.build import Options
from jobs.loop import Looped, loop
from jobs.toml_text import to_toml
from pipeline.models.checkpoint import digest_checkpoint
from pipeline.publish.corpus import read_corpus
from schemas.errors import ConfigError, ManifestError, TrainingError
from tests.fixtures.fake_teacher import FakeTeacher
from tests.fixtures.local_build import Project, call, questions
from tests.fixtures.training import write_config

ROUNDS = """
[student]
model = "base"
max_tokens = 64
samples = 4
[[student.round]]
train = "tiny.toml"
[[student.round]]
train = "tiny.toml"
start = "sampled"
"""
texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
scalars = st.booleans() | st.integers(-(2**60), 2**60) | st.floats(allow_nan=False, allow_infinity=False) | texts
values = st.recursive(scalars, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3), max_leaves=8)


def checkpoint(folder: Path, weights: str) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "config.json").write_text("{}")
    (folder / "model.safetensors").write_text(weights)
    return folder


class Trainer:
    """Stands for trainings: each writes other weights, which the server serves from then on."""

    def __init__(self, server: FakeTeacher) -> None:
        self.server = server
        self.asked: list[tuple[str, str, str, str | None]] = []

    def __call__(self, kind: str, config: Path, corpus: Path, out: Path, start: str | None) -> Path:
        self.asked.append((kind, config.name, corpus.name, start))
        rows = sum(pq.read_metadata(path).num_rows for path in (corpus / "data" / "sft_text").glob("*.parquet"))
        self.server.model = out.name
        return checkpoint(out / "model", f"trained on {rows} rows of {corpus.name}")


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeTeacher]:
    with FakeTeacher(model="base") as opened:
        monkeypatch.setenv("MEDTRACE_STUDENT_BASE_URL", opened.url)
        yield opened


@pytest.fixture
def project(tmp_path: Path) -> Project:
    checkpoint(tmp_path / "base", "nothing yet")
    write_config(tmp_path)
    made = Project(tmp_path)
    made.write({"quiz": questions(6)}, teachers=ROUNDS)
    return made


def run(project: Project, trainer: Trainer | None = None) -> Looped:
    return loop(inputs.open_manifest(project.manifest), Options(project.store, project.out, workers=0), trainer=trainer)


def test_each_round_samples_what_the_one_before_trained(project: Project, server: FakeTeacher) -> None:
    trainer = Trainer(server)
    found = run(project, trainer)
    assert found.errors == ()
    assert trainer.asked == [
        ("sft", "tiny.toml", "round-1", None),
        ("sft", "tiny.toml", "round-2", str(project.out / "model-2" / "model")),
    ]
    folders = [project.folder / "base", *(project.out / f"model-{number}" / "model" for number in (2, 3))]
    assert [(one.model, one.revision) for one in found.rounds] == [
        (name, digest_checkpoint(folder)) for name, folder in zip(("base", "model-2", "model-3"), folders, strict=True)
    ]
    assert server.asked == 3 * 6 * 4
    for one in found.rounds:
        corpus = read_corpus(project.out / one.corpus)
        assert corpus.lock["build"]["recipes"]["sample[student]"]["revision"] == one.revision
        told = {json.loads(row["sampling_json"])["revision"] for row in _rows(corpus.path, "rejected")}
        assert told == {one.revision}
        assert not call("audit", str(corpus.path)).code


def test_a_finished_loop_asks_and_trains_nothing_again(project: Project, server: FakeTeacher) -> None:
    first = run(project, Trainer(server))
    server.model = "base"
    trainer = Trainer(server)
    assert run(project, trainer) == first
    assert (trainer.asked, server.asked) == ([], 3 * 6 * 4)


def test_a_loop_goes_on_where_a_training_failed(project: Project, server: FakeTeacher) -> None:
    def fails(*_: Any) -> Path:
        raise TrainingError("told to fail")

    with pytest.raises(TrainingError):
        loop(inputs.open_manifest(project.manifest), Options(project.store, project.out, workers=0), trainer=fails)
    assert server.asked == 6 * 4
    assert run(project, Trainer(server)).errors == ()
    assert server.asked == 3 * 6 * 4


def test_other_training_is_trained_anew_and_what_follows_is_sampled_anew(project: Project, server: FakeTeacher) -> None:
    run(project, Trainer(server))
    server.model = "base"
    write_config(project.folder, train="weight_decay = 0.5")
    trainer = Trainer(server)
    assert run(project, trainer).errors == ()
    assert [corpus for _, _, corpus, _ in trainer.asked] == ["round-1", "round-2"]


def test_rounds_may_name_models_that_are_there(project: Project, server: FakeTeacher) -> None:
    checkpoint(project.folder / "second", "others")
    server.model = "second"
    project.write({"quiz": questions(3)}, teachers=ROUNDS.partition("[[student.round]]")[0].replace("base", "second"))
    project.manifest.write_text(project.manifest.read_text() + '[[student.round]]\nmodel = "second"\n')
    found = run(project)
    assert [one.model for one in found.rounds] == ["second", "second"]
    assert server.asked == 3 * 4


def test_what_a_training_needs_is_read_before_anything_is_sampled(project: Project, server: FakeTeacher) -> None:
    (project.folder / "tiny.toml").unlink()
    with pytest.raises(ConfigError, match="cannot be read"):
        run(project)
    assert server.asked == 0


def test_without_rounds_there_is_nothing_to_loop_over(project: Project) -> None:
    project.write({"quiz": questions(3)}, teachers=ROUNDS.partition("[[student.round]]")[0])
    with pytest.raises(ManifestError, match=r"no \[\[student.round\]\]"):
        run(project)


@given(st.dictionaries(texts, values, max_size=4))
def test_a_document_reads_back_as_it_was_written(tables: dict[str, Any]) -> None:
    assert tomllib.loads(to_toml(tables)) == tables


def _rows(corpus: Path, config: str) -> list[dict[str, Any]]:
    return [row for path in sorted((corpus / "data" / config).glob("*.parquet")) for row in pq.read_table(path).to_pylist()]
