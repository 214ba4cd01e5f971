"""What a run would take, without training: its tokens and steps, the memory of a device by a formula, the first row with its mask."""

# pyright: reportMissingImports=false
from collections.abc import Sequence
from itertools import groupby
from pathlib import Path
from typing import Any, NamedTuple

import torch
from transformers import AutoModelForCausalLM, AutoModelForImageTextToText

from pipeline.publish.corpus import read_corpus
from pipeline.training.arguments import accumulation, precision
from pipeline.training.collate import Packs, Pictured
from pipeline.training.encode import IGNORED
from pipeline.training.load import adapted, freeze, load_processor
from pipeline.training.pack import packs_of
from pipeline.training.rows import open_rows
from pipeline.training.sft import config_of, steps_of
from schemas.training import Training

LOOKED_AT = 512
# Bytes of a layer's activations for each token and unit of width, at 16 bits: Korthikanti et al. 2022 (arXiv 2205.05198), table 2,
# without the attention scores, which no attention kernel of today keeps.
_ACTIVATION = 34


class Memory(NamedTuple):
    """Bytes on a device."""

    weights: int
    gradients: int
    optimizer: int
    activations: int

    @property
    def total(self) -> int:
        """All of it."""
        return sum(self)


class Estimate(NamedTuple):
    """What a stage would take; tokens are of all its steps, counted on `looked_at` of its `rows`; `skipped` of these are too long."""

    name: str
    rows: int
    looked_at: int
    tokens: int
    learnt: int
    longest: int
    skipped: int
    steps: int
    passes: int
    parameters: int
    trained: int
    memory: Memory
    first: tuple[tuple[str, bool], ...]


def estimate(asked: Training, name: str) -> Estimate:
    """The estimate of one stage.

    Raises: TrainingError or CorpusError where it could not run.
    """
    processor, tokenizer, sees, config = load_processor(asked)
    model = outline(asked, config, sees=sees)
    kind = config_of(asked, sees=sees)
    batch = 1 if asked.data.packing else asked.train.batch
    rows = open_rows(read_corpus(Path(asked.data.corpus)), asked.data, kind, seed=asked.seed, epochs=asked.train.epochs, batch=batch)
    collate = Pictured(processor, asked.data) if sees else Packs(tokenizer, asked.data)
    step = max(1, len(rows) // LOOKED_AT)
    looked_at = [collate([rows[place]]) for place in range(0, len(rows), step)][: max(LOOKED_AT, 1)]
    lengths = [int(one["attention_mask"].sum()) for one in looked_at]
    learnt = [int((one["labels"] != IGNORED).sum()) for one in looked_at]
    shown = len(rows)
    if asked.data.packing:
        packs = len(list(packs_of(lengths, asked.data.max_length))) * len(rows) / len(lengths)
        shown = -(-round(packs) // asked.train.batch) * asked.train.batch
    steps = steps_of(asked, shown)
    seen = len(rows) * min(1.0, steps * asked.train.batch / shown)
    return Estimate(
        name,
        len(rows),
        len(lengths),
        round(seen * sum(lengths) / len(lengths)),
        round(seen * sum(learnt) / len(lengths)),
        max(lengths),
        sum(one == 0 for one in learnt),
        steps,
        accumulation(asked, asked.ray.workers),
        sum(one.numel() for one in model.parameters()),
        sum(one.numel() for one in model.parameters() if one.requires_grad),
        memory_of(asked, model, asked.data.max_length if asked.data.packing else max(lengths)),
        spans(tokenizer, looked_at[0]),
    )


def outline(asked: Training, config: Any, *, sees: bool) -> Any:
    """The model as it would be trained, without memory for its weights."""
    with torch.device("meta"):
        kind = AutoModelForImageTextToText if sees else AutoModelForCausalLM
        model = kind.from_config(config)
        if asked.lora is not None:
            model = adapted(model, asked.lora, asked.seed, None)
    freeze(model, asked)
    return model


def memory_of(asked: Training, model: Any, longest: int) -> Memory:
    """Bytes on each device: weights and gradients at their precision, two moments of AdamW, and what the pass keeps.

    weights = N·w, gradients = T·g, optimizer = 2·T·g, where N counts all and T the trained weights, w is 4 or 2 bytes as they are
    held, and g is w, or 4 for adapters; sharded, each is divided by the workers. activations = b·s·h·(34·a/2 + L·a) with gradient
    checkpointing (one layer whole, the input of every other kept) and b·s·h·L·34·a/2 without, for b rows of s tokens at once,
    width h, L layers and a bytes a number.
    """
    text = model.config.get_text_config()
    held = 4 if asked.model.weights == "float32" else 2
    gradient = 4 if asked.lora is not None else held
    count = sum(one.numel() for one in model.parameters())
    trained = sum(one.numel() for one in model.parameters() if one.requires_grad)
    parts = asked.ray.workers if asked.ray.shard else 1
    number = 2 if precision(asked) == "bfloat16" else 4
    width = asked.train.micro_batch * longest * text.hidden_size
    layer = _ACTIVATION * number // 2
    kept = layer + text.num_hidden_layers * number if asked.train.gradient_checkpointing else layer * text.num_hidden_layers
    return Memory(count * held // parts, trained * gradient // parts, 2 * trained * gradient // parts, width * kept)


def spans(tokenizer: Any, batch: dict[str, torch.Tensor]) -> tuple[tuple[str, bool], ...]:
    """The text of a row in pieces, each with whether it is learnt; repeated image tokens are counted."""
    ids, labels = batch["input_ids"][0].tolist(), batch["labels"][0].tolist()
    found = []
    for learnt, run in groupby(zip(ids, labels, strict=True), key=lambda pair: pair[1] != IGNORED):
        found.append((_told(tokenizer, [token for token, _ in run]), learnt))
    return tuple(found)


def _told(tokenizer: Any, ids: Sequence[int]) -> str:
    told = []
    for token, run in groupby(ids):
        count = len(list(run))
        told += [(token, count)]
    text, plain = "", []
    for token, count in told:
        if count > 3 and token in tokenizer.all_special_ids:
            text += tokenizer.decode(plain) + f"{tokenizer.convert_ids_to_tokens(token)}×{count}"
            plain = []
        else:
            plain += [token] * count
    return text + tokenizer.decode(plain)
