"""MMMU, its five subjects of health and medicine. A benchmark.

https://huggingface.co/datasets/MMMU/MMMU
Licence: Apache-2.0.

One raw row of the Hub's Parquet (`options` is a Python list as text; images stand where the question says <image 1>):
{"id": "validation_Clinical_Medicine_1", "question": "<image 1> Identify the finding …", "options": "['Cyst', 'Abscess', 'Tumour', 'None']",
"explanation": "", "image_1": {"bytes": …}, "image_2": null, …, "img_type": "['CT']", "answer": "B", "topic_difficulty": "Medium",
"question_type": "multiple-choice", "subfield": "Clinical Radiology"}
"""

import ast
import re
from functools import partial
from pathlib import Path
from typing import Any

from schemas.vocabulary import Modality
from sources.files import Record, find_tables, read_table
from sources.formats import Format
from sources.images import embedded
from sources.rows import Fault, Gold, cell, checked_options, gold_by_letter, gold_open, question_of, text
from sources.source import Access, Layout, Part, Row, Source

RAW_ROW = (
    '{"id": "validation_Clinical_Medicine_1", "question": "<image 1> Identify the finding …", "options": "[\'Cyst\', \'Abscess\', …]", '
    '"explanation": "", "image_1": {"bytes": …}, "image_2": null, …, "answer": "B", "question_type": "multiple-choice"}'
)
SUBJECTS = ("Basic_Medical_Science", "Clinical_Medicine", "Diagnostics_and_Laboratory_Medicine", "Pharmacy", "Public_Health")
SPLITS = ("validation", "dev", "test")
NEEDS = ("id", "question", "options", "answer", "image_1")
SHOWN = re.compile(r"<image (\d)>")
MOST_TEXT = 20_000


def read_row(record: Record) -> Row:
    """One question; its pictures in order, and words in the place of their marks."""
    cells = record.cells
    asked = question_of(cell(cells, "question"))
    options = listed(cells.get("options"))
    images = tuple(embedded(cells[name]) for name in (f"image_{place}" for place in range(1, 8)) if cells.get(name))
    if not images:
        raise Fault("image missing", "image_1")
    answer_type, gold = _gold(cells, options)
    said = SHOWN.sub(r"(image \1)", asked).strip()
    choices = tuple(SHOWN.sub(r"(image \1)", option) for option in options)
    return Row(record.place, said, answer_type, gold, choices, images=images, modality=Modality.IMAGE, subject=text(cells.get("subfield")))


def _gold(cells: Any, options: tuple[str, ...]) -> Gold:
    answer = cell(cells, "answer")
    if text(answer) == "?":
        raise Fault("no gold")
    return gold_by_letter(answer, len(options)) if options else gold_open(listed(answer) or answer)


def listed(value: Any) -> tuple[str, ...]:
    """The texts of a list that is written as Python would: nothing is run, only literals are read."""
    said = text(value)
    if not said.startswith("["):
        return ()
    try:
        found = ast.literal_eval(said) if len(said) < MOST_TEXT else None
    except (ValueError, SyntaxError, MemoryError, RecursionError):
        found = None
    if not isinstance(found, list):
        raise Fault("options unreadable", said[:80])
    return checked_options(found) if found else ()


def find(path: Path, split: str) -> tuple[Part, ...]:
    """The tables of the five subjects."""
    patterns = {split: tuple(f"{subject}/{split}-*.parquet" for subject in SUBJECTS)}
    return find_tables(path, split, patterns=patterns, format=Format.PARQUET, needs=NEEDS)


SOURCE = Source(
    name="mmmu_med",
    version=1,
    title="MMMU, health and medicine",
    homepage="https://huggingface.co/datasets/MMMU/MMMU",
    license="Apache-2.0",
    access=Access.OPEN,
    task="multiple choice about one to seven images",
    modality="image",
    rows="150 validation, 25 dev, 1,752 test (gold withheld)",
    splits=SPLITS,
    default_split="validation",
    layouts=(
        Layout("Hub Parquet (Clinical_Medicine/validation-*.parquet and four more)", find, partial(read_table, row=read_row, id=("id",))),
    ),
    raw_row=RAW_ROW,
    repo="MMMU/MMMU",
    files={split: tuple(f"{subject}/{split}-*.parquet" for subject in SUBJECTS) for split in SPLITS},
    sizes={"validation": 150, "dev": 25, "test": 1_752},
    citation="Yue et al., MMMU, CVPR 2024",
    benchmark_only=True,
)
