"""What a run leaves in its folder, and from where it goes on after a death: only checkpoints that were written whole count."""

import json
import os
import shutil
from pathlib import Path
from typing import Any

WHOLE = "whole"
DONE = "done.json"
RECORD = "run.json"
METRICS = "metrics.jsonl"
# A number of a step of fine-tuning: rows that it was shown and that taught nothing.
TOO_LONG = "rows/too_long"


def last_checkpoint(folder: Path) -> Path | None:
    """The latest whole checkpoint of a stage; None where there is none."""
    found = [(int(path.name.rpartition("-")[2]), path) for path in folder.glob("checkpoint-*") if (path / WHOLE).is_file()]
    return max(found)[1] if found else None


def drop_broken(folder: Path) -> None:
    """Removes checkpoints that a death left half written."""
    for path in folder.glob("checkpoint-*"):
        if not (path / WHOLE).is_file():
            shutil.rmtree(path)


def write_json(path: Path, value: Any) -> None:
    """Writes a small file whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f".{path.name}.{os.getpid()}")
    partial.write_text(json.dumps(value, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    partial.replace(path)


def read_json(path: Path) -> Any | None:
    """What `write_json` wrote; None where nothing is."""
    return json.loads(path.read_text(encoding="utf-8")) if path.is_file() else None


def metrics_of(folder: Path) -> list[dict[str, Any]]:
    """The numbers of a run, a line each; a last line that a death cut off is left out."""
    path = folder / METRICS
    lines = path.read_text(encoding="utf-8").split("\n")[:-1] if path.is_file() else []
    return [json.loads(line) for line in lines]


def forget_after(folder: Path, stage: int, step: int) -> None:
    """Takes the numbers out that a run which goes on at a step of a stage will write again."""
    kept = [one for one in metrics_of(folder) if (one["stage"], one["step"]) <= (stage, step)]
    if (folder / METRICS).is_file():
        partial = folder / f".{METRICS}.{os.getpid()}"
        partial.write_text("".join(json.dumps(one) + "\n" for one in kept), encoding="utf-8")
        partial.replace(folder / METRICS)
