"""A folder of images in one folder a class, as multiple-choice questions."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from schemas.errors import SourceError
from schemas.example import AnswerType
from schemas.manifest_source import Dataset
from schemas.vocabulary import Task
from sources.files import Record, to_row
from sources.images import images_below, load
from sources.source import Access, Layout, Part, Row, Source

QUESTION = "Which of these does the image show?"
MOST_OPTIONS = 10
PART_IMAGES = 500
ONE_SPLIT = "all"


@dataclass(frozen=True)
class FolderOptions:
    """How images are asked about."""

    name: str
    question: str = QUESTION
    modality: str = "image"
    domain: str = ""
    body_part: str = ""


def imagefolder_source(dataset: Dataset) -> Source:
    """The source that a manifest describes with `kind = "imagefolder"`."""
    options = FolderOptions(
        dataset.name, dataset.question or QUESTION, dataset.modality or "image", dataset.domain or "", dataset.body_part or ""
    )
    split = dataset.split or ONE_SPLIT
    return Source(
        name=dataset.name,
        version=1,
        title=dataset.name,
        homepage=dataset.homepage or "",
        license=dataset.license or "",
        access=Access(dataset.access or "open"),
        task="multiple choice of the classes",
        modality=options.modality,
        rows="one an image",
        splits=(split,),
        default_split=split,
        layouts=(Layout("imagefolder", partial(find, options=options), partial(read, options=options)),),
        raw_row="",
    )


def find(path: Path, split: str, *, options: FolderOptions) -> tuple[Part, ...]:
    """Parts of up to 500 images, sorted by path, of a folder (or of its folder of the split's name).

    Raises: SourceError where there are fewer than two classes, or two read alike.
    """
    if not path.is_dir():
        raise SourceError(f"{options.name}: {path} is a file, not a folder of class folders. Point path to the folder.")
    root = path / split if (path / split).is_dir() else path
    images = [image for image in images_below(root) if image.parent != root]
    classes = sorted({image.relative_to(root).parts[0] for image in images})
    if len(classes) < 2:
        found = ", ".join(classes) or "none"
        raise SourceError(
            f"{options.name}: {root} needs images in two class folders or more, there are: {found}. Lay it out as class/image."
        )
    shown = [_shown(name) for name in classes]
    if len({name.casefold() for name in shown}) < len(shown):
        raise SourceError(f"{options.name}: two class folders of {root} read alike among {', '.join(shown)}. Rename or join them.")
    starts = range(0, len(images), PART_IMAGES)
    return tuple(Part(root, tuple(images[start : start + PART_IMAGES]), about=tuple(classes)) for start in starts)


def _shown(name: str) -> str:
    return " ".join(name.replace("_", " ").split())


def read(part: Part, *, options: FolderOptions) -> Iterator[Row]:
    """One question an image."""
    for image, name in zip(part.files, part.names, strict=True):
        record = Record(name, {"image": image, "classes": part.about})
        yield to_row(record, partial(_row, options=options))


def _row(record: Record, *, options: FolderOptions) -> Row:
    gold = record.place.split("/")[0]
    choices = _choices(record.place, gold, record.cells["classes"])
    return Row(
        row=record.place,
        question=options.question,
        answer_type=AnswerType.MCQ,
        gold={"index": choices.index(_shown(gold))},
        options=choices,
        images=(load(record.cells["image"], record.place),),
        modality=options.modality,
        domain=options.domain,
        body_part=options.body_part,
        task=Task.CLASSIFICATION,
    )


def _choices(image: str, gold: str, classes: tuple[str, ...]) -> tuple[str, ...]:
    """The classes sorted by what is shown; of more than ten, the right one and nine drawn by the image's path."""
    if len(classes) > MOST_OPTIONS:
        others = sorted((name for name in classes if name != gold), key=partial(_draw, image))
        classes = (gold, *others[: MOST_OPTIONS - 1])
    return tuple(sorted(_shown(name) for name in classes))


def _draw(image: str, name: str) -> bytes:
    return hashlib.sha256(f"{image}\0{name}".encode()).digest()
