"""MedQA: questions in the style of the United States Medical Licensing Examination.

https://github.com/jind11/MedQA and https://huggingface.co/datasets/GBaker/MedQA-USMLE-4-options
Licence: MIT.

One raw row (the vignette is shortened):
{"question": "A junior orthopaedic surgery resident is completing a carpal tunnel repair …", "answer": "Tell the attending …",
"options": {"A": "Disclose the error …", "B": "Tell the attending …", "C": "Report the physician …", "D": "Refuse to dictate …"},
"meta_info": "step1", "answer_idx": "B", "metamap_phrases": ["junior orthopaedic surgery resident", …]}
"""

from functools import partial

from sources.files import Record, find_tables, read_table
from sources.formats import Format
from sources.rows import Fault, cell, gold_by_letter, options_in, question_of, text
from sources.source import Access, Layout, Row, Source

RAW_ROW = (
    '{"question": "A junior orthopaedic surgery resident is completing a carpal tunnel repair …", "answer": "Tell the attending …", '
    '"options": {"A": "Disclose the error …", "B": "Tell the attending …", "C": "Report the physician …", "D": "Refuse to dictate …"}, '
    '"meta_info": "step1", "answer_idx": "B", "metamap_phrases": ["junior orthopaedic surgery resident", …]}'
)
NEEDS = ("question", "options", "answer_idx")
NAMES = {"train": "train", "validation": "dev", "test": "test"}
FOUR = {split: (f"phrases_no_exclude_{name}.jsonl",) for split, name in NAMES.items()}
FIVE = {split: (f"US/{name}.jsonl", f"./{name}.jsonl") for split, name in NAMES.items()}
PARQUET = {split: (f"{split}-*.parquet", f"{split}/*.parquet") for split in NAMES}


def read_row(record: Record) -> Row:
    """One question."""
    cells = record.cells
    question = question_of(cell(cells, "question"))
    options = options_in(cell(cells, "options"))
    answer_type, gold = gold_by_letter(cell(cells, "answer_idx"), len(options))
    told = text(cells.get("answer"))
    if told and told not in options[gold["index"]]:
        raise Fault("gold contradicts itself", f"{cells['answer_idx']} is not: {told[:80]}")
    return Row(
        row=record.place, question=question, answer_type=answer_type, gold=gold, options=options, subject=text(cells.get("meta_info"))
    )


SOURCE = Source(
    name="medqa",
    version=1,
    title="MedQA (USMLE)",
    homepage="https://github.com/jind11/MedQA",
    license="MIT",
    access=Access.OPEN,
    task="multiple choice",
    modality="text",
    rows="10,178 train, 1,272 validation, 1,273 test",
    splits=("train", "validation", "test"),
    default_split="train",
    layouts=(
        Layout(
            "JSON Lines with four options (phrases_no_exclude_train.jsonl)",
            partial(find_tables, patterns=FOUR, format=Format.JSONL, needs=NEEDS),
            partial(read_table, row=read_row),
        ),
        Layout(
            "Parquet with four options (train-*.parquet)",
            partial(find_tables, patterns=PARQUET, format=Format.PARQUET, needs=NEEDS),
            partial(read_table, row=read_row),
        ),
        Layout(
            "upstream JSON Lines with five options (US/train.jsonl)",
            partial(find_tables, patterns=FIVE, format=Format.JSONL, needs=(*NEEDS, "meta_info")),
            partial(read_table, row=read_row),
        ),
    ),
    raw_row=RAW_ROW,
    repo="GBaker/MedQA-USMLE-4-options",
    files={"train": ("phrases_no_exclude_train.jsonl",), "test": ("phrases_no_exclude_test.jsonl",)},
    note="the Hub has no validation split: take upstream's files for it; rows are known by their line, upstream has no ids",
    sizes={"train": 10_178, "validation": 1_272, "test": 1_273},
    question_tokens=170,
    citation="Jin et al., What disease does this patient have?, Applied Sciences 2021",
)
