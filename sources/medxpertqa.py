"""MedXpertQA: expert-level questions of 10 options in text, of 5 with one to six pictures. Benchmarks: the authors ask not to train on them.

https://github.com/TsinghuaC3I/MedXpertQA and https://huggingface.co/datasets/TsinghuaC3I/MedXpertQA
Licence: MIT.

One raw row of the JSON Lines (the question repeats its options; on the Hub `options` is an object by letter and `label` one letter):
{"id": "MM-179", "question": "Based on the clinical presentation, …?\\nAnswer Choices: (A) Graves\\" disease (B) Iron deficiency …",
"options": [{"letter": "A", "content": "Graves\\" disease"}, …], "label": ["B"], "images": [{"image_path": "MM-179-a.jpeg"}],
"medical_task": "Diagnosis", "body_system": "Integumentary", "question_type": "Understanding"}
"""

from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path

from schemas.vocabulary import Modality
from sources.files import Record, find_tables, records, to_row
from sources.formats import Format
from sources.images import names_in
from sources.pictures import Pictures, find_pictured, pictures_of
from sources.rows import Fault, cell, gold_by_letter, options_in, question_of, text
from sources.source import Access, Layout, Part, Row, Source

RAW_ROW = (
    '{"id": "MM-179", "question": "Based on the clinical presentation, …?\\nAnswer Choices: (A) Graves\\" disease (B) Iron deficiency …", '
    '"options": [{"letter": "A", "content": "Graves\\" disease"}, …], "label": ["B"], "images": [{"image_path": "MM-179-a.jpeg"}], '
    '"medical_task": "Diagnosis", "body_system": "Integumentary", "question_type": "Understanding"}'
)
CHOICES = "Answer Choices:"
NEEDS = ("id", "question", "options", "label")
TEXT = {"test": ("Text/test*.jsonl", "*text_input.jsonl", "Text/test-*.parquet"), "dev": ("Text/dev*.jsonl", "Text/dev-*.parquet")}
MM = {"test": ("MM/test*.jsonl", "*mm_input.jsonl", "MM/test-*.parquet"), "dev": ("MM/dev*.jsonl", "MM/dev-*.parquet")}


def read_row(record: Record, pictures: Pictures | None = None) -> Row:
    """One question without the options that it repeats; `pictures` of a question in pictures."""
    cells = record.cells
    options = options_in(cell(cells, "options"))
    answer_type, gold = gold_by_letter(cell(cells, "label"), len(options))
    asked, mark, repeated = question_of(cell(cells, "question")).rpartition(CHOICES)
    question = question_of(asked if mark and "(A)" in repeated else cells["question"])
    names = image_names(record)
    if pictures is not None and not names:
        raise Fault("image missing", "no image is named")
    images = tuple(pictures.read(name) for name in names) if pictures is not None else ()
    return Row(
        row=record.place,
        question=question,
        answer_type=answer_type,
        gold=gold,
        options=options,
        images=images,
        modality=Modality.IMAGE if images else Modality.TEXT,
        subject=text(cells.get("body_system")),
        group=record.place if images else "",
    )


def image_names(record: Record) -> Sequence[str]:
    """The files that a row names: texts, or objects with image_path."""
    return names_in(record.cells.get("images") or ())


def read(part: Part, *, pictured: bool) -> Iterator[Row]:
    """The questions of a part."""
    held = pictures_of(part.root, part.files[1:]) if pictured else None
    return (to_row(record, partial(read_row, pictures=held), ("id",)) for record in records(part))


def find_text(path: Path, split: str) -> tuple[Part, ...]:
    """The parts of the text questions, JSON Lines before Parquet."""
    lines = find_tables(path, split, patterns=TEXT, format=Format.JSONL, needs=NEEDS)
    return lines or find_tables(path, split, patterns=TEXT, format=Format.PARQUET, needs=NEEDS)


def find_mm(path: Path, split: str) -> tuple[Part, ...]:
    """The parts of the questions in pictures with the pictures they name."""
    needs = (*NEEDS, "images")
    lines = find_pictured(path, split, patterns=MM, format=Format.JSONL, needs=needs, names=image_names)
    return lines or find_pictured(path, split, patterns=MM, format=Format.PARQUET, needs=needs, names=image_names)


MEDXPERTQA_TEXT = Source(
    name="medxpertqa_text",
    version=1,
    title="MedXpertQA Text",
    homepage="https://github.com/TsinghuaC3I/MedXpertQA",
    license="MIT",
    access=Access.OPEN,
    task="multiple choice",
    modality="text",
    rows="2,450 test, 5 dev",
    splits=("test", "dev"),
    default_split="test",
    layouts=(Layout("Text/test.jsonl, or medxpertqa_sampled_text_input.jsonl of upstream", find_text, partial(read, pictured=False)),),
    raw_row=RAW_ROW,
    repo="TsinghuaC3I/MedXpertQA",
    files={split: (f"Text/{split}*",) for split in TEXT},
    sizes={"test": 2_450, "dev": 5},
    citation="Zuo et al., MedXpertQA, ICML 2025",
    benchmark_only=True,
)
MEDXPERTQA_MM = Source(
    name="medxpertqa_mm",
    version=1,
    title="MedXpertQA MM",
    homepage="https://github.com/TsinghuaC3I/MedXpertQA",
    license="MIT",
    access=Access.OPEN,
    task="multiple choice about one to six images",
    modality="image",
    rows="2,000 test on 2,852 images, 5 dev",
    splits=("test", "dev"),
    default_split="test",
    layouts=(
        Layout(
            "MM/test.jsonl with images/ or images.zip, or upstream's medxpertqa_sampled_mm_input.jsonl",
            find_mm,
            partial(read, pictured=True),
        ),
    ),
    raw_row=RAW_ROW,
    repo="TsinghuaC3I/MedXpertQA",
    files={split: (f"MM/{split}*", "images.zip") for split in MM},
    sizes={"test": 2_000, "dev": 5},
    images={"test": 2_852},
    citation="Zuo et al., MedXpertQA, ICML 2025",
    benchmark_only=True,
)
