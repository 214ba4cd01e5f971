"""Rows into batches: tokens and labels padded to the right."""

# pyright: reportMissingImports=false

from collections.abc import Sequence
from typing import Any

import torch

from pipeline.training.encode import IGNORED, encode, render
from schemas.training import Data


class Texts:
    """Batches of text rows."""

    def __init__(self, tokenizer: Any, data: Data, *, parts: bool = False) -> None:
        self._tokenizer, self._data, self._parts = tokenizer, data, parts

    def __call__(self, rows: Sequence[dict[str, Any]]) -> dict[str, torch.Tensor]:
        """input_ids, attention_mask and labels of as many rows: int64, (rows, longest)."""
        made = [encode(self._tokenizer, render(self._tokenizer, row), self._data.max_length, self._data.too_long) for row in rows]
        longest = max(len(one.ids) for one in made)

        def padded(lists: Sequence[list[int]], filling: int) -> torch.Tensor:
            return torch.tensor([one + [filling] * (longest - len(one)) for one in lists])

        return {
            "input_ids": padded([one.ids for one in made], self._tokenizer.pad_token_id),
            "attention_mask": padded([[1] * len(one.ids) for one in made], 0),
            "labels": padded([one.labels for one in made], IGNORED),
        }
