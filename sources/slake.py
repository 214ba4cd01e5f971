"""SLAKE: questions in English and Chinese about CT, MRI and X-ray images, by physicians.

https://www.med-vqa.com/slake and https://huggingface.co/datasets/BoKelvin/SLAKE
Licence: CC BY 4.0.

One raw row of train.json:
{"img_id": 1, "img_name": "xmlab1/source.jpg", "question": "What modality is used to take this image?", "answer": "MRI", "q_lang": "en",
"location": "Abdomen", "modality": "MRI", "answer_type": "OPEN", "base_type": "vqa", "content_type": "Modality",
"triple": ["vhead", "_", "_"], "qid": 0}
"""

from collections.abc import Iterator
from functools import partial
from pathlib import Path

from schemas.vocabulary import body_part_of, modality_of
from sources.files import Record
from sources.formats import Format
from sources.pictures import Pictures, cells_of, find_pictured, read_pictured
from sources.rows import YES, cell, gold_open, gold_yesno, question_of, text
from sources.source import Access, Layout, Part, Row, Source

RAW_ROW = (
    '{"img_id": 1, "img_name": "xmlab1/source.jpg", "question": "What modality is used to take this image?", "answer": "MRI", '
    '"q_lang": "en", "location": "Abdomen", "modality": "MRI", "answer_type": "OPEN", "base_type": "vqa", "content_type": "Modality", '
    '"triple": ["vhead", "_", "_"], "qid": 0}'
)
UPSTREAM = {"train": ("train.json",), "validation": ("validation.json", "validate.json"), "test": ("test.json",)}
NEEDS = ("img_name", "question", "answer", "q_lang", "answer_type")
LANGUAGES = {"": "en", "-zh": "zh"}
SPLITS = tuple(f"{split}{end}" for end in LANGUAGES for split in UPSTREAM)


def read_row(record: Record, pictures: Pictures) -> Row:
    """One question; a closed answer of yes or no is one."""
    cells = record.cells
    name = text(cell(cells, "img_name"))
    answer = cell(cells, "answer")
    closed = text(cells.get("answer_type")).casefold() == "closed" and text(answer).casefold() in YES
    answer_type, gold = gold_yesno(answer) if closed else gold_open(answer)
    return Row(
        row=record.place,
        question=question_of(cell(cells, "question")),
        answer_type=answer_type,
        gold=gold,
        images=(pictures.read(name),),
        modality=modality_of(text(cells.get("modality"))),
        body_part=body_part_of(text(cells.get("location"))),
        subject=text(cells.get("content_type")),
        group=name,
    )


def find(path: Path, split: str) -> tuple[Part, ...]:
    """The parts of a split, its language beside."""
    base, _, language = split.partition("-")
    return find_pictured(
        path, base, patterns=UPSTREAM, format=Format.JSON, needs=NEEDS, names=cells_of("img_name"), about=(language or "en",)
    )


def read(part: Part) -> Iterator[Row]:
    """The questions of a part in its language."""
    return read_pictured(part, row=read_row, id=("qid",), skip=partial(_other, language=part.about[0]))


def _other(record: Record, *, language: str) -> bool:
    return record.cells.get("q_lang") != language


SOURCE = Source(
    name="slake",
    version=1,
    title="SLAKE",
    homepage="https://www.med-vqa.com/slake",
    license="CC-BY-4.0",
    access=Access.OPEN,
    task="yes or no, and open questions about an image",
    modality="radiology",
    rows="4,919 train, 1,053 validation, 1,061 test in English; 14,028 in both languages on 642 images",
    splits=SPLITS,
    default_split="train",
    layouts=(Layout("upstream JSON (train.json, validation.json, test.json, imgs/ or imgs.zip beside them)", find, read),),
    raw_row=RAW_ROW,
    repo="BoKelvin/SLAKE",
    files={split: (f"{split.partition('-')[0]}.json", "imgs.zip") for split in SPLITS},
    sizes={"train": 4_919, "validation": 1_053, "test": 1_061},
    images={"train": 450, "validation": 96, "test": 96},
    question_tokens=20,
    note="train, validation and test for English, train-zh, validation-zh and test-zh for Chinese",
    citation="Liu et al., SLAKE, ISBI 2021",
)
