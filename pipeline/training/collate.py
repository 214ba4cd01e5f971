"""Rows into batches: tokens and labels padded to the right, packed behind each other, or with images."""

# pyright: reportMissingImports=false
from collections.abc import Sequence
from typing import Any

import torch
from trl.trainer.sft_trainer import DataCollatorForVisionLanguageModeling

from pipeline.training.encode import IGNORED, Encoded, encode, render
from pipeline.training.pictures import pictures_of, set_budget
from schemas.training import Data

Batch = dict[str, torch.Tensor]


class Texts:
    """Batches of text rows."""

    def __init__(self, tokenizer: Any, data: Data) -> None:
        self._tokenizer, self._data = tokenizer, data

    def __call__(self, rows: Sequence[dict[str, Any]]) -> Batch:
        """input_ids, attention_mask and labels of as many rows: int64, (rows, longest)."""
        made = [self.encoded(row) for row in rows]
        longest = max(len(one.ids) for one in made)

        def padded(lists: Sequence[list[int]], filling: int) -> torch.Tensor:
            return torch.tensor([one + [filling] * (longest - len(one)) for one in lists])

        return {
            "input_ids": padded([one.ids for one in made], self._tokenizer.pad_token_id),
            "attention_mask": padded([[1] * len(one.ids) for one in made], 0),
            "labels": padded([one.labels for one in made], IGNORED),
        }

    def encoded(self, row: dict[str, Any]) -> Encoded:
        """One row as tokens."""
        return encode(self._tokenizer, render(self._tokenizer, row), self._data.max_length, self._data.too_long)


class Packs(Texts):
    """Batches of packs: all their rows behind each other, each from position 0, which is how attention knows them apart."""

    def __call__(self, rows: Sequence[Any]) -> Batch:
        """input_ids, labels and position_ids of packs: int64, (1, tokens of all); of single rows what `Texts` makes."""
        if not isinstance(rows[0], list):
            return super().__call__(rows)
        made = [self.encoded(row) for pack in rows for row in pack]
        return {
            "input_ids": torch.tensor([[token for one in made for token in one.ids]]),
            "labels": torch.tensor([[label for one in made for label in one.labels]]),
            "position_ids": torch.tensor([[place for one in made for place in range(len(one.ids))]]),
        }


class Pictured:
    """Batches of rows with images and without, by the processor of a model that sees.

    The prompt with its images and the answer are cut into tokens apart; a row that is too long stands as one token without loss.
    """

    def __init__(self, processor: Any, data: Data) -> None:
        self._processor, self._data = processor, data
        self._keeps_size = set_budget(processor, data)
        self._collate = DataCollatorForVisionLanguageModeling(processor=processor, max_length=None, completion_only_loss=True)

    def __call__(self, rows: Sequence[dict[str, Any]]) -> Batch:
        """What the processor makes of the rows, padded to the right, with labels: int64, (rows, longest)."""
        shown = [self.example(row) for row in rows]
        batch = self._collate.torch_call([dict(one) for one in shown])
        over = [place for place in range(len(rows)) if not self._fits(batch, place)]
        if over:
            shown = [self._nothing() if place in over else one for place, one in enumerate(shown)]
            batch = self._collate.torch_call([dict(one) for one in shown])
        for place, one in enumerate(shown):
            if one["prompt"] == "":
                batch["labels"][place] = IGNORED
        return self._cut(batch)

    def example(self, row: dict[str, Any]) -> dict[str, Any]:
        """A row as TRL's collator takes it: rendered prompt and completion, and its images."""
        images = pictures_of(row, self._data, scaled=not self._keeps_size)
        if len(images) > self._data.max_images:
            return self._nothing()
        prompt, completion = render(self._processor, row, len(images), parts=True)
        return {"prompt": prompt, "completion": completion, "images": images}

    def _fits(self, batch: Batch, place: int) -> bool:
        shown = batch["attention_mask"][place] == 1
        if int(shown.sum()) <= self._data.max_length:
            return True
        before = shown & (batch["labels"][place] == IGNORED)
        return self._data.too_long == "cut" and int(before.sum()) < self._data.max_length

    def _cut(self, batch: Batch) -> Batch:
        """Leaves out what stands behind the longest length: ends of answers, where they may be cut."""
        width, most = batch["input_ids"].shape[1], self._data.max_length
        if width <= most:
            return batch
        return {
            name: value[:, :most] if value.ndim == 2 and value.shape == (len(batch["labels"]), width) else value
            for name, value in batch.items()
        }

    def _nothing(self) -> dict[str, Any]:
        return {"prompt": "", "completion": self._processor.tokenizer.eos_token, "images": []}
