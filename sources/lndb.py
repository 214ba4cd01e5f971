"""LNDb: findings of radiologists in 294 chest CT scans: nodules of 3 mm and more, smaller ones, and what is none.

https://zenodo.org/records/6613714 (also https://lndb.grand-challenge.org)
Licence: CC BY 4.0.

One raw row of trainNodules_gt.csv (places in mm, Volume in mm³; Nodule is 1 or 0), for the scan LNDb-0001.mhd with LNDb-0001.raw:
LNDbID,RadID,RadFindingID,FindingID,x,y,z,AgrLevel,Nodule,Volume,Text
1,"1,2","1,1",1,-62.9,61.4,-112.5,2,1,124.6,4.5
"""

import math
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path

import numpy as np

from schemas.example import AnswerType
from schemas.vocabulary import BodyPart, Modality, Task
from sources.classed import flag
from sources.files import Record
from sources.formats import Format
from sources.pictures import Pictures, find_pictured, read_pictured
from sources.png import png
from sources.rows import Fault, cell, text
from sources.source import Access, Layout, Row, Source
from sources.templates import CHOICE

SUFFIXES = frozenset((".mhd", ".raw"))
OPTIONS = ("a nodule of 3 mm or more", "a nodule smaller than 3 mm", "a finding that is no nodule")
# CLIMB's window, in Hounsfield units; 128 pixels are about 9 cm.
LOWEST, HIGHEST = -1350, 150
SIDE = 128
NARROWEST = 1e-6
TYPES = {"MET_SHORT": np.int16, "MET_USHORT": np.uint16, "MET_INT": np.int32, "MET_FLOAT": np.float32, "MET_UCHAR": np.uint8}


def scan_names(record: Record) -> Sequence[str]:
    """The header and the voxels of a row's scan."""
    told = text(record.cells.get("LNDbID")).removesuffix(".0")
    return (f"LNDb-{int(told):04}.mhd", f"LNDb-{int(told):04}.raw") if told.isdecimal() else ()


def read_row(record: Record, pictures: Pictures) -> Row:
    """One question a finding, with what lies round its middle."""
    names = scan_names(record)
    if not names:
        raise Fault("image missing", "no scan is named")
    place = [_number(record, axis) for axis in "xyz"]
    header, voxels = (pictures.find(name) for name in names)
    if header.member or voxels.member:
        raise Fault("image packed", f"{names[0]}: unpack the archive")
    return Row(
        row=record.place,
        question=CHOICE.ask(what="middle of the chest CT image"),
        answer_type=AnswerType.MCQ,
        gold={"index": _class(record)},
        options=OPTIONS,
        images=(png(cut_out(header.file, voxels.file, place)),),
        modality=Modality.CT,
        body_part=BodyPart.CHEST,
        task=Task.CLASSIFICATION,
        group=text(record.cells.get("LNDbID")),
    )


def _number(record: Record, column: str) -> float:
    said = text(cell(record.cells, column))
    try:
        number = float(said)
    except ValueError:
        raise Fault("place unreadable", f"{column} {said}"[:80]) from None
    if not math.isfinite(number):
        raise Fault("place unreadable", f"{column} {said}"[:80])
    return number


def _class(record: Record) -> int:
    """By the diameter of a ball of the nodule's volume, as CLIMB does."""
    if not flag(record.cells, "Nodule"):
        return 2
    diameter_mm = 2 * (3 * max(_number(record, "Volume"), 0) / (4 * math.pi)) ** (1 / 3)
    return 0 if diameter_mm >= 3 else 1


def cut_out(header: Path, voxels: Path, place: Sequence[float]) -> np.ndarray:
    """The pixels round a place (mm) in its slice, as the window shows them; black outside the scan.

    Raises: Fault where the scan is not as its header says, or the place is not in it.
    """
    told = _header(header)
    try:
        width, height, depth = (int(size) for size in told["DimSize"].split())
        spacing = [float(size) for size in told["ElementSpacing"].split()]
        offset = [float(at) for at in told["Offset"].split()]
        turned = np.array([float(part) for part in told.get("TransformMatrix", "1 0 0 0 1 0 0 0 1").split()]).reshape(3, 3)
        if min(spacing) < NARROWEST:
            raise ValueError(spacing)
        at = np.linalg.solve(turned.T, np.subtract(place, offset)) / spacing
        column, row, slice = (round(float(part)) for part in at)
        kind = np.dtype(TYPES[told["ElementType"]]).newbyteorder(">" if told.get("BinaryDataByteOrderMSB") == "True" else "<")
    except (KeyError, ValueError, OverflowError, np.linalg.LinAlgError):
        raise Fault("scan header unreadable", header.name) from None
    if not (0 <= column < width and 0 <= row < height and 0 <= slice < depth):
        raise Fault("place outside the scan", ", ".join(f"{part:.1f}" for part in place))
    size = width * height * kind.itemsize
    if voxels.stat().st_size < (slice + 1) * size:
        raise Fault("scan broken", f"{voxels.name} is too short")
    with voxels.open("rb") as file:
        file.seek(slice * size)
        data = file.read(size)
    shown = np.clip((np.frombuffer(data, kind).reshape(height, width).astype(np.float64) - LOWEST) / (HIGHEST - LOWEST), 0, 1)
    padded = np.pad(np.rint(shown * 255).astype(np.uint8), SIDE // 2)
    return padded[row : row + SIDE, column : column + SIDE]


def _header(path: Path) -> Mapping[str, str]:
    lines = (line.partition("=") for line in path.read_text(encoding="utf-8", errors="replace").splitlines())
    told = {key.strip(): value.strip() for key, mark, value in lines if mark}
    if told.get("CompressedData", "False") == "True":
        raise Fault("scan compressed", path.name)
    return told


SOURCE = Source(
    name="lndb",
    version=1,
    title="LNDb, lung nodules in CT",
    homepage="https://zenodo.org/records/6613714",
    license="CC-BY-4.0",
    access=Access.OPEN,
    task="multiple choice of the classes",
    modality="ct",
    rows="about 1,200 findings in 236 scans; QoQ-Med makes 4,130 and 1,431 windows of 24 slices of them",
    splits=("train",),
    default_split="train",
    layouts=(
        Layout(
            "trainNodules_gt.csv with LNDb-0001.mhd and LNDb-0001.raw beside",
            partial(
                find_pictured,
                patterns={"train": ("trainNodules_gt.csv",)},
                format=Format.CSV,
                needs=("LNDbID", "FindingID", "Nodule", "x", "y", "z", "Volume"),
                names=scan_names,
                suffixes=SUFFIXES,
            ),
            partial(read_pictured, row=read_row, id=("LNDbID", "FindingID"), suffixes=SUFFIXES),
            "columns and files are those that CLIMB's code reads; a finding is shown by what lies round it in one slice, CLIMB shows 24 slices",
        ),
    ),
    raw_row='1,"1,2","1,1",1,-62.9,61.4,-112.5,2,1,124.6,4.5',
    place="Put trainNodules_gt.csv and the unpacked scans (LNDb-….mhd and .raw) of https://zenodo.org/records/6613714 into path.",
    apply="https://zenodo.org/records/6613714 (no account needed)",
    sizes={"train": 1_200},
    images={"train": 1_200},
    note="the class of a finding is CLIMB's, by volume; a patient is a group",
    citation="Pedrosa et al., LNDb, Medical Image Analysis 2021",
)
