"""PubMedQA: yes/no/maybe questions, each to be answered from the abstract it was taken from.

https://github.com/pubmedqa/pubmedqa and https://huggingface.co/datasets/qiaojin/PubMedQA
Licence: MIT.

One raw row of upstream's ori_pqal.json, an object by PMID (abstract shortened):
"21645374": {"QUESTION": "Do mitochondria play a role in remodelling lace plant leaves during programmed cell death?",
"CONTEXTS": ["Programmed cell death (PCD) is …", "The following paper …"], "LABELS": ["BACKGROUND", "RESULTS"],
"MESHES": ["Alismataceae", …], "YEAR": "2011", "reasoning_required_pred": "yes", "reasoning_free_pred": "yes",
"final_decision": "yes", "LONG_ANSWER": "Results depicted …"}
"""

from collections.abc import Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any

from schemas.errors import SourceError
from schemas.example import AnswerType
from sources.files import Record, find_tables, home, located, read_table, records, to_row
from sources.formats import Format, load_json
from sources.rows import Fault, cell, question_of, text
from sources.source import Access, Layout, Part, Row, Source

RAW_ROW = (
    '"21645374": {"QUESTION": "Do mitochondria play a role in remodelling lace plant leaves during programmed cell death?", '
    '"CONTEXTS": ["Programmed cell death (PCD) is …", "The following paper …"], "LABELS": ["BACKGROUND", "RESULTS"], '
    '"MESHES": ["Alismataceae", …], "YEAR": "2011", "reasoning_required_pred": "yes", "reasoning_free_pred": "yes", '
    '"final_decision": "yes", "LONG_ANSWER": "Results depicted …"}'
)
HUB = {
    "train": ("pqa_labeled/train-*.parquet", "pqa_labeled/train/*.parquet", "./train-*.parquet"),
    "artificial": ("pqa_artificial/train-*.parquet", "pqa_artificial/train/*.parquet", "./train-*.parquet"),
}
UPSTREAM = {"train": ("ori_pqal.json",), "test": ("ori_pqal.json",), "artificial": ("ori_pqaa.json",)}
TEST_LABELS = "test_ground_truth.json"
DECISIONS = ("yes", "no", "maybe")
HEAD_BYTES = 1 << 16


def read_hub_row(record: Record) -> Row:
    """One question of the Hub's Parquet."""
    cells = record.cells
    context = cell(cells, "context")
    contexts = context.get("contexts") if isinstance(context, Mapping) else None
    return _row(record.place, cell(cells, "question"), contexts, cells.get("final_decision"))


def read_upstream_row(record: Record) -> Row:
    """One question of upstream's JSON."""
    cells = record.cells
    return _row(record.place, cell(cells, "QUESTION"), cells.get("CONTEXTS"), cells.get("final_decision"))


def _row(row: str, question: Any, contexts: Any, decision: Any) -> Row:
    """The long answer is left out: it tells the decision."""
    context = "\n".join(part for item in contexts if (part := text(item))) if isinstance(contexts, list) else ""
    if not context:
        raise Fault("no context")
    word = text(decision).casefold()
    if word not in DECISIONS:
        raise Fault("gold not yes, no or maybe" if word else "no gold", word[:80])
    return Row(row, question_of(question), AnswerType.YESNOMAYBE, {"value": word}, context=context)


def find_upstream(path: Path, split: str) -> tuple[Part, ...]:
    """The one JSON file of a split; `test` needs the list of test labels beside it."""
    parts: list[Part] = []
    for file in located(path, UPSTREAM[split]):
        if file.suffix != ".json" or b'"QUESTION"' not in _head(file):
            continue
        labels = file.with_name(TEST_LABELS)
        if split == "test" and not labels.is_file():
            raise SourceError(f"pubmedqa: {labels} does not exist, which names the test questions. Put upstream's file there.")
        parts.append(Part(home(path), (file, labels) if split == "test" else (file,)))
    return tuple(parts)


def _head(file: Path) -> bytes:
    with file.open("rb") as opened:
        return opened.read(HEAD_BYTES)


def read_upstream(part: Part) -> Iterator[Row]:
    """The questions of a part; of a test part those that the list of test labels names.

    A named question that the file lacks, or whose label differs, is a row with a fault.
    """
    rows = (to_row(record, read_upstream_row) for record in records(part))
    if len(part.files) == 1:
        yield from rows
        return
    labels = load_json(part.files[1])
    if not isinstance(labels, dict):
        raise SourceError(f"{part.files[1]} is not an object of labels by PMID. Put upstream's file there.")
    for row in rows:
        if row.row not in labels:
            continue
        label = labels.pop(row.row)
        differs = not row.fault and row.gold["value"] != label
        yield (
            row._replace(fault="gold contradicts itself", detail=f"{row.gold['value']}, but {label} in the test labels") if differs else row
        )
    for missing in labels:
        yield Row(missing, fault="no question", detail="only its test label is there")


SOURCE = Source(
    name="pubmedqa",
    version=1,
    title="PubMedQA",
    homepage="https://pubmedqa.github.io",
    license="MIT",
    access=Access.OPEN,
    task="yes, no or maybe, from an abstract",
    modality="text",
    rows="1,000 train (expert-labelled), 500 of them test, 211,269 artificial",
    splits=("train", "test", "artificial"),
    default_split="train",
    layouts=(
        Layout(
            "Hub Parquet (pqa_labeled/train-*.parquet, pqa_artificial/train-*.parquet)",
            partial(find_tables, patterns=HUB, format=Format.PARQUET, needs=("pubid", "question", "context", "final_decision")),
            partial(read_table, row=read_hub_row, id=("pubid",)),
        ),
        Layout(
            "upstream JSON (ori_pqal.json, with test_ground_truth.json beside it for test; ori_pqaa.json)", find_upstream, read_upstream
        ),
    ),
    raw_row=RAW_ROW,
    repo="qiaojin/PubMedQA",
    files={"train": ("pqa_labeled/train-*.parquet",), "artificial": ("pqa_artificial/train-*.parquet",)},
    note="train is all that experts labelled and holds the test questions; the Hub does not say which: take upstream's files for test",
    sizes={"train": 1_000, "test": 500, "artificial": 211_269},
    question_tokens=350,
    citation="Jin et al., PubMedQA, EMNLP 2019",
)
