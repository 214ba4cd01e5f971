"""CoronaHack: 5,910 chest X-rays of healthy people and of pneumonia by bacteria or viruses, as QoQ-Med's three classes.

https://www.kaggle.com/datasets/praveengovi/coronahack-chest-xraydataset
Licence: CC BY 4.0 (upstream: the images' own).

One raw row of Chest_xray_Corona_Metadata.csv (an index, the image, `Pnemonia` as upstream spells it, the split, virus and cause):
1288,person1000_bacteria_2931.jpeg,Pnemonia,TRAIN,,bacteria
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

OPTIONS = ("a normal chest", "bacterial pneumonia", "viral pneumonia")
CAUSES = {"bacteria": 1, "virus": 2}
TABLES: dict[str, tuple[str, ...]] = dict.fromkeys(("train", "test"), ("Chest_xray_Corona_Metadata.csv",))


def of_split(record: Record, split: str) -> bool:
    """Whether a record is of a split."""
    return text(record.cells.get("Dataset_type")).casefold() == split


def read_row(record: Record, pictures: Pictures) -> Row:
    """One question an image; pneumonia of another cause is of no class."""
    cells = record.cells
    label, cause = text(cell(cells, "Label")), text(cells.get("Label_1_Virus_category"))
    if label not in ("Normal", "Pnemonia"):
        raise Fault("unknown label", label[:80])
    if label == "Pnemonia" and cause.casefold() not in CAUSES:
        raise Fault("no gold", cause[:80] or "no cause")
    return Row(
        row=record.place,
        question=CHOICE.ask(what="chest X-ray image"),
        answer_type=AnswerType.MCQ,
        gold={"index": 0 if label == "Normal" else CAUSES[cause.casefold()]},
        options=OPTIONS,
        images=(pictures.read(text(cell(cells, "X_ray_image_name"))),),
        modality=Modality.XRAY,
        body_part=BodyPart.CHEST,
        task=Task.CLASSIFICATION,
    )


SOURCE = Source(
    name="coronahack",
    version=1,
    title="CoronaHack, chest X-rays",
    homepage="https://www.kaggle.com/datasets/praveengovi/coronahack-chest-xraydataset",
    license="CC-BY-4.0",
    access=Access.KAGGLE,
    task="multiple choice of the classes",
    modality="x-ray",
    rows="5,286 train, 624 test; QoQ-Med counts 5,284 and 624",
    splits=tuple(TABLES),
    default_split="train",
    layouts=(
        Layout(
            "Chest_xray_Corona_Metadata.csv with the folders of images beside",
            partial(
                find_pictured,
                patterns=TABLES,
                format=Format.CSV,
                needs=("X_ray_image_name", "Label", "Dataset_type", "Label_1_Virus_category"),
                names=cells_of("X_ray_image_name"),
                tells_split=True,
            ),
            partial(read_pictured, row=read_row, id=("X_ray_image_name",), chosen=of_split),
            "columns are those that CLIMB's code reads",
        ),
    ),
    raw_row="1288,person1000_bacteria_2931.jpeg,Pnemonia,TRAIN,,bacteria",
    place="Unpack https://www.kaggle.com/datasets/praveengovi/coronahack-chest-xraydataset into path.",
    apply="https://www.kaggle.com/datasets/praveengovi/coronahack-chest-xraydataset",
    sizes={"train": 5_286, "test": 624},
    images={"train": 5_286, "test": 624},
)
