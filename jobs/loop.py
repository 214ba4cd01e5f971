"""On-policy rounds: sample a model, train on what it got right, sample what came of it."""

import hashlib
import json
import os
import subprocess
import sys
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from jobs.build import Options, build
from jobs.inputs import Asked
from jobs.served import place
from jobs.toml_text import to_toml
from pipeline.graph import Counting, Watch
from pipeline.models.checkpoint import digest_checkpoint
from pipeline.store import check_writable, writing
from schemas.errors import ManifestError, MedtraceError, TrainingError
from schemas.manifest import Student, read_manifest
from schemas.manifest_student import StudentRound

RECORD = "loop.json"
_ROOT = Path(__file__).parents[1]


@dataclass(frozen=True)
class Sampled:
    """One round: the model that was sampled (its revision is a digest of its files, where it is a folder) and the rows of its corpus."""

    round: int
    model: str
    revision: str
    corpus: str
    counts: Mapping[str, int]


@dataclass(frozen=True)
class Looped:
    """What a loop did; `errors`: why it is not finished."""

    name: str
    out: Path
    rounds: tuple[Sampled, ...]
    errors: tuple[MedtraceError, ...]

    def to_json(self) -> dict[str, Any]:
        """For machines."""
        told = {"name": self.name, "rounds": [asdict(one) for one in self.rounds]}
        return told | {"out": str(self.out), "errors": [str(error) for error in self.errors]}


# Trains by a kind and a configuration on a corpus into a folder, from another model than it names where one is given; returns the model.
Trainer = Callable[[str, Path, Path, Path, str | None], Path]


def loop(
    asked: Asked,
    options: Options,
    watch: Watch | None = None,
    say: Callable[[str], None] = lambda line: None,
    answers: Counting = lambda count: None,
    trainer: Trainer | None = None,
) -> Looped:
    """Runs every round of a manifest: `round-1`, `round-2`, … in `options.out` are corpora, `model-2`, … what was trained between them.

    What is built, trained or in the ledger is not done again. Raises: MedtraceError before anything ran.
    """
    student = asked.manifest.student
    if student is None or not student.round:
        raise ManifestError(f"{asked.path.name} has no [[student.round]] to loop over. Add one, or run medtrace build.")
    check_configs(asked, student)
    check_writable(options.out, "--out")
    done: list[Sampled] = []
    model: Path | str = student.model
    revision = student.revision
    for number, following in enumerate((*student.round, None), 1):
        mine = of_round(asked, model, revision)
        known, weights = place(mine, options).manifest.student or student, _weights(asked, model)
        say(f"Round {number} of {len(student.round) + 1}: {known.model}{f' ({known.revision})' if known.revision else ''} is sampled.")
        corpus = options.out / f"round-{number}"
        built = build(mine, replace(options, out=corpus), watch, say, answers)
        if built.errors:
            return Looped(asked.manifest.name, options.out, tuple(done), tuple(built.errors))
        done.append(Sampled(number, known.model, known.revision, corpus.name, built.counts))
        _note(options.out, done)
        if following is None:
            break
        if following.train is None:
            model, revision = following.model or "", following.revision
            continue
        say(f"Round {number + 1}: {following.kind} by {following.train} on {corpus.name}.")
        start = weights if following.start == "sampled" else None
        model, revision = (
            _trained(following, asked.path.parent, corpus, options.out / f"model-{number + 1}", start, trainer or train_apart),
            "",
        )
    return Looped(asked.manifest.name, options.out, tuple(done), ())


def of_round(asked: Asked, model: Path | str, revision: str) -> Asked:
    """What one round asks: the manifest with this model for its student, and no rounds."""
    told = tomllib.loads(asked.text)
    named = os.path.relpath(model, asked.path.parent.resolve()) if isinstance(model, Path) else model
    student = {name: value for name, value in told["student"].items() if name not in ("round", "model", "revision")}
    told["student"] = {"model": named, **({"revision": revision} if revision else {}), **student}
    text = to_toml(told)
    return replace(asked, manifest=read_manifest(text, asked.path.name), text=text)


def check_configs(asked: Asked, student: Student) -> None:
    """Reads the configuration of every training before anything is sampled.

    Raises: ConfigError; ManifestError where a round trains on from a model that is no folder.
    """
    from jobs.train import open_training

    for following in student.round:
        if following.train is not None:
            open_training(asked.path.parent / following.train)


def _weights(asked: Asked, model: Path | str) -> str:
    """The model that is sampled, as a training is told it: a folder, or a name on the Hub."""
    folder = asked.path.parent / model
    return str(folder.resolve()) if folder.is_dir() else str(model)


def _trained(following: StudentRound, folder: Path, corpus: Path, out: Path, start: str | None, trainer: Trainer) -> Path:
    """The model that a round trains; one that was trained by the same configuration on the same corpus is not trained again."""
    config = folder / (following.train or "")
    asked = [following.kind, config.read_text(encoding="utf-8"), (corpus / "lock.json").read_text(encoding="utf-8")]
    asked.append(digest_checkpoint(Path(start)) if start and Path(start).is_dir() else start or "")
    told = {"asked": hashlib.sha256("\0".join(asked).encode()).hexdigest(), "model": ""}
    note, model = out.with_name(f"{out.name}.json"), out / "model"
    held = json.loads(note.read_text(encoding="utf-8")) if note.is_file() else {}
    if held.get("asked") == told["asked"] and model.is_dir() and digest_checkpoint(model) == held.get("model"):
        return model
    model = trainer(following.kind, config, corpus, out, start)
    with writing(note) as temporary:
        temporary.write_text(json.dumps(told | {"model": digest_checkpoint(model)}, sort_keys=True) + "\n", encoding="utf-8")
    return model


def train_apart(kind: str, config: Path, corpus: Path, out: Path, start: str | None) -> Path:
    """Trains in a process of its own, which leaves no memory of a GPU behind.

    Raises: TrainingError where it fails; the same command goes on where it stopped.
    """
    command = [sys.executable, "-m", "jobs", "train", kind, str(config), "--corpus", str(corpus), "--out", str(out)]
    command += ["--model", start] if start else []
    paths = os.pathsep.join([str(_ROOT), *([os.environ["PYTHONPATH"]] if os.environ.get("PYTHONPATH") else [])])
    ended = subprocess.run(command, env={**os.environ, "PYTHONPATH": paths}, stdout=sys.stderr, check=False)
    if ended.returncode:
        raise TrainingError(
            f"The training of {out.name} ended with exit code {ended.returncode}, as told above. Mend it, and run the loop again."
        )
    return out / "model"


def _note(out: Path, done: list[Sampled]) -> None:
    with writing(out / RECORD) as temporary:
        temporary.write_text(json.dumps([asdict(one) for one in done], indent=2, sort_keys=True) + "\n", encoding="utf-8")
