import importlib.machinery
import importlib.util
import os
from pathlib import Path

import pytest

from jobs import train
from pipeline.training.trackers import check_trackers, placed
from schemas.errors import TrainingError
from schemas.training import Report
from tests.fixtures.training import corpus_to_learn, write_config


def test_a_tracker_that_is_not_installed_is_told_before_anything_is_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    corpus_to_learn(tmp_path)
    asked = train.open_training(write_config(tmp_path, more='[report]\nto = ["mlflow", "wandb"]'))
    monkeypatch.setattr(train, "LIBRARIES", ())
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name == "wandb" else importlib.machinery.ModuleSpec(name, None))
    with pytest.raises(TrainingError, match=r"\[report\] to names wandb, which is not installed here: pip install wandb, or leave it out"):
        train.sft(asked, tmp_path / "out")
    assert not (tmp_path / "out").exists()
    check_trackers(())


def test_trackers_write_into_the_runs_folder_unless_told_otherwise(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("WANDB_API_KEY", "WANDB_MODE", "WANDB_DIR", "MLFLOW_TRACKING_URI", "TENSORBOARD_LOGGING_DIR"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("MLFLOW_EXPERIMENT_NAME", "theirs")
    with placed(Report(to=("wandb", "mlflow", "tensorboard"), project="ours"), tmp_path, "first"):
        assert os.environ["TENSORBOARD_LOGGING_DIR"] == str(tmp_path / "tensorboard" / "first")
        assert os.environ["MLFLOW_TRACKING_URI"] == (tmp_path / "mlruns").as_uri()
        assert os.environ["MLFLOW_EXPERIMENT_NAME"] == "theirs"
        assert (os.environ["WANDB_MODE"], os.environ["WANDB_PROJECT"]) == ("offline", "ours")
    assert not {"WANDB_MODE", "WANDB_DIR", "TENSORBOARD_LOGGING_DIR"} & set(os.environ)
    assert os.environ["MLFLOW_EXPERIMENT_NAME"] == "theirs"
    monkeypatch.setenv("WANDB_API_KEY", "key")
    with placed(Report(to=("wandb",)), tmp_path, "first"):
        assert "WANDB_MODE" not in os.environ
    with placed(Report(), tmp_path, "first"):
        assert "WANDB_DIR" not in os.environ
