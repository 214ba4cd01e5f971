"""MedMNIST: twelve classification sets of small images, each one .npz file of arrays, as multiple-choice or label-set questions.

https://medmnist.com and https://zenodo.org/records/10519652 (bloodmnist.npz, or bloodmnist_224.npz for larger images)
Licence: CC BY 4.0, DermaMNIST CC BY-NC 4.0.

One raw row of bloodmnist.npz: train_images[0] (28 by 28 by 3, uint8) and train_labels[0] = [7], which is "platelet".
"""

import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from math import prod
from pathlib import Path
from typing import IO, Any

import numpy as np

from schemas.errors import SourceError
from schemas.example import AnswerType
from schemas.vocabulary import BodyPart, Modality, Task
from sources.files import Record, home, located, to_row
from sources.formats import brief
from sources.png import png
from sources.rows import Fault
from sources.source import Access, Layout, Part, Row, Source
from sources.templates import CHOICE, NO_FINDING, QOQ_LABELS, label_set

SPLITS = {"train": "train", "validation": "val", "test": "test"}
PART_IMAGES = 2_000


@dataclass(frozen=True)
class Labels:
    """What a set's labels mean, index by index, and what its images show."""

    name: str
    labels: tuple[str, ...]
    modality: Modality
    part: BodyPart
    what: str
    several: bool = False


def find(path: Path, split: str, *, labels: Labels) -> tuple[Part, ...]:
    """Parts of up to 2,000 images of the set's file: the small one, or the only one of another size that is there."""
    files = located(path, (f"{labels.name}.npz",)) or located(path, tuple(f"{labels.name}_{size}.npz" for size in (64, 128, 224)))
    files = [file for file in files if file.name.startswith(labels.name)]
    if not files:
        return ()
    if len(files) > 1:
        raise SourceError(f"{labels.name}: {', '.join(file.name for file in files)} are all there. Point path to one of them.")
    count = _count(files[0], f"{SPLITS[split]}_images")
    starts = range(0, max(count, 1), PART_IMAGES)
    return tuple(Part(home(path), (files[0],), start, min(start + PART_IMAGES, count), about=(SPLITS[split],)) for start in starts)


def _count(path: Path, name: str) -> int:
    with _member(path, name) as opened:
        return opened[1][0]


@contextmanager
def _member(path: Path, name: str) -> Iterator[tuple[IO[bytes], list[int]]]:
    """An array of bytes in an .npz, opened where its values begin, with its shape: a header is read, a pickle never."""
    try:
        with zipfile.ZipFile(path) as held, held.open(f"{name}.npy") as opened:
            version = np.lib.format.read_magic(opened)
            header = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
            shape, fortran, dtype = header(opened)
            if dtype.hasobject or dtype.itemsize != 1 or fortran or len(shape) < 2:
                raise SourceError(f"{path}: {name} holds {dtype} of shape {shape}, not rows of bytes. Fetch MedMNIST's own file again.")
            yield opened, list(shape)
    except KeyError:
        raise SourceError(f"{path} has no array {name}. Fetch MedMNIST's own file again.") from None
    except (zipfile.BadZipFile, zlib.error, EOFError, ValueError) as error:
        raise SourceError(f"{path} is no .npz file of arrays: {brief(error)}. Fetch it again.") from error


def read(part: Part, *, labels: Labels) -> Iterator[Row]:
    """One question an image."""
    path, split = part.files[0], part.about[0]
    with _member(path, f"{split}_labels") as (opened, shape):
        count = shape[0]
        values = np.frombuffer(opened.read(prod(shape)), np.uint8).reshape(count, -1)
    with _member(path, f"{split}_images") as (opened, shape):
        if shape[0] != count:
            raise SourceError(f"{path} has {shape[0]} {split}_images but {count} {split}_labels. Fetch it again.")
        size = prod(shape[1:])
        _skip(opened, part.start * size)
        for index in range(part.start, part.stop):
            pixels = np.frombuffer(opened.read(size), np.uint8)
            if len(pixels) != size:
                raise SourceError(f"{path} breaks off at {split}_images {index}. Fetch it again.")
            record = Record(f"{split}:{index}", {"pixels": pixels.reshape(shape[1:]), "labels": values[index].tolist()})
            yield to_row(record, partial(_row, labels=labels))


def _skip(opened: IO[bytes], count: int) -> None:
    while count > 0:
        block = opened.read(min(count, 1 << 24))
        if not block:
            return
        count -= len(block)


def _row(record: Record, *, labels: Labels) -> Row:
    found: list[int] = record.cells["labels"]
    facts: dict[str, Any] = {"images": (png(record.cells["pixels"]),), "modality": labels.modality, "body_part": labels.part}
    if labels.several:
        if len(found) != len(labels.labels) - 1:
            raise Fault("unknown label", f"{len(found)} labels, not {len(labels.labels) - 1}")
        answer_type, gold = label_set([name for name, there in zip(labels.labels[1:], found, strict=True) if there], labels.labels)
        listed = "\n".join(labels.labels)
        question = QOQ_LABELS.ask(what=labels.what, short="the image", labels=listed)
        return Row(record.place, question, answer_type, gold, task=Task.MULTILABEL, **facts)
    if not 0 <= found[0] < len(labels.labels):
        raise Fault("unknown label", str(found[0]))
    question = CHOICE.ask(what="image")
    return Row(record.place, question, AnswerType.MCQ, {"index": found[0]}, labels.labels, task=Task.CLASSIFICATION, **facts)


ORGANS = (
    "bladder",
    "left femur",
    "right femur",
    "heart",
    "left kidney",
    "right kidney",
    "liver",
    "left lung",
    "right lung",
    "pancreas",
    "spleen",
)
CHEST = ("atelectasis", "cardiomegaly", "effusion", "infiltration", "mass", "nodule", "pneumonia", "pneumothorax", "consolidation", "edema")
CHEST += ("emphysema", "fibrosis", "pleural thickening", "hernia")
BLOOD = ("basophil", "eosinophil", "erythroblast", "immature granulocyte", "lymphocyte", "monocyte", "neutrophil", "platelet")
PATH = ("adipose tissue", "background", "debris", "lymphocytes", "mucus", "smooth muscle", "normal colon mucosa")
PATH += ("cancer-associated stroma", "colorectal adenocarcinoma epithelium")
DERMA = ("actinic keratosis or intraepithelial carcinoma", "basal cell carcinoma", "benign keratosis-like lesion", "dermatofibroma")
DERMA += ("melanoma", "melanocytic nevus", "vascular lesion")
OCT = ("choroidal neovascularization", "diabetic macular edema", "drusen", "normal")
TISSUE = (
    "collecting duct or connecting tubule",
    "distal convoluted tubule",
    "glomerular endothelial cell",
    "interstitial endothelial cell",
)
TISSUE += ("leukocyte", "podocyte", "proximal tubule segment", "thick ascending limb")
RETINA = ("no retinopathy", "mild retinopathy", "moderate retinopathy", "severe retinopathy", "proliferative retinopathy")

# Name, labels, modality, body part, what the image is, rows of train, validation and test.
SETS: tuple[tuple[Labels, tuple[int, int, int]], ...] = (
    (Labels("bloodmnist", BLOOD, Modality.MICROSCOPY, BodyPart.BLOOD, "a microscope image of a blood cell"), (11_959, 1_712, 3_421)),
    (Labels("pathmnist", PATH, Modality.HISTOLOGY, BodyPart.ABDOMEN, "a histology image"), (89_996, 10_004, 7_180)),
    (Labels("dermamnist", DERMA, Modality.DERMATOSCOPY, BodyPart.SKIN, "a dermatoscopic image"), (7_007, 1_003, 2_005)),
    (Labels("octmnist", OCT, Modality.OCT, BodyPart.EYE, "an OCT image of a retina"), (97_477, 10_832, 1_000)),
    (Labels("pneumoniamnist", ("normal", "pneumonia"), Modality.XRAY, BodyPart.CHEST, "a chest X-ray image"), (4_708, 524, 624)),
    (Labels("retinamnist", RETINA, Modality.FUNDUS, BodyPart.EYE, "a fundus image"), (1_080, 120, 400)),
    (
        Labels("breastmnist", ("malignant", "normal or benign"), Modality.ULTRASOUND, BodyPart.BREAST, "a breast ultrasound image"),
        (546, 78, 156),
    ),
    (
        Labels("tissuemnist", TISSUE, Modality.MICROSCOPY, BodyPart.ABDOMEN, "a microscope image of a kidney cell"),
        (165_466, 23_640, 47_280),
    ),
    (Labels("organamnist", ORGANS, Modality.CT, BodyPart.ABDOMEN, "an axial CT image"), (34_561, 6_491, 17_778)),
    (Labels("organcmnist", ORGANS, Modality.CT, BodyPart.ABDOMEN, "a coronal CT image"), (12_975, 2_392, 8_216)),
    (Labels("organsmnist", ORGANS, Modality.CT, BodyPart.ABDOMEN, "a sagittal CT image"), (13_932, 2_452, 8_827)),
    (
        Labels("chestmnist", (NO_FINDING, *CHEST), Modality.XRAY, BodyPart.CHEST, "a chest X-ray image", several=True),
        (78_468, 11_219, 22_433),
    ),
)


def _source(labels: Labels, counts: tuple[int, int, int]) -> Source:
    sizes = dict(zip(SPLITS, counts, strict=True))
    return Source(
        name=labels.name,
        version=1,
        title=f"MedMNIST: {labels.name}",
        homepage="https://medmnist.com",
        license="CC-BY-NC-4.0" if labels.name == "dermamnist" else "CC-BY-4.0",
        access=Access.OPEN,
        task="any number of labels" if labels.several else "multiple choice of the classes",
        modality=labels.modality.value,
        rows=", ".join(f"{count:,} {split}" for split, count in sizes.items()),
        splits=tuple(SPLITS),
        default_split="train",
        layouts=(
            Layout(f"{labels.name}.npz, or {labels.name}_64, _128 or _224.npz", partial(find, labels=labels), partial(read, labels=labels)),
        ),
        raw_row=f"train_images[0] (28 by 28), train_labels[0] = [0], which is {labels.labels[0]!r}",
        place=f"Put {labels.name}.npz (or {labels.name}_224.npz for larger images) from https://zenodo.org/records/10519652 into path.",
        apply="https://zenodo.org/records/10519652 (no account needed)",
        sizes=sizes,
        images=sizes,
        citation="Yang et al., MedMNIST v2, Scientific Data 2023",
    )


MEDMNIST = tuple(_source(labels, counts) for labels, counts in SETS)
