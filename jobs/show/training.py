"""What is printed of a training run."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

from jobs.show.tables import print_json, print_line

if TYPE_CHECKING:
    from pipeline.training.run import Trained

_SHOWN = ("reward", "loss", "eval_loss", "lr", "grad_norm", "accuracy", "eval_accuracy", "tokens")


def progress_line(line: dict[str, Any]) -> str:
    """One line of numbers as a person reads it while it runs."""
    told = " ".join(f"{name} {line[name]:.4g}" for name in _SHOWN if name in line)
    return f"{line['name']} step {line['step']}: {told}"


def trained(found: "Trained", out: Path, *, as_json: bool) -> None:
    """What a run left."""
    summary = {"model": str(found.model), "steps": found.steps, **ends_of(found.metrics), "metrics": str(out / "metrics.jsonl")}
    if as_json:
        print_json(summary)
        return
    print_line(f"Trained {found.steps:,} steps. The model is in {found.model}, the numbers are in {out / 'metrics.jsonl'}.")
    for name, word in (("loss", "Loss"), ("eval_loss", "Held-out loss"), ("reward", "Reward")):
        if f"{name}_first" in summary:
            print_line(f"{word}: {summary[f'{name}_first']:.4f} at first, {summary[f'{name}_last']:.4f} at last.")


def ends_of(metrics: list[dict[str, Any]]) -> dict[str, float]:
    """First and last of losses and reward."""
    found: dict[str, float] = {}
    for name in ("loss", "eval_loss", "reward"):
        values = [one[name] for one in metrics if name in one]
        if values:
            found |= {f"{name}_first": values[0], f"{name}_last": values[-1]}
    return found
