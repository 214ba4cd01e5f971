"""What is printed of a training run."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.text import Text

from jobs.show.tables import print_json, print_line
from pipeline.training.checkpoints import TOO_LONG

if TYPE_CHECKING:
    from pipeline.training.estimate import Estimate
    from pipeline.training.run import Trained

_SHOWN = ("reward", "eval_reward", "loss", "eval_loss", "lr", "grad_norm", "accuracy", "eval_accuracy", "tokens")


def progress_line(line: dict[str, Any]) -> str:
    """One line of numbers as a person reads it while it runs."""
    told = [f"{name} {line[name]:.4g}" for name in _SHOWN if name in line]
    told += [f"too long {line[TOO_LONG]:.0f}"] if line.get(TOO_LONG) else []
    return f"{line['name']} step {line['step']}: {' '.join(told)}"


def trained(found: "Trained", out: Path, *, as_json: bool) -> None:
    """What a run left."""
    summary = {"model": str(found.model), "steps": found.steps, **ends_of(found.metrics), "metrics": str(out / "metrics.jsonl")}
    summary["too_long"] = round(sum(one.get(TOO_LONG, 0.0) for one in found.metrics))
    if as_json:
        print_json(summary)
        return
    print_line(f"Trained {found.steps:,} steps. The model is in {found.model}, the numbers are in {out / 'metrics.jsonl'}.")
    for name, word in (("loss", "Loss"), ("eval_loss", "Held-out loss"), ("reward", "Reward"), ("eval_reward", "Held-out reward")):
        if f"{name}_first" in summary:
            print_line(f"{word}: {summary[f'{name}_first']:.4f} at first, {summary[f'{name}_last']:.4f} at last.")
    if summary["too_long"]:
        print_line(
            f"Of the rows shown, {summary['too_long']:,} were longer than [data] max_length or had more than max_images images, and taught nothing."
        )


def ends_of(metrics: list[dict[str, Any]]) -> dict[str, float]:
    """First and last of losses and rewards."""
    found: dict[str, float] = {}
    for name in ("loss", "eval_loss", "reward", "eval_reward"):
        values = [one[name] for one in metrics if name in one]
        if values:
            found |= {f"{name}_first": values[0], f"{name}_last": values[-1]}
    return found


def dry(stages: "list[Estimate]", *, as_json: bool) -> None:
    """What a run would take, and the first row with its loss mask: what is learnt green, or between ⟦ and ⟧ where there is no colour."""
    if as_json:
        print_json([stage._asdict() | {"memory": stage.memory._asdict() | {"total": stage.memory.total}} for stage in stages])
        return
    for stage in stages:
        about = "" if stage.looked_at == stage.rows else f" (by {stage.looked_at:,} rows, evenly spread)"
        skipped = f"; {stage.skipped:,} of these are too long and teach nothing" if stage.skipped else ""
        print_line(f"Stage {stage.name}: {stage.steps:,} steps of {stage.passes:,} passes on each worker, {stage.rows:,} rows{skipped}.")
        print_line(f"  Tokens: {stage.tokens:,}, of which {stage.learnt:,} are learnt{about}; the longest row has {stage.longest:,}.")
        print_line(f"  Weights: {stage.parameters:,}, of which {stage.trained:,} are trained.")
        told = ", ".join(f"{name} {_size(value)}" for name, value in stage.memory._asdict().items())
        print_line(f"  Memory of each device, about {_size(stage.memory.total)}: {told}.")
        print_line("    weights N·w, gradients T·g, optimizer 2·T·g, activations by rows·tokens·width; see docs/training.md.")
    print_first(stages[0].first)


def print_first(spans: tuple[tuple[str, bool], ...]) -> None:
    """A row, what is learnt of it marked."""
    console = Console(highlight=False)
    plain = not console.is_terminal or console.no_color
    print_line("The first row as the model is shown it:")
    for text, learnt in spans:
        marked = f"⟦{text}⟧" if learnt and plain else text
        console.print(Text(marked, style="bold green" if learnt else "dim"), end="", soft_wrap=True)
    print_line("")


def _size(value: int) -> str:
    return f"{value / 2**30:.1f} GiB" if value >= 2**30 else f"{value / 2**20:.1f} MiB"
