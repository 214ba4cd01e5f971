"""MMLU-Pro, its health questions: 818 of 3 to 10 options, harder than MMLU's. A benchmark.

https://github.com/TIGER-AI-Lab/MMLU-Pro and https://huggingface.co/datasets/TIGER-Lab/MMLU-Pro
Licence: MIT.

One raw row (model outputs of upstream's eval_results have the same columns and `pred`, `model_outputs` besides):
{"question_id": 6001, "question": "Polio can be eradicated by which of the following?", "options": ["Herbal remedies", "Use of antibiotics",
…], "answer": "E", "answer_index": 4, "cot_content": "", "category": "health", "src": "ori_mmlu-virology"}
"""

from collections.abc import Iterator
from functools import partial

from sources.files import Record, find_tables, records, to_row
from sources.formats import Format
from sources.rows import Fault, cell, gold_by_letter, options_in, question_of, text
from sources.source import Access, Layout, Part, Row, Source

RAW_ROW = (
    '{"question_id": 6001, "question": "Polio can be eradicated by which of the following?", "options": ["Herbal remedies", '
    '"Use of antibiotics", …], "answer": "E", "answer_index": 4, "cot_content": "", "category": "health", "src": "ori_mmlu-virology"}'
)
HUB = {split: (f"data/{split}-*.parquet", f"{split}/*.parquet", f"./{split}-*.parquet") for split in ("test", "validation")}
OUTPUTS = {"test": ("model_outputs_*.json",)}
NEEDS = ("question_id", "question", "options", "answer", "answer_index", "category")
HEALTH = "health"


def read_row(record: Record) -> Row:
    """One question; letter and index of the gold must agree. `pred` is never read: it is no truth."""
    cells = record.cells
    options = options_in(cell(cells, "options"))
    answer_type, gold = gold_by_letter(cell(cells, "answer"), len(options))
    index = text(cells.get("answer_index"))
    if index and index != str(gold["index"]):
        raise Fault("gold contradicts itself", f"letter {text(cells['answer'])}, index {index}")
    return Row(record.place, question_of(cell(cells, "question")), answer_type, gold, options, subject=text(cells.get("src")))


def read(part: Part) -> Iterator[Row]:
    """The health questions of a part; questions of other categories are not medtrace's."""
    for record in records(part):
        if record.fault or record.cells.get("category") == HEALTH:
            yield to_row(record, read_row, ("question_id",))


SOURCE = Source(
    name="mmlu_pro",
    version=1,
    title="MMLU-Pro, health",
    homepage="https://github.com/TIGER-AI-Lab/MMLU-Pro",
    license="MIT",
    access=Access.OPEN,
    task="multiple choice",
    modality="text",
    rows="818 test of 12,032 in all categories",
    splits=("test", "validation"),
    default_split="test",
    layouts=(
        Layout("Hub Parquet (data/test-*.parquet)", partial(find_tables, patterns=HUB, format=Format.PARQUET, needs=NEEDS), read),
        Layout(
            "model outputs of upstream (eval_results/model_outputs_*.json; one file)",
            partial(find_tables, patterns=OUTPUTS, format=Format.JSON, needs=NEEDS),
            read,
        ),
    ),
    raw_row=RAW_ROW,
    repo="TIGER-Lab/MMLU-Pro",
    files={split: (f"data/{split}-*.parquet",) for split in HUB},
    sizes={"test": 818},
    note="135 repeated questions within, 26 of them with another gold; 507 stand in mmlu_med too",
    citation="Wang et al., MMLU-Pro, NeurIPS 2024",
    benchmark_only=True,
)
