"""FrenchMedMCQA: 3,105 questions of French pharmacy exams with five options, of which one or several are right.

https://github.com/qanastek/FrenchMedMCQA and https://huggingface.co/datasets/qanastek/frenchmedmcqa
Licence: Apache-2.0.

One raw row:
{"id": "5987fa6b…", "question": "Parmi les propositions suivantes, indiquer celle qui est exacte. …", "answers": {"a": "Le suc gastrique",
"b": "La bile vésiculaire", …}, "correct_answers": ["c"], "subject_name": "pharmacie", "nbr_correct_answers": 1}
"""

from functools import partial

from schemas.example import AnswerType
from sources.files import Record, find_tables, read_table
from sources.formats import Format
from sources.rows import Fault, cell, gold_by_letter, options_in, question_of, text
from sources.source import Access, Layout, Row, Source

RAW_ROW = (
    '{"id": "5987fa6b…", "question": "Parmi les propositions suivantes, indiquer celle qui est exacte. …", "answers": '
    '{"a": "Le suc gastrique", "b": "La bile vésiculaire", …}, "correct_answers": ["c"], "subject_name": "pharmacie", "nbr_correct_answers": 1}'
)
UPSTREAM = {"train": ("train.json",), "dev": ("dev.json",), "test": ("test.json",)}
NEEDS = ("id", "question", "answers", "correct_answers")


def read_row(record: Record) -> Row:
    """One question; always of several answers, since how many are right is part of what is asked."""
    cells = record.cells
    options = options_in(cell(cells, "answers"))
    _, gold = gold_by_letter(cell(cells, "correct_answers"), len(options))
    indexes = gold["indexes"] if "indexes" in gold else [gold["index"]]
    told = text(cells.get("nbr_correct_answers"))
    if told and told != str(len(indexes)):
        raise Fault("gold contradicts itself", f"{len(indexes)} letters, but nbr_correct_answers {told}")
    question = question_of(cell(cells, "question"))
    return Row(record.place, question, AnswerType.MULTI, {"indexes": indexes}, options, subject=text(cells.get("subject_name")))


SOURCE = Source(
    name="frenchmedmcqa",
    version=1,
    title="FrenchMedMCQA",
    homepage="https://github.com/qanastek/FrenchMedMCQA",
    license="Apache-2.0",
    access=Access.OPEN,
    task="multiple choice, one or several right, in French",
    modality="text",
    rows="2,171 train, 312 dev, 622 test",
    splits=("train", "dev", "test"),
    default_split="train",
    layouts=(
        Layout(
            "upstream JSON (train.json, dev.json, test.json)",
            partial(find_tables, patterns=UPSTREAM, format=Format.JSON, needs=NEEDS),
            partial(read_table, row=read_row, id=("id",)),
        ),
    ),
    raw_row=RAW_ROW,
    repo="qanastek/frenchmedmcqa",
    files={split: (f"{split}.json",) for split in UPSTREAM},
    sizes={"train": 2_171, "dev": 312, "test": 622},
    citation="Labrak et al., FrenchMedMCQA, LOUHI 2022",
)
