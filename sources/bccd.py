"""BCCD: blood cells with boxes, in Pascal VOC's XML.

https://github.com/Shenggan/BCCD_Dataset
Licence: MIT.

One raw row, BCCD/Annotations/BloodImage_00152.xml (shortened):
<annotation><filename>BloodImage_00152.jpg</filename><size><width>640</width><height>480</height><depth>3</depth></size>
<object><name>WBC</name><bndbox><xmin>128</xmin><ymin>31</ymin><xmax>281</xmax><ymax>172</ymax></bndbox></object></annotation>
"""

from collections.abc import Iterator
from functools import partial
from pathlib import Path
from xml.etree import ElementTree
from xml.parsers import expat

from schemas.errors import SourceError
from schemas.vocabulary import BodyPart, Modality, Task
from sources.files import Record, home, located, to_row
from sources.images import load
from sources.rows import Fault
from sources.source import Access, Layout, Part, Row, Source
from sources.templates import DETECT, boxes

RAW_ROW = (
    "<annotation><filename>BloodImage_00152.jpg</filename><size><width>640</width><height>480</height><depth>3</depth></size>"
    "<object><name>WBC</name><bndbox><xmin>128</xmin><ymin>31</ymin><xmax>281</xmax><ymax>172</ymax></bndbox></object></annotation>"
)
SPLITS = {"train": "train.txt", "validation": "val.txt", "trainval": "trainval.txt", "test": "test.txt"}
NAMES = {"WBC": "white blood cell", "RBC": "red blood cell", "Platelets": "platelet"}
PART_IMAGES = 500
MOST_BYTES = 4 << 20


def find(path: Path, split: str) -> tuple[Part, ...]:
    """Parts of up to 500 images: the split's list, then each name's XML and JPEG where they are there."""
    lists = located(path, (f"ImageSets/Main/{SPLITS[split]}",))
    if not lists or lists[0].name != SPLITS[split]:
        return ()
    folder = lists[0].parent.parent.parent
    names = [line.strip() for line in lists[0].read_text(encoding="utf-8-sig").splitlines() if line.strip()]
    parts: list[Part] = []
    for start in range(0, max(len(names), 1), PART_IMAGES):
        piece = names[start : start + PART_IMAGES]
        beside = [
            _inside(folder, f"{above}/{name}{end}") for name in piece for above, end in (("Annotations", ".xml"), ("JPEGImages", ".jpg"))
        ]
        parts.append(Part(home(path), (lists[0], *(file for file in beside if file.is_file())), about=tuple(piece)))
    return tuple(parts)


def _inside(folder: Path, name: str) -> Path:
    file = folder / name
    if ".." in Path(name).parts or not file.resolve().is_relative_to(folder.resolve()):
        raise SourceError(f"bccd: the list of images names {name!r}, which leads out of {folder}. Put upstream's list there.")
    return file


def read(part: Part) -> Iterator[Row]:
    """One question an image."""
    there = {file.name: file for file in part.files[1:]}
    for name in part.about:
        record = Record(name, {"xml": there.get(f"{name}.xml"), "image": there.get(f"{name}.jpg")})
        yield to_row(record, _row)


def _row(record: Record) -> Row:
    if record.cells["xml"] is None:
        raise Fault("boxes missing", f"{record.place}.xml")
    if record.cells["image"] is None:
        raise Fault("image missing", f"{record.place}.jpg")
    width, height, found = voc_boxes(record.cells["xml"])
    answer_type, gold = boxes([(NAMES.get(label, label), box) for label, box in found], width, height)
    return Row(
        row=record.place,
        question=DETECT.ask(labels="white blood cell, red blood cell and platelet"),
        answer_type=answer_type,
        gold=gold,
        images=(load(record.cells["image"], record.place),),
        modality=Modality.MICROSCOPY,
        body_part=BodyPart.BLOOD,
        task=Task.DETECTION,
    )


def voc_boxes(path: Path) -> tuple[int, int, list[tuple[str, tuple[float, ...]]]]:
    """Width and height of an annotated image, and its labelled boxes.

    Raises: Fault where the XML is broken or declares entities, or a box has no area or leaves the image.
    """
    content = path.read_bytes()
    if len(content) > MOST_BYTES or b"<!ENTITY" in content or b"<!DOCTYPE" in content:
        raise Fault("boxes unreadable", "a document type or more than 4 MB")
    try:
        root = ElementTree.fromstring(content)  # noqa: S314
        size = [int(root.findtext(f"size/{name}", "")) for name in ("width", "height")]
        found = [
            (
                thing.findtext("name", "").strip(),
                tuple(float(thing.findtext(f"bndbox/{edge}", "")) for edge in ("xmin", "ymin", "xmax", "ymax")),
            )
            for thing in root.iter("object")
        ]
    except (ElementTree.ParseError, expat.ExpatError, ValueError) as error:
        raise Fault("boxes unreadable", str(error)[:80]) from None
    for label, (left, top, right, bottom) in found:
        if not label or left >= right or top >= bottom:
            raise Fault("box without area", f"{label} {left:g} {top:g} {right:g} {bottom:g}")
        if left < 0 or top < 0 or right > size[0] or bottom > size[1]:
            raise Fault("box outside the image", f"{label} {left:g} {top:g} {right:g} {bottom:g} in {size[0]} by {size[1]}")
    return size[0], size[1], found


SOURCE = Source(
    name="bccd",
    version=1,
    title="BCCD, blood cells",
    homepage="https://github.com/Shenggan/BCCD_Dataset",
    license="MIT",
    access=Access.OPEN,
    task="boxes of three kinds of cells",
    modality="microscopy",
    rows="205 train, 87 validation, 72 test",
    splits=tuple(SPLITS),
    default_split="train",
    layouts=(Layout("upstream's folders (BCCD/Annotations, BCCD/JPEGImages, BCCD/ImageSets/Main)", find, partial(read)),),
    raw_row=RAW_ROW,
    place="Clone https://github.com/Shenggan/BCCD_Dataset into path, so that BCCD/Annotations, JPEGImages and ImageSets lie in it.",
    apply="https://github.com/Shenggan/BCCD_Dataset (no account needed)",
    sizes={"train": 205, "validation": 87, "trainval": 292, "test": 72},
    images={"train": 205, "validation": 87, "trainval": 292, "test": 72},
    question_tokens=20,
    note="two images have a box without area and are rejected: BloodImage_00338 and BloodImage_00343",
)
