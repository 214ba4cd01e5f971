"""Training as a job: a configuration and a corpus in, a folder with a model, its numbers and the record of the run out."""

import importlib.util
import json
import logging
import shutil
import warnings
from collections.abc import Callable
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pipeline.fingerprint import canonical_json
from pipeline.publish.corpus import read_corpus
from pipeline.training.checkpoints import DONE, METRICS, RECORD, read_json, write_json
from pipeline.training.trackers import check_trackers
from schemas.errors import ConfigError, MedtraceError, TrainingError
from schemas.training import Mix, Stage, Training, read_training

if TYPE_CHECKING:
    from pipeline.training.estimate import Estimate
    from pipeline.training.run import Trained

Say = Callable[[dict[str, Any]], None]
LIBRARIES = ("torch", "transformers", "trl", "peft", "accelerate")
# What changes where a run is computed, and not what comes out.
_ELSEWHERE = ("ray", "report")
# The sections of the file that a way of training does not read.
_UNREAD = {"sft": ("rewards", "grpo", "drpo"), "grpo": ("drpo",), "drpo": ()}


def open_training(path: Path, corpus: Path | None = None, model: str | None = None) -> Training:
    """The run in a file; a corpus or a folder of a model is looked for beside the file.

    Raises: ConfigError where the file cannot be read, or asks for what is not known.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path} cannot be read: {error}. Name a TOML file, like jobs/configs/octomed.toml.") from error
    asked = read_training(text, str(path))
    stages = tuple(one.model_copy(update={"corpus": _beside(path, one.corpus)}) if one.corpus else one for one in asked.stage)
    data = asked.data.model_copy(update={"corpus": _beside(path, asked.data.corpus)})
    named = _beside(path, asked.model.path) if (path.parent / asked.model.path).is_dir() else asked.model.path
    told = asked.model.model_copy(update={"path": named})
    if corpus is not None:
        data = data.model_copy(update={"corpus": str(corpus.absolute())})
        stages = tuple(one.model_copy(update={"corpus": None}) for one in stages)
    if model is not None:
        told = told.model_copy(update={"path": str(Path(model).absolute()) if Path(model).is_dir() else model, "revision": ""})
    return asked.model_copy(update={"stage": stages, "data": data, "model": told})


def sft(asked: Training, out: Path, *, fresh: bool = False, say: Say | None = None, runner: str = "local") -> "Trained":
    """Fine-tunes a model on a corpus, here or on Ray; goes on where a run of the same settings in the folder was left, unless `fresh`.

    Raises: TrainingError where something does not fit; CorpusError where a corpus cannot be read.
    """
    return _run(asked, "sft", out, fresh, say, runner)


def from_rewards(asked: Training, kind: str, out: Path, *, fresh: bool = False, say: Say | None = None, runner: str = "local") -> "Trained":
    """Trains a model by rewards of what it writes, by `grpo` or `drpo`; goes on like `sft`.

    Raises: TrainingError where something does not fit; CorpusError where a corpus cannot be read.
    """
    return _run(asked, kind, out, fresh, say, runner)


def _run(asked: Training, kind: str, out: Path, fresh: bool, say: Say | None, runner: str) -> "Trained":
    asked = staged(asked)
    check(asked)
    begin(asked, kind, out, fresh=fresh)
    try:
        return _trained(asked, kind, out, say, runner)
    except MedtraceError:
        forget_unbegun(out)
        raise


def _trained(asked: Training, kind: str, out: Path, say: Say | None, runner: str) -> "Trained":
    from pipeline.training.run import train, trained

    if runner == "ray":
        from pipeline.join_ray import check_shared, connect
        from pipeline.training.on_ray import train_on_ray

        connect()
        check_shared({"--out": out})
        train_on_ray(asked, kind, out)
        return trained(asked, out)
    from pipeline.training.kinds import maker_of

    return train(asked, out, maker_of(kind), say)


def dry_run(asked: Training, kind: str = "sft") -> "list[Estimate]":
    """What each stage of a kind of training would take, and its first row with what is learnt of it; nothing is trained.

    Raises: TrainingError where something does not fit; CorpusError where a corpus cannot be read.
    """
    asked = staged(asked)
    check(asked)
    from pipeline.training.estimate import estimate
    from pipeline.training.estimate_rl import estimate_rl
    from pipeline.training.run import quiet

    quiet()
    return [(estimate if kind == "sft" else estimate_rl)(stage, name) for name, stage in asked.stages()]


def staged(asked: Training) -> Training:
    """The run with what its corpora's manifests say of stages of the same names: sources and pixels that the run's stages leave open.

    Raises: CorpusError where a corpus cannot be read.
    """
    stages = tuple(_staged(one, one.corpus or asked.data.corpus) for one in asked.stage)
    return asked.model_copy(update={"stage": stages})


def _staged(stage: Stage, corpus: str) -> Stage:
    held = read_corpus(Path(corpus))
    told = next((one for one in held.manifest.stage if one.name == stage.name), None)
    if told is None:
        return stage
    there = {name for splits in held.lock["counts"].values() for name in splits.get("train", {}).get("source", {})}
    mix = stage.mix or Mix(by="source", times={name: times for name, times in told.sources.items() if name in there}, other=0.0)
    return stage.model_copy(update={"mix": mix, "max_pixels": stage.max_pixels or told.max_pixels})


def check(asked: Training) -> None:
    """Raises: TrainingError where what training needs is not installed; CorpusError where a corpus cannot be read."""
    missing = [name for name in LIBRARIES if importlib.util.find_spec(name) is None]
    if missing:
        verb = "is" if len(missing) == 1 else "are"
        raise TrainingError(f"Training needs {', '.join(missing)}, which {verb} not installed here: pip install -e '.[train]'.")
    check_trackers(asked.report.to)
    # TRL says so at five of its imports, whether or not vLLM is used; which one rollouts take is decided in pipeline/training/grpo.py.
    warnings.filterwarnings("ignore", message="TRL currently supports vLLM")
    logging.getLogger("vllm.triton_utils.importing").setLevel(logging.ERROR)  # and vLLM of a Triton that training does not use
    for corpus in sorted({stage.data.corpus for _, stage in asked.stages()}):
        read_corpus(Path(corpus))


def begin(asked: Training, kind: str, out: Path, *, fresh: bool) -> None:
    """Writes the record of a run, or finds the one that this goes on with.

    Raises: TrainingError where the folder holds a run of other settings.
    """
    record = record_of(asked, kind)
    held = read_json(out / RECORD)
    if held is not None and fresh:
        shutil.rmtree(out)
    elif held is not None and held["settings"] != record["settings"]:
        changed = ", ".join(_differences(held["settings"], record["settings"]))
        raise TrainingError(f"{out} holds a run of other settings ({changed}). Name another --out, or begin anew with --fresh.")
    elif held is None and out.is_dir() and any(out.iterdir()):
        raise TrainingError(f"{out} is not empty and holds no run. Name another --out.")
    if held is None or fresh:
        out.mkdir(parents=True, exist_ok=True)
        write_json(out / RECORD, record)


def forget_unbegun(out: Path) -> None:
    """Takes away the record of a run that failed before its first number: once the settings are mended, the same command begins."""
    stages = out / "stages"
    begun = (out / METRICS).is_file() or any(any(stages.glob(name)) for name in ("*/checkpoint-*", f"*/{DONE}", "*/result"))
    if not begun and (out / RECORD).is_file():
        (out / RECORD).unlink()
        shutil.rmtree(stages, ignore_errors=True)
        shutil.rmtree(out / "ray", ignore_errors=True)
        if not any(out.iterdir()):
            out.rmdir()


def record_of(asked: Training, kind: str) -> dict[str, Any]:
    """What a run was made of: settings, the digests of its corpora, versions."""
    settings = json.loads(asked.model_dump_json(exclude={*_ELSEWHERE, *_UNREAD[kind]}))
    corpora = {}
    for _, stage in asked.stages():
        lock = read_corpus(Path(stage.data.corpus)).lock
        corpora[stage.data.corpus] = _digest(lock)
    versions = {name: metadata.version(name) for name in LIBRARIES}
    return {"kind": kind, "name": asked.name, "settings": {"kind": kind, **settings, "corpora": corpora}, "versions": versions}


def _digest(lock: Any) -> str:
    import hashlib

    return hashlib.sha256(canonical_json([shard["digest"] for shard in lock["shards"]]).encode()).hexdigest()[:16]


def _differences(old: Any, new: Any, where: str = "") -> list[str]:
    if not isinstance(old, dict) or not isinstance(new, dict):
        return [] if old == new else [f"{where} was {old!r:.40}, is {new!r:.40}"]
    return [
        line
        for key in [*old, *(key for key in new if key not in old)]
        for line in _differences(old.get(key), new.get(key), f"{where}.{key}".lstrip("."))
    ]


def _beside(config: Path, named: str) -> str:
    return str((config.parent / named).resolve())
