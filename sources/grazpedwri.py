"""GRAZPEDWRI-DX: 20,327 X-rays of children's wrists with boxes of fractures and other findings.

https://doi.org/10.6084/m9.figshare.14825193
Licence: CC BY 4.0.

One raw row of yolov5/labels/0001_1297860395_01_WRI-L1_M014.txt (class, middle across and down, width and height as shares of the image):
3 0.4831 0.5124 0.0910 0.0402
"""

from collections.abc import Iterator
from pathlib import Path

from schemas.vocabulary import BodyPart, Modality, Task
from sources.files import Record, to_row
from sources.images import images_below, load, size_of
from sources.rows import Fault
from sources.source import Access, Layout, Part, Row, Source
from sources.templates import DETECT_ALL, boxes

# In the order of upstream's meta.yaml; the letters that mark a side are no finding.
CLASSES = ("bone anomaly", "bone lesion", "foreign body", "fracture", "metal", "periosteal reaction", "pronator sign", "soft tissue", "")
PART_IMAGES = 500


def find(path: Path, split: str) -> tuple[Part, ...]:
    """Parts of up to 500 images that have a label file of their name, each before its labels."""
    if not path.is_dir():
        return ()
    labels = {
        file.stem: file for file in sorted(path.rglob("*.txt")) if file.parent.name == "labels" or file.parent.parent.name == "labels"
    }
    pairs = [(image, labels[image.stem]) for image in images_below(path) if image.stem in labels]
    return tuple(
        Part(path, tuple(file for pair in pairs[start : start + PART_IMAGES] for file in pair))
        for start in range(0, len(pairs), PART_IMAGES)
    )


def read(part: Part) -> Iterator[Row]:
    """One question an image."""
    for image, labels in zip(part.files[::2], part.files[1::2], strict=True):
        yield to_row(Record(image.stem, {"image": image, "labels": labels}), _row)


def _row(record: Record) -> Row:
    data = load(record.cells["image"], record.place)
    width, height = size_of(data)
    lines = record.cells["labels"].read_text(encoding="utf-8-sig").splitlines()
    answer_type, gold = boxes([found for line in lines if line.strip() for found in _box(line, width, height)], width, height)
    return Row(
        row=record.place,
        question=DETECT_ALL.ask(),
        answer_type=answer_type,
        gold=gold,
        images=(data,),
        modality=Modality.XRAY,
        body_part=BodyPart.ARM,
        task=Task.DETECTION,
        group=record.place.partition("_")[0],
    )


def _box(line: str, width: int, height: int) -> list[tuple[str, tuple[float, ...]]]:
    """A line's label and box in pixels, none of a side's letters. Raises: Fault."""
    try:
        kind, *shares = line.split()
        label, (across, down, wide, high) = CLASSES[int(kind)], (float(share) for share in shares)
    except (ValueError, IndexError):
        raise Fault("boxes unreadable", line[:80]) from None
    if not label:
        return []
    edges = (across - wide / 2, down - high / 2, across + wide / 2, down + high / 2)
    if wide <= 0 or high <= 0:
        raise Fault("box without area", line[:80])
    # A thousandth beyond the edge is upstream's rounding.
    if min(edges) < -0.001 or max(edges) > 1.001:
        raise Fault("box outside the image", line[:80])
    left, top, right, bottom = (min(max(edge, 0.0), 1.0) for edge in edges)
    return [(label, (left * width, top * height, right * width, bottom * height))]


SOURCE = Source(
    name="grazpedwri",
    version=1,
    title="GRAZPEDWRI-DX, wrist X-rays",
    homepage="https://doi.org/10.6084/m9.figshare.14825193",
    license="CC-BY-4.0",
    access=Access.OPEN,
    task="boxes of findings",
    modality="x-ray",
    rows="20,327",
    splits=("all",),
    default_split="all",
    layouts=(
        Layout(
            "images (….png) with yolov5/labels/….txt beside",
            find,
            read,
            "the classes count as in upstream's meta.yaml: boneanomaly, bonelesion, foreignbody, fracture, metal, periostealreaction, pronatorsign, softtissue, text",
        ),
    ),
    raw_row="3 0.4831 0.5124 0.0910 0.0402",
    place="Unpack the four parts of images and folder_structure.zip (yolov5/labels) of https://doi.org/10.6084/m9.figshare.14825193 into path.",
    apply="https://doi.org/10.6084/m9.figshare.14825193 (no account needed)",
    sizes={"all": 20_327},
    images={"all": 20_327},
    question_tokens=20,
    note="an image without a finding is rejected (no box); a patient is a group",
    citation="Nagy et al., GRAZPEDWRI-DX, Scientific Data 2022",
)
