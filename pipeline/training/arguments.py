"""What every trainer is told: the arguments of TRL's configurations that follow from a run's settings."""

# pyright: reportMissingImports=false
import os
from pathlib import Path
from typing import Any

import torch

from schemas.errors import TrainingError
from schemas.training import Training

_SCHEDULES = {"cosine": "cosine", "linear": "linear", "constant": "constant_with_warmup"}


def world_size() -> int:
    """How many processes train together."""
    return int(os.environ.get("WORLD_SIZE", "1"))


def accumulation(asked: Training, world: int) -> int:
    """Passes of every process before a step.

    Raises: TrainingError where the rows of a step do not divide among the processes.
    """
    train = asked.train
    passes, rest = divmod(train.batch, train.micro_batch * world)
    if rest or not passes:
        raise TrainingError(
            f"[train] batch ({train.batch}) does not divide among {world} workers with micro_batch {train.micro_batch}. "
            f"Take a multiple of {train.micro_batch * world}, or another number of workers."
        )
    return passes


def precision(asked: Training) -> str:
    """float32 or bfloat16: what passes are computed in."""
    if asked.train.precision != "auto":
        return asked.train.precision
    return "bfloat16" if torch.cuda.is_available() and torch.cuda.is_bf16_supported() else "float32"


def arguments(asked: Training, folder: Path, steps: int, *, resuming: bool, heldout: bool) -> dict[str, Any]:
    """Keyword arguments that SFTConfig and GRPOConfig share, for one stage."""
    train = asked.train
    floor = train.schedule == "cosine" and train.min_lr > 0
    return {
        "output_dir": str(folder),
        "seed": asked.seed,
        "data_seed": asked.seed,
        "max_steps": steps,
        "per_device_train_batch_size": train.micro_batch,
        "per_device_eval_batch_size": train.micro_batch,
        "gradient_accumulation_steps": accumulation(asked, world_size()),
        "learning_rate": train.lr,
        "lr_scheduler_type": "cosine_with_min_lr" if floor else _SCHEDULES[train.schedule],
        "lr_scheduler_kwargs": {"min_lr_rate": train.min_lr} if floor else None,
        "warmup_steps": round(train.warmup * steps),
        "weight_decay": train.weight_decay,
        "adam_beta1": train.betas[0],
        "adam_beta2": train.betas[1],
        "max_grad_norm": train.clip,
        "bf16": precision(asked) == "bfloat16",
        "use_cpu": not torch.cuda.is_available(),
        "gradient_checkpointing": train.gradient_checkpointing,
        "logging_steps": train.log_every,
        "logging_first_step": True,
        "logging_nan_inf_filter": False,
        "save_strategy": "steps",
        "save_steps": train.save_every,
        "save_total_limit": train.keep,
        "eval_strategy": "steps" if heldout and train.eval_every else "no",
        "eval_steps": train.eval_every or None,
        "eval_on_start": heldout and not resuming,
        "train_sampling_strategy": "sequential",
        "dataloader_num_workers": asked.data.workers,
        "dataloader_pin_memory": torch.cuda.is_available(),
        "remove_unused_columns": False,
        "disable_tqdm": True,
        "report_to": list(asked.report.to),
        "run_name": asked.name,
        "project": asked.report.project,
        **({"fsdp": True} if asked.ray.shard and world_size() > 1 else {}),
    }
