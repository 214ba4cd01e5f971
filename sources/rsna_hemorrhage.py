"""RSNA intracranial haemorrhage: 752,803 slices of brain CT scans with the kinds of bleeding that neuroradiologists saw.

https://www.kaggle.com/competitions/rsna-intracranial-hemorrhage-detection
Licence: the competition's rules.

The six raw rows of one slice, ID_12cadc6af.dcm, in stage_2_train.csv (ID,Label):
ID_12cadc6af_epidural,0 … _intraparenchymal,0 … _intraventricular,0 … _subarachnoid,0 … _subdural,1 … _any,1
"""

from collections.abc import Iterator, Sequence
from functools import partial
from itertools import groupby

from schemas.vocabulary import BodyPart, Modality, Task
from sources.classed import DICOMS, flag
from sources.files import Record, records, to_row
from sources.formats import Format
from sources.pictures import Pictures, find_pictured, pictures_of
from sources.rows import Fault, text
from sources.source import Access, Layout, Part, Row, Source
from sources.templates import CLIMB_LABELS, NO_FINDING, label_set

TABLES = {"train": ("stage_2_train.csv",)}
KINDS = {
    "epidural": "Epidural Hemorrhage",
    "intraparenchymal": "Intraparenchymal Hemorrhage",
    "intraventricular": "Intraventricular Hemorrhage",
    "subarachnoid": "Subarachnoid Hemorrhage",
    "subdural": "Subdural Hemorrhage",
}
LABELS = (NO_FINDING, *KINDS.values())
LINES = len(KINDS) + 1
PART_SLICES = 250


def slice_of(record: Record) -> str:
    """The slice that a line tells of."""
    return text(record.cells.get("ID")).rpartition("_")[0]


def image_names(record: Record) -> Sequence[str]:
    """The file of a line's slice."""
    name = slice_of(record)
    return (f"{name}.dcm",) if name else ()


def read(part: Part) -> Iterator[Row]:
    """One question a slice, whose lines stand together."""
    pictures = pictures_of(part.root, part.files[1:], DICOMS)
    for name, lines in groupby(records(part), lambda record: record.place if record.fault else slice_of(record)):
        yield to_row(Record(name), partial(_row, lines=tuple(lines), pictures=pictures))


def _row(record: Record, *, lines: tuple[Record, ...], pictures: Pictures) -> Row:
    broken = next((line for line in lines if line.fault), None)
    if broken:
        raise Fault(broken.fault, broken.detail)
    told = {text(line.cells.get("ID")).rpartition("_")[2]: flag(line.cells, "Label") for line in lines}
    if len(lines) != LINES or set(told) != {*KINDS, "any"}:
        raise Fault("gold contradicts itself", f"{len(lines)} lines")
    found = [label for kind, label in KINDS.items() if told[kind]]
    if told["any"] != bool(found):
        raise Fault("gold contradicts itself", f"any {told['any']:d}")
    answer_type, gold = label_set(found, LABELS)
    return Row(
        row=record.place,
        question=CLIMB_LABELS.ask(what="a slice of a brain CT scan", short="the CT slice", labels="\n".join(LABELS)),
        answer_type=answer_type,
        gold=gold,
        images=(pictures.read(f"{record.place}.dcm"),),
        modality=Modality.CT,
        body_part=BodyPart.HEAD,
        task=Task.MULTILABEL,
    )


SOURCE = Source(
    name="rsna_hemorrhage",
    version=1,
    title="RSNA intracranial haemorrhage, slices",
    homepage="https://www.kaggle.com/competitions/rsna-intracranial-hemorrhage-detection",
    license="LicenseRef-Kaggle-RSNA-hemorrhage-rules",
    access=Access.KAGGLE,
    task="any number of labels",
    modality="ct",
    rows="752,803 train",
    splits=tuple(TABLES),
    default_split="train",
    layouts=(
        Layout(
            "stage_2_train.csv with stage_2_train/ID_12cadc6af.dcm beside",
            partial(
                find_pictured,
                patterns=TABLES,
                format=Format.CSV,
                needs=("ID", "Label"),
                names=image_names,
                part_rows=PART_SLICES * LINES,
                suffixes=DICOMS,
            ),
            read,
            "columns and folder are those that published notebooks read; the six lines of a slice stand together",
        ),
    ),
    raw_row="ID_12cadc6af_subdural,1",
    place="Put stage_2_train.csv and stage_2_train/ of https://www.kaggle.com/competitions/rsna-intracranial-hemorrhage-detection into path.",
    apply="https://www.kaggle.com/competitions/rsna-intracranial-hemorrhage-detection (accept the rules)",
    sizes={"train": 752_803},
    images={"train": 752_803},
    note="the table tells no patient, so that slices of one may come into train and heldout; QoQ-Med's Hemorrhage is `ct_hemorrhage`",
    citation="Flanders et al., The RSNA 2019 Brain CT Hemorrhage Challenge, Radiology: AI 2020",
)
