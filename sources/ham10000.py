"""HAM10000: 10,015 dermatoscopic images of seven kinds of pigmented lesions, as multiple-choice questions.

https://challenge.isic-archive.com/data/#2018 (task 3) and https://doi.org/10.7910/DVN/DBW86T
Licence: CC BY-NC 4.0.

One raw row of ISIC2018_Task3_Training_GroundTruth.csv, of which exactly one column is 1:
image,MEL,NV,BCC,AKIEC,BKL,DF,VASC
ISIC_0024306,0.0,1.0,0.0,0.0,0.0,0.0,0.0
"""

from collections.abc import Mapping, Sequence
from functools import partial

from schemas.example import AnswerType
from schemas.vocabulary import BodyPart, Modality, Task
from sources.files import Record
from sources.formats import Format
from sources.pictures import Pictures, find_pictured, read_pictured
from sources.rows import Fault, cell, text
from sources.source import Access, Layout, Row, Source
from sources.templates import CHOICE

RAW_ROW = "image,MEL,NV,BCC,AKIEC,BKL,DF,VASC\nISIC_0024306,0.0,1.0,0.0,0.0,0.0,0.0,0.0"
CLASSES = {
    "MEL": "melanoma",
    "NV": "melanocytic nevus",
    "BCC": "basal cell carcinoma",
    "AKIEC": "actinic keratosis or intraepithelial carcinoma",
    "BKL": "benign keratosis",
    "DF": "dermatofibroma",
    "VASC": "vascular lesion",
}
# QoQ-Med (CLIMB) counts the last three as one class.
QOQ_CLASSES = {**{name: CLASSES[name] for name in ("MEL", "NV", "BCC", "AKIEC")}, "BKL": "other", "DF": "other", "VASC": "other"}
SPLITS = {"train": "Training", "validation": "Validation", "test": "Test"}
TABLES = {split: (f"ISIC2018_Task3_{word}_GroundTruth.csv", f"*{word}_GroundTruth.csv") for split, word in SPLITS.items()}


def image_names(record: Record) -> Sequence[str]:
    """The file of a row's image."""
    name = record.cells.get("image")
    return (f"{name.strip()}.jpg",) if isinstance(name, str) and name.strip() else ()


def read_row(record: Record, pictures: Pictures, *, classes: Mapping[str, str]) -> Row:
    """One question an image."""
    cells = record.cells
    hot = [name for name in CLASSES if _is_set(text(cell(cells, name)))]
    if len(hot) != 1:
        raise Fault("not one class" if hot else "no gold", ", ".join(hot))
    names = image_names(record)
    if not names:
        raise Fault("image missing", "no image is named")
    options = tuple(dict.fromkeys(classes.values()))
    return Row(
        row=record.place,
        question=CHOICE.ask(what="dermatoscopic image"),
        answer_type=AnswerType.MCQ,
        gold={"index": options.index(classes[hot[0]])},
        options=options,
        images=(pictures.read(names[0]),),
        modality=Modality.DERMATOSCOPY,
        body_part=BodyPart.SKIN,
        task=Task.CLASSIFICATION,
    )


def _is_set(value: str) -> bool:
    if value not in ("0", "0.0", "1", "1.0"):
        raise Fault("gold not 0 or 1", value[:40])
    return value.startswith("1")


def _source(name: str, title: str, classes: Mapping[str, str]) -> Source:
    return Source(
        name=name,
        version=1,
        title=title,
        homepage="https://challenge.isic-archive.com/data/#2018",
        license="CC-BY-NC-4.0",
        access=Access.OPEN,
        task="multiple choice of the classes",
        modality=Modality.DERMATOSCOPY.value,
        rows="10,015 train, 193 validation, 1,512 test",
        splits=tuple(SPLITS),
        default_split="train",
        layouts=(
            Layout(
                "ISIC2018_Task3_Training_GroundTruth.csv with the images or their zip beside",
                partial(find_pictured, patterns=TABLES, format=Format.CSV, needs=("image", *CLASSES), names=image_names),
                partial(read_pictured, row=partial(read_row, classes=classes), id=("image",)),
            ),
        ),
        raw_row=RAW_ROW,
        place=(
            "Put ISIC2018_Task3_Training_GroundTruth.csv and ISIC2018_Task3_Training_Input.zip (or its folder) from "
            "https://challenge.isic-archive.com/data/#2018 into path."
        ),
        apply="https://challenge.isic-archive.com/data/#2018 (no account needed)",
        sizes={"train": 10_015, "validation": 193, "test": 1_512},
        images={"train": 10_015, "validation": 193, "test": 1_512},
        note="several images show one lesion; the ground truth does not say which (HAM10000_metadata does)",
        citation="Tschandl et al., The HAM10000 dataset, Scientific Data 2018",
    )


HAM10000 = _source("ham10000", "HAM10000 (ISIC 2018 task 3)", CLASSES)
HAM10000_QOQ = _source("ham10000_qoq", "HAM10000 in QoQ-Med's five classes", QOQ_CLASSES)
