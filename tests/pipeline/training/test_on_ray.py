"""Runs on a Ray cluster of this machine: the workers together have the losses of one alone."""

import gc
import json
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from jobs import train
from pipeline.training.checkpoints import metrics_of
from schemas.errors import TrainingError
from tests.fixtures.corpora import posed, question, write_corpus
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


def work(told: dict[str, Any]) -> None:
    """A run whose rollouts follow from question and place alone, whichever process writes them; the advantages are kept beside it."""
    import json
    import os
    import random
    from pathlib import Path

    from pipeline.training.grpo import drpo_trainer
    from pipeline.training.run import train
    from schemas.training import Training

    out, rank = Path(told["out"]), os.environ.get("RANK", "0")

    def make(*asked: Any, **more: Any) -> Any:
        trainer = drpo_trainer(*asked, **more)
        scaled = trainer._scaled

        def written(prompts: list[list[int]], *_: Any, **__: Any) -> tuple[list[list[int]], None]:
            drawn = [random.Random(f"{prompt} {place % 4}") for place, prompt in enumerate(prompts)]
            end = trainer.processing_class.eos_token_id
            return [[dice.randrange(10, 300) for _ in range(dice.randrange(1, 9))] + [end] for dice in drawn], None

        def kept(*given: Any) -> Any:
            advantages = scaled(*given)
            with (out / f"advantages-{rank}.jsonl").open("a") as file:
                file.write(json.dumps(advantages.tolist()) + "\n")
            return advantages

        trainer._generate_single_turn, trainer._scaled = written, kept
        return trainer

    train(Training.model_validate_json(told["asked"]), out, make)


def test_two_workers_learn_from_rewards_as_one(place: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from ray.train import RunConfig
    from ray.train.torch import TorchConfig, TorchTrainer
    from ray.train.v2.api.config import ScalingConfig
    from safetensors.torch import load_file

    rows = [posed(question(f"q{n}", gold=n % 3) | {"source": "rare" if n % 5 == 0 else "often"}) for n in range(16)]
    write_corpus(tmp_path / "corpus", tmp_path / "store", {"rl-train": rows})
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    more = "[rewards]\naccuracy = 0\nformat = 0\nlength = 1.0\n[grpo]\nrollouts = 4\nmax_tokens = 12\n"
    more += '[drpo]\nby = "source"\n[ray]\nworkers = 2\ngpus = 0\ncpus = 0.5\n'
    path = write_config(tmp_path, model=str(place / "model"), template="chatml", train="max_steps = 3\nwarmup = 0.0", more=more)
    path.write_text(path.read_text().replace("batch = 8", "batch = 16").replace("micro_batch = 4", "micro_batch = 8"))
    asked = train.open_training(path)
    told = {name: {"asked": asked.model_dump_json(), "out": str(tmp_path / name)} for name in ("alone", "together")}
    for name in told:
        (tmp_path / name).mkdir()
    work(told["alone"])
    TorchTrainer(
        work,
        train_loop_config=told["together"],
        scaling_config=ScalingConfig(num_workers=2, use_gpu=False, resources_per_worker={"CPU": 0.5}),
        run_config=RunConfig(name="rewards", storage_path=str(tmp_path / "ray")),
        torch_config=TorchConfig(backend="gloo"),
    ).fit()

    def advantages(name: str, rank: int) -> list[list[float]]:
        return [json.loads(line) for line in (tmp_path / name / f"advantages-{rank}.jsonl").read_text().splitlines()]

    one = advantages("alone", 0)
    halves = [advantages("together", rank) for rank in (0, 1)]
    assert len(one) == len(halves[0]) == len(halves[1])
    assert [[*first, *second] for first, second in zip(*halves, strict=True)] == [pytest.approx(step, abs=1e-6) for step in one]
    assert max(abs(value) for step in one for value in step) > 0.5
    names = ("step", "reward", "loss", "grad_norm", "domains/rare/reward", "domains/often/reward")
    numbers = [[[one.get(name) for name in names] for one in metrics_of(tmp_path / run) if "loss" in one] for run in told]
    assert len(numbers[0]) == 3
    for alone, together in zip(*numbers, strict=True):
        assert together == pytest.approx(alone, abs=1e-5)
    weights = [load_file(tmp_path / run / "model" / "model.safetensors") for run in told]
    assert all(weights[0][name].allclose(weights[1][name], atol=1e-5) for name in weights[0])


def test_more_than_the_cluster_has_is_refused(place: Path) -> None:
    asked = train.open_training(write_config(place, more="[ray]\nworkers = 8\ngpus = 0"))
    with pytest.raises(TrainingError, match=r"\[ray\] asks for 8 workers with 1 CPUs each, and the cluster has 2"):
        train.sft(asked, place / "refused", runner="ray")
