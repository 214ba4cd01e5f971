"""The loop, `make loop`: questions to a corpus, SFT on it, rejection sampling with what that left, GRPO on the questions, and three scores."""

import argparse
import json
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from jobs.interrupts import INTERRUPTED
from jobs.standins import write_standin
from pipeline.publish.corpus import read_corpus
from pipeline.training.checkpoints import metrics_of
from schemas.errors import MedtraceError

FOLDER = Path("out/loop")
# Lines of questions whose words a model of random weights learns to write.
_WORDS = 2000
# Of an answer that is a letter.
TOKENS = 8
# The learning rate of SFT, and which part of it GRPO takes: of a model that was trained before, and of one of random weights.
LR, GRPO_SHARE = 2e-5, 0.5
LR_MADE, GRPO_SHARE_MADE = 5e-3, 0.1

_SOURCE = """
[[source]]
name = "medmcqa"
split = "train"
path = "{questions}"
max_rows = {rows}

[split]
heldout = 0.1
"""
# Whoever is asked for a letter without a box is read as evaluations read.
_STUDENT = """
[student]
model = "{model}"
prompt = "direct.2"
samples = 8
max_tokens = {tokens}

[judge]
policy = "eval"
"""
_RUN = """name = "{name}"
[model]
path = "{model}"
[data]
corpus = "{corpus}"
max_length = 512
heldout_rows = 0
[train]
lr = {lr}
schedule = "constant"
warmup = 0.0
epochs = 1000
max_steps = {steps}
batch = 16
micro_batch = 16
gradient_checkpointing = false
save_every = 1000
"""
_REWARDED = """[grpo]
rollouts = 8
max_tokens = {tokens}
[rewards]
accuracy = 1.0
format = 0.0
policy = "eval"
"""


def write_data(folder: Path, data: Path | None, rows: int) -> None:
    """Without own data, invented questions."""
    folder.mkdir(parents=True, exist_ok=True)
    if data is None:
        for split in ("train", "validation"):
            if not (folder / "data" / split).is_dir():
                write_standin("medmcqa", folder / "data" / split, split, rows)


def write_files(
    folder: Path, model: str, data: Path | None, *, rows: int, steps: int, lr: float, share: float = GRPO_SHARE
) -> dict[str, Path]:
    """The two manifests and the two configurations of a loop, by name; without own data, invented questions beside them."""
    write_data(folder, data, rows)
    source = _SOURCE.format(questions=(data or folder / "data" / "train").resolve(), rows=rows)
    sft = folder / "runs" / "sft" / "model"
    texts = {
        "gold": 'name = "gold"\nteacher = "none"\n' + source,
        "sampled": 'name = "sampled"\n' + source + _STUDENT.format(model=sft.resolve(), tokens=TOKENS),
        "sft": _RUN.format(name="sft", model=model, corpus="gold", lr=lr, steps=steps),
        "grpo": _RUN.format(name="grpo", model=sft.resolve(), corpus="sampled", lr=lr * share, steps=steps)
        + _REWARDED.format(tokens=TOKENS),
    }
    written = {name: folder / f"{name}.toml" for name in texts}
    for name, text in texts.items():
        written[name].write_text(text, encoding="utf-8")
    return written


def close_loop(folder: Path, model: str | None, data: Path | None, *, rows: int, steps: int, lr: float) -> None:
    """Runs what is not done yet, and tells; without a model, one is made. Raises: MedtraceError naming the step that failed."""
    began = time.monotonic()
    share = GRPO_SHARE if model else GRPO_SHARE_MADE
    model = model or str(_made(folder, data, rows))
    named = str(Path(model).resolve()) if Path(model).is_dir() else model
    files = write_files(folder, named, data, rows=rows, steps=steps, lr=lr, share=share)
    models = {"before": named, "after SFT": str(folder / "runs" / "sft" / "model"), "after GRPO": str(folder / "runs" / "grpo" / "model")}
    scores = {"before": _score(folder, "before", models["before"], data)}
    for name, kind in (("gold", "sft"), ("sampled", "grpo")):
        _medtrace("build", files[name], "--store", folder / "store", "--out", folder / name)
        _medtrace("train", kind, files[kind], "--corpus", folder / name, "--out", folder / "runs" / kind, "--quiet")
        scores[f"after {kind.upper()}"] = _score(folder, kind, models[f"after {kind.upper()}"], data)
    _tell(folder, scores, time.monotonic() - began)


def _made(folder: Path, data: Path | None, rows: int) -> Path:
    """A model of random weights that knows the words of the questions."""
    write_data(folder, data, rows)
    made = folder / "made"
    if not made.is_dir():
        from pipeline.training.made import make_model

        files = sorted(path for path in (data or folder / "data" / "train").rglob("*.json*") if path.is_file())
        make_model(made, [line for path in files for line in path.read_text(encoding="utf-8").splitlines()[:_WORDS]])
    return made


def _score(folder: Path, name: str, model: str, data: Path | None) -> dict[str, Any]:
    """What a model gets right of the questions that are kept apart."""
    out = folder / "evaluations" / name
    benchmark = f"medmcqa={(data or folder / 'data' / 'validation').resolve()}"
    asked = (
        "--benchmarks",
        "medmcqa",
        "--data",
        benchmark,
        "--max-rows",
        "100",
        "--prompt",
        "direct.2",
        "--max-tokens",
        TOKENS,
        "--sees",
        "text",
    )
    _medtrace("evaluate", model, *asked, "--temperature", "0", "--model", name, "--store", folder / "store", "--out", out)
    return json.loads((out / "evaluation.json").read_text(encoding="utf-8"))["numbers"]["medmcqa"]["parts"]["all"]


def _medtrace(*words: object) -> None:
    """Runs a command as a person would, in a process of its own: an engine leaves its memory with it."""
    said = [str(word) for word in words]
    _say(f"\n$ medtrace {' '.join(said)}")
    ended = subprocess.run([sys.executable, "-m", "jobs", *said], check=False)
    if ended.returncode:
        raise MedtraceError(
            f"The loop stopped: medtrace {said[0]} ended with {ended.returncode}, as told above. Mend it and run the loop again."
        )


def _tell(folder: Path, scores: dict[str, dict[str, Any]], seconds: float) -> None:
    counts = {
        name: {shard.config: shard.rows for shard in read_corpus(folder / name).shards if shard.split == "train"}
        for name in ("gold", "sampled")
    }
    losses = [one["loss"] for one in metrics_of(folder / "runs" / "sft") if "loss" in one]
    rewards = [one["reward"] for one in metrics_of(folder / "runs" / "grpo") if "reward" in one]
    lines = [
        "",
        f"gold corpus:        {counts['gold'].get('sft', 0)} answers to train on",
        f"SFT:                loss {losses[0]:.3f} to {losses[-1]:.3f} in {len(losses)} steps",
        f"rejection sampling: {counts['sampled'].get('sft', 0)} right answers of the model's own to {counts['sampled'].get('rl', 0)} questions",
        f"GRPO:               reward {_ends(rewards[:5])} (first five steps) to {_ends(rewards[-5:])} (last five) in {len(rewards)} steps",
        *(f"{name + ':':<19} {_share(found)} of the questions kept apart are right" for name, found in scores.items()),
        f"In {seconds:.0f} s. Everything is in {folder}; run it again, and nothing is done twice.",
    ]
    sys.stdout.write("\n".join(lines) + "\n")


def _ends(values: Sequence[float]) -> str:
    return f"{sum(values) / len(values):.3f}" if values else "-"


def _share(found: dict[str, Any]) -> str:
    share = found["accuracy"]
    return f"{share['share']:.1%} [{share['low']:.1%}, {share['high']:.1%}]"


def _say(line: str) -> None:
    sys.stderr.write(line + "\n")
    sys.stderr.flush()


def main() -> None:
    """Runs the loop; an expected error is one sentence."""
    words = argparse.ArgumentParser(prog="python -m jobs.close_loop", description=__doc__)
    words.add_argument("--model", help="folder or name on the Hub [default: one of random weights, made on the spot]")
    words.add_argument("--data", type=Path, help="folder of MedMCQA's files [default: invented questions]")
    words.add_argument("--folder", type=Path, default=FOLDER, help=f"where everything goes [default: {FOLDER}]")
    words.add_argument("--rows", type=int, default=200, help="questions [default: 200]")
    words.add_argument("--steps", type=int, default=40, help="steps of each training [default: 40]")
    words.add_argument("--lr", type=float, help=f"of SFT; GRPO takes half, of random weights a tenth [default: {LR:g}; {LR_MADE:g}]")
    asked = words.parse_args()
    try:
        rate = asked.lr or (LR if asked.model else LR_MADE)
        close_loop(asked.folder, asked.model, asked.data, rows=asked.rows, steps=asked.steps, lr=rate)
    except MedtraceError as error:
        _say(f"Error: {error}")
        sys.exit(error.exit_code)
    except KeyboardInterrupt:
        _say("Stopped. What was finished is kept; run make loop again to go on.")
        sys.exit(INTERRUPTED)


if __name__ == "__main__":
    main()
