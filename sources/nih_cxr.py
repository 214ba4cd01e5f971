"""NIH chest X-rays (ChestX-ray14): 112,120 radiographs with fourteen labels, 880 of them with boxes.

https://nihcc.app.box.com/v/ChestXray-NIHCC
Licence: no restriction, with attribution to the NIH Clinical Center.

One raw row of Data_Entry_2017.csv (its header has stray commas), and of BBox_List_2017.csv (left, top, width, height):
00000001_000.png,Cardiomegaly,0,1,058Y,M,PA,2682,2749,0.143,0.143,
00013118_008.png,Atelectasis,225.084745762712,547.019216763771,86.7796610169491,79.1864406779661,,,
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from fnmatch import fnmatch
from functools import partial
from pathlib import Path
from typing import Any

from schemas.vocabulary import BodyPart, Modality, Task
from sources.files import Record, cut, home, located, to_row
from sources.formats import Format, csv_lines
from sources.pictures import PART_IMAGES, Pictures, picture_files, pictures_of
from sources.rows import Fault, text
from sources.source import Access, Layout, Part, Row, Source
from sources.templates import DETECT_ALL, NO_FINDING, QOQ_LABELS, boxes, label_set

RAW_ROW = "00000001_000.png,Cardiomegaly,0,1,058Y,M,PA,2682,2749,0.143,0.143,"
LABELS = ("Atelectasis", "Cardiomegaly", "Consolidation", "Edema", "Effusion", "Emphysema", "Fibrosis", "Hernia", "Infiltration")
LABELS += ("Mass", "Nodule", "Pleural_Thickening", "Pneumonia", "Pneumothorax")
SHOWN = {label: label.replace("_", " ") for label in LABELS} | {"Infiltrate": "Infiltration", NO_FINDING: NO_FINDING}
VOCABULARY = (NO_FINDING, *(SHOWN[label] for label in LABELS))
LISTS = {"train": "train_val_list.txt", "test": "test_list.txt"}
SIDE = 1024
MOST_BOXES = 100_000


def find(path: Path, split: str, *, table: str, listed: bool) -> tuple[Part, ...]:
    """Parts of up to 500 lines of the labels, or all of the boxes, with the split's list behind it where there is one, then the images that are there."""
    tables = located(path, (table,))
    if not tables or not fnmatch(tables[0].name, table):
        return ()
    root = home(path)
    lists = located(path, (LISTS[split],)) if listed else ()
    if listed and not lists:
        return ()
    pictures = Pictures(root, picture_files(root))
    parts = (replace(part, files=(*part.files, *lists)) for part in cut(root, tables[0], part_rows=PART_IMAGES if listed else MOST_BOXES))
    return tuple(_with_images(part, pictures, listed) for part in parts)


def _with_images(part: Part, pictures: Pictures, listed: bool) -> Part:
    found: dict[Path, None] = {}
    for record in _lines(part, listed):
        try:
            found[pictures.find(record.cells["name"]).file] = None
        except Fault:
            continue
    return replace(part, files=(*part.files, *found))


def _lines(part: Part, listed: bool) -> Iterator[Record]:
    """The lines of a part that are of its split, by place: upstream's headers name columns twice."""
    path = part.files[0]
    wanted = set(part.files[1].read_text(encoding="utf-8-sig").split()) if listed else None
    lines = csv_lines(path, Format.CSV, part.start, part.stop)
    if not part.start:
        next(lines, None)
    for index, (_, cells) in enumerate(lines, part.first):
        if wanted is None or cells[0] in wanted:
            yield Record(f"{path.stem}:{index}", {"name": cells[0], "cells": cells})


def read_labels(part: Part) -> Iterator[Row]:
    """One question a line."""
    pictures = pictures_of(part.root, part.files[2:])
    return (to_row(record, partial(_labelled, pictures=pictures)) for record in _lines(part, True))


def read_boxes(part: Part) -> Iterator[Row]:
    """One question an image, of all its boxes."""
    pictures = pictures_of(part.root, part.files[1:])
    lines: dict[str, list[list[str]]] = {}
    for record in _lines(part, False):
        lines.setdefault(record.cells["name"], []).append(record.cells["cells"])
    return (to_row(Record(name, {"lines": found}), partial(_boxed, pictures=pictures)) for name, found in lines.items())


def _labelled(record: Record, pictures: Pictures) -> Row:
    name, cells = record.cells["name"], record.cells["cells"]
    if len(cells) < 4:
        raise Fault("unreadable line", f"{len(cells)} cells")
    found = [SHOWN.get(label, label) for label in text(cells[1]).split("|") if label]
    answer_type, gold = label_set(found, VOCABULARY)
    question = QOQ_LABELS.ask(what="a chest X-ray image", short="the X-ray image", labels="\n".join(VOCABULARY))
    return Row(name, question, answer_type, gold, task=Task.MULTILABEL, group=cells[3], **_facts(name, pictures))


def _boxed(record: Record, pictures: Pictures) -> Row:
    name = record.place
    found = [_box(cells) for cells in record.cells["lines"]]
    answer_type, gold = boxes(found, SIDE, SIDE)
    return Row(name, DETECT_ALL.ask(), answer_type, gold, task=Task.DETECTION, group=name.partition("_")[0], **_facts(name, pictures))


def _box(cells: list[str]) -> tuple[str, Sequence[float]]:
    """A line's label and box. Raises: Fault."""
    told = ",".join(cells)[:80]
    try:
        left, top, width, height = (float(cell) for cell in cells[2:6])
    except ValueError:
        raise Fault("boxes unreadable", told) from None
    if width <= 0 or height <= 0:
        raise Fault("box without area", told)
    if left < 0 or top < 0 or left + width > SIDE or top + height > SIDE:
        raise Fault("box outside the image", told)
    label = SHOWN.get(cells[1])
    if label is None:
        raise Fault("unknown label", cells[1][:80])
    return label, (left, top, left + width, top + height)


def _facts(name: str, pictures: Pictures) -> dict[str, Any]:
    return {"images": (pictures.read(name),), "modality": Modality.XRAY, "body_part": BodyPart.CHEST}


_PLACE = "Put Data_Entry_2017.csv, train_val_list.txt, test_list.txt, BBox_List_2017.csv and images_001.tar.gz to images_012.tar.gz (or images/) into path."
_APPLY = "https://nihcc.app.box.com/v/ChestXray-NIHCC (no account needed)"
NIH_CXR14 = Source(
    name="nih_cxr14",
    version=1,
    title="NIH ChestX-ray14",
    homepage="https://nihcc.app.box.com/v/ChestXray-NIHCC",
    license="LicenseRef-NIH-CXR",
    access=Access.OPEN,
    task="any number of labels",
    modality="x-ray",
    rows="86,524 train, 25,596 test",
    splits=tuple(LISTS),
    default_split="train",
    layouts=(
        Layout(
            "Data_Entry_2017*.csv and the split's list, with images/ or the tar files",
            partial(find, table="Data_Entry_2017*.csv", listed=True),
            read_labels,
        ),
    ),
    raw_row=RAW_ROW,
    place=_PLACE,
    apply=_APPLY,
    sizes={"train": 86_524, "test": 25_596},
    images={"train": 86_524, "test": 25_596},
    note="labels were taken from reports by a text miner, upstream says more than 90 % right; a patient is a group",
    citation="Wang et al., ChestX-ray8, CVPR 2017",
)
NIH_BOXES = Source(
    name="nih_boxes",
    version=1,
    title="NIH ChestX-ray14, boxes",
    homepage="https://nihcc.app.box.com/v/ChestXray-NIHCC",
    license="LicenseRef-NIH-CXR",
    access=Access.OPEN,
    task="boxes of a finding",
    modality="x-ray",
    rows="880 images with 984 boxes",
    splits=("all",),
    default_split="all",
    layouts=(
        Layout(
            "BBox_List_2017.csv with images/ or the tar files",
            partial(find, table="BBox_List_2017*.csv", listed=False),
            read_boxes,
            "boxes are left, top, width and height in pixels of 1,024 by 1,024",
        ),
    ),
    raw_row="00013118_008.png,Atelectasis,225.084745762712,547.019216763771,86.7796610169491,79.1864406779661,,,",
    place=_PLACE,
    apply=_APPLY,
    sizes={"all": 880},
    images={"all": 880},
    citation="Wang et al., ChestX-ray8, CVPR 2017",
)
