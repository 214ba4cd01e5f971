"""Runs on a Ray cluster of this machine: the workers together have the losses of one alone."""

import gc
import warnings
from collections.abc import Iterator
from pathlib import Path

import pytest

from jobs import train
from schemas.errors import TrainingError
from tests.fixtures.tiny_model import save_language_model
from tests.fixtures.training import corpus_to_learn, one_thread, write_config

pytestmark = [pytest.mark.gpu, pytest.mark.filterwarnings("ignore")]
pytest.importorskip("torch", reason="torch is not installed here")


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A folder with a corpus and a model, and a cluster of two CPUs."""
    import ray

    one_thread()
    folder = tmp_path_factory.mktemp("on_ray")
    corpus_to_learn(folder)
    save_language_model(folder / "model")
    ray.init("local", num_cpus=2, include_dashboard=False, log_to_driver=False, logging_level="ERROR")
    yield folder
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)  # Ray drops the processes of its cluster before they have ended
        ray.shutdown()
        gc.collect()


def test_two_workers_have_the_losses_of_one_and_their_numbers_are_told(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from pipeline.training.on_ray import train_on_ray

    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    config = write_config(place, train="epochs = 2\nsave_every = 4", more="[ray]\nworkers = 2\ngpus = 0\ncpus = 0.5")
    asked = train.open_training(config)
    alone = train.sft(asked, place / "alone")
    together = train.sft(asked, place / "together", runner="ray")
    losses = [[(one["step"], one["loss"]) for one in found.metrics if "loss" in one] for found in (alone, together)]
    assert [step for step, _ in losses[1]] == [1, 2, 3, 4, 5, 6]
    assert losses[1] == [(step, pytest.approx(loss, abs=1e-5)) for step, loss in losses[0]]
    held = [[one["eval_loss"] for one in found.metrics if "eval_loss" in one] for found in (alone, together)]
    assert held[1] == pytest.approx(held[0], abs=1e-5)
    assert (together.model / "model.safetensors").is_file()
    told = train_on_ray(asked, "sft", place / "together")
    assert told["eval_loss"] == held[1][-1], "a finished run is not done again, and tells its numbers"


def test_more_than_the_cluster_has_is_refused(place: Path) -> None:
    asked = train.open_training(write_config(place, more="[ray]\nworkers = 8\ngpus = 0"))
    with pytest.raises(TrainingError, match=r"\[ray\] asks for 8 workers with 1 CPUs each, and the cluster has 2"):
        train.sft(asked, place / "refused", runner="ray")
