"""Trackers beside `metrics.jsonl`: which are installed, and where they write unless the environment says otherwise."""

import importlib.util
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from schemas.errors import TrainingError
from schemas.training import Report


def check_trackers(names: Sequence[str]) -> None:
    """Raises: TrainingError where one of them is not installed."""
    missing = [name for name in names if importlib.util.find_spec(name) is None]
    if missing:
        verb = "is" if len(missing) == 1 else "are"
        raise TrainingError(
            f"[report] to names {', '.join(missing)}, which {verb} not installed here: pip install {' '.join(missing)}, "
            "or leave it out; metrics.jsonl has every number."
        )


@contextmanager
def placed(report: Report, out: Path, stage: str) -> Iterator[None]:
    """Has trackers write into the run's folder, W&B without a key offline; what the environment says already stands."""
    told = {
        "TENSORBOARD_LOGGING_DIR": str(out / "tensorboard" / stage),
        "MLFLOW_TRACKING_URI": (out / "mlruns").absolute().as_uri(),
        "MLFLOW_ALLOW_FILE_STORE": "true",
        "MLFLOW_EXPERIMENT_NAME": report.project,
        "WANDB_DIR": str(out),
        "WANDB_PROJECT": report.project,
        **({} if os.environ.get("WANDB_API_KEY") else {"WANDB_MODE": "offline"}),
    }
    mine = {name: value for name, value in told.items() if report.to and name not in os.environ}
    os.environ.update(mine)
    try:
        yield
    finally:
        for name in mine:
            os.environ.pop(name, None)
