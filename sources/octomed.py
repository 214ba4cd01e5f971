"""OctoMed's published sets as questions: PMC-VQA, BloodMNIST and the NEJM Image Challenge (a benchmark).

https://huggingface.co/OctoMed (model card: arXiv 2511.23269)
Licence: of the sets they are made from; NEJM's texts and images belong to the publisher and are for evaluation alone.

One raw row of OctoMed/PMC-VQA (`responses`, 16 traces of GPT-4o, are not read here):
{"id": "0", "image": {"bytes": …}, "image_hash": "…", "question": "What is the uptake pattern in the breast?", "options": ["A: Diffuse",
"B: Focal", …], "answer": "B", "responses": ["<think>…</think> \\\\boxed{B}", …]}
"""

import re
from functools import partial

from schemas.example import AnswerType
from schemas.vocabulary import Modality, Task
from sources.files import Record, find_tables, read_table
from sources.formats import Format
from sources.images import embedded
from sources.rows import LETTER, Fault, Gold, cell, checked_options, gold_by_letter, gold_by_text, question_of, text
from sources.source import Access, Layout, Row, Source

RAW_ROW = (
    '{"id": "0", "image": {"bytes": …}, "image_hash": "…", "question": "What is the uptake pattern in the breast?", '
    '"options": ["A: Diffuse", "B: Focal", …], "answer": "B", "responses": ["<think>…</think> \\\\boxed{B}", …]}'
)
NEEDS = ("image", "image_hash", "question", "options", "answer")
LETTERED = re.compile(r"^\s*([A-J])\s*[:.)]\s+(.+)$", re.DOTALL)
ASSUMED = "options stand with or without their letters; answer is a letter or an option's text"
CHECKED = ("train", "test")


def read_row(record: Record, *, modality: Modality, task: str = "", context: str = "") -> Row:
    """One question; the gold by letter or by text."""
    cells = record.cells
    listed = cell(cells, "options")
    if not isinstance(listed, list):
        raise Fault("options unreadable", repr(listed)[:80])
    options = checked_options(_bare([text(option) for option in listed]))
    answer_type, gold = _gold(text(cell(cells, "answer")), options)
    return Row(
        row=record.place,
        question=question_of(cell(cells, "question")),
        answer_type=answer_type,
        gold=gold,
        options=options,
        context=text(cells.get(context)) if context else "",
        images=(embedded(cell(cells, "image")),),
        modality=modality,
        task=task,
        group=text(cells.get("image_hash")),
    )


def _bare(options: list[str]) -> list[str]:
    """The options without letters, where all have theirs."""
    found = [LETTERED.match(option) for option in options]
    letters = [match[1] if match else "" for match in found]
    return [match[2].strip() for match in found if match] if letters == list("ABCDEFGHIJ"[: len(options)]) else options


def _gold(answer: str, options: tuple[str, ...]) -> Gold:
    if LETTER.fullmatch(answer) and answer.casefold() not in [option.casefold() for option in options]:
        return gold_by_letter(answer, len(options))
    lettered = LETTERED.match(answer)
    if lettered:
        kind, gold = gold_by_letter(lettered[1], len(options))
        if kind is AnswerType.MCQ and options[gold["index"]].casefold() == lettered[2].strip().casefold():
            return kind, gold
    return gold_by_text(answer, options)


def _source(name: str, title: str, repo: str, modality: Modality, rows: str, sizes: dict[str, int], **more: object) -> Source:
    read = partial(read_row, modality=modality, task=str(more.pop("task", "")), context=str(more.pop("context", "")))
    splits = tuple(sizes)
    patterns = {split: (f"data/{split}-*.parquet", f"{split}/*.parquet", f"./{split}-*.parquet") for split in splits}
    find = partial(find_tables, patterns=patterns, format=Format.PARQUET, needs=NEEDS)
    facts: dict[str, object] = {"license": "CC-BY-SA-4.0", "access": Access.OPEN} | more
    return Source(
        name=name,
        version=1,
        title=title,
        homepage=f"https://huggingface.co/datasets/{repo}",
        task="multiple choice about an image",
        modality=modality.value,
        rows=rows,
        splits=splits,
        default_split=splits[0],
        layouts=(Layout("Hub Parquet (data/train-*.parquet)", find, partial(read_table, row=read, id=("id",)), ASSUMED),),
        raw_row=RAW_ROW,
        repo=repo,
        files={split: (f"data/{split}-*.parquet",) for split in splits},
        sizes=sizes,
        citation="OctoMed, arXiv 2511.23269, CVPR 2026",
        **facts,  # type: ignore[arg-type]
    )


OCTOMED_PMC_VQA = _source(
    "octomed_pmc_vqa",
    "PMC-VQA as OctoMed publishes it",
    "OctoMed/PMC-VQA",
    Modality.IMAGE,
    "176,948 train, 2,000 test",
    {"train": 176_948, "test": 2_000},
    images={"train": 138_000, "test": 1_900},
)
OCTOMED_BLOODMNIST = _source(
    "octomed_bloodmnist",
    "BloodMNIST as OctoMed publishes it",
    "OctoMed/BloodMNIST",
    Modality.MICROSCOPY,
    "11,959 train, 3,421 test as in MedMNIST (OctoMed states none)",
    {"train": 11_959, "test": 3_421},
    license="CC-BY-4.0",
    task=Task.CLASSIFICATION,
    images={"train": 11_959, "test": 3_421},
)
OCTOMED_NEJM = _source(
    "octomed_nejm",
    "NEJM Image Challenge as OctoMed publishes it",
    "OctoMed/NEJM-Image-Challenge",
    Modality.PHOTO,
    "947 test",
    {"test": 947},
    license="LicenseRef-NEJM",
    context="relevant_context",
    benchmark_only=True,
)
