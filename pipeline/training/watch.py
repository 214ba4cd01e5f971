"""What looks on while a model is trained: numbers into `metrics.jsonl`, checkpoints called whole, a run that diverges stopped."""

# pyright: reportMissingImports=false

import json
import math
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from transformers import TrainerCallback

from pipeline.training.checkpoints import METRICS, WHOLE, metrics_of
from schemas.errors import TrainingError

Say = Callable[[dict[str, Any]], None]
_NAMES = {"learning_rate": "lr", "num_tokens": "tokens", "mean_token_accuracy": "accuracy", "eval_mean_token_accuracy": "eval_accuracy"}
_LEFT_OUT = ("total_flos", "eval_num_tokens", "eval_runtime", "eval_samples_per_second", "eval_steps_per_second")


class Watch(TrainerCallback):
    """Writes every number that the trainer tells, by stage and step."""

    def __init__(self, folder: Path, stage: int, name: str, say: Say | None = None, epochs: float = 1.0) -> None:
        self._path, self._stage, self._name, self._say, self._epochs = folder / METRICS, stage, name, say, epochs
        # The trainer counts tokens from 0 again where it goes on.
        self._tokens = max((one.get("tokens", 0.0) for one in metrics_of(folder) if one["stage"] == stage), default=0.0)
        self._began = time.monotonic()

    def on_step_end(self, args: Any, state: Any, control: Any, **_: Any) -> Any:
        """Has the loss told before weights are saved, so that no checkpoint holds a model that has diverged."""
        if control.should_save or state.global_step % max(1, int(args.save_steps)) == 0:
            control.should_log = True
        return control

    def on_log(self, args: Any, state: Any, control: Any, logs: dict[str, float] | None = None, **_: Any) -> None:
        """Raises: TrainingError where loss or gradient are no numbers any more."""
        told = {_NAMES.get(name, name): value for name, value in (logs or {}).items() if name not in _LEFT_OUT and value is not None}
        if state.is_world_process_zero and "train_runtime" not in told:
            line = {"stage": self._stage, "name": self._name, "step": state.global_step} | told
            if "tokens" in line:
                line["tokens"] += self._tokens
            if "epoch" in line:  # the trainer counts a stage as one, however often its rows are shown
                line["epoch"] = round(line["epoch"] * self._epochs, 6)
            line["seconds"] = round(time.monotonic() - self._began, 3)
            with self._path.open("a", encoding="utf-8") as file:
                file.write(json.dumps(line) + "\n")
            if self._say is not None:
                self._say(line)
        broken = [name for name in ("loss", "grad_norm", "eval_loss") if not math.isfinite(told.get(name, 0.0))]
        if broken:
            raise TrainingError(diverged(broken[0], told.get(broken[0], 0.0), state.global_step, told.get("lr")))

    def on_save(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        """Calls the checkpoint whole."""
        if state.is_world_process_zero:
            (Path(args.output_dir) / f"checkpoint-{state.global_step}" / WHOLE).touch()


def diverged(name: str, value: float, step: int, lr: float | None) -> str:
    """What to do about a run that diverges, in one sentence."""
    if step == 0:
        return f"{name} is {value} before the first step: the model's weights hold no numbers, or not at this [train] precision. Take another model or precision."
    rate = f" at lr {lr:.2g}" if lr else ""
    return (
        f"{name} is {value} at step {step}{rate}: the run has diverged and no later weights were saved. Lower [train] lr or raise warmup, "
        'keep clip at 1, and train with precision = "bfloat16" rather than float16; the same command goes on from the last checkpoint.'
    )


def out_of_memory(data_length: int, micro_batch: int, *, checkpointing: bool, adapters: bool) -> str:
    """What to do about a machine that is too small, in one sentence."""
    moves = [f"halve [train] micro_batch ({micro_batch}); batch stays" if micro_batch > 1 else f"shorten [data] max_length ({data_length})"]
    moves += [] if checkpointing else ["set gradient_checkpointing = true"]
    moves += [] if adapters else ["train [lora] adapters"]
    moves += ["spread the weights over more GPUs ([ray] workers, shard = true)"]
    return f"The machine ran out of memory: {', or '.join(moves)}; medtrace train … --dry-run estimates what it takes."


def out_of_room(folder: Path, keep: int) -> str:
    """What to do about a disk that is full, in one sentence."""
    return (
        f"{folder} cannot be written: its disk is full. Free some, lower [train] keep ({keep}) under another --out, or train [lora] adapters; "
        "the same command goes on from the last whole checkpoint."
    )
