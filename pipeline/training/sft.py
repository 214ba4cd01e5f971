"""Supervised fine-tuning of one stage: TRL's trainer on the rows of a corpus in their order."""

# pyright: reportMissingImports=false
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from accelerate.utils import gather_object
from datasets import Dataset
from trl import SFTConfig, SFTTrainer

from pipeline.publish.corpus import read_corpus
from pipeline.training.arguments import arguments
from pipeline.training.checkpoints import TOO_LONG
from pipeline.training.collate import Packs, Pictured
from pipeline.training.encode import IGNORED, render
from pipeline.training.load import Loaded
from pipeline.training.pack import Packed, fingerprint_of, measured
from pipeline.training.rows import Row, Rows, open_heldout, open_rows
from pipeline.training.watch import Watch
from schemas.errors import TrainingError
from schemas.training import Training

# Where not one of so many rows is short enough, a run would pass without learning.
_LOOKED_AT = 128


def config_of(asked: Training, *, sees: bool) -> str:
    """Which rows of the corpus a model is shown."""
    if asked.data.config != "auto":
        return asked.data.config
    return "sft" if sees else "sft_text"


def sft_trainer(asked: Training, loaded: Loaded, folder: Path, watch: Watch, *, resuming: bool) -> Any:
    """TRL's trainer of a stage, ready to run.

    Raises: TrainingError where the corpus has no such rows, or rows of images shall be packed.
    """
    corpus = read_corpus(Path(asked.data.corpus))
    config = config_of(asked, sees=loaded.sees)
    whole = 1 if asked.data.packing else asked.train.batch
    rows: Any = open_rows(corpus, asked.data, config, seed=asked.seed, epochs=asked.train.epochs, batch=whole)
    heldout = open_heldout(corpus, asked.data, config)
    collate = Pictured(loaded.processor, asked.data) if loaded.sees else Packs(loaded.tokenizer, asked.data)
    if asked.data.packing:
        rows = packed(asked, loaded, rows, folder)
    elif not any(bool((collate([rows[place]])["labels"] != IGNORED).any()) for place in range(min(len(rows), _LOOKED_AT))):
        raise TrainingError(
            f"The first {min(len(rows), _LOOKED_AT)} rows have more than [data] max_length ({asked.data.max_length}) tokens "
            f"or more than max_images ({asked.data.max_images}), and would teach nothing. Raise them."
        )
    steps = steps_of(asked, len(rows))
    told = arguments(asked, folder, steps, resuming=resuming, heldout=heldout is not None)
    trainer = CountingTrainer(
        loaded.model,
        args=SFTConfig(**told, max_length=None, dataset_kwargs={"skip_prepare_dataset": True}),
        data_collator=collate,
        # It takes tables of its own kind only, and looks at the first row; the rows are put in their place behind it.
        train_dataset=_one_row(),
        eval_dataset=_one_row() if heldout else None,
        processing_class=loaded.processor,
        callbacks=[watch],
        too_long=rows.too_long if isinstance(rows, Packed) and not resuming else 0,
    )
    trainer.train_dataset, trainer.eval_dataset = rows, heldout
    return trainer


class CountingTrainer(SFTTrainer):
    """TRL's, which tells how many rows of its steps stood without loss; `too_long`: how many were left out before."""

    def __init__(self, *args: Any, too_long: int = 0, **told: Any) -> None:
        super().__init__(*args, **told)
        self._too_long = too_long if self.accelerator.is_main_process else 0

    def compute_loss(self, model: Any, inputs: dict[str, Any], *args: Any, **told: Any) -> Any:
        """As TRL; rows that teach nothing are counted."""
        if model.training:
            self._too_long += int((inputs["labels"] == IGNORED).all(dim=1).sum())
        return super().compute_loss(model, inputs, *args, **told)

    def log(self, logs: dict[str, float], start_time: float | None = None) -> None:
        """As TRL, with the rows of all processes that taught nothing since the last time."""
        if "loss" in logs:
            logs[TOO_LONG] = float(sum(gather_object([self._too_long])))
            self._too_long = 0
        super().log(logs, start_time)


def packed(asked: Training, loaded: Loaded, rows: Rows, folder: Path) -> Packed:
    """The rows in packs.

    Raises: TrainingError where the model sees, or no row is short enough.
    """
    if loaded.sees:
        raise TrainingError("[data] packing puts rows of text alone together. Leave it out for a model that sees.")

    def count(row: Row) -> int:
        return sum(len(loaded.tokenizer(text, add_special_tokens=False)["input_ids"]) for text in render(loaded.tokenizer, row))

    lengths = measured(rows, count, folder, fingerprint_of(loaded.tokenizer, rows.digests))
    found = Packed(rows, lengths, asked.data.max_length, asked.train.batch)
    if not len(found):
        raise TrainingError(f"No row has at most [data] max_length ({asked.data.max_length}) tokens. Raise it.")
    return found


def steps_of(asked: Training, rows: int) -> int:
    """Steps of a stage with so many rows, which are a multiple of its batch."""
    return min(rows // asked.train.batch, asked.train.max_steps or rows)


def _one_row() -> Dataset:
    row: dict[str, Sequence[int]] = {"input_ids": [0], "labels": [0]}
    return Dataset.from_list([row])
