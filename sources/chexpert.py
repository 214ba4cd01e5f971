"""CheXpert: 224,316 chest X-rays of Stanford with fourteen labels that a text miner took from reports.

https://stanfordaimi.azurewebsites.net/datasets/8cbd9ed4-2eb9-4565-affc-111cf4f7ebe2
Licence: Stanford's research use agreement, after registration.

One raw row of train.csv (1 positive, 0 negative, -1 uncertain, empty where a report does not say):
CheXpert-v1.0-small/train/patient00001/study1/view1_frontal.jpg,Female,68,Frontal,AP,1.0,,,,,,,,,0.0,,,,1.0
"""

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

from schemas.vocabulary import BodyPart, Modality, Task
from sources.files import Record
from sources.formats import Format
from sources.pictures import Pictures, cells_of, find_pictured, read_pictured
from sources.rows import Fault, Gold, cell, text
from sources.source import Access, Layout, Row, Source
from sources.templates import CLIMB_LABELS, NO_FINDING, label_set

RAW_ROW = "CheXpert-v1.0-small/train/patient00001/study1/view1_frontal.jpg,Female,68,Frontal,AP,1.0,,,,,,,,,0.0,,,,1.0"
LABELS = (NO_FINDING, "Enlarged Cardiomediastinum", "Cardiomegaly", "Lung Opacity", "Lung Lesion", "Edema", "Consolidation", "Pneumonia")
LABELS += ("Atelectasis", "Pneumothorax", "Pleural Effusion", "Pleural Other", "Fracture", "Support Devices")
# The labeller counts an X-ray with a tube and nothing else as No Finding.
DEVICES = ("Support Devices",)
VALUES = {"": 0, "0": 0, "1": 1, "-1": 0}
TABLES = {"train": ("train.csv",), "validation": ("valid.csv",)}


def positive(cells: Mapping[str, Any], vocabulary: Sequence[str]) -> Gold:
    """The labels that are 1, as CLIMB takes them: uncertain and untold ones count as absent.

    Raises: Fault where no label is 1, a cell holds another value, or `No Finding` stands beside a finding.
    """
    found: list[str] = []
    for label in vocabulary:
        value = text(cell(cells, label)).removesuffix(".0")
        if value not in VALUES:
            raise Fault("gold not 1, 0 or -1", f"{label} {value}"[:80])
        if VALUES[value]:
            found.append(label)
    if not found:
        raise Fault("no label")
    return label_set(found, vocabulary, DEVICES)


def question(vocabulary: Sequence[str]) -> str:
    """What is asked of a chest X-ray."""
    return CLIMB_LABELS.ask(what="a chest X-ray image", short="the X-ray image", labels="\n".join(vocabulary))


def read_row(record: Record, pictures: Pictures) -> Row:
    """One question a view."""
    cells = record.cells
    name = text(cell(cells, "Path"))
    answer_type, gold = positive(cells, LABELS)
    return Row(
        row=name,
        question=question(LABELS),
        answer_type=answer_type,
        gold=gold,
        images=(pictures.read(name),),
        modality=Modality.XRAY,
        body_part=BodyPart.CHEST,
        task=Task.MULTILABEL,
        subject=text(cells.get("Frontal/Lateral")),
        group=next((part for part in name.split("/") if part.startswith("patient")), name),
    )


SOURCE = Source(
    name="chexpert",
    version=1,
    title="CheXpert",
    homepage="https://stanfordaimi.azurewebsites.net/datasets/8cbd9ed4-2eb9-4565-affc-111cf4f7ebe2",
    license="LicenseRef-Stanford-RUA",
    access=Access.REGISTERED,
    task="any number of labels",
    modality="x-ray",
    rows="223,414 train, 234 validation; QoQ-Med counts 212,243 and 225 with a label",
    splits=tuple(TABLES),
    default_split="train",
    layouts=(
        Layout(
            "train.csv and valid.csv with the folders train/ and valid/ beside",
            partial(find_pictured, patterns=TABLES, format=Format.CSV, needs=("Path", *LABELS), names=cells_of("Path")),
            partial(read_pictured, row=read_row, id=("Path",)),
            "columns and paths are those that CLIMB's code and published notebooks read",
        ),
    ),
    raw_row=RAW_ROW,
    place="Put CheXpert-v1.0-small (or CheXpert-v1.0) with train.csv, valid.csv, train/ and valid/ into path.",
    apply="https://stanfordaimi.azurewebsites.net/datasets/8cbd9ed4-2eb9-4565-affc-111cf4f7ebe2 (register, agree to the terms)",
    sizes={"train": 223_414, "validation": 234},
    images={"train": 223_414, "validation": 234},
    note="uncertain labels (-1) count as absent, rows without a positive label are rejected as CLIMB leaves them out; a patient is a group",
    citation="Irvin et al., CheXpert, AAAI 2019",
)
