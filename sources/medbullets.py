"""Medbullets: 308 USMLE-style questions with four or five options. A benchmark; a third cites a figure that is not given.

https://huggingface.co/datasets/LangAGI-Lab/medbullets_op5 (and tuenguyen/Medical-Eval-MedBullets_op4)
Licence: none is stated; the questions are Medbullets'.

One raw row (a file of columns, {"question": {"0": "…"}, …}, or of rows):
{"question": "A 42-year-old woman …", "opa": "…", "opb": "…", "opc": "…", "opd": "…", "ope": "…", "answer_idx": "D", "answer": "…",
"explanation": "…", "link": "https://step2.medbullets.com/…"}
"""

from functools import partial

from sources.files import Record, find_tables, read_table
from sources.formats import Format
from sources.rows import Fault, cell, gold_by_letter, options_across, options_in, question_of, text
from sources.source import Access, Layout, Row, Source

RAW_ROW = (
    '{"question": "A 42-year-old woman …", "opa": "…", "opb": "…", "opc": "…", "opd": "…", "ope": "…", "answer_idx": "D", '
    '"answer": "…", "explanation": "…", "link": "https://step2.medbullets.com/…"}'
)
FILES = {"test": ("medbullets_op*.json", "data/*-*.parquet", "./*.parquet", "./*.json", "./*.jsonl")}
COLUMNS = ("opa", "opb", "opc", "opd", "ope")


def read_row(record: Record) -> Row:
    """One question. The explanation is left out: it tells the answer."""
    cells = record.cells
    listed = cells.get("options")
    options = options_in(listed) if listed else options_across([cells.get(name) for name in COLUMNS])
    answer_type, gold = gold_by_letter(cell(cells, "answer_idx"), len(options))
    said = text(cells.get("answer"))
    if said and said.casefold() != options[gold["index"]].casefold() and said.casefold() in [option.casefold() for option in options]:
        raise Fault("gold contradicts itself", f"{options[gold['index']][:40]}, but answer {said[:40]}")
    return Row(record.place, question_of(cell(cells, "question")), answer_type, gold, options)


def _layout(format: Format, columns: tuple[str, ...], assumed: str = "") -> Layout:
    find = partial(find_tables, patterns=FILES, format=format, needs=("question", "answer_idx", *columns))
    return Layout(f"{format} with {columns[0]}", find, partial(read_table, row=read_row), assumed)


SOURCE = Source(
    name="medbullets",
    version=1,
    title="Medbullets",
    homepage="https://huggingface.co/datasets/LangAGI-Lab/medbullets_op5",
    license="LicenseRef-not-stated",
    access=Access.OPEN,
    task="multiple choice",
    modality="text",
    rows="308 test",
    splits=("test",),
    default_split="test",
    layouts=(
        _layout(Format.JSON, ("opa", "opb")),
        _layout(Format.PARQUET, ("opa", "opb")),
        _layout(Format.PARQUET, ("options",), "options is an object by letter"),
        _layout(Format.JSONL, ("options",), "options is an object by letter"),
    ),
    raw_row=RAW_ROW,
    repo="LangAGI-Lab/medbullets_op5",
    files={"test": ("*.parquet", "data/*.parquet")},
    sizes={"test": 308},
    citation="Chen et al., Benchmarking large language models on answering and explaining challenging medical questions, NAACL 2025",
    benchmark_only=True,
)
