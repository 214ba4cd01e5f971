"""MedReason: 32,682 medical questions of seven sets, with reasoning along knowledge-graph paths.

https://huggingface.co/datasets/UCSC-VLAA/MedReason
Licence: Apache-2.0. Its questions come from benchmarks' train sets and their like: name the benchmarks, so that leaks are found.

One raw row of ours_quality_33000.jsonl, after the dataset's card (the reasoning is left out: it tells the answer):
{"dataset_name": "medmcqa", "id_in_dataset": 7131, "question": "Urogenital Diaphragm is made up of the following, except:",
"answer": "Colle's fascia. Explanation: …", "reasoning": "Finding reasoning paths: …",
"options": "Answer Choices:\\nA. Deep transverse Perineus\\nB. Perinial membrane\\nC. Colle's fascia\\nD. Sphincter Urethrae"}
"""

import re
from functools import partial

from sources.files import Record, find_tables, read_table
from sources.formats import Format
from sources.rows import Fault, Gold, begins_with, cell, checked_options, gold_by_letter, gold_open, question_of, text
from sources.source import Access, Layout, Row, Source

RAW_ROW = (
    '{"dataset_name": "medmcqa", "id_in_dataset": 7131, "question": "Urogenital Diaphragm is made up of the following, except:", '
    '"answer": "Colle\'s fascia. Explanation: …", "reasoning": "Finding reasoning paths: …", '
    '"options": "Answer Choices:\\nA. Deep transverse Perineus\\nB. Perinial membrane\\nC. Colle\'s fascia\\nD. Sphincter Urethrae"}'
)
NEEDS = ("dataset_name", "id_in_dataset", "question", "answer", "options")
JSONL = {"train": ("*.jsonl", "*.json")}
HUB = {"train": ("data/train-*.parquet", "train/*.parquet", "./train-*.parquet")}
ASSUMED = "options is text with one option a line behind its letter, and answer begins with the right option's text or letter"
OPTION = re.compile(r"^\s*([A-J])\s*[.):]\s*(.+?)\s*$", re.MULTILINE)
HEAD = re.compile(r"\s*\(?([A-J])\)?\s*(?:[.):]\s*(.*))?$", re.DOTALL)


def read_row(record: Record) -> Row:
    """One question; where no options are listed, an open one."""
    cells = record.cells
    question = question_of(cell(cells, "question"))
    subject = text(cells.get("dataset_name"))
    listed = text(cell(cells, "options"))
    answer = text(cell(cells, "answer"))
    if not listed:
        answer_type, gold = gold_open(answer)
        return Row(record.place, question, answer_type, gold, subject=subject)
    found = OPTION.findall(listed)
    if [letter for letter, _ in found] != list("ABCDEFGHIJ"[: len(found)]):
        raise Fault("options unreadable", listed[:80])
    options = checked_options([option for _, option in found])
    answer_type, gold = _gold(answer, options)
    return Row(record.place, question, answer_type, gold, options, subject=subject)


def _gold(answer: str, options: tuple[str, ...]) -> Gold:
    """The option with whose text the answer begins, the longest where several do; else its letter."""
    if not answer:
        raise Fault("no gold")
    hits = [option for option in options if begins_with(answer, option)]
    longest = max(hits, key=len, default="")
    if longest and options.count(longest) == 1:
        return gold_by_letter("ABCDEFGHIJ"[options.index(longest)], len(options))
    head = HEAD.match(answer.split("Explanation:", maxsplit=1)[0])
    if head and (not head[2] or options[min(ord(head[1]) - 65, len(options) - 1)].casefold() in head[2].casefold()):
        return gold_by_letter(head[1], len(options))
    raise Fault("gold not among options", answer[:80])


SOURCE = Source(
    name="medreason",
    version=2,
    title="MedReason",
    homepage="https://huggingface.co/datasets/UCSC-VLAA/MedReason",
    license="Apache-2.0",
    access=Access.OPEN,
    task="multiple choice and open questions",
    modality="text",
    rows="32,682 train",
    splits=("train",),
    default_split="train",
    layouts=(
        Layout(
            "JSON Lines (ours_quality_33000.jsonl)",
            partial(find_tables, patterns=JSONL, format=Format.JSONL, needs=NEEDS),
            partial(read_table, row=read_row, id=("dataset_name", "id_in_dataset")),
            ASSUMED,
        ),
        Layout(
            "Parquet (train-*.parquet)",
            partial(find_tables, patterns=HUB, format=Format.PARQUET, needs=NEEDS),
            partial(read_table, row=read_row, id=("dataset_name", "id_in_dataset")),
            ASSUMED,
        ),
    ),
    raw_row=RAW_ROW,
    repo="UCSC-VLAA/MedReason",
    files={"train": ("*.jsonl",)},
    sizes={"train": 32_682},
    note="its questions overlap with benchmarks (II-Medical's card): name these as [[benchmark]]",
    citation="Wu et al., MedReason, arXiv 2504.00993",
)
