"""MedMCQA: 194k four-option questions of Indian entrance exams (AIIMS, NEET PG).

https://github.com/medmcqa/medmcqa and https://huggingface.co/datasets/openlifescienceai/medmcqa
Licence: the repository says MIT, the card on the Hub Apache-2.0.

One raw row of the upstream JSON Lines (`cop` counts from 1 there, from 0 in the Hub's Parquet):
{"question":"Concentration of tropicamide:","exp":"…","cop":1,"opa":"0.01","opb":"0.02","opc":"0.03","opd":"0.04",
"subject_name":"Ophthalmology","topic_name":null,"id":"17360c6c-2c98-4fe2-aa85-487dcf4678df","choice_type":"single"}
"""

from functools import partial

from schemas.errors import SourceError
from sources.files import Record, find_tables, read_table
from sources.formats import Format
from sources.rows import Fault, cell, checked_options, gold_by_index, question_of, text
from sources.source import Access, Layout, Row, Source

RAW_ROW = (
    '{"question":"Concentration of tropicamide:","exp":"…","cop":1,"opa":"0.01","opb":"0.02","opc":"0.03","opd":"0.04",'
    '"subject_name":"Ophthalmology","topic_name":null,"id":"17360c6c-2c98-4fe2-aa85-487dcf4678df","choice_type":"single"}'
)
OPTIONS = ("opa", "opb", "opc", "opd")
NEEDS = ("id", "question", *OPTIONS, "subject_name")
HUB = {split: (f"data/{split}-*.parquet", f"{split}/*.parquet", f"./{split}-*.parquet") for split in ("train", "validation", "test")}
UPSTREAM = {"train": ("train.json",), "validation": ("dev.json",), "test": ("test.json",)}


def read_row(record: Record, *, base: int) -> Row:
    """One question; `cop` counts from `base`. The explanation is left out: it tells the answer."""
    cells = record.cells
    options = checked_options([cell(cells, name) for name in OPTIONS])
    question = question_of(cell(cells, "question"))
    answer_type, gold = gold_by_index(_cop(cells.get("cop"), base, record.place), base, len(options))
    return Row(
        row=record.place,
        question=question,
        answer_type=answer_type,
        gold=gold,
        options=options,
        subject=text(cells.get("subject_name")),
    )


def _cop(cop: object, base: int, place: str) -> object:
    """The Hub writes -1 where upstream writes no `cop`: a withheld gold. A file that counts otherwise stops the build."""
    if cop == (4 if base == 0 else 0):
        said = f"cop {cop} stands where golds should count from {base} (JSON Lines of upstream: 1, Parquet of the Hub: 0)"
        raise SourceError(f"medmcqa row {place}: {said}. Use upstream's own files, or the Hub's.")
    if cop == -1:
        raise Fault("no gold")
    return cop


SOURCE = Source(
    name="medmcqa",
    version=1,
    title="MedMCQA",
    homepage="https://medmcqa.github.io",
    license="Apache-2.0",
    access=Access.OPEN,
    task="multiple choice",
    modality="text",
    rows="182,822 train, 4,183 validation, 6,150 test (gold withheld)",
    splits=("train", "validation", "test"),
    default_split="train",
    layouts=(
        Layout(
            "Hub Parquet (data/train-*.parquet)",
            partial(find_tables, patterns=HUB, format=Format.PARQUET, needs=(*NEEDS, "cop")),
            partial(read_table, row=partial(read_row, base=0), id=("id",)),
        ),
        Layout(
            "upstream JSON Lines (train.json, dev.json, test.json)",
            partial(find_tables, patterns=UPSTREAM, format=Format.JSONL, needs=NEEDS),
            partial(read_table, row=partial(read_row, base=1), id=("id",)),
        ),
    ),
    raw_row=RAW_ROW,
    repo="openlifescienceai/medmcqa",
    files={split: (f"data/{split}-*.parquet",) for split in ("train", "validation", "test")},
    note="choice_type says multi in a third of the rows, but each has one right option; some options read alike",
    sizes={"train": 182_822, "validation": 4_183, "test": 6_150},
    citation="Pal et al., MedMCQA, CHIL 2022",
)
