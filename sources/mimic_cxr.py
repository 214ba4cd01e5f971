"""MIMIC-CXR: 377,110 chest X-rays of 227,835 studies, as labels of an image (MIMIC-CXR-JPG) and as reports of a study.

https://physionet.org/content/mimic-cxr-jpg/2.1.0/ and https://physionet.org/content/mimic-cxr/2.1.0/ (mimic-cxr-reports.zip)
Licence: PhysioNet Credentialed Health Data License 1.5.0, after training and an agreement; rows may not be sent to strangers.

One raw row of mimic-cxr-2.0.0-split.csv, and of mimic-cxr-2.0.0-chexpert.csv:
02aa804e-bde0afdd-112c0b34-7bc16630-4e384014,50414267,10000032,train
10000032,50414267,,,,,,,,,1.0,,,,,
"""

import re
from collections.abc import Sequence
from functools import partial

from schemas.example import AnswerType
from schemas.vocabulary import BodyPart, Modality, Task
from sources.chexpert import LABELS, positive, question
from sources.files import Record
from sources.grouped import Group, Grouping, find, read, rows_by
from sources.images import IMAGE_SUFFIXES
from sources.rows import Fault, text
from sources.source import Access, Layout, Row, Source
from sources.templates import REPORT

RAW_ROW = "02aa804e-bde0afdd-112c0b34-7bc16630-4e384014,50414267,10000032,train\n10000032,50414267,,,,,,,,,1.0,,,,,"
# In the order of upstream's file and of CLIMB's vocabulary.
VOCABULARY = tuple(sorted(LABELS))
SPLITS = {"train": "train", "validation": "validate", "test": "test"}
SPLIT_TABLES = dict.fromkeys(SPLITS, ("mimic-cxr-2.*-split.csv",))
LABEL_TABLES = dict.fromkeys(SPLITS, ("mimic-cxr-2.*-chexpert.csv",))
CHEXPERT, SPLIT = "mimic-cxr-2.*-chexpert.csv", "mimic-cxr-2.*-split.csv"
STUDY = ("subject_id", "study_id")
SECTION = re.compile(r"^[ \t]*(FINDINGS|IMPRESSION)[ \t]*:", re.MULTILINE | re.IGNORECASE)
HEADING = re.compile(r"^[ \t]*[A-Z][A-Z /]{3,}:", re.MULTILINE)


def _folder(cells: Sequence[str]) -> str:
    subject, study = cells
    return f"p{subject[:2]}/p{subject}/s{study}"


def _image(record: Record) -> str:
    return text(record.cells.get("dicom_id"))


def _study(record: Record) -> str:
    return ":".join(text(record.cells.get(column)) for column in STUDY)


def _of_split(record: Record, split: str) -> bool:
    return text(record.cells.get("split")) == SPLITS[split]


def image_names(group: Group) -> Sequence[str]:
    """The file of an image."""
    cells = group.records[0].cells
    return (f"{_folder([text(cells.get(column)) for column in STUDY])}/{group.key}.jpg",)


def labelled(group: Group) -> Row:
    """One question an image, of its study's labels."""
    cells = group.records[0].cells
    study = tuple(text(cells.get(column)) for column in STUDY)
    labels = rows_by(group.beside[CHEXPERT], STUDY).get(study, ())
    if len(labels) != 1:
        raise Fault("no gold" if not labels else "gold contradicts itself", f"study {study[1]} has {len(labels)} lines of labels")
    answer_type, gold = positive(labels[0].cells, VOCABULARY)
    return Row(
        row=group.key,
        question=question(VOCABULARY),
        answer_type=answer_type,
        gold=gold,
        images=(group.pictures.read(image_names(group)[0]),),
        modality=Modality.XRAY,
        body_part=BodyPart.CHEST,
        task=Task.MULTILABEL,
        group=study[0],
    )


def study_names(group: Group) -> Sequence[str]:
    """The images of a study, those of the split table, and its report."""
    study = tuple(group.key.split(":"))
    views = rows_by(group.beside[SPLIT], STUDY).get(study, ())
    folder = _folder(study)
    return (*(f"{folder}/{text(view.cells.get('dicom_id'))}.jpg" for view in views), f"{folder}.txt")


def of_split(group: Group, split: str) -> bool:
    """Whether a study is of a split."""
    views = rows_by(group.beside[SPLIT], STUDY).get(tuple(group.key.split(":")), ())
    return any(_of_split(view, split) for view in views)


def reported(group: Group) -> Row:
    """One report a study, of all its views."""
    *images, report = study_names(group)
    if not images:
        raise Fault("image missing", f"no view in {SPLIT}")
    return Row(
        row=group.key,
        question=REPORT.ask(what="chest X-ray"),
        answer_type=AnswerType.OPEN,
        gold={"values": [sections(group.pictures.read(report))]},
        images=tuple(group.pictures.read(name) for name in images),
        modality=Modality.XRAY,
        body_part=BodyPart.CHEST,
        task=Task.REPORT,
        group=group.key.partition(":")[0],
    )


def sections(report: bytes) -> str:
    """Findings and impression of a report, as MedEvalKit asks for them.

    Raises: Fault where it has neither.
    """
    try:
        said = report.decode()
    except UnicodeDecodeError:
        raise Fault("broken text", "a report that is not UTF-8") from None
    found: dict[str, str] = {}
    for match in SECTION.finditer(said):
        after = HEADING.search(said, match.end())
        body = " ".join(said[match.end() : after.start() if after else len(said)].split())
        if body:
            found.setdefault(match[1].capitalize(), body)
    return told(found.get("Findings", ""), found.get("Impression", ""))


def told(findings: str, impression: str) -> str:
    """A report of two sections.

    Raises: Fault where both are empty.
    """
    parts = [f"{name}: {body}" for name, body in (("Findings", findings), ("Impression", impression)) if body]
    if not parts:
        raise Fault("no gold", "neither findings nor impression")
    return "\n".join(parts)


_LABELS = Grouping(
    tables=SPLIT_TABLES,
    needs=("dicom_id", *STUDY, "split"),
    key=_image,
    names=image_names,
    beside={CHEXPERT: (*STUDY, *LABELS)},
    wanted=_of_split,
)
_REPORTS = Grouping(
    tables=LABEL_TABLES,
    needs=STUDY,
    key=_study,
    names=study_names,
    beside={SPLIT: ("dicom_id", *STUDY, "split")},
    suffixes=IMAGE_SUFFIXES | {".txt"},
    chosen=of_split,
)
_ASSUMED = "columns and folders (files/p10/p10000032/s50414267/…jpg) are those that CLIMB's code reads; unpack the .csv.gz first"
_APPLY = "https://physionet.org/content/mimic-cxr-jpg/2.1.0/ (credentialed account, CITI training, agreement)"
MIMIC_CXR = Source(
    name="mimic_cxr",
    version=1,
    title="MIMIC-CXR-JPG, labels",
    homepage="https://physionet.org/content/mimic-cxr-jpg/2.1.0/",
    license="LicenseRef-PhysioNet-1.5.0",
    access=Access.CREDENTIALED,
    task="any number of labels",
    modality="x-ray",
    rows="368,960 train, 2,991 validation, 5,159 test; QoQ-Med counts 348,516 and 7,709 with a label",
    splits=tuple(SPLITS),
    default_split="train",
    layouts=(
        Layout(
            "mimic-cxr-2.0.0-split.csv and mimic-cxr-2.0.0-chexpert.csv, with files/ beside",
            partial(find, by=_LABELS),
            partial(read, by=_LABELS, row=labelled),
            _ASSUMED,
        ),
    ),
    raw_row=RAW_ROW,
    place="Put files/, mimic-cxr-2.0.0-split.csv and mimic-cxr-2.0.0-chexpert.csv (both unpacked) into path.",
    apply=_APPLY,
    sizes={"train": 368_960, "validation": 2_991, "test": 5_159},
    images={"train": 368_960, "validation": 2_991, "test": 5_159},
    note="uncertain labels (-1) count as absent, images without a positive label are rejected as CLIMB leaves them out; a patient is a group",
    citation="Johnson et al., MIMIC-CXR, Scientific Data 2019",
)
MIMIC_CXR_REPORTS = Source(
    name="mimic_cxr_reports",
    version=1,
    title="MIMIC-CXR, reports",
    homepage="https://physionet.org/content/mimic-cxr/2.1.0/",
    license="LicenseRef-PhysioNet-1.5.0",
    access=Access.CREDENTIALED,
    task="reports of studies",
    modality="x-ray",
    rows="222,758 train, 1,808 validation, 3,269 test (studies)",
    splits=tuple(SPLITS),
    default_split="train",
    layouts=(
        Layout(
            "as for mimic_cxr, with the reports (files/p10/p10000032/s50414267.txt or mimic-cxr-reports.zip) beside",
            partial(find, by=_REPORTS),
            partial(read, by=_REPORTS, row=reported),
            _ASSUMED,
        ),
    ),
    raw_row="                FINAL REPORT\n FINDINGS: …\n IMPRESSION: …",
    place="Put into path what mimic_cxr needs, and mimic-cxr-reports.zip (or its files/) from https://physionet.org/content/mimic-cxr/2.1.0/ beside.",
    apply=_APPLY,
    sizes={"train": 222_758, "validation": 1_808, "test": 3_269},
    images={"train": 368_960, "validation": 2_991, "test": 5_159},
    question_tokens=20,
    note="findings and impression are the answer; a study without both is rejected; a patient is a group",
    citation="Johnson et al., MIMIC-CXR, Scientific Data 2019",
)
