"""OmniMedVQA: multiple-choice questions about images of 73 classification sets; its open-access half. A benchmark.

https://huggingface.co/datasets/foreverbeliever/OmniMedVQA
Licence: each image has its own set's; the card says CC BY-NC 4.0.

One raw row of QA_information/Open-access/ACRIMA.json:
{"dataset": "ACRIMA", "question_id": "ACRIMA_0000", "question_type": "Modality Recognition", "question": "What imaging technique was
employed to obtain this picture?", "gt_answer": "Fundus imaging", "image_path": "Images/ACRIMA/Im553_g_ACRIMA.png", "option_A": "PET scan",
"option_B": "CT scan", "option_C": "Blood test", "option_D": "Fundus imaging", "modality_type": "Fundus Photography"}
"""

from functools import partial

from schemas.vocabulary import modality_of
from sources.files import Record
from sources.formats import Format
from sources.pictures import Pictures, cells_of, find_pictured, read_pictured
from sources.rows import cell, gold_by_text, options_across, question_of, text
from sources.source import Access, Layout, Row, Source

RAW_ROW = (
    '{"dataset": "ACRIMA", "question_id": "ACRIMA_0000", "question_type": "Modality Recognition", "question": "What imaging technique was '
    'employed to obtain this picture?", "gt_answer": "Fundus imaging", "image_path": "Images/ACRIMA/Im553_g_ACRIMA.png", '
    '"option_A": "PET scan", "option_B": "CT scan", "option_C": "Blood test", "option_D": "Fundus imaging", "modality_type": "Fundus Photography"}'
)
TABLES = {"test": ("Open-access/*.json",)}
NEEDS = ("question_id", "question", "gt_answer", "image_path", "option_A", "option_B", "modality_type")


def read_row(record: Record, pictures: Pictures) -> Row:
    """One question of two to four options."""
    cells = record.cells
    options = options_across([cells.get(f"option_{letter}") for letter in "ABCD"])
    answer_type, gold = gold_by_text(cell(cells, "gt_answer"), options)
    name = text(cell(cells, "image_path"))
    return Row(
        row=record.place,
        question=question_of(cell(cells, "question")),
        answer_type=answer_type,
        gold=gold,
        options=options,
        images=(pictures.read(name),),
        modality=modality_of(text(cells.get("modality_type"))),
        subject=text(cells.get("question_type")),
        group=name,
    )


SOURCE = Source(
    name="omnimedvqa",
    version=1,
    title="OmniMedVQA, open access",
    homepage="https://huggingface.co/datasets/foreverbeliever/OmniMedVQA",
    license="CC-BY-NC-4.0",
    access=Access.OPEN,
    task="multiple choice about an image",
    modality="image",
    rows="88,996 test (open access)",
    splits=("test",),
    default_split="test",
    layouts=(
        Layout(
            "QA_information/Open-access/*.json, with Images/ or the zip beside",
            partial(find_pictured, patterns=TABLES, format=Format.JSON, needs=NEEDS, names=cells_of("image_path")),
            partial(read_pictured, row=read_row, id=("question_id",)),
        ),
    ),
    raw_row=RAW_ROW,
    repo="foreverbeliever/OmniMedVQA",
    files={"test": ("*.zip",)},
    sizes={"test": 88_996},
    images={"test": 82_059},
    question_tokens=40,
    note="the images are those of public classification sets: training on these leaks into it",
    citation="Hu et al., OmniMedVQA, CVPR 2024",
    benchmark_only=True,
)
