"""CheXpert Plus: 187,711 chest X-ray studies of Stanford with their reports.

https://stanfordaimi.azurewebsites.net/datasets/5158c524-d3ab-4e02-96e9-6ee9efc110a1
Licence: Stanford's research use agreement, after registration.

One raw row of df_chexpert_plus_240401.csv (the columns read):
path_to_image,deid_patient_id,section_findings,section_impression
train/patient42142/study5/view1_frontal.jpg,patient42142,"The lungs are clear. …",No acute disease.
"""

from collections.abc import Sequence
from functools import partial

from schemas.example import AnswerType
from schemas.vocabulary import BodyPart, Modality, Task
from sources.files import Record
from sources.grouped import Group, Grouping, find, read
from sources.mimic_cxr import told
from sources.rows import Fault, text
from sources.source import Access, Layout, Row, Source
from sources.templates import REPORT

TABLE = "df_chexpert_plus_240401.csv"
FOLDERS = {"train": "train/", "validation": "valid/"}


def _study(record: Record) -> str:
    """The folder of a study: train/patient42142/study5."""
    return text(record.cells.get("path_to_image")).rpartition("/")[0]


def _of_split(record: Record, split: str) -> bool:
    return text(record.cells.get("path_to_image")).startswith(FOLDERS[split])


def image_names(group: Group) -> Sequence[str]:
    """The views of a study, as the PNGs that are published now and as the JPEGs that the table names."""
    named = [name for name in group.cells("path_to_image") if name]
    return tuple(name for told in named for name in (told.rpartition(".")[0] + ".png", told))


def read_row(group: Group) -> Row:
    """One report a study, of all its views."""
    sections = {
        (" ".join(one.split()), " ".join(two.split()))
        for one, two in zip(group.cells("section_findings"), group.cells("section_impression"), strict=True)
    }
    if len(sections) != 1:
        raise Fault("gold contradicts itself", f"{len(sections)} reports")
    images: list[bytes] = []
    for name in image_names(group)[::2]:
        try:
            images.append(group.pictures.read(name))
        except Fault:
            images.append(group.pictures.read(name.rpartition(".")[0] + ".jpg"))
    patient = group.cells("deid_patient_id")[0] or group.key.rpartition("/")[0]
    return Row(
        row=group.key,
        question=REPORT.ask(what="chest X-ray"),
        answer_type=AnswerType.OPEN,
        gold={"values": [told(*sections.pop())]},
        images=tuple(images),
        modality=Modality.XRAY,
        body_part=BodyPart.CHEST,
        task=Task.REPORT,
        group=patient,
    )


_BY = Grouping(
    tables=dict.fromkeys(FOLDERS, (TABLE,)),
    needs=("path_to_image", "deid_patient_id", "section_findings", "section_impression"),
    key=_study,
    names=image_names,
    wanted=_of_split,
)
SOURCE = Source(
    name="chexpert_plus",
    version=1,
    title="CheXpert Plus, reports",
    homepage="https://stanfordaimi.azurewebsites.net/datasets/5158c524-d3ab-4e02-96e9-6ee9efc110a1",
    license="LicenseRef-Stanford-RUA",
    access=Access.REGISTERED,
    task="reports of studies",
    modality="x-ray",
    rows="187,711 studies, 223,462 images; of these 200 studies validation",
    splits=tuple(FOLDERS),
    default_split="train",
    layouts=(
        Layout(
            f"{TABLE} with PNG/train/… and PNG/valid/… beside",
            partial(find, by=_BY),
            partial(read, by=_BY, row=read_row),
            "columns and folders are those that published code reads",
        ),
    ),
    raw_row='train/patient42142/study5/view1_frontal.jpg,patient42142,"The lungs are clear. …",No acute disease.',
    place=f"Put {TABLE} and PNG/ (unpacked) of CheXpert Plus into path.",
    apply="https://stanfordaimi.azurewebsites.net/datasets/5158c524-d3ab-4e02-96e9-6ee9efc110a1 (register, agree to the terms)",
    sizes={"train": 187_511, "validation": 200},
    images={"train": 223_228, "validation": 234},
    question_tokens=20,
    note="findings and impression are the answer; a study without both is rejected; a patient is a group; labels come with `chexpert`",
    citation="Chambon et al., CheXpert Plus, 2024",
)
