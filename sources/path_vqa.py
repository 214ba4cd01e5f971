"""PathVQA: questions made from captions of pathology textbooks and the PEIR library.

https://github.com/UCSD-AI4H/PathVQA and https://huggingface.co/datasets/flaviagiammarino/path-vqa
Licence: the card says MIT; the images belong to their publishers.

One raw row of the Hub's Parquet:
{"image": {"bytes": …, "path": null}, "question": "where are liver stem cells (oval cells) located?", "answer": "in the canals of hering"}
"""

import hashlib
from functools import partial

from schemas.vocabulary import Modality
from sources.files import Record, find_tables, read_table
from sources.formats import Format
from sources.images import embedded
from sources.rows import YES, cell, gold_open, gold_yesno, question_of, text
from sources.source import Access, Layout, Row, Source

RAW_ROW = (
    '{"image": {"bytes": …, "path": null}, "question": "where are liver stem cells (oval cells) located?", '
    '"answer": "in the canals of hering"}'
)
SPLITS = ("train", "validation", "test")
HUB = {split: (f"data/{split}-*.parquet", f"{split}/*.parquet", f"./{split}-*.parquet") for split in SPLITS}


def read_row(record: Record) -> Row:
    """One question; questions about one image share a group."""
    cells = record.cells
    content = embedded(cell(cells, "image"))
    answer = cell(cells, "answer")
    answer_type, gold = gold_yesno(answer) if text(answer).casefold() in YES else gold_open(answer)
    return Row(
        row=record.place,
        question=question_of(cell(cells, "question")),
        answer_type=answer_type,
        gold=gold,
        images=(content,),
        modality=Modality.HISTOLOGY,
        group=hashlib.sha256(content).hexdigest()[:16],
    )


SOURCE = Source(
    name="path_vqa",
    version=1,
    title="PathVQA",
    homepage="https://github.com/UCSD-AI4H/PathVQA",
    license="MIT",
    access=Access.OPEN,
    task="yes or no, and open questions about an image",
    modality="histology",
    rows="19,654 train, 6,259 validation, 6,719 test",
    splits=SPLITS,
    default_split="train",
    layouts=(
        Layout(
            "Hub Parquet (data/train-*.parquet)",
            partial(find_tables, patterns=HUB, format=Format.PARQUET, needs=("image", "question", "answer")),
            partial(read_table, row=read_row),
        ),
    ),
    raw_row=RAW_ROW,
    repo="flaviagiammarino/path-vqa",
    files={split: (f"data/{split}-*.parquet",) for split in SPLITS},
    sizes={"train": 19_654, "validation": 6_259, "test": 6_719},
    images={"train": 2_599, "validation": 832, "test": 858},
    question_tokens=15,
    note="gross pictures, charts and radiographs stand among the microscopic ones; all are called histology",
    citation="He et al., PathVQA, 2020",
)
