"""MedCalc-Bench: values to be calculated from patients' notes, with limits of tolerance.

https://github.com/ncbi-nlp/MedCalc-Bench and https://huggingface.co/datasets/ncbi/MedCalc-Bench-v1.0
Licence: CC BY-SA 4.0.

One raw row (note and explanation shortened):
Row Number,Calculator ID,Calculator Name,Category,Output Type,Note ID,Note Type,Patient Note,Question,Relevant Entities,Ground Truth Answer,
Lower Limit,Upper Limit,Ground Truth Explanation
2,2,Creatinine Clearance (Cockcroft-Gault Equation),lab test,decimal,pmc-8605939-1,Extracted,"An 83-year-old man …","What is the patient's
Creatinine Clearance …?","{'sex': 'Male', …}",37.9531,36.05544,39.85075,"…"
"""

import re
from collections.abc import Mapping
from datetime import date
from decimal import Decimal, InvalidOperation
from functools import partial
from typing import Any

from schemas.example import AnswerType
from schemas.vocabulary import Task
from sources.files import Record, find_tables, read_table
from sources.formats import Format
from sources.rows import Fault, Gold, cell, question_of, text
from sources.source import Access, Layout, Row, Source

RAW_ROW = (
    '2,2,Creatinine Clearance (Cockcroft-Gault Equation),lab test,decimal,pmc-8605939-1,Extracted,"An 83-year-old man …",'
    '"What is the patient\'s Creatinine Clearance …?","{\'sex\': \'Male\', …}",37.9531,36.05544,39.85075,"…"'
)
NEEDS = ("Calculator ID", "Calculator Name", "Output Type", "Note ID", "Patient Note", "Question", "Ground Truth Answer")
CSV = {split: (f"{split}_data.csv",) for split in ("train", "test")}
HUB = {split: (f"data/{split}-*.parquet", f"./{split}-*.parquet") for split in ("train", "test")}
ID = ("Row Number",)
US_DATE = re.compile(r"(\d{1,2})/(\d{1,2})/(\d{4})", re.ASCII)
AGE = re.compile(r"\(?'(\d+) weeks?', *'(\d+) days?'\)?", re.ASCII)


def read_row(record: Record) -> Row:
    """One question about a note. The explanation is left out: it tells the answer; one note is never on both sides of a split."""
    cells = record.cells
    note = text(cell(cells, "Patient Note"))
    if not note:
        raise Fault("no context")
    answer_type, gold = _gold(cells)
    return Row(
        row=record.place,
        question=question_of(cell(cells, "Question")),
        answer_type=answer_type,
        gold=gold,
        context=note,
        task=Task.CALCULATION,
        subject=text(cells.get("Calculator Name")),
        group=text(cells.get("Note ID")),
    )


def _gold(cells: Mapping[str, Any]) -> Gold:
    kind, said = text(cell(cells, "Output Type")), text(cell(cells, "Ground Truth Answer"))
    if not said:
        raise Fault("no gold")
    if kind == "date":
        return _moment(said)
    if kind not in ("decimal", "integer"):
        raise Fault("unknown output type", kind[:80])
    limits = [text(cells.get(name)) or said for name in ("Lower Limit", "Upper Limit")]
    value, low, high = (_number(number) for number in (said, *limits))
    if not low <= value <= high:
        raise Fault("gold outside its limits", f"{said} not in {limits[0]} to {limits[1]}")
    return AnswerType.NUMERIC, {"value": said, "low": limits[0], "high": limits[1], "unit": ""}


def _number(said: str) -> Decimal:
    try:
        number = Decimal(said)
    except InvalidOperation:
        raise Fault("gold not a number", said[:80]) from None
    if not number.is_finite():
        raise Fault("gold not a number", said[:80])
    return number


def _moment(said: str) -> Gold:
    """A date as month/day/year, or an age as weeks and days."""
    age = AGE.fullmatch(said)
    if age:
        return AnswerType.DATE, {"weeks": int(age[1]), "days": int(age[2])}
    day = US_DATE.fullmatch(said)
    try:
        found = date(int(day[3]), int(day[1]), int(day[2])) if day else None
    except ValueError:
        found = None
    if found is None:
        raise Fault("gold not a date", said[:80])
    return AnswerType.DATE, {"value": found.isoformat(), "date_order": "mdy"}


SOURCE = Source(
    name="medcalc_bench",
    version=1,
    title="MedCalc-Bench",
    homepage="https://github.com/ncbi-nlp/MedCalc-Bench",
    license="CC-BY-SA-4.0",
    access=Access.OPEN,
    task="calculation from a note: numbers with tolerance, dates",
    modality="text",
    rows="10,053 train, 1,047 test",
    splits=("train", "test"),
    default_split="train",
    layouts=(
        Layout(
            "upstream CSV (train_data.csv, test_data.csv)",
            partial(find_tables, patterns=CSV, format=Format.CSV, needs=NEEDS),
            partial(read_table, row=read_row, id=ID),
        ),
        Layout(
            "Hub Parquet (data/train-*.parquet)",
            partial(find_tables, patterns=HUB, format=Format.PARQUET, needs=NEEDS),
            partial(read_table, row=read_row, id=ID),
        ),
    ),
    raw_row=RAW_ROW,
    repo="ncbi/MedCalc-Bench-v1.0",
    files={split: (f"data/{split}-*.parquet",) for split in CSV},
    sizes={"train": 10_053, "test": 1_047},
    question_tokens=900,
    note="one note serves several questions: they share a group",
    citation="Khandekar et al., MedCalc-Bench, NeurIPS 2024",
)
