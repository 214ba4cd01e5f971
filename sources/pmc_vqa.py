"""PMC-VQA, first and second version: multiple-choice questions made from figures of open-access articles.

https://huggingface.co/datasets/RadGenome/PMC-VQA
Licence: CC BY-SA 4.0 says the card; the figures have their articles' licences.

One raw row of train.csv (first version: options behind their letter, the right one as text, its letter last):
Figure_path,Question,Answer,Choice A,Choice B,Choice C,Choice D,Answer_label
PMC1064097_F1.jpg,What is the uptake pattern in the breast?, Focal uptake pattern, A:Diffuse uptake pattern , B:Focal uptake pattern ,…,B
and of train_2.csv (second version: the letter stands under Answer):
index,Figure_path,Caption,Question,Choice A,Choice B,Choice C,Choice D,Answer,split
0,PMC8253797_Fig4_41.jpg,"A slightly altered …",What does the image show?, A: Cells , B: Bones ,…,B,train
"""

import re
from functools import partial

from schemas.vocabulary import Modality
from sources.files import Record
from sources.formats import Format
from sources.pictures import Pictures, cells_of, find_pictured, read_pictured
from sources.rows import Fault, cell, gold_by_letter, options_across, question_of, text
from sources.source import Access, Layout, Row, Source

RAW_ROW = (
    "Figure_path,Question,Answer,Choice A,Choice B,Choice C,Choice D,Answer_label\n"
    "PMC1064097_F1.jpg,What is the uptake pattern in the breast?, Focal uptake pattern, A:Diffuse uptake pattern , B:Focal uptake pattern ,…,B"
)
CHOICES = ("Choice A", "Choice B", "Choice C", "Choice D")
LETTERED = re.compile(r"^\s*([A-D])\s*[:.)]\s*(.*?)\s*$", re.DOTALL)
FIRST = {"train": ("train.csv",), "test": ("test.csv",), "test_clean": ("test_clean.csv",)}
SECOND = {"train": ("train_2.csv",), "test": ("test_2.csv",)}
NAMES = cells_of("Figure_path")


def read_row(record: Record, pictures: Pictures, *, letter: str, answer: str) -> Row:
    """One question. `letter` names the column of the gold's letter, `answer` that of its text, where there is one."""
    cells = record.cells
    options = options_across([_bare(text(cell(cells, name)), "ABCD"[place]) for place, name in enumerate(CHOICES)])
    answer_type, gold = gold_by_letter(cell(cells, letter), len(options))
    said = _bare(text(cells.get(answer)), "") if answer else ""
    read_alike = [option.casefold() for option in options]
    if said.casefold() in read_alike and said.casefold() != read_alike[gold["index"]]:
        raise Fault("gold contradicts itself", f"letter {text(cells[letter])}, but answer {said[:60]}")
    name = text(cell(cells, "Figure_path"))
    return Row(
        row=record.place,
        question=question_of(cell(cells, "Question")),
        answer_type=answer_type,
        gold=gold,
        options=options,
        images=(pictures.read(name),),
        modality=Modality.IMAGE,
        group=name.partition("_")[0],
    )


def _bare(option: str, letter: str) -> str:
    """The option without the letter before it, which must be its own."""
    found = LETTERED.match(option)
    if not found:
        return option
    if letter and found[1] != letter:
        raise Fault("option under another letter", f"{option[:60]} under {letter}")
    return found[2]


PMC_VQA = Source(
    name="pmc_vqa",
    version=1,
    title="PMC-VQA, first version",
    homepage="https://huggingface.co/datasets/RadGenome/PMC-VQA",
    license="CC-BY-SA-4.0",
    access=Access.OPEN,
    task="multiple choice about a figure",
    modality="image",
    rows="176,948 train, 50,000 test, 2,000 test_clean",
    splits=tuple(FIRST),
    default_split="train",
    layouts=(
        Layout(
            "train.csv, test.csv or test_clean.csv, with images/ or images.zip beside",
            partial(
                find_pictured,
                patterns=FIRST,
                format=Format.CSV,
                needs=("Figure_path", "Question", *CHOICES, "Answer_label"),
                names=NAMES,
            ),
            partial(read_pictured, row=partial(read_row, letter="Answer_label", answer="Answer")),
        ),
    ),
    raw_row=RAW_ROW,
    repo="RadGenome/PMC-VQA",
    files={split: (*names, "images.zip") for split, names in FIRST.items()},
    sizes={"train": 176_948, "test": 50_000, "test_clean": 2_000},
    images={"train": 138_000, "test_clean": 1_900},
    question_tokens=60,
    note="figures of one article share a group; images.zip is 18.9 GB and is read in place where you put it beside the table",
    citation="Zhang et al., PMC-VQA, 2023",
)
PMC_VQA_2 = Source(
    name="pmc_vqa_2",
    version=1,
    title="PMC-VQA, second version",
    homepage="https://huggingface.co/datasets/RadGenome/PMC-VQA",
    license="CC-BY-SA-4.0",
    access=Access.OPEN,
    task="multiple choice about a figure",
    modality="image",
    rows="152,603 train, 33,430 test",
    splits=tuple(SECOND),
    default_split="train",
    layouts=(
        Layout(
            "train_2.csv or test_2.csv, with images_2/ or images_2.zip beside",
            partial(
                find_pictured,
                patterns=SECOND,
                format=Format.CSV,
                needs=("index", "Figure_path", "Question", *CHOICES, "Answer"),
                names=NAMES,
            ),
            partial(read_pictured, row=partial(read_row, letter="Answer", answer=""), id=("index",)),
        ),
    ),
    raw_row='0,PMC8253797_Fig4_41.jpg,"A slightly altered …",What does the image show?, A: Cells , B: Bones ,…,B,train',
    repo="RadGenome/PMC-VQA",
    files={split: (*names, "images_2.zip") for split, names in SECOND.items()},
    sizes={"train": 152_603, "test": 33_430},
    images={"train": 120_000, "test": 29_000},
    question_tokens=60,
    note="MedEvalKit scores this version's test set, OctoMed the first version's test_clean: the numbers do not compare",
    citation="Zhang et al., PMC-VQA, 2023",
)
