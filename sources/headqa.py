"""HEAD-QA: questions of the exams for specialised positions in the Spanish health system, in English.

https://github.com/aghie/head-qa and https://huggingface.co/datasets/alesi12/head_qa_v2
Licence: MIT; the exams are published by the Spanish health ministry.

One raw row of upstream's HEAD_EN.json, under exams / Cuaderno_2013_1_B / data (`ra` is the right answer's `aid`):
{"qid": "2", "qtext": "Motor plate is the union between the motor neuron and the:", "ra": "2", "answers": [{"aid": 1,
"atext": "Smooth muscle."}, {"aid": 2, "atext": "Skeletal muscle"}, {"aid": 3, "atext": "Cardiac muscle"}, …], "image": ""}
"""

from collections.abc import Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any

from schemas.errors import SourceError
from schemas.example import AnswerType
from sources.files import Record, find_tables, home, located, object_record, read_table, to_row
from sources.formats import Format, load_json
from sources.rows import Fault, cell, checked_options, question_of, text
from sources.source import Access, Layout, Part, Row, Source

RAW_ROW = (
    '{"qid": "2", "qtext": "Motor plate is the union between the motor neuron and the:", "ra": "2", "answers": [{"aid": 1, '
    '"atext": "Smooth muscle."}, {"aid": 2, "atext": "Skeletal muscle"}, {"aid": 3, "atext": "Cardiac muscle"}, …], "image": ""}'
)
HUB = {split: (f"en/{split}-*.parquet", f"en/{split}/*.parquet", f"./{split}-*.parquet") for split in ("train", "validation", "test")}
YEARS = {"validation": ("2015",), "test": ("2016", "2017")}
ID = ("name", "qid")
NO_GOLD = ("", "0")


def read_row(record: Record) -> Row:
    """One question, in which the Hub repeats the facts of its exam."""
    cells = record.cells
    images = _images(cells.get("image"))
    answers = cell(cells, "answers")
    if not isinstance(answers, list) or not all(isinstance(answer, Mapping) for answer in answers):
        raise Fault("options unreadable", repr(answers)[:80])
    options = checked_options([answer.get("atext") for answer in answers])
    gold = {"index": _right(text(cell(cells, "ra")), [text(answer.get("aid")) for answer in answers])}
    question = question_of(cell(cells, "qtext"))
    modality = "image" if images else "text"
    return Row(record.place, question, AnswerType.MCQ, gold, options, images=images, modality=modality, subject=text(cells.get("category")))


def _images(image: Any) -> tuple[bytes, ...]:
    """The image that the Hub embeds; upstream names one that it does not publish."""
    held, path = (image.get("bytes"), image.get("path")) if isinstance(image, Mapping) else (None, image)
    if isinstance(held, bytes) and held:
        return (held,)
    if text(path):
        raise Fault("needs an image", text(path)[:120])
    return ()


def _right(ra: str, aids: list[str]) -> int:
    """The place of the right answer; 0 stands for a question that the ministry annulled."""
    if ra in NO_GOLD:
        raise Fault("no gold")
    if ra not in aids:
        raise Fault("gold out of range", f"{ra}, answers are {', '.join(aids)}")
    return aids.index(ra)


def find_upstream(path: Path, split: str) -> tuple[Part, ...]:
    """The one JSON file of all years: the English one, or the Spanish one where there is no other."""
    files = located(path, ("HEAD_EN.json",)) or located(path, ("HEAD.json",))
    return tuple(Part(home(path), (file,), about=(split,)) for file in files if file.suffix == ".json" and _has_exams(file))


def _has_exams(file: Path) -> bool:
    with file.open("rb") as opened:
        return b'"exams"' in opened.read(1 << 16)


def read_upstream(part: Part) -> Iterator[Row]:
    """The questions of the exams of the part's years; a number stands for a question only within its exam."""
    path, split = part.files[0], part.about[0]
    content = load_json(path)
    exams = content.get("exams") if isinstance(content, dict) else None
    if not isinstance(exams, dict):
        raise SourceError(f"{path} has no object called exams. Fetch upstream's HEAD_EN.json again.")
    for name, exam in exams.items():
        if not isinstance(exam, dict) or not isinstance(exam.get("data"), list):
            raise SourceError(f"{path}: exam {name} has no list called data. Fetch upstream's HEAD_EN.json again.")
        if _split_of(text(exam.get("year"))) == split:
            category = text(exam.get("category"))
            for index, cells in enumerate(exam["data"]):
                facts = {"name": name, "category": category}
                given = facts | cells if isinstance(cells, dict) else cells
                yield to_row(object_record(f"{path.stem}:{name}:{index}", given), read_row, ID)


def _split_of(year: str) -> str:
    return next((split for split, years in YEARS.items() if year in years), "train")


SOURCE = Source(
    name="headqa",
    version=1,
    title="HEAD-QA",
    homepage="https://aghie.github.io/head-qa",
    license="MIT",
    access=Access.OPEN,
    task="multiple choice",
    modality="text",
    rows="12,751 in all years on the Hub; upstream 2,657 train (2013, 2014), 1,366 validation (2015), 2,742 test (2016, 2017)",
    splits=("train", "validation", "test"),
    default_split="train",
    layouts=(
        Layout(
            "Hub Parquet (en/train-*.parquet)",
            partial(find_tables, patterns=HUB, format=Format.PARQUET, needs=("qid", "qtext", "ra", "answers", "name", "category")),
            partial(read_table, row=read_row, id=ID),
        ),
        Layout("upstream JSON (HEAD_EN.json or HEAD.json)", find_upstream, read_upstream),
    ),
    raw_row=RAW_ROW,
    repo="alesi12/head_qa_v2",
    files={"train": ("en/train-*.parquet",)},
    note="the Hub's one split holds all years, upstream's validation and test years too; questions that name an image are rejected where it is not there",
    sizes={"train": 12_751, "validation": 1_366, "test": 2_742},
    citation="Vilares and Gómez-Rodríguez, HEAD-QA, ACL 2019",
)
