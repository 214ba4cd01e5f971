"""A run on Ray: Ray Train starts the workers, joins them, and starts them again where one dies; they train as alone."""

import logging
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import ray
import ray.train
from ray.train import Checkpoint, FailureConfig, RunConfig
from ray.train.torch import TorchConfig, TorchTrainer
from ray.train.v2.api.config import ScalingConfig

from pipeline.publish.corpus import first_line
from schemas.errors import TrainingError
from schemas.training import Training

# Seconds for which one worker may hold the others at a barrier: while it loads or saves a large model.
_TIMEOUT_S = 1800


def train_on_ray(asked: Training, kind: str, out: Path) -> dict[str, Any]:
    """Trains on the workers that `[ray]` asks for, and returns the last numbers; the run's folder is one that all nodes share.

    Where a worker dies, all begin again at the last whole checkpoint, `[ray] retries` times.
    Raises: TrainingError with what a worker said, or where the cluster has not what is asked for.
    """
    gpus = _gpus(asked, ray.cluster_resources())
    logging.getLogger("ray.train").setLevel(logging.ERROR)
    trainer = TorchTrainer(
        _work,
        train_loop_config={"asked": asked.model_dump_json(), "kind": kind, "out": str(out)},
        scaling_config=ScalingConfig(
            num_workers=asked.ray.workers,
            use_gpu=gpus > 0,
            resources_per_worker={"CPU": asked.ray.cpus, **({"GPU": gpus} if gpus else {})},
        ),
        run_config=RunConfig(name=asked.name, storage_path=str(out / "ray"), failure_config=FailureConfig(max_failures=asked.ray.retries)),
        torch_config=TorchConfig(backend="nccl" if gpus else "gloo", timeout_s=_TIMEOUT_S),
    )
    try:
        found = trainer.fit()
    except ray.train.TrainingFailedError as error:
        raise TrainingError(_told(error)) from error
    return dict(found.metrics or {})


def _work(told: dict[str, Any]) -> None:
    """What every worker does: the run as alone; its rank stands in the environment, where Ray Train puts it for accelerate."""
    from pipeline.training.kinds import maker_of
    from pipeline.training.run import train

    trained = train(Training.model_validate_json(told["asked"]), Path(told["out"]), maker_of(told["kind"]))
    _report(trained.metrics, str(trained.model))


def _report(metrics: list[dict[str, Any]], model: str) -> None:
    """Tells Ray Train the last of each number; every worker must.

    It keeps numbers only beside a checkpoint: without one, `Result.metrics` is None whatever was reported. Ours are in the run's
    folder and may be large, so the one that it keeps only names the model.
    """
    last = {name: value for line in metrics for name, value in line.items()}
    if ray.train.get_context().get_world_rank() != 0:
        ray.train.report(last)
        return
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "model.txt").write_text(model, encoding="utf-8")
        ray.train.report(last, checkpoint=Checkpoint.from_directory(folder))


def _gpus(asked: Training, there: Mapping[str, float]) -> float:
    """GPUs of each worker: as asked, else one where there is any.

    Raises: TrainingError where the cluster has too little: Ray would wait for ever.
    """
    gpus = asked.ray.gpus if asked.ray.gpus is not None else float(min(1, int(there.get("GPU", 0))))
    for name, each in (("CPU", asked.ray.cpus), ("GPU", gpus)):
        if each * asked.ray.workers > there.get(name, 0.0):
            raise TrainingError(
                f"[ray] asks for {asked.ray.workers} workers with {each:g} {name}s each, and the cluster has {there.get(name, 0.0):g}. "
                "Ask for fewer, or add nodes."
            )
    return gpus


def _told(error: Any) -> str:
    """What the first worker that failed said."""
    failures = getattr(error, "worker_failures", None) or {}
    for rank, failure in sorted(failures.items()):
        cause = getattr(failure, "cause", None) or failure
        return f"Worker {rank} failed: {first_line(cause)}"
    return f"Training on Ray failed: {first_line(error)}"
