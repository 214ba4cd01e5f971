"""Stand-ins for CT scans and slices, slides, ultrasound videos and the sets beside them, each in upstream's layout."""

import struct
import zlib
from pathlib import Path

import numpy as np

from jobs.standins import files
from jobs.standins.clinical import dicom
from jobs.standins.drawn import encoded, pixels
from jobs.standins.texts import Dice, Writer
from sources.bcss import TILE
from sources.rsna_hemorrhage import KINDS


def _isic2020(folder: Path, split: str, count: int, roll: Dice) -> None:
    head = ("image_name", "patient_id", "sex", "age_approx", "anatom_site_general_challenge", "diagnosis", "benign_malignant", "target")
    kinds = ("benign", "malignant")
    rows = [
        (f"ISIC_{place:07}", f"IP_{place // 2:07}", "male", 45.0, "torso", "unknown", kinds[place % 2], place % 2) for place in range(count)
    ]
    files.table(folder / "ISIC_2020_Training_GroundTruth.csv", [head, *rows])
    files.zipped(folder / "ISIC_2020_Training_JPEG.zip", {f"train/{row[0]}.jpg": encoded(pixels(roll, colour=True)) for row in rows})


def _jichi(folder: Path, split: str, count: int, roll: Dice) -> None:
    grades = ("ndr", "sdr", "ppdr", "pdr")
    rows = [(f"{place // 2}_1_{'LR'[place % 2]}.jpg", "sdr", grades[place % 4]) for place in range(count)]
    files.table(folder / "list.csv", [("Image", "Davis_grading_of_concatenated_figures", "Davis_grading_of_one_figure"), *rows])
    files.files(folder / "dmr", {row[0]: encoded(pixels(roll, colour=True)) for row in rows})


def _hemorrhage(folder: Path, split: str, count: int, roll: Dice) -> None:
    head = ("PatientNumber", "SliceNumber", "Intraventricular", "Subdural", "No_Hemorrhage", "Fracture_Yes_No")
    rows = [(49 + place // 2, place % 2 + 1, place % 2, 0, (place + 1) % 2, 0) for place in range(count)]
    files.table(folder / "hemorrhage_diagnosis.csv", [head, *rows])
    named = [f"Patients_CT/{row[0]:03}/{window}/{row[1]}.jpg" for row in rows for window in ("brain", "bone")]
    files.files(folder, {name: encoded(pixels(roll)) for name in named})


def _rspect(folder: Path, split: str, count: int, roll: Dice) -> None:
    head = (
        "StudyInstanceUID",
        "SeriesInstanceUID",
        "SOPInstanceUID",
        "pe_present_on_image",
        "chronic_pe",
        "acute_and_chronic_pe",
        "indeterminate",
    )
    rows = [
        (f"{place // 3:012x}", f"{place // 3:012x}", f"{place:012x}", int(place % 3 > 0), int(place // 3 % 2), 0, 0)
        for place in range(count)
    ]
    files.table(folder / "train.csv", [head, *rows])
    files.files(folder, {f"train/{row[0]}/{row[1]}/{row[2]}.dcm": dicom(pixels(roll)) for row in rows})


def nifti(volume: np.ndarray) -> bytes:
    """A gzipped NIfTI file of 16-bit voxels a millimetre wide, first axis from right to left."""
    header = bytearray(352)
    struct.pack_into("<i", header, 0, 348)
    struct.pack_into("<8h", header, 40, 3, *volume.shape, 1, 1, 1, 1)
    struct.pack_into("<2h", header, 70, 4, 16)
    struct.pack_into("<9f", header, 76, 1, 1, 1, 1, 1, 1, 1, 1, 352)
    struct.pack_into("<2f", header, 112, 1, 0)
    struct.pack_into("<2h", header, 252, 0, 1)
    struct.pack_into("<12f", header, 280, 1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0)
    header[344:348] = b"n+1\0"
    packer = zlib.compressobj(1, zlib.DEFLATED, 16 + zlib.MAX_WBITS)
    return packer.compress(bytes(header) + volume.astype("<i2").tobytes(order="F")) + packer.flush()


def _scan(roll: Dice) -> bytes:
    return nifti(np.stack([pixels(roll, 64, 48).T for _ in range(4)], axis=2).astype(np.int16) * 4 - 500)


def _inspect(folder: Path, split: str, count: int, roll: Dice) -> None:
    kinds = ((0, 0, 0), (1, 1, 1), (1, 1, 0), (1, 0, 1), (1, 0, 0))
    rows = [(f"PE{place:07x}", place // 2, *kinds[place % 5]) for place in range(count)]
    files.table(
        folder / "Final_Impressions_labels.csv", [("impression_id", "person_id", "pe_positive", "pe_acute", "pe_subsegmentalonly"), *rows]
    )
    files.files(folder / "CTPA", {f"{row[0]}.nii.gz": _scan(roll) for row in rows})


def _kits23(folder: Path, split: str, count: int, roll: Dice) -> None:
    files.whole(
        folder / "dataset" / "kits23.json", [{"case_id": f"case_{place:05}", "malignant": place % 2 == 0} for place in range(count)]
    )
    files.files(folder / "dataset", {f"case_{place:05}/imaging.nii.gz": _scan(roll) for place in range(count)})


def _lndb(folder: Path, split: str, count: int, roll: Dice) -> None:
    head = ("LNDbID", "RadID", "RadFindingID", "FindingID", "x", "y", "z", "AgrLevel", "Nodule", "Volume", "Text")
    kinds = ((1, 124.6), (1, 5.0), (0, 0.0))
    rows = [(place // 2 + 1, "1,2", "1,1", place % 2 + 1, 10.5 + place, -20, 4, 2, *kinds[place % 3], 4.5) for place in range(count)]
    files.table(folder / "trainNodules_gt.csv", [head, *rows])
    told = "ObjectType = Image\nNDims = 3\nBinaryDataByteOrderMSB = False\nCompressedData = False\nTransformMatrix = 1 0 0 0 1 0 0 0 1\n"
    told += "Offset = -40 -40 0\nElementSpacing = 0.5 0.5 2\nDimSize = 160 160 4\nElementType = MET_SHORT\nElementDataFile = {}.raw\n"
    for scan in {f"LNDb-{row[0]:04}" for row in rows}:
        voxels = (np.stack([pixels(roll, 160, 160) for _ in range(4)]).astype(np.int16) * 6 - 1350).astype("<i2")
        files.files(folder, {f"data0/{scan}.mhd": told.format(scan).encode(), f"data0/{scan}.raw": voxels.tobytes()})


def _bcss(folder: Path, split: str, count: int, roll: Dice) -> None:
    site = {"train": "A1", "test": "OL"}[split]
    for place in range(count):
        name = f"TCGA-{site}-A{place:03}-DX1_xmin1_ymin1_MPP-0.2500.png"
        codes = np.full((TILE, TILE), place % 4 + 1, np.uint8)
        codes[:100] = 0
        files.files(
            folder, {f"images/{name}": encoded(pixels(roll, TILE, TILE, colour=True), "PNG"), f"masks/{name}": encoded(codes, "PNG")}
        )


def _frames(folder: Path, names: list[str], roll: Dice) -> None:
    files.files(folder, {f"{name}/{frame:04}.png": encoded(pixels(roll), "PNG") for name in names for frame in range(1, 7)})


def _covid_blues(folder: Path, split: str, count: int, roll: Dice) -> None:
    patients = range(1, (count + 1) // 2 + 1)
    files.table(folder / "clinical_variables.csv", [("patient_id", "pat_age", "cov_test"), *((one, 60, one % 2) for one in patients)])
    _frames(folder / "lus_videos", [f"patient_{place // 2 + 1}_{'LR'[place % 2]}1" for place in range(count)], roll)


def _covid_us(folder: Path, split: str, count: int, roll: Dice) -> None:
    kinds = ("covid", "pneumonia", "normal")
    _frames(folder / "videos", [f"{place}_core_{kinds[place % 3]}_{place}" for place in range(count)], roll)


def _chexpert_plus(folder: Path, split: str, count: int, roll: Dice) -> None:
    word = {"train": "train", "validation": "valid"}[split]
    head = ("path_to_image", "deid_patient_id", "section_findings", "section_impression")
    rows: list[tuple[str, ...]] = []
    for place in range(count):
        for view in ("view1_frontal", "view2_lateral")[: place % 2 + 1]:
            name = f"{word}/patient{place // 2 + 1:05}/study{place % 2 + 1}/{view}"
            rows.append((f"{name}.jpg", f"patient{place // 2 + 1:05}", f"The lungs are\nclear, case {place}.", "No acute disease."))
            files.files(folder / "PNG", {f"{name}.png": encoded(pixels(roll), "PNG")})
    other = {"train": "valid", "valid": "train"}[word]
    rows.append((f"{other}/patient9/study1/view1_frontal.jpg", "patient9", "Other.", ""))
    files.table(folder / "df_chexpert_plus_240401.csv", [head, *rows])


def _rsna_hemorrhage(folder: Path, split: str, count: int, roll: Dice) -> None:
    rows: list[tuple[str, int]] = []
    for place in range(count):
        told = {kind: int(place % 3 == at % 3 and place % 2) for at, kind in enumerate(KINDS)}
        rows += [(f"ID_{place:09x}_{kind}", mark) for kind, mark in {**told, "any": max(told.values())}.items()]
        files.files(folder / "stage_2_train", {f"ID_{place:09x}.dcm": dicom(pixels(roll))})
    files.table(folder / "stage_2_train.csv", [("ID", "Label"), *rows])


def _mimic_iv(folder: Path, split: str, count: int, roll: Dice) -> None:
    admitted = [("10000001", str(20_000_000 + place), f"2180-0{place % 9 + 1}-06 22:23:00", place) for place in range(count)]
    rows = [(*one[:3], f"2180-0{one[3] % 9 + 1}-{7 + one[3] % 20:02} 23:15:00", "", "URGENT") for one in admitted if one[3] < 9]
    rows += [
        (f"1000{one[3]:04}", one[1], "2181-01-01 08:00:00", "2181-01-02 20:00:00", "2181-01-02 19:00:00", "EU OBSERVATION")
        for one in admitted[9:]
    ]
    rows.append(("19999999", "29999999", "2180-01-01 08:00:00", "2180-01-02 08:00:00", "", "URGENT"))
    files.table(
        folder / "hosp" / "admissions.csv", [("subject_id", "hadm_id", "admittime", "dischtime", "deathtime", "admission_type"), *rows]
    )
    people = dict.fromkeys(row[0] for row in rows)
    files.table(
        folder / "hosp" / "patients.csv", [("subject_id", "gender", "anchor_age", "anchor_year"), *((one, "F", 52, 2178) for one in people)]
    )
    views: list[tuple[str, ...]] = []
    for place, row in enumerate(rows[:-1]):
        study = str(50_000_000 + place)
        views.append((f"dicom-{study}", row[0], study, row[2][:10].replace("-", ""), "233014.531"))
        files.files(folder, {f"files/p{row[0][:2]}/p{row[0]}/s{study}/dicom-{study}.jpg": encoded(pixels(roll))})
    files.table(folder / "mimic-cxr-2.0.0-metadata.csv", [("dicom_id", "subject_id", "study_id", "StudyDate", "StudyTime"), *views])


WRITERS: dict[str, Writer] = {
    "isic2020": _isic2020,
    "jichi": _jichi,
    "ct_hemorrhage": _hemorrhage,
    "rspect": _rspect,
    "rsna_hemorrhage": _rsna_hemorrhage,
    "inspect": _inspect,
    "kits23": _kits23,
    "lndb": _lndb,
    "bcss": _bcss,
    "covid_blues": _covid_blues,
    "covid_us": _covid_us,
    "chexpert_plus": _chexpert_plus,
    "mimic_iv_stay": _mimic_iv,
    "mimic_iv_survival": _mimic_iv,
}
