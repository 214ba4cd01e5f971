"""Sets of images with captions: ROCO, ROCOv2 and MedTrinity-25M.

https://github.com/razorx89/roco-dataset and https://huggingface.co/datasets/eltorio/ROCO-radiology (each figure has its article's licence),
https://zenodo.org/records/10821435 and https://huggingface.co/datasets/eltorio/ROCOv2-radiology (CC BY-NC-SA 4.0),
https://huggingface.co/datasets/UCSC-VLAA/MedTrinity-25M (gated, its terms forbid other than research).

One raw row of ROCO's data/test/radiology/captions.txt, and of licences.txt beside it:
ROCO_00176\\t Panoramic X ray taken four years later showing a unilocular radiolucent area in the left ramus.
ROCO_00176,PMC1660580_1746-160X-2-40-2.jpg,CC BY
"""

from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache, partial
from pathlib import Path

from schemas.errors import SourceError
from schemas.vocabulary import Modality, Task
from sources.files import Record, find_tables, home, located, read_table, to_row
from sources.formats import Format, csv_lines, not_utf8
from sources.images import embedded
from sources.pictures import PART_IMAGES, Pictures, find_pictured, pictures_of, read_pictured
from sources.rows import Fault, cell, gold_open, text
from sources.source import Access, Layout, Part, Row, Source
from sources.templates import CAPTION

RAW_ROW = (
    "ROCO_00176\t Panoramic X ray taken four years later showing a unilocular radiolucent area in the left ramus.\n"
    "ROCO_00176,PMC1660580_1746-160X-2-40-2.jpg,CC BY"
)
SPLITS = ("train", "validation", "test")
HUB = {split: (f"data/{split}-*.parquet", f"{split}/*.parquet", f"./{split}-*.parquet") for split in SPLITS}
# SPDX names of the licence cells of ROCO's licences.txt.
LICENCES = {"CC BY": "CC-BY-4.0", "CC BY-NC": "CC-BY-NC-4.0", "CC BY-NC-SA": "CC-BY-NC-SA-4.0", "CC BY-NC-ND": "CC-BY-NC-ND-4.0"}
LICENCES |= {"CC BY-SA": "CC-BY-SA-4.0", "CC BY-ND": "CC-BY-ND-4.0", "CC0": "CC0-1.0"}


def captioned(place: str, caption: object, image: bytes, license: str = "", group: str = "") -> Row:
    """One image with its caption as the answer."""
    answer_type, gold = gold_open(caption)
    return Row(
        row=place,
        question=CAPTION.ask(),
        answer_type=answer_type,
        gold=gold,
        images=(image,),
        modality=Modality.RADIOLOGY,
        task=Task.CAPTION,
        license=license,
        group=group,
    )


def read_hub_row(record: Record) -> Row:
    """One image of the Hub's Parquet."""
    return captioned(record.place, cell(record.cells, "caption"), embedded(cell(record.cells, "image")))


def find_roco(path: Path, split: str) -> tuple[Part, ...]:
    """Parts of up to 500 captions of the split's radiology list, the licences beside it, and the images that are there."""
    lists = located(path, (f"{split}/radiology/captions.txt",)) or (located(path, ("./captions.txt",)) if split == "test" else ())
    if not lists or lists[0].name != "captions.txt":
        return ()
    captions = lists[0]
    licences = captions.with_name("licences.txt")
    if not licences.is_file():
        raise SourceError(f"roco: {licences} does not exist, which says each figure's licence. Put upstream's file there.")
    with captions.open("rb") as file:
        count = sum(1 for _ in file)
    root = home(path)
    starts = range(0, max(count, 1), PART_IMAGES)
    return tuple(
        _with_images(Part(root, (captions, licences), start, min(start + PART_IMAGES, count)), captions.parent) for start in starts
    )


def _with_images(part: Part, folder: Path) -> Part:
    images = folder / "images"
    named = (images / f"{record.place}.jpg" for record in _captions(part)) if images.is_dir() else ()
    inside = tuple(file for file in named if file.is_file() and file.resolve().is_relative_to(images.resolve()))
    return Part(part.root, (*part.files, *inside), part.start, part.stop)


def _captions(part: Part) -> Iterator[Record]:
    path = part.files[0]
    with path.open("rb") as file:
        for number, line in enumerate(file):
            if not part.start <= number < part.stop:
                continue
            try:
                name, _, caption = line.decode("utf-8-sig" if not number else "utf-8").rstrip("\r\n").partition("\t")
            except UnicodeDecodeError as error:
                raise not_utf8(path, error, number + 1) from error
            yield Record(name.strip() or f"{path.stem}:{number}", {"caption": caption})


def read_roco(part: Part) -> Iterator[Row]:
    """The captions of a part; one whose image or licence is not there is a fault."""
    licences = _licences(part.files[1])
    pictures = pictures_of(part.root, part.files[2:])
    for record in _captions(part):
        yield to_row(record, partial(_roco_row, pictures=pictures, licences=licences))


@lru_cache(maxsize=4)
def _licences(path: Path) -> Mapping[str, str]:
    rows = (cells for _, cells in csv_lines(path, Format.CSV))
    next(rows, None)
    return {cells[0]: cells[2].strip() for cells in rows if len(cells) > 2}


def _roco_row(record: Record, pictures: Pictures, licences: Mapping[str, str]) -> Row:
    said = licences.get(record.place, "")
    if said not in LICENCES:
        raise Fault("licence unknown", said or "no line in licences.txt")
    image = pictures.read(f"{record.place}.jpg")
    return captioned(record.place, record.cells["caption"], image, LICENCES[said], record.place)


def roco_v2_names(record: Record) -> Sequence[str]:
    """The file of a row's image."""
    name = record.cells.get("ID")
    return (f"{name.strip()}.jpg",) if isinstance(name, str) and name.strip() else ()


def _roco_v2_row(record: Record, pictures: Pictures) -> Row:
    names = roco_v2_names(record)
    if not names:
        raise Fault("image missing", "no ID")
    return captioned(record.place, cell(record.cells, "Caption"), pictures.read(names[0]), group=text(record.cells["ID"]))


_HUB = Layout(
    "Hub Parquet (data/train-*.parquet)",
    partial(find_tables, patterns=HUB, format=Format.PARQUET, needs=("image", "image_id", "caption")),
    partial(read_table, row=read_hub_row, id=("image_id",)),
)
V2 = {"train": ("train_captions.csv",), "validation": ("valid_captions.csv",), "test": ("test_captions.csv",)}
ROCO = Source(
    name="roco",
    version=1,
    title="ROCO, radiology",
    homepage="https://github.com/razorx89/roco-dataset",
    license="LicenseRef-per-row",
    access=Access.OPEN,
    task="captions",
    modality="radiology",
    rows="65,423 train, 8,175 validation, 8,176 test",
    splits=SPLITS,
    default_split="train",
    layouts=(
        Layout("upstream lists (data/train/radiology/captions.txt and licences.txt, with images/ beside)", find_roco, read_roco),
        _HUB,
    ),
    raw_row=RAW_ROW,
    repo="eltorio/ROCO-radiology",
    files={split: (f"data/{split}-*.parquet",) for split in SPLITS},
    sizes={"train": 65_423, "validation": 8_175, "test": 8_176},
    images={"train": 65_423, "validation": 8_175, "test": 8_176},
    question_tokens=20,
    note="upstream's lists hold no images: upstream's scripts/fetch.py fetches them article by article into images/; the Hub's copy states no licence a row",
    citation="Pelka et al., Radiology Objects in Context, LABELS 2018",
)
ROCO_V2 = Source(
    name="rocov2",
    version=1,
    title="ROCOv2, radiology",
    homepage="https://zenodo.org/records/10821435",
    license="CC-BY-NC-SA-4.0",
    access=Access.OPEN,
    task="captions",
    modality="radiology",
    rows="59,962 train, 9,904 validation, 9,927 test",
    splits=SPLITS,
    default_split="train",
    layouts=(
        _HUB,
        Layout(
            "Zenodo (train_captions.csv, valid_captions.csv, test_captions.csv with the images or their zip beside)",
            partial(find_pictured, patterns=V2, format=Format.CSV, needs=("ID", "Caption"), names=roco_v2_names),
            partial(read_pictured, row=_roco_v2_row, id=("ID",)),
        ),
    ),
    raw_row='{"image": {"bytes": …}, "image_id": "ROCOv2_2023_train_000001", "caption": "Head CT demonstrating …", "cui": ["C0040405"]}',
    repo="eltorio/ROCOv2-radiology",
    files={split: (f"data/{split}-*.parquet",) for split in SPLITS},
    sizes={"train": 59_962, "validation": 9_904, "test": 9_927},
    images={"train": 59_962, "validation": 9_904, "test": 9_927},
    question_tokens=20,
    citation="Rückert et al., ROCOv2, Scientific Data 2024",
)
MEDTRINITY = Source(
    name="medtrinity",
    version=1,
    title="MedTrinity-25M",
    homepage="https://huggingface.co/datasets/UCSC-VLAA/MedTrinity-25M",
    license="LicenseRef-MedTrinity-terms",
    access=Access.GATED,
    task="captions with regions",
    modality="image",
    rows="18.5 million in full with public images, 161,630 in the demo",
    splits=("demo", "full"),
    default_split="demo",
    layouts=(
        Layout(
            "Hub Parquet (25M_demo/train-*.parquet, 25M_full/train-*.parquet)",
            partial(
                find_tables,
                patterns={"demo": ("25M_demo/*.parquet",), "full": ("25M_full/*.parquet",)},
                format=Format.PARQUET,
                needs=("image", "id", "caption"),
            ),
            partial(read_table, row=read_hub_row, id=("id",)),
            "the columns are image, id and caption",
        ),
    ),
    raw_row='{"image": {"bytes": …}, "id": "…", "caption": "The image is a CT scan of the abdomen …"}',
    repo="UCSC-VLAA/MedTrinity-25M",
    files={"demo": ("25M_demo/*.parquet",), "full": ("25M_full/*.parquet",)},
    apply="https://huggingface.co/datasets/UCSC-VLAA/MedTrinity-25M (accept the terms, then set HF_TOKEN)",
    sizes={"demo": 161_630, "full": 18_500_000},
    images={"demo": 161_630, "full": 18_500_000},
    question_tokens=20,
    citation="Xie et al., MedTrinity-25M, ICLR 2025",
)
CAPTIONS = (ROCO, ROCO_V2, MEDTRINITY)
