"""CT scans with one class each, as QoQ-Med takes them: intracranial haemorrhage, RSPECT, INSPECT and KiTS23.

https://physionet.org/content/ct-ich/1.3.1/ (also on Kaggle), https://www.kaggle.com/competitions/rsna-str-pulmonary-embolism-detection,
https://stanfordaimi.azurewebsites.net/datasets/318f3464-c4b6-4006-9856-6f48ba40ad67 and https://github.com/neheller/kits23
Licences: CC BY 4.0; the competition's rules; Stanford's research use agreement; CC BY-NC-SA 4.0.

One raw row of hemorrhage_diagnosis.csv, of RSPECT's train.csv (shortened), of Final_Impressions_labels.csv (the columns read), of kits23.json:
49,1,0,0,0,0,0,1,0
6897fa9de148,2bfbb7fd2e8b,c0f3cb036d06,0,…,0,0,0,0
PE45aa0b9,1,1,0
{"case_id": "case_00000", …, "malignant": true, …}
"""

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

from schemas.vocabulary import BodyPart, Modality
from sources.classed import DICOMS, PART_SCANS, SCANS, Classed, classed_layout, flag, grouped_by, named
from sources.files import Record
from sources.formats import Format
from sources.rows import Fault, cell, text
from sources.source import Access, Layout, Source

ALL = ("all",)
SCAN = "; a scan is shown by its middle axial slice, where QoQ-Med takes four frames"
BLEEDING = ("no haemorrhage", "intracranial haemorrhage")
EMBOLISM = ("no pulmonary embolism", "chronic pulmonary embolism", "acute pulmonary embolism")
EMBOLISMS = ("no pulmonary embolism", "acute subsegmental-only pulmonary embolism", "acute pulmonary embolism")
EMBOLISMS += ("subsegmental-only pulmonary embolism", "chronic pulmonary embolism")
TUMOUR = ("benign tumour", "malignant tumour")


def _bleeds(cells: Mapping[str, Any]) -> str:
    return BLEEDING[not flag(cells, "No_Hemorrhage")]


def _windows(record: Record) -> Sequence[str]:
    """A slice in the windows for brain and for bone."""
    patient, slice = text(cell(record.cells, "PatientNumber")), text(cell(record.cells, "SliceNumber"))
    return tuple(f"{patient.zfill(3)}/{window}/{slice}.jpg" for window in ("brain", "bone"))


def _clot(cells: Mapping[str, Any]) -> str:
    """The class of a slice: chronic or acute is told of the whole study."""
    if flag(cells, "indeterminate") or flag(cells, "acute_and_chronic_pe"):
        raise Fault("not one class", "indeterminate" if flag(cells, "indeterminate") else "acute_and_chronic_pe")
    return EMBOLISM[0 if not flag(cells, "pe_present_on_image") else 1 if flag(cells, "chronic_pe") else 2]


def _clots(cells: Mapping[str, Any]) -> str:
    """The class of a scan, in CLIMB's order of questions."""
    if not flag(cells, "pe_positive"):
        return EMBOLISMS[0]
    acute, small = flag(cells, "pe_acute"), flag(cells, "pe_subsegmentalonly")
    return EMBOLISMS[1 if acute and small else 2 if acute else 3 if small else 4]


def _tumour(cells: Mapping[str, Any]) -> str:
    if text(cells.get("malignant")) == "":
        raise Fault("no gold", "malignant")
    return TUMOUR[flag(cells, "malignant")]


_HEMORRHAGE = Classed(
    table="hemorrhage_diagnosis.csv",
    needs=("PatientNumber", "SliceNumber", "No_Hemorrhage"),
    options=BLEEDING,
    shown=_bleeds,
    names=_windows,
    group=partial(grouped_by, column="PatientNumber"),
    what="slice of a brain CT scan, in a brain and a bone window,",
    modality=Modality.CT,
    part=BodyPart.HEAD,
    id=("PatientNumber", "SliceNumber"),
)
_RSPECT = Classed(
    table="train.csv",
    needs=(
        "StudyInstanceUID",
        "SeriesInstanceUID",
        "SOPInstanceUID",
        "pe_present_on_image",
        "chronic_pe",
        "acute_and_chronic_pe",
        "indeterminate",
    ),
    options=EMBOLISM,
    shown=_clot,
    names=partial(named, form="{}/{}/{}.dcm", columns=("StudyInstanceUID", "SeriesInstanceUID", "SOPInstanceUID")),
    group=partial(grouped_by, column="StudyInstanceUID"),
    what="slice of a CT pulmonary angiogram",
    modality=Modality.CT,
    part=BodyPart.CHEST,
    id=("SOPInstanceUID",),
    suffixes=DICOMS,
    part_rows=250,
)
_INSPECT = Classed(
    table="Final_Impressions_labels.csv",
    needs=("impression_id", "pe_positive", "pe_acute", "pe_subsegmentalonly"),
    options=EMBOLISMS,
    shown=_clots,
    names=partial(named, form="{}.nii.gz", columns=("impression_id",)),
    group=partial(grouped_by, column="person_id"),
    what="CT pulmonary angiogram, of which one slice is given,",
    modality=Modality.CT,
    part=BodyPart.CHEST,
    id=("impression_id",),
    suffixes=SCANS,
    part_rows=PART_SCANS,
)
_KITS = Classed(
    table="kits23.json",
    needs=("case_id", "malignant"),
    options=TUMOUR,
    shown=_tumour,
    names=partial(named, form="{}/imaging.nii.gz", columns=("case_id",)),
    group=partial(grouped_by, column="case_id"),
    what="CT scan of a kidney with a tumour, of which one slice is given,",
    modality=Modality.CT,
    part=BodyPart.ABDOMEN,
    id=("case_id",),
    format=Format.JSON,
    suffixes=SCANS,
    part_rows=PART_SCANS,
)


def _source(name: str, title: str, homepage: str, license: str, access: Access, layout: Layout, count: int, **facts: str) -> Source:
    return Source(
        name=name,
        version=1,
        title=title,
        homepage=homepage,
        license=license,
        access=access,
        task="multiple choice of the classes",
        modality="ct",
        splits=ALL,
        default_split="all",
        layouts=(layout,),
        sizes={"all": count},
        images={"all": count},
        **facts,  # type: ignore[arg-type]
    )


HEMORRHAGE = _source(
    "ct_hemorrhage",
    "Intracranial haemorrhage in CT slices (CT-ICH)",
    "https://physionet.org/content/ct-ich/1.3.1/",
    "CC-BY-4.0",
    Access.OPEN,
    classed_layout(
        "hemorrhage_diagnosis.csv with Patients_CT/049/brain/1.jpg and …/bone/1.jpg beside",
        ALL,
        _HEMORRHAGE,
        "columns and folders are those that CLIMB's code reads",
    ),
    2_501,
    rows="2,501 slices of 82 patients; QoQ-Med splits them into 1,986 and 515 by patients",
    raw_row="49,1,0,0,0,0,0,1,0",
    place="Put hemorrhage_diagnosis.csv and Patients_CT/ of https://physionet.org/content/ct-ich/1.3.1/ (or of its copy on Kaggle) into path.",
    apply="https://physionet.org/content/ct-ich/1.3.1/ (no account needed)",
    note="QoQ-Med's Hemorrhage is this set by its counts and its code, not RSNA's; each question shows two windows; a patient is a group",
    citation="Hssayeni et al., Intracranial Hemorrhage Segmentation, Data 2020",
)
RSPECT = _source(
    "rspect",
    "RSPECT (RSNA-STR pulmonary embolism), slices",
    "https://www.kaggle.com/competitions/rsna-str-pulmonary-embolism-detection",
    "LicenseRef-Kaggle-RSNA-STR-rules",
    Access.KAGGLE,
    classed_layout(
        "train.csv with train/STUDY/SERIES/SLICE.dcm beside",
        ALL,
        _RSPECT,
        "columns and folders are those that CLIMB's code and published notebooks read",
    ),
    1_790_594,
    rows="1,790,594 slices of 7,279 studies; QoQ-Med splits them at random into 1,342,945 and 447,649",
    raw_row="6897fa9de148,2bfbb7fd2e8b,c0f3cb036d06,0,…,0,0,0,0",
    place="Put train.csv and train/ of https://www.kaggle.com/competitions/rsna-str-pulmonary-embolism-detection into path.",
    apply="https://www.kaggle.com/competitions/rsna-str-pulmonary-embolism-detection (accept the rules)",
    note="chronic or acute is told of a study; indeterminate studies and those of both kinds are rejected, CLIMB counts them; a study is a group",
    citation="Colak et al., The RSNA Pulmonary Embolism CT Dataset, Radiology: AI 2021",
)
INSPECT = _source(
    "inspect",
    "INSPECT, pulmonary embolism in CT",
    "https://stanfordaimi.azurewebsites.net/datasets/318f3464-c4b6-4006-9856-6f48ba40ad67",
    "LicenseRef-Stanford-RUA",
    Access.REGISTERED,
    classed_layout(
        "Final_Impressions_labels.csv with CTPA/PE45aa0b9.nii.gz beside",
        ALL,
        _INSPECT,
        f"columns and folders are those that CLIMB's code reads{SCAN}",
    ),
    23_240,
    rows="23,240 scans; QoQ-Med splits them into 17,434 and 5,806, the first three quarters of the table and the rest",
    raw_row="PE45aa0b9,1,1,0",
    place="Put Final_Impressions_labels.csv and CTPA/ of INSPECT into path.",
    apply="https://stanfordaimi.azurewebsites.net/datasets/318f3464-c4b6-4006-9856-6f48ba40ad67 (register, agree to the terms)",
    note="needs the imaging extra; a patient is a group where the table has person_id",
    citation="Huang et al., INSPECT, NeurIPS 2023",
)
KITS23 = _source(
    "kits23",
    "KiTS23, kidney tumours in CT",
    "https://github.com/neheller/kits23",
    "CC-BY-NC-SA-4.0",
    Access.OPEN,
    classed_layout(
        "dataset/kits23.json with dataset/case_00000/imaging.nii.gz beside",
        ALL,
        _KITS,
        f"fields and folders are those that CLIMB's code reads{SCAN}",
    ),
    489,
    rows="489 cases; QoQ-Med counts 361 and 117 with a diagnosis",
    raw_row='{"case_id": "case_00000", …, "malignant": true, …}',
    place="Clone https://github.com/neheller/kits23, run its kits23_download_data, and put its dataset/ (with kits23.json) into path.",
    apply="https://github.com/neheller/kits23 (no account needed)",
    note="needs the imaging extra; a case without a diagnosis is rejected",
    citation="Heller et al., The KiTS21 Challenge, 2023",
)
CTS = (HEMORRHAGE, RSPECT, INSPECT, KITS23)
