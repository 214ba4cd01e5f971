from pathlib import Path

import pytest

from jobs import close_loop, inputs
from jobs.train import open_training


@pytest.mark.parametrize("own", [False, True])
def test_what_the_loop_writes_is_what_the_commands_read(tmp_path: Path, own: bool) -> None:
    (tmp_path / "mine").mkdir()
    files = close_loop.write_files(tmp_path / "loop", "owner/name", tmp_path / "mine" if own else None, rows=12, steps=3, lr=1e-4)
    gold, sampled = (inputs.open_manifest(files[name]).manifest for name in ("gold", "sampled"))
    assert gold.teacher == "none"
    assert gold.source == sampled.source
    assert (Path(gold.source[0].path or "") == (tmp_path / "mine").resolve()) is own
    sft, grpo = (open_training(files[name]) for name in ("sft", "grpo"))
    assert sft.model.path == "owner/name"
    assert grpo.model.path == str((tmp_path / "loop" / "runs" / "sft" / "model").resolve())
    assert grpo.rewards.weights() == {"accuracy": 1.0}
    assert (sft.train.max_steps, grpo.train.lr) == (3, 5e-5)
    assert (tmp_path / "loop" / "data" / "validation").is_dir() is not own
