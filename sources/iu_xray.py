"""IU-Xray (Open-i): 3,851 chest X-ray studies of Indiana University with reports; most have a frontal and a lateral view.

https://openi.nlm.nih.gov and, as two tables, https://www.kaggle.com/datasets/raddar/chest-xrays-indiana-university
Licence: CC BY-NC-ND 4.0.

One raw row of indiana_projections.csv, and of indiana_reports.csv (XXXX stands where a word was taken out):
1,1_IM-0001-4001.dcm.png,Frontal
1,normal,normal,Xray Chest PA and Lateral,Positive TB test,None.,"The cardiac silhouette …",Normal chest x-XXXX.
"""

from collections.abc import Sequence
from functools import partial

from schemas.example import AnswerType
from schemas.vocabulary import BodyPart, Modality, Task
from sources.files import Record
from sources.grouped import Group, Grouping, find, read, rows_by
from sources.mimic_cxr import told
from sources.rows import Fault, text
from sources.source import Access, Layout, Row, Source
from sources.templates import REPORT

REPORTS = "indiana_reports.csv"
RAW_ROW = (
    "1,1_IM-0001-4001.dcm.png,Frontal\n"
    '1,normal,normal,Xray Chest PA and Lateral,Positive TB test,None.,"The cardiac silhouette …",Normal chest x-XXXX.'
)


def _uid(record: Record) -> str:
    return text(record.cells.get("uid"))


def image_names(group: Group) -> Sequence[str]:
    """The views of a study, frontal ones first."""
    views = zip(group.cells("projection"), group.cells("filename"), strict=True)
    return tuple(name for _, name in sorted(views, key=lambda view: view[0] != "Frontal") if name)


def read_row(group: Group) -> Row:
    """One report a study."""
    reports = rows_by(group.beside[REPORTS], ("uid",)).get((group.key,), ())
    if len(reports) != 1:
        raise Fault("no gold" if not reports else "gold contradicts itself", f"{len(reports)} reports of {group.key}")
    cells = reports[0].cells
    answer = told(" ".join(text(cells.get("findings")).split()), " ".join(text(cells.get("impression")).split()))
    return Row(
        row=group.key,
        question=REPORT.ask(what="chest X-ray"),
        answer_type=AnswerType.OPEN,
        gold={"values": [answer]},
        images=tuple(group.pictures.read(name) for name in image_names(group)),
        modality=Modality.XRAY,
        body_part=BodyPart.CHEST,
        task=Task.REPORT,
        subject=text(cells.get("Problems")),
        group=group.key,
    )


_BY = Grouping(
    tables={"all": ("indiana_projections.csv",)},
    needs=("uid", "filename", "projection"),
    key=_uid,
    names=image_names,
    beside={REPORTS: ("uid", "findings", "impression")},
)
SOURCE = Source(
    name="iu_xray",
    version=1,
    title="IU-Xray (Open-i)",
    homepage="https://openi.nlm.nih.gov",
    license="CC-BY-NC-ND-4.0",
    access=Access.KAGGLE,
    task="reports of studies",
    modality="x-ray",
    rows="3,851 studies with 7,466 images",
    splits=("all",),
    default_split="all",
    layouts=(
        Layout(
            "indiana_projections.csv and indiana_reports.csv, with images/ beside",
            partial(find, by=_BY),
            partial(read, by=_BY, row=read_row),
            "columns are those that published notebooks read",
        ),
    ),
    raw_row=RAW_ROW,
    place="Put indiana_projections.csv, indiana_reports.csv and images/ of https://www.kaggle.com/datasets/raddar/chest-xrays-indiana-university into path.",
    apply="https://www.kaggle.com/datasets/raddar/chest-xrays-indiana-university",
    sizes={"all": 3_851},
    images={"all": 7_466},
    question_tokens=20,
    note="upstream has no splits; a study without findings and impression is rejected",
    citation="Demner-Fushman et al., Preparing a collection of radiology examinations, JAMIA 2016",
)
