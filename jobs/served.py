"""Where the models of a manifest are: teachers and judge at their endpoints, the student in this process or at one of its own."""

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from pipeline.models.checkpoint import digest_checkpoint, is_checkpoint
from pipeline.models.open_engine import open_engine
from pipeline.step import Step
from schemas.errors import ManifestError, TeacherError
from schemas.manifest import JudgeModel, Manifest, Student, Teacher

if TYPE_CHECKING:
    from jobs.build import Options
    from jobs.inputs import Asked
    from jobs.steps.given import Engine


@dataclass(frozen=True)
class Placed:
    """A manifest whose student has the name and revision of its weights, and the engine that runs it; None where it is served or there is none."""

    manifest: Manifest
    engine: "Engine | None" = None


def is_served(name: str, environ: Mapping[str, str] = os.environ) -> bool:
    """Whether a student has an endpoint of its own, `MEDTRACE_<NAME>_BASE_URL`; else it runs where it is asked."""
    from pipeline.models.endpoints import variables_of

    return bool(environ.get(f"{variables_of(name)}_BASE_URL", "").strip(" ,"))


def receivers(manifest: Manifest, environ: Mapping[str, str] = os.environ) -> tuple[Teacher | JudgeModel, ...]:
    """The models that rows are sent to: teachers, judge, and a student that is served."""
    student = manifest.student
    return (*manifest.receivers, *([student] if student and is_served(student.name, environ) else []))


def runs_here(step: Step) -> bool:
    """Whether a step asks a model in its own process."""
    return getattr(step.open, "func", step.open) is open_engine


@contextmanager
def student_at(url: str | None, manifest: Manifest) -> Iterator[None]:
    """Makes a URL (several comma-separated) the student's endpoint in this process; nothing where none is given.

    Raises: ManifestError where the manifest has no student.
    """
    from pipeline.models.endpoints import served_at

    if url is None:
        yield
        return
    if manifest.student is None:
        raise ManifestError(
            f"--student-url says where the student is served, and {manifest.name} has no [student]. Leave it out, or add one."
        )
    with served_at(manifest.student.name, url, "--student-url"):
        yield


def place(asked: "Asked", options: "Options") -> Placed:
    """Where the student is and what it is: a folder's weights are known by their digest, others by name and revision.

    Raises: ManifestError where its folder is not there or holds other weights than its revision says; TeacherError.
    """
    student = asked.manifest.student
    if student is None:
        return Placed(asked.manifest)
    folder = asked.path.parent / student.model
    name, revision, weights = student.model, student.revision, student.model
    if options.like is not None:
        name, revision = _locked(options.like.lock, student)
    elif is_checkpoint(str(folder)):
        name, weights = _called(folder.resolve()), str(folder.resolve())
        revision = _digest(folder)
        if student.revision not in ("", revision):
            raise ManifestError(
                f"The student's folder {student.model} holds the weights {revision}, and its revision is {student.revision}. "
                "Name the folder of these weights, or leave revision out."
            )
    elif not is_served(student.name) and (student.model.startswith((".", "/")) or student.model.count("/") != 1):
        raise ManifestError(
            f"The student's model {student.model} is no folder with a config.json beside {asked.path.name}, and no owner/name on the Hub. "
            "Name one of both, or say with --student-url where it is served."
        )
    known = student.model_copy(update={"model": name, "revision": revision})
    return Placed(asked.manifest.model_copy(update={"student": known}), _engine(student, weights, revision, options))


def _engine(student: Student, weights: str, revision: str, options: "Options") -> "Engine | None":
    if is_served(student.name) or options.like is not None:
        return None
    from jobs.students import engine_of

    return engine_of(weights, "" if Path(weights).is_absolute() else revision, options.student_gpus, options)


def check_models(placed: Placed, *, local: bool) -> None:
    """Asks every endpoint which models it serves, before anything is paid, and whether the student can be run here.

    Not `local`: other machines ask, and have endpoints and packages of their own.

    Raises: TeacherError naming the endpoint, or what is missing, and the next move.
    """
    from pipeline.models.check import check
    from pipeline.models.endpoints import endpoint_for

    if not local:
        return
    for model in receivers(placed.manifest):
        provider = check(endpoint_for(model.name, os.environ), model.model, structured=model.structure is not None)
        if isinstance(model, Student) and model.pixels and not provider.pixels:
            raise TeacherError(f"The student's pixels are told to vLLM servers alone, and its server is {provider.name}. Leave pixels out.")
    if placed.engine is not None:
        _check_engine(placed.engine.weights.place, placed.engine.weights.revision)


def _check_engine(weights: str, revision: str) -> None:
    if find_spec("vllm") is None:
        raise TeacherError(
            f"The student {weights} is to run here, and vLLM is not installed. Install it (pip install -e '.[gpu]', or '.[cpu]' where "
            "there is no GPU), or say with --student-url where the student is served."
        )
    if not Path(weights).is_absolute():
        hub = import_module("huggingface_hub")
        try:
            hub.hf_hub_download(weights, "config.json", revision=revision or None)
        except Exception as error:  # whatever the Hub's library says of a name, a revision, or a network that is not there
            said = str(error).strip().splitlines()[0][:200] if str(error).strip() else type(error).__name__
            raise TeacherError(
                f"The student {weights} is no folder beside the manifest, and the Hub does not give it: {said}. Check model and revision."
            ) from None


def _locked(lock: Mapping[str, object], student: Student) -> tuple[str, str]:
    """What the student was called in a corpus that is made again."""
    build = lock.get("build")
    recipes = build.get("recipes") if isinstance(build, dict) else None
    for name, recipe in (recipes or {}).items():
        if name.startswith((f"sample[{student.name}]", f"sample[{student.name}.round")) and isinstance(recipe, dict):
            return str(recipe.get("model", student.model)), str(recipe.get("revision", student.revision))
    return student.model, student.revision


def _called(folder: Path) -> str:
    """A model's name by its folder; `model`, as a run of training calls it, is called by the run's."""
    return folder.parent.name if folder.name == "model" else folder.name


def _digest(folder: Path) -> str:
    """The digest of a folder's weights; one that did not change is read once."""
    files = sorted(path for path in folder.iterdir() if path.is_file())
    return _digest_of(folder, tuple((path.name, path.stat().st_size, path.stat().st_mtime_ns) for path in files))


@lru_cache(maxsize=8)
def _digest_of(folder: Path, files: tuple[tuple[str, int, int], ...]) -> str:
    return digest_checkpoint(folder)
