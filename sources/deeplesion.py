"""DeepLesion: 32,120 CT slices with 32,735 boxed lesions.

https://nihcc.app.box.com/v/DeepLesion
Licence: no restriction, with attribution to the NIH Clinical Center.

One raw row of DL_info.csv (shortened; a slice's pixels are Hounsfield units plus 32,768, DICOM_windows says how it is shown):
000001_01_01_109.png,1,1,1,109,"233.537, …","226.169, 90.0204, 241.252, 111.977",…,3,0,"103, 115",…,"512, 512","-175, 275",F,62,3
"""

import io
from collections.abc import Sequence
from functools import partial

import numpy as np
from PIL import Image

from schemas.vocabulary import Modality, Task
from sources.files import Record
from sources.grouped import Group, Grouping, find, read
from sources.png import png
from sources.rows import Fault, text
from sources.source import Access, Layout, Row, Source
from sources.templates import DETECT, boxes

SPLITS = {"train": "1", "validation": "2", "test": "3"}
TABLES = dict.fromkeys(SPLITS, ("DL_info.csv",))
OFFSET = 32_768
RAW_ROW = '000001_01_01_109.png,1,1,1,109,…,"226.169, 90.0204, 241.252, 111.977",…,3,0,"103, 115",…,"512, 512","-175, 275",F,62,3'


def _slice(record: Record) -> str:
    return text(record.cells.get("File_name"))


def _of_split(record: Record, split: str) -> bool:
    return text(record.cells.get("Train_Val_Test")) == SPLITS[split]


def image_names(group: Group) -> Sequence[str]:
    """The file of a slice: 000001_01_01_109.png lies as 000001_01_01/109.png."""
    series, _, name = group.key.rpartition("_")
    return (f"{series}/{name}",) if series else ()


def _numbers(said: str, count: int) -> list[float]:
    try:
        found = [float(part) for part in said.split(",")]
    except ValueError:
        raise Fault("boxes unreadable", said[:80]) from None
    if len(found) != count:
        raise Fault("boxes unreadable", said[:80])
    return found


def read_row(group: Group) -> Row:
    """One question a slice, of all its lesions; one with a lesion that upstream calls noisy is left out."""
    if "1" in group.cells("Possibly_noisy"):
        raise Fault("box possibly wrong", "Possibly_noisy")
    width, height = (int(side) for side in _numbers(group.cells("Image_size")[0], 2))
    found: list[tuple[str, list[float]]] = []
    for said in group.cells("Bounding_boxes"):
        left, top, right, bottom = (round(edge, 2) for edge in _numbers(said, 4))
        if left >= right or top >= bottom:
            raise Fault("box without area", said[:80])
        if left < 0 or top < 0 or right > width or bottom > height:
            raise Fault("box outside the image", said[:80])
        found.append(("lesion", [left, top, right, bottom]))
    answer_type, gold = boxes(found, width, height)
    names = image_names(group)
    if not names:
        raise Fault("image missing", group.key[:120])
    low, high = _numbers(group.cells("DICOM_windows")[0], 2)
    shown = windowed(group.pictures.read(names[0]), low, high, (width, height))
    return Row(
        row=group.key,
        question=DETECT.ask(labels="lesion"),
        answer_type=answer_type,
        gold=gold,
        images=(shown,),
        modality=Modality.CT,
        task=Task.DETECTION,
        group=text(group.records[0].cells.get("Patient_index")),
    )


def windowed(data: bytes, low: float, high: float, size: tuple[int, int]) -> bytes:
    """A slice as its window shows it, grey values from 0 to 255.

    Raises: Fault where it is no image of that size in 16 bits.
    """
    try:
        with Image.open(io.BytesIO(data), formats=("PNG",)) as image:
            if image.size != size or not image.mode.startswith("I"):
                raise Fault("image not as told", f"{image.mode} {image.width} by {image.height}")
            units = np.asarray(image, np.float64) - OFFSET
    except (OSError, SyntaxError, ValueError):
        raise Fault("image broken", "no whole PNG") from None
    if high <= low:
        raise Fault("image not as told", f"a window from {low:g} to {high:g}")
    return png(np.rint(np.clip((units - low) / (high - low), 0, 1) * 255).astype(np.uint8))


_BY = Grouping(
    tables=TABLES,
    needs=("File_name", "Bounding_boxes", "Possibly_noisy", "Image_size", "DICOM_windows", "Train_Val_Test"),
    key=_slice,
    names=image_names,
    wanted=_of_split,
)
SOURCE = Source(
    name="deeplesion",
    version=1,
    title="DeepLesion",
    homepage="https://nihcc.app.box.com/v/DeepLesion",
    license="LicenseRef-NIH-DeepLesion",
    access=Access.OPEN,
    task="boxes of lesions",
    modality="ct",
    rows="22,478 train, 4,813 validation, 4,831 test slices",
    splits=tuple(SPLITS),
    default_split="train",
    layouts=(
        Layout(
            "DL_info.csv with Images_png/ (or its zip files) beside",
            partial(find, by=_BY),
            partial(read, by=_BY, row=read_row),
            "columns and folders are those that published code reads; boxes are left, top, right and bottom in pixels",
        ),
    ),
    raw_row=RAW_ROW,
    place="Put DL_info.csv and Images_png/ (or the zip files) of https://nihcc.app.box.com/v/DeepLesion into path.",
    apply="https://nihcc.app.box.com/v/DeepLesion (no account needed)",
    sizes={"train": 22_478, "validation": 4_813, "test": 4_831},
    images={"train": 22_478, "validation": 4_813, "test": 4_831},
    question_tokens=20,
    note="the key slice alone, shown as its DICOM window says; kinds of lesions are told of validation and test alone, so all are `lesion`; a patient is a group",
    citation="Yan et al., DeepLesion, Journal of Medical Imaging 2018",
)
