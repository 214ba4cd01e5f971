"""A run from its first stage to the model it leaves: stages one after the other, each gone on with where a death left it."""

# pyright: reportMissingImports=false
import errno
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import torch
from datasets import disable_progress_bars
from safetensors import SafetensorError
from transformers import PrinterCallback
from transformers.utils import logging

from pipeline.training import checkpoints
from pipeline.training.load import Loaded, load
from pipeline.training.templates import for_engines
from pipeline.training.trackers import placed
from pipeline.training.watch import Say, Watch, out_of_memory, out_of_room
from schemas.errors import TrainingError
from schemas.training import Training

MODEL = "model"
ADAPTER = "adapter"
Make = Callable[..., Any]


class Trained(NamedTuple):
    """What a run left: the folder of the model, or of the adapter where it was not merged; its steps, and its numbers."""

    model: Path
    steps: int
    metrics: list[dict[str, Any]]


def train(asked: Training, out: Path, make: Make, say: Say | None = None) -> Trained:
    """Trains all stages by the trainers that `make` makes of them, and writes the model; what was finished is not done again.

    Raises: TrainingError where memory does not suffice or the run diverges; what was saved before stays.
    """
    quiet()
    stages = list(asked.stages())
    before: Path | None = None
    for number, (name, stage) in enumerate(stages):
        folder = out / "stages" / f"{number}-{name}"
        if not (folder / checkpoints.DONE).is_file():
            _train_stage(stage, number, name, folder, before, out, make, say)
        before = folder / "result"
    last = out / "stages" / f"{len(stages) - 1}-{stages[-1][0]}" / "result"
    if _is_main():
        with advised(asked, out):
            finish(asked, last, out)
    return trained(asked, out)


def trained(asked: Training, out: Path) -> Trained:
    """What a run left in its folder, once it has ended."""
    whole = asked.lora is None or asked.lora.merge
    steps = sum(_done(out, number, name) for number, (name, _) in enumerate(asked.stages()))
    return Trained(out / (MODEL if whole else ADAPTER), steps, checkpoints.metrics_of(out))


def _train_stage(
    stage: Training, number: int, name: str, folder: Path, before: Path | None, out: Path, make: Make, say: Say | None
) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    last = checkpoints.last_checkpoint(folder)
    step = int(last.name.rpartition("-")[2]) if last else 0
    if _is_main():
        checkpoints.drop_broken(folder)
        checkpoints.forget_after(out, number, step if last else -1)
    with advised(stage, out), placed(stage.report, out, name):
        loaded = load_stage(stage, before)
        trainer = make(stage, loaded, folder, Watch(out, number, name, say, stage.train.epochs), resuming=last is not None)
        trainer.remove_callback(PrinterCallback)
        if step >= trainer.args.max_steps:
            trainer.set_initial_training_values = partial(_no_epochs, trainer.set_initial_training_values)
        trainer.train(resume_from_checkpoint=str(last) if last else None)
        if trainer.eval_dataset is not None and not _evaluated(trainer.state):
            trainer.evaluate()
        trainer.save_model(str(folder / "result"))
    if _is_main():
        save_words(loaded, folder / "result")
        checkpoints.write_json(folder / checkpoints.DONE, {"steps": trainer.state.global_step})
    trainer.accelerator.wait_for_everyone()  # the next stage reads what the first worker has written


def _no_epochs(values: Callable[..., tuple[Any, ...]], *args: Any) -> tuple[Any, ...]:
    """What the trainer counts with, for a stage whose last step was saved: it would take one more within an epoch."""
    return (0, *values(*args)[1:])


def _evaluated(state: Any) -> bool:
    """Whether the trainer has just told what it makes of held-out rows."""
    return any(line["step"] == state.global_step and any(name.startswith("eval_") for name in line) for line in state.log_history)


def quiet() -> None:
    """Takes the bars of the libraries off stderr: numbers come by lines."""
    disable_progress_bars()
    logging.disable_progress_bar()


def load_stage(stage: Training, before: Path | None) -> Loaded:
    """The model of a stage: the one of the run, or what the stage before left."""
    if before is None:
        return load(stage)
    if stage.lora is not None:
        return load(stage, before)
    moved = stage.model.model_copy(update={"path": str(before), "revision": ""})
    return load(stage.model_copy(update={"model": moved}))


def finish(asked: Training, last: Path, out: Path) -> None:
    """Puts what the last stage left in its place: a whole model, an adapter, or both where it is merged."""
    model = out / MODEL
    if not last.is_dir():
        return
    if asked.lora is None:
        last.replace(model)
        return
    if asked.lora.merge:
        merged = load(asked, last)
        whole = merged.model.merge_and_unload()
        written = model.with_name(f".{MODEL}.{os.getpid()}")
        shutil.rmtree(written, ignore_errors=True)
        whole.save_pretrained(written)
        save_words(merged, written)
        shutil.rmtree(model, ignore_errors=True)
        written.replace(model)
    last.replace(out / ADAPTER)


def save_words(loaded: Loaded, folder: Path) -> None:
    """Tokenizer or processor beside the weights, with the template as every engine reads it."""
    trained = loaded.processor.chat_template
    try:
        loaded.processor.chat_template = loaded.tokenizer.chat_template = for_engines(trained)
        loaded.processor.save_pretrained(folder)
    finally:
        loaded.processor.chat_template = loaded.tokenizer.chat_template = trained


@contextmanager
def advised(asked: Training, out: Path) -> Iterator[None]:
    """Turns a machine without memory, or a disk without room, into a sentence that says what to change."""
    try:
        yield
    except (torch.OutOfMemoryError, MemoryError, RuntimeError, OSError, SafetensorError) as error:
        if isinstance(error, torch.OutOfMemoryError | MemoryError) or _lacks_memory(str(error)):
            advice = out_of_memory(
                asked.data.max_length,
                asked.train.micro_batch,
                checkpointing=asked.train.gradient_checkpointing,
                adapters=asked.lora is not None,
            )
        elif _lacks_room(error):
            advice = out_of_room(out, asked.train.keep)
        else:
            raise
        raise TrainingError(advice) from error


def _lacks_memory(text: str) -> bool:
    return "out of memory" in text.lower() or "can't allocate memory" in text or "not enough memory" in text


def _lacks_room(error: BaseException) -> bool:
    """Whether a file could not be written whole; torch's archive only says that it is shorter than what was written."""
    told = str(error)
    return getattr(error, "errno", None) in (errno.ENOSPC, errno.EDQUOT) or any(
        sign in told for sign in ("No space left", "os error 28", "os error 122", "enforce fail at inline_container.cc")
    )


def _is_main() -> bool:
    return int(os.environ.get("RANK", "0")) == 0


def _done(out: Path, number: int, name: str) -> int:
    told = checkpoints.read_json(out / "stages" / f"{number}-{name}" / checkpoints.DONE)
    return told["steps"] if told else 0
