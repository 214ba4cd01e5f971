"""BCSS: 151 regions of breast cancer slides whose tissue is drawn in; tiles of one tissue as multiple-choice questions.

https://github.com/PathologyDataScience/BCSS (also https://bcsegmentation.grand-challenge.org)
Licence: CC0 1.0.

One raw row: images/TCGA-A1-A0SK-DX1_xmin45749_ymin25055_MPP-0.2500.png with the mask of that name in masks/, whose values are codes
(0 not looked at, 1 tumour, 2 stroma, 3 lymphocytic infiltrate, 4 necrosis or debris, 5 and more other tissue).
"""

import io
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from PIL import Image

from schemas.example import AnswerType
from schemas.vocabulary import BodyPart, Modality, Task
from sources.images import images_below, load
from sources.png import png
from sources.rows import Fault
from sources.source import Access, Layout, Part, Row, Source
from sources.templates import CHOICE

TISSUES = ("tumour", "stroma", "inflammatory infiltrate", "necrosis or debris")
TEST_SITES = frozenset(("OL", "LL", "E2", "EW", "GM", "S3"))
TILE = 512
SHARE = 0.5
MOST_PIXELS = 89_000_000
PART_REGIONS = 2


def find(path: Path, split: str) -> tuple[Part, ...]:
    """Parts of up to two regions of a split, each image followed by its mask."""
    if not path.is_dir():
        return ()
    images = images_below(path)
    masks = {mask.name: mask for mask in images if mask.parent.name == "masks"}
    regions = [image for image in images if image.parent.name == "images" and image.name in masks and _split(image) == split]
    starts = range(0, len(regions), PART_REGIONS)
    pieces = (regions[start : start + PART_REGIONS] for start in starts)
    return tuple(Part(path, tuple(file for image in piece for file in (image, masks[image.name]))) for piece in pieces)


def _split(image: Path) -> str:
    """By the site that the name tells: `OL` in TCGA-OL-…"""
    return "test" if image.name[5:7] in TEST_SITES else "train"


def read(part: Part) -> Iterator[Row]:
    """One question a tile of which at least half is one of the four tissues."""
    for image, mask in zip(part.files[::2], part.files[1::2], strict=True):
        try:
            pixels, codes = _pixels(image, "RGB"), _pixels(mask, "L")
            if pixels.shape[:2] != codes.shape:
                raise Fault("mask of another size", f"{codes.shape[1]} by {codes.shape[0]}")
        except Fault as fault:
            yield Row(image.stem, fault=fault.reason, detail=fault.detail)
            continue
        yield from _tiles(image.stem, pixels, codes)


def _pixels(path: Path, mode: str) -> np.ndarray:
    """Raises: Fault where it is no image, or too large."""
    try:
        with Image.open(io.BytesIO(load(path))) as image:
            if image.width * image.height > MOST_PIXELS:
                raise Fault("image too large", f"{image.width} by {image.height}")
            return np.asarray(image if image.mode == mode else image.convert(mode))
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError):
        raise Fault("image broken", path.name) from None


def _tiles(name: str, pixels: np.ndarray, codes: np.ndarray) -> Iterator[Row]:
    for top in range(0, codes.shape[0] - TILE + 1, TILE):
        for left in range(0, codes.shape[1] - TILE + 1, TILE):
            counts = np.bincount(codes[top : top + TILE, left : left + TILE].ravel(), minlength=5)[1:5]
            if counts.max() < SHARE * TILE * TILE:
                continue
            yield Row(
                row=f"{name}:{left},{top}",
                question=CHOICE.ask(what="tile of a breast cancer slide mainly"),
                answer_type=AnswerType.MCQ,
                gold={"index": int(counts.argmax())},
                options=TISSUES,
                images=(png(pixels[top : top + TILE, left : left + TILE]),),
                modality=Modality.HISTOLOGY,
                body_part=BodyPart.BREAST,
                task=Task.CLASSIFICATION,
                group=name[:12],
            )


SOURCE = Source(
    name="bcss",
    version=1,
    title="BCSS, tissue in tiles of breast cancer slides",
    homepage="https://github.com/PathologyDataScience/BCSS",
    license="CC0-1.0",
    access=Access.OPEN,
    task="multiple choice of the classes",
    modality="histology",
    rows="151 regions; QoQ-Med cuts 4,211 train and 1,053 test patches out of them",
    splits=("train", "test"),
    default_split="train",
    layouts=(
        Layout(
            "images/TCGA-….png with the mask of each in masks/",
            find,
            read,
            "folders and codes are those that CLIMB's code reads; CLIMB cuts out the boxes of drawn regions, here are tiles of 512 by 512 pixels",
        ),
    ),
    raw_row="images/TCGA-A1-A0SK-DX1_xmin45749_ymin25055_MPP-0.2500.png with masks/TCGA-A1-A0SK-DX1_xmin45749_ymin25055_MPP-0.2500.png",
    place="Put images/ and masks/ of https://github.com/PathologyDataScience/BCSS (its 0.25 microns a pixel) into path.",
    apply="https://github.com/PathologyDataScience/BCSS (no account needed)",
    sizes={"train": 4_211, "test": 1_053},
    images={"train": 4_211, "test": 1_053},
    note="a tile counts where half of it is one tissue (our choice); the test sites OL, LL, E2, EW, GM and S3 are CLIMB's; a patient is a group",
    citation="Amgad et al., Structured crowdsourcing enables convolutional segmentation of histology images, Bioinformatics 2019",
)
