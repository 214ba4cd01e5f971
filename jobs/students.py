"""Models by a word of the command line: a server, a checkpoint, the embedded model, or a guesser."""

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from jobs.steps.evaluation import RANDOM
from jobs.steps.given import Engine
from pipeline.models.checkpoint import digest_checkpoint, is_checkpoint
from pipeline.models.endpoints import served_at
from pipeline.models.engine_args import Weights
from schemas.errors import TeacherError, UsageError

if TYPE_CHECKING:
    from jobs.build import Options

EMBEDDED = "embedded"


class Model(NamedTuple):
    """What a word of the command line means: the model's name, its revision and, where it runs here, its engine."""

    name: str
    revision: str = ""
    engine: Engine | None = None


@contextmanager
def model_of(word: str, served: str | None, revision: str, gpus: int | None, options: "Options") -> Iterator[Model]:
    """The model that a URL, a checkpoint, the embedded model or the guesser stands for; a URL is the student's endpoint meanwhile.

    Raises: TeacherError where a server is dead or serves several models and none is named, or a checkpoint cannot be read.
    """
    if word == RANDOM:
        yield Model(RANDOM)
    elif word == EMBEDDED:
        from pipeline.models.embedded import MODEL, embedded_teacher

        with embedded_teacher() as url, served_at("student", url, "its URL"):
            yield Model(MODEL)
    elif word.startswith(("http://", "https://")):
        with served_at("student", word, "the model's URL"):
            yield Model(served or _only_model(), revision)
    elif is_checkpoint(word):
        folder = Path(word).resolve()
        yield Model(served or folder.name, digest_checkpoint(folder), engine_of(str(folder), "", gpus, options))
    elif re.fullmatch(r"[\w.-]+/[\w.-]+", word):
        yield Model(served or word, revision, engine_of(word, revision, gpus, options))
    else:
        raise UsageError(
            f"{word!r} is no model that can be asked. Give the URL of a server, the folder of a checkpoint, a model's name on the Hub "
            f"(owner/name), {EMBEDDED} or {RANDOM}."
        )


def engine_of(place: str, revision: str, gpus: int | None, options: "Options") -> Engine:
    """The engine of some weights: on Ray one on every GPU, or on so many together; here as it finds the machine."""
    if options.runner != "ray":
        return Engine(Weights(place, revision, gpus or 0))
    from pipeline.join_ray import connect, gpus_there

    connect()
    there = gpus_there()
    each = min(1, there) if gpus is None else gpus
    if each > there:
        raise UsageError(f"An engine would take {each} GPUs, and the cluster has {there}. Say fewer with --gpus.")
    return Engine(Weights(place, revision, each), max(1, there // each) if each else 1)


def eyes_of(sees: str, model: str) -> tuple[str, ...]:
    """What a model sees, from the words of the command line.

    Raises: UsageError for another word.
    """
    words = {word.strip() for word in sees.split(",") if word.strip()} - ({"image"} if model == EMBEDDED else set())
    if not words or words - {"text", "image"}:
        raise UsageError(f"--sees takes text, image or both, comma-separated, not {sees!r}.")
    return tuple(sorted(words, reverse=True))


def name_of(model: str) -> str:
    """A model's name as a folder may be called."""
    return re.sub(r"[^A-Za-z0-9._-]+", "-", model).strip(".-") or "model"


def _only_model() -> str:
    from pipeline.models.check import served_by
    from pipeline.models.endpoints import address, endpoint_for

    endpoint = endpoint_for("student", os.environ)
    served = sorted(served_by(endpoint))
    if len(served) != 1:
        raise TeacherError(f"{address(endpoint.base_urls[0])} serves {', '.join(served) or 'no model'}. Name one with --model.")
    return served[0]
