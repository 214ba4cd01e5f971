"""Mammograms of the Cancer Imaging Archive: CBIS-DDSM (BI-RADS) and CMMD (benign or malignant).

https://www.cancerimagingarchive.net/collection/cbis-ddsm (as JPEG: https://www.kaggle.com/datasets/awsaf49/cbis-ddsm-breast-cancer-image-dataset)
and https://www.cancerimagingarchive.net/collection/cmmd. Licences: CC BY 3.0, CC BY 4.0.

One raw row of mass_case_description_train_set.csv (a lesion; the last folder but one names the image's series), and of
CMMD_clinicaldata_revision (saved as CSV):
P_00001,3,LEFT,CC,1,mass,IRREGULAR-ARCHITECTURAL_DISTORTION,SPICULATED,4,MALIGNANT,4,Mass-Training_P_00001_LEFT_CC/1.3.6…/1.3.6…342/000000.dcm,…
D1-0001,R,44,2,calcification,Benign,
"""

from collections.abc import Sequence
from functools import partial

from schemas.example import AnswerType
from schemas.vocabulary import BodyPart, Modality, Task
from sources.files import Record
from sources.grouped import DICOMS, PART_DICOMS, Group, Grouping, find, read
from sources.rows import Fault, text
from sources.source import Access, Layout, Row, Source
from sources.templates import CHOICE, GRADE

CATEGORIES = tuple(f"BI-RADS {number}" for number in range(6))
KINDS = ("mass", "calc")
CBIS_TABLES = {split: tuple(f"{kind}_case_description_{split}_set.csv" for kind in KINDS) for split in ("train", "test")}
CLASSES = ("Benign", "Malignant")


def _image(record: Record) -> str:
    return text(record.cells.get("image file path"))


def cbis_names(group: Group) -> Sequence[str]:
    """The image of a series: the one file in the folder of its UID."""
    parts = group.key.split("/")
    return group.pictures.below(parts[-2]) if len(parts) > 1 else ()


def read_cbis(group: Group) -> Row:
    """One question an image: the highest category of its lesions, as CLIMB takes it."""
    said = group.cells("assessment")
    wrong = [value for value in said if value not in ("0", "1", "2", "3", "4", "5")]
    if wrong:
        raise Fault("gold not a category" if wrong[0] else "no gold", wrong[0][:80])
    names = cbis_names(group)
    if len(names) != 1:
        raise Fault("image named unclearly" if names else "image missing", group.key[:120])
    return Row(
        row=group.key,
        question=GRADE.ask(scale="BI-RADS category", what="mammogram"),
        answer_type=AnswerType.MCQ,
        gold={"index": max(int(value) for value in said)},
        options=CATEGORIES,
        images=(group.pictures.read(names[0]),),
        modality=Modality.MAMMOGRAPHY,
        body_part=BodyPart.BREAST,
        task=Task.CLASSIFICATION,
        group=group.cells("patient_id")[0],
    )


def _patient(record: Record) -> str:
    return text(record.cells.get("ID1"))


def cmmd_names(group: Group) -> Sequence[str]:
    """All views of a patient."""
    return group.pictures.below(group.key)


def read_cmmd(group: Group) -> Row:
    """One question a patient, of all views; where the two breasts differ, the table does not say which view shows which."""
    said = set(group.cells("classification"))
    if said - set(CLASSES):
        raise Fault("unknown label", ", ".join(sorted(said))[:80])
    if len(said) > 1:
        raise Fault("breasts differ", ", ".join(sorted(said)))
    names = cmmd_names(group)
    if not names:
        raise Fault("image missing", group.key)
    return Row(
        row=group.key,
        question=CHOICE.ask(what="mammogram"),
        answer_type=AnswerType.MCQ,
        gold={"index": CLASSES.index(said.pop())},
        options=("a benign abnormality", "a malignant abnormality"),
        images=tuple(group.pictures.read(name) for name in names),
        modality=Modality.MAMMOGRAPHY,
        body_part=BodyPart.BREAST,
        task=Task.CLASSIFICATION,
        group=group.key,
    )


_CBIS = Grouping(
    tables=CBIS_TABLES,
    needs=("patient_id", "assessment", "image file path"),
    key=_image,
    names=cbis_names,
    part_groups=100,
    suffixes=DICOMS,
)
_CMMD = Grouping(
    tables={"all": ("CMMD_clinicaldata_revision.csv",)},
    needs=("ID1", "classification"),
    key=_patient,
    names=cmmd_names,
    part_groups=PART_DICOMS,
    suffixes=DICOMS,
)
CBIS_DDSM = Source(
    name="cbis_ddsm",
    version=1,
    title="CBIS-DDSM, BI-RADS of an image",
    homepage="https://www.cancerimagingarchive.net/collection/cbis-ddsm",
    license="CC-BY-3.0",
    access=Access.KAGGLE,
    task="multiple choice of the categories",
    modality="mammography",
    rows="2,230 train, 595 test in QoQ-Med's count",
    splits=tuple(CBIS_TABLES),
    default_split="train",
    layouts=(
        Layout(
            "mass_ and calc_case_description_train_set.csv, with jpeg/ beside",
            partial(find, by=_CBIS),
            partial(read, by=_CBIS, row=read_cbis),
            "the folder of a whole mammogram's series (jpeg/1.3.6…/) holds one image, as CLIMB's documents show",
        ),
    ),
    raw_row="P_00001,3,LEFT,CC,1,mass,IRREGULAR-…,SPICULATED,4,MALIGNANT,4,Mass-Training_P_00001_LEFT_CC/1.3.6…/1.3.6…342/000000.dcm,…",
    place="Put csv/ and jpeg/ of https://www.kaggle.com/datasets/awsaf49/cbis-ddsm-breast-cancer-image-dataset into path.",
    apply="https://www.kaggle.com/datasets/awsaf49/cbis-ddsm-breast-cancer-image-dataset",
    sizes={"train": 2_230, "test": 595},
    images={"train": 2_230, "test": 595},
    note="of several lesions in an image the highest category counts, as in CLIMB; a patient is a group",
    citation="Lee et al., CBIS-DDSM, Scientific Data 2017",
)
CMMD = Source(
    name="cmmd",
    version=1,
    title="CMMD, benign or malignant",
    homepage="https://www.cancerimagingarchive.net/collection/cmmd",
    license="CC-BY-4.0",
    access=Access.OPEN,
    task="multiple choice of the classes",
    modality="mammography",
    rows="1,775 patients; QoQ-Med counts 1,404 train and 468 test",
    splits=("all",),
    default_split="all",
    layouts=(
        Layout(
            "CMMD_clinicaldata_revision.csv, with the folders of patients (D1-0001/…dcm) beside",
            partial(find, by=_CMMD),
            partial(read, by=_CMMD, row=read_cmmd),
            "the images of a patient lie below a folder of the patient's name, as the archive's downloader lays them",
        ),
    ),
    raw_row="D1-0001,R,44,2,calcification,Benign,",
    place="Put the folders of https://www.cancerimagingarchive.net/collection/cmmd into path, and CMMD_clinicaldata_revision.xlsx, saved as CSV, beside.",
    apply="https://www.cancerimagingarchive.net/collection/cmmd (no account needed)",
    sizes={"all": 1_872},
    images={"all": 5_202},
    note="all views of a patient make one row; patients whose breasts differ are rejected, where CLIMB gives both rows all views",
    citation="Cui et al., The Chinese Mammography Database, TCIA 2021",
)
