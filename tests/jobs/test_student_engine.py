"""A student that vLLM runs in the build: a tiny model's rollouts in a corpus, its rates, what it cannot take, and the way back from the ledger."""

import gc
import json
import shutil
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from pipeline.models.checkpoint import digest_checkpoint
from pipeline.models.engine_args import VARIABLE
from pipeline.models.open_engine import LazyEngine
from pipeline.sampling import Design
from pipeline.stages.partition import PartitionRecipe
from tests.fixtures.local_build import Project, call, contents, png, question, questions, ran
from tests.fixtures.tiny_vision_model import save_scaling_vision_model

pytestmark = [
    pytest.mark.gpu,
    pytest.mark.filterwarnings("ignore"),  # torch and vLLM warn of their own insides
    pytest.mark.timeout(600),
]
pytest.importorskip("vllm", reason="vLLM is not installed here")

QUESTIONS, PICTURED = 5, 2
# Held to a thought and a box, so that by chance a quarter of what a model writes that knows nothing is right.
STUDENT = """
[student]
model = "pupil"
sees = ["text", "image"]
pixels = [784, 784]
structure = "think_boxed"
rounds = [2, 4]
until_correct = 2
max_tokens = 320
"""
DESIGN = Design((2, 4), 2)


@pytest.fixture(scope="module", autouse=True)
def _collected() -> Iterator[None]:
    yield
    gc.collect()  # what vLLM leaves open of an engine is told of here, where its warnings are ignored


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    """In shards of at most four questions."""
    monkeypatch.setattr(PartitionRecipe.__init__, "__defaults__", (4, 256 << 20))
    monkeypatch.setenv(VARIABLE, '{"max_model_len": 896}')
    return Project(tmp_path)


def rows(out: Path, config: str) -> list[dict[str, Any]]:
    return [row for path in sorted((out / "data" / config).glob("*.parquet")) for row in pq.read_table(path).to_pylist()]


def test_an_engine_s_rollouts_are_a_corpus_with_rates_and_come_back_from_the_ledger(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    revision = digest_checkpoint(save_scaling_vision_model(project.folder / "pupil"))
    asked = [*questions(QUESTIONS), question(QUESTIONS) | {"q": "liver " * 2000}]
    seen = [row | {"image": f"{number}.png"} for number, row in enumerate(questions(PICTURED, "seen"))]
    for number, row in enumerate(seen):
        (project.folder / row["image"]).write_bytes(png(number))
    project.write({"quiz": asked, "seen": seen}, teachers=STUDENT)
    opened: list[LazyEngine] = []
    start = LazyEngine._opened
    monkeypatch.setattr(LazyEngine, "_opened", lambda engine: opened.append(engine) or start(engine))
    assert project.build().errors == []
    assert len(set(map(id, opened))) == 1, "the rounds have one engine"

    posed = rows(project.out, "rl")
    (unfit,) = (row["question_id"] for row in posed if "liver liver" in row["prompt"][0]["content"])
    assert len(posed) == len(asked) + len(seen)
    for row in posed:
        sampled, correct = row["n_sampled"], row["n_correct"]
        assert (row["teacher"], sampled in (2, 6)) == ("student", True)
        assert row["pass_rate"] == pytest.approx(DESIGN.estimate(sampled, correct))
        assert row["pass_at"] == pytest.approx(list(DESIGN.pass_at(sampled, correct)))
        assert row["pass_rate_low"] <= row["pass_rate"] <= row["pass_rate_high"]
    assert 0 < sum(row["n_correct"] for row in posed) < sum(row["n_sampled"] for row in posed)
    traces = rows(project.out, "sft") + rows(project.out, "rejected")
    assert Counter(row["question_id"] for row in traces) == {row["question_id"]: row["n_sampled"] for row in posed}
    assert {(row["model"], json.loads(row["sampling_json"])["revision"]) for row in traces} == {("pupil", revision)}
    refused = [row for row in traces if row["question_id"] == unfit]
    assert {(row["finish_reason"], row["verdict"], row["completion_tokens"], row["response"]) for row in refused} == {
        ("too_long", "no_answer", 0, "")
    }
    answered = [row for row in traces if row["question_id"] != unfit]
    assert all(row["completion_tokens"] > 0 and row["response"].startswith("<think>") for row in answered)
    (bare,), (pictured,) = ({row["prompt_tokens"] for row in answered if row["source"] == name} for name in ("quiz", "seen"))
    assert pictured - bare == 2, "28 by 28 pixels are a token, and a sign says that an image begins"
    assert not call("audit", str(project.out)).code

    before = contents(project.out)
    opened.clear()
    shutil.copytree(project.store / "ledger", project.folder / "again" / "ledger")
    again = project.build(store=project.folder / "again")
    assert again.errors == []
    assert ran(again)["sample[student.round1]"] > 1
    assert opened == []
    assert contents(project.out) == before
