"""PAD-UFES-20: 2,298 photographs of skin lesions taken by telephones, in QoQ-Med's five classes.

https://data.mendeley.com/datasets/zr7vgbcyr2/1
Licence: CC BY 4.0.

One raw row of metadata.csv (shortened):
PAT_1516,1765,False,…,NEV,True,False,False,False,False,False,PAT_1516_1765_530.png,False
"""

from functools import partial

from schemas.example import AnswerType
from schemas.vocabulary import BodyPart, Modality, Task
from sources.files import Record
from sources.formats import Format
from sources.pictures import Pictures, cells_of, find_pictured, read_pictured
from sources.rows import Fault, cell, text
from sources.source import Access, Layout, Row, Source
from sources.templates import CHOICE

# CLIMB's classes: actinic keratosis and squamous cell carcinoma count as one, Bowen's disease among them, the rest as other.
CLASSES = {
    "MEL": "melanoma",
    "NEV": "nevus",
    "BCC": "basal cell carcinoma",
    "ACK": "actinic keratosis or squamous cell carcinoma",
    "SCC": "actinic keratosis or squamous cell carcinoma",
    "BOD": "actinic keratosis or squamous cell carcinoma",
    "SEK": "other",
}
OPTIONS = tuple(dict.fromkeys(CLASSES.values()))
TABLES = {"all": ("metadata.csv",)}


def read_row(record: Record, pictures: Pictures) -> Row:
    """One question a photograph."""
    cells = record.cells
    said = text(cell(cells, "diagnostic"))
    if said not in CLASSES:
        raise Fault("unknown label" if said else "no gold", said[:80])
    return Row(
        row=record.place,
        question=CHOICE.ask(what="photograph of a skin lesion"),
        answer_type=AnswerType.MCQ,
        gold={"index": OPTIONS.index(CLASSES[said])},
        options=OPTIONS,
        images=(pictures.read(text(cell(cells, "img_id"))),),
        modality=Modality.PHOTO,
        body_part=BodyPart.SKIN,
        task=Task.CLASSIFICATION,
        group=text(cells.get("patient_id")),
    )


SOURCE = Source(
    name="pad_ufes_20",
    version=1,
    title="PAD-UFES-20",
    homepage="https://data.mendeley.com/datasets/zr7vgbcyr2/1",
    license="CC-BY-4.0",
    access=Access.OPEN,
    task="multiple choice of the classes",
    modality="photo",
    rows="2,298; QoQ-Med splits them into 1,839 and 459",
    splits=tuple(TABLES),
    default_split="all",
    layouts=(
        Layout(
            "metadata.csv with images/ (or the zip files of its three parts) beside",
            partial(
                find_pictured, patterns=TABLES, format=Format.CSV, needs=("patient_id", "diagnostic", "img_id"), names=cells_of("img_id")
            ),
            partial(read_pictured, row=read_row, id=("img_id",)),
            "columns are those that CLIMB's code reads",
        ),
    ),
    raw_row="PAT_1516,1765,False,…,NEV,True,False,False,False,False,False,PAT_1516_1765_530.png,False",
    place="Unpack https://data.mendeley.com/datasets/zr7vgbcyr2/1 into path, so that metadata.csv and images/ lie in it.",
    apply="https://data.mendeley.com/datasets/zr7vgbcyr2/1 (no account needed)",
    sizes={"all": 2_298},
    images={"all": 2_298},
    note="a patient is a group",
    citation="Pacheco et al., PAD-UFES-20, Data in Brief 2020",
)
