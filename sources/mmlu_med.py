"""MMLU's six medical subjects: a benchmark, never trained on.

https://github.com/hendrycks/test and https://huggingface.co/datasets/cais/mmlu
Licence: MIT.

One raw row of upstream's college_medicine_test.csv (no header; question, four options, the gold's letter):
Who set the world record for the mile race in 1886?,R Bannister,S Coe,J DiMaggio,WG George,D
"""

from collections.abc import Iterator
from functools import partial
from pathlib import Path

from sources.files import Record, find_tables, home, located, read_table, to_row
from sources.formats import Format, csv_lines
from sources.rows import Fault, cell, checked_options, gold_by_index, gold_by_letter, options_in, question_of, text
from sources.source import Access, Layout, Part, Row, Source

RAW_ROW = "Who set the world record for the mile race in 1886?,R Bannister,S Coe,J DiMaggio,WG George,D"
SUBJECTS = ("anatomy", "clinical_knowledge", "college_biology", "college_medicine", "medical_genetics", "professional_medicine")
NAMES = {"test": "test", "validation": "val", "dev": "dev"}
PARQUET = ("{subject}/{split}-*.parquet", "{subject}/{split}/*.parquet")
HUB = {
    split: (*(form.format(subject=subject, split=split) for subject in SUBJECTS for form in PARQUET), f"./{split}-*.parquet")
    for split in NAMES
}
UPSTREAM = {split: tuple(f"{subject}_{name}.csv" for subject in SUBJECTS) for split, name in NAMES.items()}
MEDAGENTS = {"test": ("mmlu/test.jsonl", "./test.jsonl")}


def read_hub_row(record: Record) -> Row:
    """One question of the Hub's Parquet; the gold counts from 0."""
    cells = record.cells
    subject = _medical(cell(cells, "subject"))
    options = options_in(cell(cells, "choices"))
    answer_type, gold = gold_by_index(cell(cells, "answer"), 0, len(options))
    row = f"{subject}/{record.place}"
    return Row(row, question_of(cell(cells, "question")), answer_type, gold, options, subject=subject)


def read_medagents_row(record: Record) -> Row:
    """One question of the JSON Lines that MedAgents publishes."""
    cells = record.cells
    subject = _medical(cell(cells, "subject"))
    options = options_in(cell(cells, "options"))
    answer_type, gold = gold_by_letter(cell(cells, "answer_idx"), len(options))
    return Row(record.place, question_of(cell(cells, "question")), answer_type, gold, options, subject=subject)


def _medical(value: object) -> str:
    subject = text(value)
    if subject not in SUBJECTS:
        raise Fault("not a medical subject", subject[:80])
    return subject


def find_csv(path: Path, split: str) -> tuple[Part, ...]:
    """One part a subject; a file is known by its name, since it has no header."""
    return tuple(Part(home(path), (file,)) for file in located(path, UPSTREAM[split]) if file.name in UPSTREAM[split])


def read_csv(part: Part) -> Iterator[Row]:
    """The questions of one subject's CSV file."""
    path = part.files[0]
    subject = path.stem.rpartition("_")[0]
    for index, (line, cells) in enumerate(csv_lines(path, Format.CSV)):
        record = Record(f"{path.stem}:{index}", {"subject": subject, "cells": cells, "line": line})
        yield to_row(record, _read_csv_row)


def _read_csv_row(record: Record) -> Row:
    cells: list[str] = record.cells["cells"]
    if len(cells) != 6:
        raise Fault("unreadable line", f"line {record.cells['line']}: {len(cells)} cells, not 6")
    options = checked_options(cells[1:5])
    answer_type, gold = gold_by_letter(cells[5], len(options))
    return Row(record.place, question_of(cells[0]), answer_type, gold, options, subject=record.cells["subject"])


SOURCE = Source(
    name="mmlu_med",
    version=1,
    title="MMLU, medical subjects",
    homepage="https://github.com/hendrycks/test",
    license="MIT",
    access=Access.OPEN,
    task="multiple choice",
    modality="text",
    rows="1,089 test, 123 validation, 30 dev",
    splits=("test", "validation", "dev"),
    default_split="test",
    layouts=(
        Layout(
            "Hub Parquet (anatomy/test-*.parquet and five more)",
            partial(find_tables, patterns=HUB, format=Format.PARQUET, needs=("question", "subject", "choices", "answer")),
            partial(read_table, row=read_hub_row),
        ),
        Layout("upstream CSV without header (anatomy_test.csv and five more)", find_csv, read_csv),
        Layout(
            "MedAgents JSON Lines (mmlu/test.jsonl)",
            partial(
                find_tables, patterns=MEDAGENTS, format=Format.JSONL, needs=("question", "options", "answer_idx", "subject", "realidx")
            ),
            partial(read_table, row=read_medagents_row, id=("realidx",)),
        ),
    ),
    raw_row=RAW_ROW,
    repo="cais/mmlu",
    files={split: tuple(f"{subject}/{split}-*.parquet" for subject in SUBJECTS) for split in NAMES},
    note="77 questions stand in both clinical_knowledge and college_medicine",
    sizes={"test": 1_089, "validation": 123, "dev": 30},
    citation="Hendrycks et al., Measuring massive multitask language understanding, ICLR 2021",
    benchmark_only=True,
)
