"""The kinds of training by their words on the command line."""

from typing import Any


def maker_of(kind: str) -> Any:
    """What makes the trainer of a stage, by sft, grpo or drpo."""
    if kind == "sft":
        from pipeline.training.sft import sft_trainer

        return sft_trainer
    from pipeline.training.grpo import drpo_trainer, grpo_trainer

    return {"grpo": grpo_trainer, "drpo": drpo_trainer}[kind]
