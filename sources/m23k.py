"""m23k: 23,493 medical questions that two small models fail, with DeepSeek-R1's thoughts (m1).

https://huggingface.co/datasets/UCSC-VLAA/m23k-tokenized (and m1k-tokenized, 1,000 of them)
Licence: Apache-2.0 says the project; the questions come from MedMCQA, MedQA, HEAD-QA and PubMedQA.

One raw row, after the dataset's card (`prompt` lists the options in a shuffled order, to which answer_letter and answer_idx belong;
`metadata` still has the order and the gold of before):
{"answer_idx": 2, "source": "MedQA-USMLE", "metadata": "{…}", "prompt": "A man of …?\\nA. Nimodipine\\nB. Nifedipine\\nC. Labetalol\\nD. …",
"answer_letter": "C", "answer_string": "Labetalol", "reasoning": "Okay, …", "distilled_answer_string": "…"}
"""

import re
from functools import partial

from sources.files import Record, find_tables, read_table
from sources.formats import Format
from sources.rows import Fault, cell, checked_options, gold_by_letter, question_of, text
from sources.source import Access, Layout, Row, Source

RAW_ROW = (
    '{"answer_idx": 2, "source": "MedQA-USMLE", "metadata": "{…}", "prompt": "A man of …?\\nA. Nimodipine\\nB. Nifedipine\\nC. Labetalol\\nD. …", '
    '"answer_letter": "C", "answer_string": "Labetalol", "reasoning": "Okay, …", "distilled_answer_string": "…"}'
)
HUB = {"train": ("data/train-*.parquet", "train/*.parquet", "./train-*.parquet")}
NEEDS = ("prompt", "answer_letter", "answer_string", "source")
OPTION = re.compile(r"^([A-J])[.):] ?(.+)$", re.MULTILINE)
ASSUMED = "prompt ends in one option a line behind its letter; answer_letter and answer_string are the gold in that order"


def read_row(record: Record) -> Row:
    """One question; the gold's letter must lead to the gold's text, since two orders of options are about."""
    cells = record.cells
    prompt = question_of(cell(cells, "prompt"))
    found = list(OPTION.finditer(prompt))
    starts = [place for place, match in enumerate(found) if match[1] == "A"]
    listed = found[starts[-1] :] if starts else []
    if [match[1] for match in listed] != list("ABCDEFGHIJ"[: len(listed)]):
        raise Fault("options unreadable", prompt[-80:])
    options = checked_options([match[2] for match in listed])
    answer_type, gold = gold_by_letter(cell(cells, "answer_letter"), len(options))
    said = text(cells.get("answer_string"))
    if said and options[gold["index"]].casefold() != said.casefold():
        raise Fault("gold contradicts itself", f"{options[gold['index']][:40]}, but answer_string {said[:40]}")
    question = question_of(prompt[: listed[0].start()])
    return Row(record.place, question, answer_type, gold, options, subject=text(cells.get("source")))


SOURCE = Source(
    name="m23k",
    version=1,
    title="m23k (m1)",
    homepage="https://huggingface.co/datasets/UCSC-VLAA/m23k-tokenized",
    license="Apache-2.0",
    access=Access.OPEN,
    task="multiple choice",
    modality="text",
    rows="23,493 train",
    splits=("train",),
    default_split="train",
    layouts=(
        Layout(
            "Hub Parquet (data/train-*.parquet)",
            partial(find_tables, patterns=HUB, format=Format.PARQUET, needs=NEEDS),
            partial(read_table, row=read_row),
            ASSUMED,
        ),
        Layout(
            "JSON Lines (*.jsonl)",
            partial(find_tables, patterns={"train": ("*.jsonl",)}, format=Format.JSONL, needs=NEEDS),
            partial(read_table, row=read_row),
            ASSUMED,
        ),
    ),
    raw_row=RAW_ROW,
    repo="UCSC-VLAA/m23k-tokenized",
    files={"train": ("data/train-*.parquet",)},
    sizes={"train": 23_493},
    citation="Huang et al., m1: test-time scaling for medical reasoning, arXiv 2504.00869",
)
