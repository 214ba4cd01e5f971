"""VQA-RAD: questions that clinicians asked about radiology images, with their answers.

https://osf.io/89kps and https://huggingface.co/datasets/flaviagiammarino/vqa-rad
Licence: CC0 1.0; the images are from MedPix.

One raw row of upstream's JSON list (some fields left out):
{"qid": 1, "phrase_type": "freeform", "image_case_url": "https://medpix.nlm.nih.gov/case?id=…", "image_name": "synpic29265.jpg",
"image_organ": "CHEST", "question": "Are the lungs normal appearing?", "question_rephrase": "NULL", "question_type": "ABN",
"answer": "No", "answer_type": "CLOSED"}
"""

import hashlib
from collections.abc import Iterator, Mapping
from functools import partial
from pathlib import Path

from schemas.vocabulary import body_part_of
from sources.files import Record, find_tables, home, located, read_table, records, to_row
from sources.formats import Format, format_of
from sources.images import embedded, images_below, load
from sources.rows import YES, Fault, Gold, cell, gold_open, gold_yesno, question_of, text
from sources.source import Access, Layout, Part, Row, Source

RAW_ROW = (
    '{"qid": 1, "phrase_type": "freeform", "image_case_url": "https://medpix.nlm.nih.gov/case?id=…", "image_name": "synpic29265.jpg", '
    '"image_organ": "CHEST", "question": "Are the lungs normal appearing?", "question_rephrase": "NULL", "question_type": "ABN", '
    '"answer": "No", "answer_type": "CLOSED"}'
)
MODALITY = "radiology"
HUB = {split: (f"data/{split}-*.parquet", f"{split}/*.parquet", f"./{split}-*.parquet") for split in ("train", "test")}
UPSTREAM = ("VQA_RAD*.json", "./*.json")
NEEDS = (b'"image_name"', b'"phrase_type"', b'"answer_type"')


def read_hub_row(record: Record) -> Row:
    """One question of the Hub's Parquet; without a name, the image's own hash groups its questions."""
    cells = record.cells
    image = cell(cells, "image")
    content = (embedded(image),)
    named = text(image.get("path")) if isinstance(image, Mapping) else ""
    answer_type, gold = _gold(cell(cells, "answer"), closed=True)
    return Row(
        row=record.place,
        question=question_of(cell(cells, "question")),
        answer_type=answer_type,
        gold=gold,
        images=content,
        modality=MODALITY,
        group=named or hashlib.sha256(content[0]).hexdigest()[:16],
    )


def read_upstream_row(record: Record, images: Mapping[str, Path]) -> Row:
    """One question of upstream's JSON, its image taken from the files by name."""
    cells = record.cells
    name = text(cell(cells, "image_name"))
    if name not in images:
        raise Fault("image missing", name[:120])
    answer_type, gold = _gold(cell(cells, "answer"), closed=text(cells.get("answer_type")).casefold() == "closed")
    return Row(
        row=record.place,
        question=question_of(cell(cells, "question")),
        answer_type=answer_type,
        gold=gold,
        images=(load(images[name], name),),
        modality=MODALITY,
        subject=text(cells.get("image_organ")),
        body_part=body_part_of(text(cells.get("image_organ"))),
        group=name,
    )


def _gold(answer: object, *, closed: bool) -> Gold:
    return gold_yesno(answer) if closed and text(answer).casefold() in YES else gold_open(answer)


def find_upstream(path: Path, split: str) -> tuple[Part, ...]:
    """One part: the JSON list and the images that the split's rows name, wherever below the folder they lie."""
    files = [file for file in located(path, UPSTREAM) if format_of(file) is Format.JSON and _fits(file)]
    if not files:
        return ()
    root = home(path)
    known: dict[str, Path] = {}
    for image in images_below(root):
        known.setdefault(image.name, image)
    named = {str(cells.get("image_name")).strip() for cells in _asked(Part(root, (files[0],)), split)}
    return (Part(root, (files[0], *(known[name] for name in sorted(known) if name in named)), about=(split,)),)


def _fits(file: Path) -> bool:
    with file.open("rb") as opened:
        head = opened.read(1 << 16)
    return all(name in head for name in NEEDS)


def _asked(part: Part, split: str) -> Iterator[Mapping[str, object]]:
    return (record.cells for record in records(part) if _split_of(record) == split)


def _split_of(record: Record) -> str:
    """Rows of the test set say so in their phrase type; what cannot be read counts as train."""
    phrase = record.cells.get("phrase_type")
    return "test" if isinstance(phrase, str) and phrase.strip().startswith("test") else "train"


def read_upstream(part: Part) -> Iterator[Row]:
    """The questions of a part's split, in the order of the file."""
    images = {image.name: image for image in part.files[1:]}
    for record in records(part):
        if _split_of(record) == part.about[0]:
            yield to_row(record, partial(read_upstream_row, images=images), ("qid",))


SOURCE = Source(
    name="vqa_rad",
    version=1,
    title="VQA-RAD",
    homepage="https://osf.io/89kps",
    license="CC0-1.0",
    access=Access.OPEN,
    task="yes or no, and open questions about an image",
    modality=MODALITY,
    rows="1,793 train, 451 test on the Hub; upstream 2,248 in all on 315 images",
    splits=("train", "test"),
    default_split="train",
    layouts=(
        Layout(
            "Hub Parquet (data/train-*.parquet)",
            partial(find_tables, patterns=HUB, format=Format.PARQUET, needs=("image", "question", "answer")),
            partial(read_table, row=read_hub_row),
        ),
        Layout("upstream JSON (VQA_RAD Dataset Public.json, images in any folder beside it)", find_upstream, read_upstream),
    ),
    raw_row=RAW_ROW,
    repo="flaviagiammarino/vqa-rad",
    files={"train": ("data/train-*.parquet",), "test": ("data/test-*.parquet",)},
    note="nearly every test image carries training questions too: an image-level overlap check removes most of train",
    sizes={"train": 1_793, "test": 451},
    images={"train": 313, "test": 203},
    question_tokens=15,
    citation="Lau et al., A dataset of clinically generated visual questions and answers, Scientific Data 2018",
)
