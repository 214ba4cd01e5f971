"""Fundus photographs with a grade of diabetic retinopathy: APTOS 2019 and Messidor-2.

https://www.kaggle.com/competitions/aptos2019-blindness-detection, https://www.adcis.net/en/third-party/messidor2/ (images) and
https://www.kaggle.com/datasets/google-brain/messidor2-dr-grades (grades). Licences: the competition's rules; for research, CC0 for the grades.

One raw row of train.csv, and of messidor_data.csv:
000c1434d8d7,2
20051020_43808_0100_PP.png,0,0,1
"""

from collections.abc import Sequence
from functools import partial

from schemas.vocabulary import BodyPart, Modality, Task
from sources.files import Record
from sources.formats import Format
from sources.pictures import Pictures, find_pictured, read_pictured
from sources.rows import Fault, cell, gold_by_index, text
from sources.source import Access, Layout, Row, Source
from sources.templates import GRADE

# The international clinical scale, whose grades 0 to 4 both sets use; upstream writes numbers.
GRADES = (
    "no diabetic retinopathy",
    "mild nonproliferative diabetic retinopathy",
    "moderate nonproliferative diabetic retinopathy",
    "severe nonproliferative diabetic retinopathy",
    "proliferative diabetic retinopathy",
)
APTOS_TABLES = {"train": ("train.csv",)}
MESSIDOR_TABLES = {"all": ("messidor_data.csv",)}
# Copies of Messidor-2 differ in the ending that its table names.
ENDINGS = (".png", ".JPG", ".jpg", ".tif")


def aptos_names(record: Record) -> Sequence[str]:
    """The file of an image."""
    name = text(record.cells.get("id_code"))
    return (f"{name}.png",) if name else ()


def messidor_names(record: Record) -> Sequence[str]:
    """The files that may be the image."""
    name = text(record.cells.get("image_id"))
    stem = name.rpartition(".")[0] or name
    return tuple(dict.fromkeys((name, *(stem + ending for ending in ENDINGS)))) if name else ()


def graded(record: Record, pictures: Pictures, grade: object, names: Sequence[str]) -> Row:
    """One question an image."""
    answer_type, gold = gold_by_index(grade, 0, len(GRADES))
    return Row(
        row=record.place,
        question=GRADE.ask(scale="grade of diabetic retinopathy", what="fundus image"),
        answer_type=answer_type,
        gold=gold,
        options=GRADES,
        images=(_first(pictures, names),),
        modality=Modality.FUNDUS,
        body_part=BodyPart.EYE,
        task=Task.CLASSIFICATION,
    )


def _first(pictures: Pictures, names: Sequence[str]) -> bytes:
    for name in names[:-1]:
        try:
            return pictures.read(name)
        except Fault:
            continue
    if not names:
        raise Fault("image missing", "no image is named")
    return pictures.read(names[-1])


def read_aptos(record: Record, pictures: Pictures) -> Row:
    """One question an image."""
    return graded(record, pictures, cell(record.cells, "diagnosis"), aptos_names(record))


def read_messidor(record: Record, pictures: Pictures) -> Row:
    """One question an image that its graders could grade."""
    if text(record.cells.get("adjudicated_gradable")).removesuffix(".0") == "0":
        raise Fault("no gold", "not gradable")
    return graded(record, pictures, cell(record.cells, "adjudicated_dr_grade"), messidor_names(record))


APTOS = Source(
    name="aptos2019",
    version=1,
    title="APTOS 2019, diabetic retinopathy",
    homepage="https://www.kaggle.com/competitions/aptos2019-blindness-detection",
    license="LicenseRef-Kaggle-APTOS-rules",
    access=Access.KAGGLE,
    task="multiple choice of the grades",
    modality="fundus",
    rows="3,662 train; QoQ-Med splits them into 2,929 and 733",
    splits=tuple(APTOS_TABLES),
    default_split="train",
    layouts=(
        Layout(
            "train.csv with train_images/ beside",
            partial(find_pictured, patterns=APTOS_TABLES, format=Format.CSV, needs=("id_code", "diagnosis"), names=aptos_names),
            partial(read_pictured, row=read_aptos, id=("id_code",)),
            "columns are those that published notebooks read",
        ),
    ),
    raw_row="000c1434d8d7,2",
    place="Put train.csv and train_images/ of https://www.kaggle.com/competitions/aptos2019-blindness-detection into path.",
    apply="https://www.kaggle.com/competitions/aptos2019-blindness-detection (accept the rules)",
    sizes={"train": 3_662},
    images={"train": 3_662},
    note="the competition withholds the grades of its test images",
)
MESSIDOR2 = Source(
    name="messidor2",
    version=1,
    title="Messidor-2, diabetic retinopathy",
    homepage="https://www.adcis.net/en/third-party/messidor2/",
    license="LicenseRef-Messidor-2-terms",
    access=Access.REGISTERED,
    task="multiple choice of the grades",
    modality="fundus",
    rows="1,744 gradable of 1,748; QoQ-Med splits them into 1,394 and 350",
    splits=tuple(MESSIDOR_TABLES),
    default_split="all",
    layouts=(
        Layout(
            "messidor_data.csv with IMAGES/ beside",
            partial(
                find_pictured, patterns=MESSIDOR_TABLES, format=Format.CSV, needs=("image_id", "adjudicated_dr_grade"), names=messidor_names
            ),
            partial(read_pictured, row=read_messidor, id=("image_id",)),
            "columns and folder are those that CLIMB's code reads",
        ),
    ),
    raw_row="20051020_43808_0100_PP.png,0,0,1",
    place="Put IMAGES/ of https://www.adcis.net/en/third-party/messidor2/ and messidor_data.csv of https://www.kaggle.com/datasets/google-brain/messidor2-dr-grades into path.",
    apply="https://www.adcis.net/en/third-party/messidor2/ (form; a code is sent)",
    sizes={"all": 1_748},
    images={"all": 1_748},
    citation="Decencière et al., Feedback on a publicly distributed database: the Messidor database, 2014",
)
