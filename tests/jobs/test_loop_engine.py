"""A loop as a machine runs it: vLLM samples a tiny model, TRL trains it on what it got right, vLLM samples what came of it."""

import gc
import json
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from jobs import inputs
from jobs.build import Options
from jobs.loop import Looped, loop
from pipeline.models.checkpoint import digest_checkpoint
from pipeline.models.engine_args import VARIABLE
from pipeline.models.open_engine import LazyEngine
from pipeline.training.checkpoints import metrics_of
from tests.fixtures.local_build import Project, call, questions
from tests.fixtures.tiny_model import save_language_model
from tests.fixtures.training import write_config

pytestmark = [
    pytest.mark.gpu,
    pytest.mark.filterwarnings("ignore"),  # torch and vLLM warn of their own insides
    pytest.mark.timeout(600),
]
pytest.importorskip("vllm", reason="vLLM is not installed here")

QUESTIONS, SAMPLES = 4, 4
# Held to a thought and a box, so that by chance a quarter of what a model writes that knows nothing is right.
ROUNDS = f"""
[student]
model = "base"
structure = "think_boxed"
samples = {SAMPLES}
max_tokens = 320
[[student.round]]
train = "tiny.toml"
start = "sampled"
"""


@pytest.fixture(autouse=True)
def _collected() -> Iterator[None]:
    yield
    gc.collect()  # what vLLM leaves open of an engine is told of here, where its warnings are ignored


def rows(corpus: Path, config: str) -> list[dict[str, Any]]:
    return [row for path in sorted((corpus / "data" / config).glob("*.parquet")) for row in pq.read_table(path).to_pylist()]


def test_a_model_is_sampled_trained_on_what_it_got_right_and_sampled_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    project = Project(tmp_path)
    base = save_language_model(tmp_path / "base")
    project.write({"quiz": questions(QUESTIONS)}, teachers=ROUNDS)
    write_config(tmp_path, model="elsewhere", template="chatml", data="heldout_rows = 0", train="max_steps = 1")
    monkeypatch.setenv(VARIABLE, '{"max_model_len": 896}')
    monkeypatch.setenv("OMP_NUM_THREADS", "1")

    def run() -> Looped:
        return loop(inputs.open_manifest(project.manifest), Options(project.store, project.out, workers=0))

    found = run()
    assert found.errors == ()
    trained = project.out / "model-2" / "model"
    revisions = [digest_checkpoint(folder) for folder in (base, trained)]
    assert [(one.model, one.revision) for one in found.rounds] == [("base", revisions[0]), ("model-2", revisions[1])]
    assert revisions[0] != revisions[1]
    assert [one["step"] for one in metrics_of(project.out / "model-2") if "loss" in one] == [1]
    said: list[set[str]] = []
    for one, revision in zip(found.rounds, revisions, strict=True):
        corpus = project.out / one.corpus
        traces = rows(corpus, "sft_text") + rows(corpus, "rejected")
        assert len(traces) == QUESTIONS * SAMPLES
        assert {json.loads(row["sampling_json"])["revision"] for row in traces} == {revision}
        assert all(row["n_sampled"] == SAMPLES for row in rows(corpus, "rl"))
        assert not call("audit", str(corpus)).code
        said.append({row["response"] for row in traces})
    assert not said[0] & said[1]

    def never(*_: Any, **__: Any) -> Any:
        raise AssertionError("nothing is sampled or trained again")

    monkeypatch.setattr(LazyEngine, "_opened", never)
    monkeypatch.setattr(subprocess, "run", never)
    assert run() == found
