"""PTB-XL: 21,799 twelve-lead ECGs of ten seconds with cardiologists' statements, as QoQ-Med's seven labels.

https://physionet.org/content/ptb-xl/1.0.3/
Licence: CC BY 4.0.

One raw row of ptbxl_database.csv (shortened; scp_codes is a Python dict as text, code to likelihood in per cent):
ecg_id,patient_id,age,sex,…,report,scp_codes,heart_axis,…,strat_fold,filename_lr,filename_hr
1,15709.0,56.0,1,…,sinusrhythmus periphere niederspannung,"{'NORM': 100.0, 'LVOLT': 0.0, 'SR': 0.0}",,…,3,records100/00000/00001_lr,records500/00000/00001_hr
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import lru_cache, partial
from pathlib import Path

from schemas.vocabulary import BodyPart, Domain, Modality, Task
from sources.ecg import LEADS, eight_leads, strip
from sources.files import Record, cut, home, located, records, to_row
from sources.formats import Format, columns_of, csv_lines
from sources.images import safe_path
from sources.rows import Fault, cell, text
from sources.source import Access, Layout, Part, Row, Source
from sources.templates import QOQ_ECG, label_set
from sources.wfdb import read_header, read_signals, signal_file

RAW_ROW = (
    "ecg_id,patient_id,age,sex,…,scp_codes,…,strat_fold,filename_lr,filename_hr\n"
    "1,15709.0,56.0,1,…,\"{'NORM': 100.0, 'LVOLT': 0.0, 'SR': 0.0}\",…,3,records100/00000/00001_lr,records500/00000/00001_hr"
)
NEEDS = ("ecg_id", "patient_id", "scp_codes", "strat_fold", "filename_hr")
FOLDS = {"train": ("1", "2", "3", "4", "5", "6", "7", "8"), "validation": ("9",), "test": ("10",)}
# QoQ-Med's classes; which statements make which is our choice: upstream's five diagnostic classes, atrial fibrillation and flutter by
# their rhythm codes, and `other` where a statement is of none of these.
CLASSES = {"NORM": "normal", "CD": "conduction disturbance", "HYP": "hypertrophy", "MI": "myocardial infarction", "STTC": "ST/T change"}
FIBRILLATION = ("AFIB", "AFLT")
VOCABULARY = (*CLASSES.values(), "atrial fibrillation", "other")
CODE = re.compile(r"'([A-Z0-9_/ ]+)':\s*([\d.]+)")
PART_RECORDS = 500


def find(path: Path, split: str) -> tuple[Part, ...]:
    """Parts of up to 500 lines: the database, the statements, then the waveform files of the split that are there."""
    tables = [file for file in located(path, ("ptbxl_database.csv",)) if not set(NEEDS).difference(columns_of(file, Format.CSV))]
    if not tables:
        return ()
    statements = tables[0].with_name("scp_statements.csv")
    if not statements.is_file():
        return ()
    return tuple(
        _with_waves(replace(part, files=(*part.files, statements), about=(split,)), tables[0].parent)
        for part in cut(home(path), tables[0], part_rows=PART_RECORDS)
    )


def _with_waves(part: Part, folder: Path) -> Part:
    found: dict[Path, None] = {}
    for record in _of_split(part):
        try:
            header = safe_path(folder, f"{text(record.cells.get('filename_hr'))}.hea")
            found[header] = None
            found[signal_file(header, header.with_suffix(".dat").name)] = None
        except Fault:
            continue
    return replace(part, files=(*part.files, *found))


def _of_split(part: Part) -> Iterator[Record]:
    folds = FOLDS[part.about[0]]
    for record in records(part):
        if record.fault or str(record.cells.get("strat_fold")).removesuffix(".0") in folds:
            yield record


def read(part: Part) -> Iterator[Row]:
    """One question a record."""
    classes = _classes(part.files[1])
    row = partial(_row, folder=part.files[0].parent, classes=classes)
    return (to_row(record, row, ("ecg_id",)) for record in _of_split(part))


@lru_cache(maxsize=4)
def _classes(path: Path) -> Mapping[str, str]:
    """The diagnostic class of each code; '' for those of form and rhythm."""
    lines = csv_lines(path, Format.CSV)
    names = next(lines, (0, []))[1]
    place = names.index("diagnostic_class") if "diagnostic_class" in names else -1
    return {cells[0]: cells[place].strip() if place > 0 else "" for _, cells in lines if cells}


def _row(record: Record, folder: Path, classes: Mapping[str, str]) -> Row:
    cells = record.cells
    answer_type, gold = label_set(_labels(text(cell(cells, "scp_codes")), classes), VOCABULARY)
    path = safe_path(folder, f"{text(cell(cells, 'filename_hr'))}.hea")
    header = read_header(path.read_text(encoding="latin-1"))
    names = [lead.name for lead in header.leads if lead.name.upper() in LEADS]
    leads = eight_leads(read_signals(path, header, LEADS), names, header.rate_hz)
    return Row(
        row=record.place,
        question=QOQ_ECG.ask(labels="\n".join(VOCABULARY)),
        answer_type=answer_type,
        gold=gold,
        images=(strip(leads),),
        time_series=leads.astype("<f4").tobytes(),
        modality=Modality.ECG,
        domain=Domain.ECG,
        body_part=BodyPart.HEART,
        task=Task.MULTILABEL,
        group=text(cells.get("patient_id")).removesuffix(".0"),
    )


def _labels(codes: str, classes: Mapping[str, str]) -> list[str]:
    """The labels of a record's statements. Upstream's likelihood 0 stands for `not told`, so every statement counts."""
    if not codes.startswith("{"):
        raise Fault("no gold")
    found: set[str] = set()
    for code, _ in CODE.findall(codes):
        if code not in classes:
            raise Fault("unknown label", code)
        if code in FIBRILLATION:
            found.add("atrial fibrillation")
        elif classes[code]:
            found.add(CLASSES.get(classes[code], "other"))
    return sorted(found) or ["other"]


SOURCE = Source(
    name="ptb_xl",
    version=1,
    title="PTB-XL",
    homepage="https://physionet.org/content/ptb-xl/1.0.3/",
    license="CC-BY-4.0",
    access=Access.OPEN,
    task="any number of labels of an ECG",
    modality="ecg",
    rows="17,418 train (folds 1 to 8), 2,183 validation (9), 2,198 test (10)",
    splits=tuple(FOLDS),
    default_split="train",
    layouts=(Layout("ptbxl_database.csv and scp_statements.csv, with records500/ beside", find, read),),
    raw_row=RAW_ROW,
    place="Put ptbxl_database.csv, scp_statements.csv and records500/ of https://physionet.org/content/ptb-xl/1.0.3/ into path.",
    apply="https://physionet.org/content/ptb-xl/1.0.3/ (no account needed)",
    sizes={"train": 17_418, "validation": 2_183, "test": 2_198},
    images={"train": 17_418, "validation": 2_183, "test": 2_198},
    question_tokens=70,
    note="first 5 of the 10 seconds, leads I, II and V1 to V6 at 500 Hz, as QoQ-Med reads them; a patient is a group",
    citation="Wagner et al., PTB-XL, Scientific Data 2020",
)
