"""A student on Ray: an engine that is killed is started anew, and the corpus is the one that this machine makes of the same answers."""

import gc
import os
import shutil
import signal
import time
import warnings
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from jobs import inputs
from jobs.build import Options, build
from pipeline.models.engine_args import VARIABLE
from pipeline.models.ledger import Ledger
from pipeline.stages.partition import PartitionRecipe
from tests.bench.kill_builds import descendants
from tests.fixtures.local_build import Project, contents, questions
from tests.fixtures.tiny_model import save_language_model

pytestmark = [
    pytest.mark.gpu,
    pytest.mark.ray,
    pytest.mark.filterwarnings("ignore"),  # torch and vLLM warn of their own insides
    pytest.mark.timeout(600),
]
pytest.importorskip("vllm", reason="vLLM is not installed here")

QUESTIONS, FIRST, MORE = 12, 4, 2
LOOK_S = 0.1
STUDENT = f"""
[student]
model = "pupil"
rounds = [{FIRST}, {MORE}]
until_correct = 2
max_tokens = 96
"""


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Project]:
    """In shards of four questions, and a cluster of two CPUs."""
    import ray

    monkeypatch.setattr(PartitionRecipe.__init__, "__defaults__", (4, 256 << 20))
    monkeypatch.setenv(VARIABLE, '{"max_model_len": 512, "max_num_seqs": 4}')
    made = Project(tmp_path)
    save_language_model(tmp_path / "pupil")
    made.write({"quiz": questions(QUESTIONS)}, teachers=STUDENT)
    ray.init("local", num_cpus=2, include_dashboard=False, log_to_driver=False, logging_level="ERROR")
    yield made
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)  # Ray drops the processes of its cluster before they have ended
        ray.shutdown()
        gc.collect()


def in_ledger(store: Path) -> set[str]:
    ledger = Ledger(store / "ledger")
    try:
        return {entry.key for entry in ledger.entries()}
    finally:
        ledger.close()


def engines() -> set[int]:
    """On Ray they do not always get their title."""
    return {pid for pid, title in descendants(os.getpid()) if "EngineCore" in title or "spawn_main" in title}


def test_the_shards_of_a_killed_engine_are_sampled_by_another_and_the_rounds_share_one(project: Project) -> None:
    seen: set[int] = set()
    with ThreadPoolExecutor(1) as pool:
        building = pool.submit(build, inputs.open_manifest(project.manifest), Options(project.store, project.out, "ray"))
        while not building.done() and len(in_ledger(project.store)) < FIRST:
            time.sleep(LOOK_S)
        kept = in_ledger(project.store)
        seen |= engines()
        for engine in seen:
            os.kill(engine, signal.SIGKILL)
        while not building.done():
            seen |= engines()
            time.sleep(LOOK_S)
        assert building.result().errors == []
    assert len(kept) < QUESTIONS * (FIRST + MORE)
    assert len(seen) == 2
    assert kept <= in_ledger(project.store)
    assert len(in_ledger(project.store)) == QUESTIONS * (FIRST + MORE)
    made = contents(project.out)
    shutil.copytree(project.store / "ledger", project.folder / "here" / "ledger")
    shutil.rmtree(project.out)
    assert project.build(store=project.folder / "here").errors == []
    assert contents(project.out) == made
