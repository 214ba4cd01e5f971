"""MedSG: regions to be found among several medical images; MedSG-Train to learn from, MedSG-Bench to be measured on.

https://huggingface.co/datasets/MedSG-Bench/MedSG-188K and https://huggingface.co/datasets/MedSG-Bench/MedSG-Bench
Licence: none stated.

One raw row of Task8.json (shortened; one conversation asks several questions of the same images):
{"id": "referring/…_13_CT_RightKidney", "task": "referring", "images": ["…/a.png", "…/b.png", "…/c.png"], "conversations": [
{"from": "human", "value": "<image>\\n<image>\\n<image>\\nIdentify the bounding box of the region described by the following expression:
<|object_ref_start|>RightVentricle<|object_ref_end|>."},
{"from": "gpt", "value": "It's in the third image. <|box_start|>(92,150),(164,224)<|box_end|>"}, …]}
"""

import re
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from schemas.vocabulary import Task, modality_of
from sources.files import Record, cut, home, located, records, to_row
from sources.formats import Format, columns_of, format_of
from sources.images import size_of
from sources.pictures import Pictures, pictures_of, with_pictures
from sources.rows import Fault, question_of
from sources.source import Access, Layout, Part, Row, Source
from sources.templates import boxes

BOX = re.compile(r"\((\d+),\s*(\d+)\),\s*\((\d+),\s*(\d+)\)")
NAME = re.compile(r"<\|object_ref_start\|>(.*?)<\|object_ref_end\|>")
MARKS = re.compile(r"<image>\s*|<\|object_ref_start\|>|<\|object_ref_end\|>|<\|box_start\|>|<\|box_end\|>")
WHICH = re.compile(r"\b(first|second|third|fourth|fifth|sixth)\b", re.IGNORECASE)
ORDINALS = ("first", "second", "third", "fourth", "fifth", "sixth")
TABLES = {"train": ("Task*.json",)}


def find(path: Path, split: str) -> tuple[Part, ...]:
    """Parts of up to 500 conversations with the images that they name."""
    tables = [
        file
        for file in located(path, TABLES[split])
        if format_of(file) is Format.JSON and not {"images", "conversations"}.difference(columns_of(file, Format.JSON))
    ]
    root = home(path)
    return with_pictures([part for table in tables for part in cut(root, table)], root, image_names) if tables else ()


def image_names(record: Record) -> Sequence[str]:
    """The images of a conversation; upstream's paths begin with folders of its own machine."""
    named = record.cells.get("images")
    return [name.lstrip("/") for name in named if isinstance(name, str)] if isinstance(named, list) else []


def read(part: Part) -> Iterator[Row]:
    """One question for each that a conversation asks."""
    pictures = pictures_of(part.root, part.files[1:])
    for record in records(part):
        if record.fault:
            yield Row(record.place, fault=record.fault, detail=record.detail)
            continue
        said = record.cells.get("conversations")
        turns = said if isinstance(said, list) else []
        for at, pair in enumerate(zip(turns[::2], turns[1::2], strict=False)):
            told = str(record.cells.get("id") or record.place)
            yield to_row(record._replace(place=f"{told}:{at}"), partial(_row, pair=pair, pictures=pictures))
        if len(turns) < 2:
            yield Row(record.place, fault="no question")


def _row(record: Record, *, pair: tuple[Any, Any], pictures: Pictures) -> Row:
    asked, answered = (str(turn.get("value", "")) if isinstance(turn, dict) else "" for turn in pair)
    images = tuple(pictures.read(name) for name in image_names(record))
    if not images:
        raise Fault("image missing", "no image is named")
    found = BOX.findall(answered)
    if not found:
        raise Fault("no box", answered[:80])
    ordinal = WHICH.search(answered)
    place = ORDINALS.index(ordinal[1].lower()) if ordinal else len(images) - 1
    if place >= len(images):
        raise Fault("gold out of range", f"image {place + 1} of {len(images)}")
    width, height = size_of(images[place])
    name = NAME.search(asked)
    label = f"{name[1] if name else 'region'} in image {place + 1}"
    edges = [tuple(float(edge) for edge in box) for box in found]
    for left, top, right, bottom in edges:
        if left >= right or top >= bottom:
            raise Fault("box without area", answered[:80])
        if right > width or bottom > height:
            raise Fault("box outside the image", answered[:80])
    answer_type, gold = boxes([(label, box) for box in edges], width, height)
    return Row(
        row=record.place,
        question=question_of(MARKS.sub("", asked)),
        answer_type=answer_type,
        gold=gold,
        images=images,
        modality=modality_of(record.place),
        task=Task.DETECTION,
        subject=str(record.cells.get("task") or ""),
        group=record.place.rpartition(":")[0],
    )


SOURCE = Source(
    name="medsg",
    version=1,
    title="MedSG-Train (MedSG-188K)",
    homepage="https://huggingface.co/datasets/MedSG-Bench/MedSG-188K",
    license="LicenseRef-not-stated",
    access=Access.OPEN,
    task="boxes in one of several images",
    modality="image",
    rows="188,163",
    splits=tuple(TABLES),
    default_split="train",
    layouts=(
        Layout(
            "Task1.json to Task8.json with the folders of images beside",
            find,
            read,
            "the other tasks are written as Task8 (referring) is; boxes are in pixels of the image that the answer names, of the last one where it names none",
        ),
    ),
    raw_row='{"id": "referring/…", "task": "referring", "images": ["…/a.png", …], "conversations": [{"from": "human", "value": "…"}, …]}',
    place="Put Task1.json to Task8.json and their folders of images of https://huggingface.co/datasets/MedSG-Bench/MedSG-188K into path.",
    apply="https://huggingface.co/datasets/MedSG-Bench/MedSG-188K (no account needed)",
    sizes={"train": 188_163},
    images={"train": 188_163},
    question_tokens=30,
    note="each question of a conversation is a row of its own; a box stands in pixels of the image that its label names",
    citation="Yue et al., MedSG-Bench, arXiv 2505.11852",
)
