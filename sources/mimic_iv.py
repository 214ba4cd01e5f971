"""MIMIC-IV admissions with the chest X-rays of their first 48 hours: how long a stay lasts, and whether the patient outlives 48 hours.

https://physionet.org/content/mimiciv/3.1/ and https://physionet.org/content/mimic-cxr-jpg/2.1.0/
Licence: PhysioNet Credentialed Health Data License 1.5.0.

One raw row of admissions.csv (the columns read), of patients.csv and of mimic-cxr-2.0.0-metadata.csv:
10000032,22595853,2180-05-06 22:23:00,2180-05-07 17:15:00,,URGENT,TRANSFER FROM HOSPITAL
10000032,F,52,2180
02aa804e-bde0afdd,10000032,50414267,21800506,213014.531
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from functools import lru_cache, partial
from pathlib import Path
from typing import Any, NamedTuple

from schemas.errors import SourceError
from schemas.example import AnswerType
from schemas.vocabulary import BodyPart, Modality, Task
from sources.files import Record, cut, home, located, records, to_row
from sources.formats import columns_of, format_of
from sources.pictures import Pictures, picture_files, pictures_of
from sources.rows import Fault, Gold, cell, text
from sources.source import Access, Layout, Part, Row, Source

ADMISSIONS, PATIENTS, STUDIES = "admissions.csv", "patients.csv", "mimic-cxr-2.0.0-metadata.csv"
NEEDS: dict[str, tuple[str, ...]] = {
    ADMISSIONS: ("subject_id", "hadm_id", "admittime", "dischtime", "deathtime", "admission_type"),
    PATIENTS: ("subject_id", "gender", "anchor_age", "anchor_year"),
    STUDIES: ("dicom_id", "subject_id", "study_id", "StudyDate", "StudyTime"),
}
FIRST = timedelta(hours=48)
PART_ADMISSIONS = 2000
LENGTHS = ("0 to 4 days", "5 to 8 days", "9 to 12 days", "more than 12 days")
STAY = "Above are chest X-ray images of a patient, taken within 48 hours of admission. "


class View(NamedTuple):
    """An X-ray: when it was taken, and its file's name."""

    taken: datetime
    study: str
    name: str


def _tables(path: Path) -> tuple[Path, ...]:
    """The three tables; none where there are no admissions. Raises: SourceError where one that stands beside is missing."""
    found: list[Path] = []
    for name, needs in NEEDS.items():
        fitting = [
            file for file in located(home(path), (name,)) if (format := format_of(file)) and set(needs) <= set(columns_of(file, format))
        ]
        if not fitting and not found:
            return ()
        if not fitting:
            raise SourceError(f"{path} holds no {name} with the columns {', '.join(needs)}. Put upstream's file there.")
        found.append(fitting[0])
    return tuple(found)


def find(path: Path, split: str) -> tuple[Part, ...]:
    """Parts of up to 2,000 admissions: the tables, then the X-rays of the first 48 hours that are there."""
    tables = _tables(path)
    if not tables:
        return ()
    root = home(path)
    pictures = Pictures(root, picture_files(root))
    parts: list[Part] = []
    for part in cut(root, tables[0], part_rows=PART_ADMISSIONS):
        found: dict[Path, None] = {}
        for _, views in _imaged(part, tables[2]):
            for view in views:
                try:
                    found[pictures.find(view.name).file] = None
                except Fault:
                    continue
        parts.append(Part(part.root, (*tables, *found), part.start, part.stop, first=part.first))
    return tuple(parts)


def read(part: Part, *, ask: Callable[[Record], tuple[str, tuple[str, ...], Gold]]) -> Iterator[Row]:
    """One question an admission with an X-ray in its first 48 hours; all others are none of this set's."""
    pictures = pictures_of(part.root, part.files[3:])
    patients = _patients(part.files[1], part.files[1].stat().st_mtime_ns)
    for record, views in _imaged(part, part.files[2]):
        yield to_row(record, partial(_row, ask=ask, views=views, pictures=pictures, patients=patients), ("hadm_id",))


def _row(
    record: Record,
    *,
    ask: Callable[[Record], tuple[str, tuple[str, ...], Gold]],
    views: Sequence[View],
    pictures: Pictures,
    patients: Mapping[str, tuple[str, str, str]],
) -> Row:
    question, options, (answer_type, gold) = ask(record)
    return Row(
        row=record.place,
        question=f"{STAY}{question}",
        answer_type=answer_type,
        gold=gold,
        options=options,
        context=_told(record, patients),
        images=tuple(pictures.read(view.name) for view in views),
        modality=Modality.XRAY,
        body_part=BodyPart.CHEST,
        task=Task.CLASSIFICATION,
        group=text(record.cells.get("subject_id")),
    )


def _imaged(part: Part, studies: Path) -> Iterator[tuple[Record, tuple[View, ...]]]:
    """The admissions of a part with the X-rays of the first study in their first 48 hours; one that cannot be read has none."""
    views = _views(studies, studies.stat().st_mtime_ns)
    for record in records(Part(part.root, part.files[:1], part.start, part.stop, first=part.first)):
        try:
            admitted = moment(record.cells, "admittime")
        except Fault:
            yield record, ()
            continue
        of_patient = views.get(text(record.cells.get("subject_id")), ())
        within = [view for view in of_patient if admitted <= view.taken < admitted + FIRST]
        if within:
            yield record, tuple(view for view in within if view.study == within[0].study)


@lru_cache(maxsize=1)
def _views(studies: Path, _: int) -> Mapping[str, tuple[View, ...]]:
    """The X-rays of each patient by time."""
    found: dict[str, list[View]] = {}
    for record in records(Part(studies.parent, (studies,))):
        cells = record.cells
        day, time = text(cells.get("StudyDate")).removesuffix(".0"), text(cells.get("StudyTime")).partition(".")[0].zfill(6)
        try:
            taken = datetime.strptime(day + time, "%Y%m%d%H%M%S")
        except ValueError:
            continue
        subject, study = text(cells["subject_id"]), text(cells["study_id"])
        found.setdefault(subject, []).append(View(taken, study, f"p{subject[:2]}/p{subject}/s{study}/{text(cells['dicom_id'])}.jpg"))
    return {subject: tuple(sorted(views)) for subject, views in found.items()}


@lru_cache(maxsize=1)
def _patients(table: Path, _: int) -> Mapping[str, tuple[str, str, str]]:
    told = (record.cells for record in records(Part(table.parent, (table,))) if not record.fault)
    return {text(cells["subject_id"]): (text(cells["gender"]), text(cells["anchor_age"]), text(cells["anchor_year"])) for cells in told}


def moment(cells: Mapping[str, Any], column: str) -> datetime:
    """The time in a cell.

    Raises: Fault where it is missing or none.
    """
    said = text(cell(cells, column))
    if not said:
        raise Fault("no gold", column)
    try:
        return datetime.fromisoformat(said).replace(tzinfo=None)
    except ValueError:
        raise Fault("time unreadable", f"{column} {said}"[:80]) from None


def _told(record: Record, patients: Mapping[str, tuple[str, str, str]]) -> str:
    """Sex and age of the patient, and how the patient came."""
    gender, age, year = patients.get(text(record.cells.get("subject_id")), ("", "", ""))
    sex = {"F": "female", "M": "male"}.get(gender, "of untold sex")
    years = str(int(age) + moment(record.cells, "admittime").year - int(year)) if age.isdecimal() and year.isdecimal() else ""
    came = text(record.cells.get("admission_type")).casefold().rstrip(".")
    return f"Patient: {sex}{f', {years} years old' if years else ''}.{f' Admission: {came}.' if came else ''}"


def stay(record: Record) -> tuple[str, tuple[str, ...], Gold]:
    """How long a stay lasts, in QoQ-Med's four classes."""
    days = (moment(record.cells, "dischtime") - moment(record.cells, "admittime")) // timedelta(days=1)
    if days < 0:
        raise Fault("gold contradicts itself", "discharged before admission")
    place = 0 if days <= 4 else 1 if days <= 8 else 2 if days <= 12 else 3
    return "How long will the patient stay in the hospital?", LENGTHS, (AnswerType.MCQ, {"index": place})


def survival(record: Record) -> tuple[str, tuple[str, ...], Gold]:
    """Whether the patient lives 48 hours after admission."""
    died = text(record.cells.get("deathtime"))
    alive = not died or moment(record.cells, "deathtime") - moment(record.cells, "admittime") >= FIRST
    return "Will the patient survive for at least 48 hours?", (), (AnswerType.YESNO, {"value": "yes" if alive else "no"})


def _source(name: str, title: str, task: str, ask: Callable[[Record], tuple[str, tuple[str, ...], Gold]]) -> Source:
    return Source(
        name=name,
        version=1,
        title=title,
        homepage="https://physionet.org/content/mimiciv/3.1/",
        license="LicenseRef-PhysioNet-1.5.0",
        access=Access.CREDENTIALED,
        task=task,
        modality="x-ray",
        rows="QoQ-Med counts 166,215 train and 41,554 test admissions with X-ray and ECG",
        splits=("all",),
        default_split="all",
        layouts=(
            Layout(
                f"{ADMISSIONS}, {PATIENTS} and {STUDIES} (unpacked), with MIMIC-CXR-JPG's files/ beside",
                find,
                partial(read, ask=ask),
                "columns and folders are those that CLIMB's code reads; of what CLIMB shows beside the X-rays sex, age and kind of admission "
                "are told, not laboratory values, vital signs and ECG",
            ),
        ),
        raw_row="10000032,22595853,2180-05-06 22:23:00,2180-05-07 17:15:00,,URGENT,TRANSFER FROM HOSPITAL",
        place=(
            f"Put {ADMISSIONS} and {PATIENTS} of https://physionet.org/content/mimiciv/3.1/ (hosp/, unpacked) and {STUDIES} (unpacked) with files/ "
            "of https://physionet.org/content/mimic-cxr-jpg/2.1.0/ into path."
        ),
        apply="https://physionet.org/content/mimiciv/3.1/ and …/mimic-cxr-jpg/2.1.0/ (credentialed account, CITI training, agreements)",
        sizes={"all": 207_769},
        images={"all": 207_769},
        question_tokens=60,
        note="the first study of the first 48 hours is shown; admissions without one are passed over; a patient is a group",
        citation="Johnson et al., MIMIC-IV, Scientific Data 2023",
    )


MIMIC_IV_STAY = _source("mimic_iv_stay", "MIMIC-IV, length of stay", "multiple choice of the classes", stay)
MIMIC_IV_SURVIVAL = _source("mimic_iv_survival", "MIMIC-IV, survival of 48 hours", "yes or no", survival)
