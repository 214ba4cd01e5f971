"""Classes of CT scans, slides and ultrasound videos: what upstream's cells mean, and rows that mean nothing."""

import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from jobs.standins.scans import nifti
from pipeline.images.clean import clean
from schemas.errors import SourceError
from sources.bcss import SOURCE as BCSS
from sources.bcss import TILE
from sources.ct import HEMORRHAGE, INSPECT, KITS23, RSPECT
from sources.jichi import SOURCE as JICHI
from sources.lndb import SOURCE as LNDB
from sources.lndb import cut_out
from sources.lung_videos import COVID_BLUES, COVID_US
from sources.mimic_iv import MIMIC_IV_STAY, MIMIC_IV_SURVIVAL
from sources.rsna_hemorrhage import KINDS
from sources.rsna_hemorrhage import SOURCE as RSNA_HEMORRHAGE
from sources.source import Row
from tests.fixtures.pictures import drawn, encoded
from tests.fixtures.upstream import by_id, rows_of, write_csv, write_json

JPEG = encoded(drawn(1))
PNG = encoded(drawn(2), "PNG")


def put(folder: Path, *names: str, data: bytes = JPEG) -> None:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(data)


def said(row: Row) -> str:
    return row.fault or row.options[row.gold["index"]]


def test_a_slice_without_haemorrhage_is_told_by_a_one_and_shown_in_two_windows(tmp_path: Path) -> None:
    head = ["PatientNumber", "SliceNumber", "Subdural", "No_Hemorrhage"]
    write_csv(tmp_path / "hemorrhage_diagnosis.csv", [head, ["49", "1", "0", "1"], ["49", "2", "1", "0"], ["50", "1", "0", "x"]])
    put(tmp_path, *(f"Patients_CT/{name}.jpg" for name in ("049/brain/1", "049/bone/1", "049/brain/2", "049/bone/2")))
    rows = by_id(rows_of(HEMORRHAGE, tmp_path))
    assert {key: said(row) for key, row in rows.items()} == {
        "49:1": "no haemorrhage",
        "49:2": "intracranial haemorrhage",
        "50:1": "gold not 0 or 1",
    }
    assert len(rows["49:2"].images) == 2


def test_a_clot_is_chronic_or_acute_and_not_both(tmp_path: Path) -> None:
    head = ["StudyInstanceUID", "SeriesInstanceUID", "SOPInstanceUID", "pe_present_on_image", "chronic_pe", "acute_and_chronic_pe"]
    cells = {"none": "0100", "chronic": "1100", "acute": "1000", "both": "1010", "unsure": "0001"}
    write_csv(tmp_path / "train.csv", [[*head, "indeterminate"], *(["s", "r", name, *marks] for name, marks in cells.items())])
    put(tmp_path, *(f"train/s/r/{name}.dcm" for name in cells))
    assert {key: said(row) for key, row in by_id(rows_of(RSPECT, tmp_path)).items()} == {
        "none": "no pulmonary embolism",
        "chronic": "chronic pulmonary embolism",
        "acute": "acute pulmonary embolism",
        "both": "not one class",
        "unsure": "not one class",
    }


def test_kinds_of_haemorrhage_are_a_set_and_lines_that_contradict_each_other_are_none(tmp_path: Path) -> None:
    marks = {"a": "000011", "b": "000000", "c": "000001", "d": "100101"}
    lines = [[f"ID_{name}_{kind}", mark] for name, told in marks.items() for kind, mark in zip((*KINDS, "any"), told, strict=True)]
    write_csv(tmp_path / "stage_2_train.csv", [["ID", "Label"], *lines, ["ID_e_any", "1"]])
    put(tmp_path, *(f"stage_2_train/ID_{name}.dcm" for name in marks))
    rows = by_id(rows_of(RSNA_HEMORRHAGE, tmp_path))
    assert {key: row.fault or row.gold["labels"] for key, row in rows.items()} == {
        "ID_a": ["Subdural Hemorrhage"],
        "ID_b": ["No Finding"],
        "ID_c": "gold contradicts itself",
        "ID_d": ["Epidural Hemorrhage", "Subarachnoid Hemorrhage"],
        "ID_e": "gold contradicts itself",
    }


def test_scans_are_read_by_the_names_that_tables_tell_and_shown_by_a_slice(tmp_path: Path) -> None:
    head = ["impression_id", "person_id", "pe_positive", "pe_acute", "pe_subsegmentalonly"]
    write_csv(tmp_path / "a" / "Final_Impressions_labels.csv", [head, ["PE1", "7", "1.0", "True", "0"], ["PE2", "7", "1", "0", "0"]])
    scan = nifti(np.arange(4 * 5 * 3, dtype=np.int16).reshape(4, 5, 3))
    put(tmp_path / "a", "CTPA/PE1.nii.gz", data=scan)
    rows = by_id(rows_of(INSPECT, tmp_path / "a"))
    assert (said(rows["PE1"]), rows["PE1"].group, rows["PE2"].fault) == ("acute pulmonary embolism", "7", "image missing")
    assert (clean(rows["PE1"].images[0]).fault, clean(rows["PE1"].images[0]).format) == ("", "png")
    write_json(
        tmp_path / "b" / "dataset" / "kits23.json", [{"case_id": "case_00000", "malignant": True}, {"case_id": "x", "malignant": None}]
    )
    put(tmp_path / "b", "dataset/case_00000/imaging.nii.gz", data=scan)
    assert [said(row) for row in rows_of(KITS23, tmp_path / "b")] == ["malignant tumour", "no gold"]


def test_a_finding_is_cut_out_of_its_slice_in_the_window_for_lungs(tmp_path: Path) -> None:
    voxels = np.full((3, 200, 160), -1350, "<i2")
    voxels[1, 90, 70] = 150
    header = "NDims = 3\nTransformMatrix = 1 0 0 0 1 0 0 0 1\nOffset = -50 -60 -10\nElementSpacing = 0.5 0.5 2\n"
    header += "DimSize = 160 200 3\nElementType = MET_SHORT\nElementDataFile = LNDb-0001.raw\n"
    put(tmp_path, "data0/LNDb-0001.mhd", data=header.encode())
    put(tmp_path, "data0/LNDb-0001.raw", data=voxels.tobytes())
    cut = cut_out(tmp_path / "data0/LNDb-0001.mhd", tmp_path / "data0/LNDb-0001.raw", (-15, -15, -8))
    assert (cut.shape, int(cut[64, 64]), int(cut.sum())) == ((128, 128), 255, 255)
    head = ["LNDbID", "RadID", "FindingID", "x", "y", "z", "Nodule", "Volume"]
    lines = [["1", "1,2", "1", "-15", "-15", "-8", "1", "14.2"], ["1", "1", "2", "-15", "-15", "-8", "1", "14.1"]]
    lines += [
        ["1", "1", "3", "-15", "-15", "-8", "0", "0"],
        ["1", "1", "4", "900", "0", "0", "1", "9"],
        ["2", "1", "1", "0", "0", "0", "1", "9"],
    ]
    write_csv(tmp_path / "trainNodules_gt.csv", [head, *lines])
    assert {key: said(row) for key, row in by_id(rows_of(LNDB, tmp_path)).items()} == {
        "1:1": "a nodule of 3 mm or more",
        "1:2": "a nodule smaller than 3 mm",
        "1:3": "a finding that is no nodule",
        "1:4": "place outside the scan",
        "2:1": "image missing",
    }


@pytest.mark.parametrize(
    "told", ["ElementSpacing = 0 0 0", "ElementSpacing = 1e-320 1 1", "DimSize = 99999999999 99999999999 9", "DimSize = 4"]
)
def test_a_scan_that_is_not_as_its_header_says_is_a_fault(tmp_path: Path, told: str) -> None:
    lines = {
        "Offset": "Offset = 0 0 0",
        "ElementSpacing": "ElementSpacing = 1 1 1",
        "DimSize": "DimSize = 4 4 4",
        "ElementType": "ElementType = MET_SHORT",
    }
    header = "\n".join({**lines, told.partition(" ")[0]: told}.values())
    put(tmp_path, "LNDb-0001.mhd", data=header.encode())
    put(tmp_path, "LNDb-0001.raw", data=bytes(128))
    write_csv(
        tmp_path / "trainNodules_gt.csv", [["LNDbID", "FindingID", "x", "y", "z", "Nodule", "Volume"], ["1", "1", "1", "1", "1", "1", "9"]]
    )
    assert [row.fault for row in rows_of(LNDB, tmp_path)] == ["scan broken" if told.startswith("DimSize = 9") else "scan header unreadable"]


def test_tiles_of_mixed_tissue_are_left_out_and_sites_tell_the_split(tmp_path: Path) -> None:
    codes = np.zeros((TILE + 9, 2 * TILE), np.uint8)
    codes[:, : TILE // 2], codes[:, TILE // 2 : TILE] = 2, 7
    codes[:, TILE : TILE + 200], codes[:, TILE + 200 : TILE + 400] = 1, 3
    for site in ("A1", "OL"):
        name = f"TCGA-{site}-A0SK-DX1_xmin1_ymin1_MPP-0.2500.png"
        put(tmp_path, f"images/{name}", data=encoded(Image.new("RGB", codes.shape[::-1], "pink"), "PNG"))
        put(tmp_path, f"masks/{name}", data=encoded(Image.fromarray(codes), "PNG"))
    for split, site in (("train", "A1"), ("test", "OL")):
        [row] = rows_of(BCSS, tmp_path, split)
        assert (row.row.partition(":")[2], said(row), row.group) == ("0,0", "stroma", f"TCGA-{site}-A0SK")


def test_a_region_that_unpacks_to_a_bomb_is_a_fault(tmp_path: Path) -> None:
    name = "TCGA-A1-A0SK-DX1_xmin1_ymin1_MPP-0.2500.png"
    head = b"IHDR" + struct.pack(">2I5B", 40_000, 40_000, 8, 2, 0, 0, 0)
    bomb = PNG[:12] + head + struct.pack(">I", zlib.crc32(head)) + PNG[33:]
    put(tmp_path, f"images/{name}", f"masks/{name}", data=bomb)
    assert [row.fault for row in rows_of(BCSS, tmp_path, "train")] == ["image broken"]


def test_a_video_is_shown_by_four_frames_at_even_distances(tmp_path: Path) -> None:
    write_csv(tmp_path / "clinical_variables.csv", [["patient_id", "cov_test"], ["1", "1.0"], ["2", "0"]])
    for frame in range(9):
        put(tmp_path, f"lus_videos/patient_1_L1/{frame:04}.png", data=PNG + bytes([frame]))
    put(tmp_path, "lus_videos/patient_2_R3_2/0001.png", "lus_videos/patient_3_R3/0001.png", "lus_videos/other/0001.png", data=PNG)
    rows = by_id(rows_of(COVID_BLUES, tmp_path))
    assert {key: said(row) for key, row in rows.items()} == {
        "patient_1_L1": "COVID-19",
        "patient_2_R3_2": "no COVID-19",
        "patient_3_R3": "no gold",
    }
    assert [image[-1] for image in rows["patient_1_L1"].images] == [1, 3, 5, 7]
    put(tmp_path / "us", "videos/24_core_covid_5/1.png", "videos/25_core_other_1/1.png", data=PNG)
    assert sorted(said(row) for row in rows_of(COVID_US, tmp_path / "us")) == ["COVID-19", "no gold"]


def test_the_grade_of_the_one_figure_counts(tmp_path: Path) -> None:
    head = ["Image", "Davis_grading_of_concatenated_figures", "Davis_grading_of_one_figure"]
    write_csv(tmp_path / "list.csv", [head, ["3_1_L.jpg", "pdr", "sdr"], ["3_1_R.jpg", "pdr", "?"]])
    put(tmp_path, "3_1_L.jpg", "3_1_R.jpg")
    rows = by_id(rows_of(JICHI, tmp_path))
    assert (said(rows["3_1_L.jpg"]), rows["3_1_L.jpg"].group, said(rows["3_1_R.jpg"])) == (
        "simple diabetic retinopathy",
        "3",
        "unknown class",
    )


def test_a_stay_is_told_by_whole_days_and_shown_by_the_first_study_of_its_first_48_hours(tmp_path: Path) -> None:
    head = ["subject_id", "hadm_id", "admittime", "dischtime", "deathtime", "admission_type"]
    stays = [
        ["10000032", "a", "2180-05-06 22:00:00", "2180-05-11 21:00:00", "", "URGENT"],
        ["10000032", "b", "2181-05-06 22:00:00", "2181-05-19 23:00:00", "", "EW EMER."],
        ["10000033", "c", "2180-05-06 22:00:00", "2180-05-07 21:00:00", "2180-05-07 21:00:00", "URGENT"],
        ["10000033", "d", "2190-05-06 22:00:00", "2190-05-07 21:00:00", "", "URGENT"],
    ]
    write_csv(tmp_path / "admissions.csv", [head, *stays])
    write_csv(tmp_path / "patients.csv", [["subject_id", "gender", "anchor_age", "anchor_year"], ["10000032", "F", "52", "2180"]])
    views = [
        ("v2", "10000032", "s1", "20180507", "1.5"),
        ("v0", "10000032", "s1", "21800507", "93014.5"),
        ("v1", "10000032", "s1", "21800507", "93015"),
    ]
    views += [
        ("v3", "10000032", "s2", "21800508", "1"),
        ("v4", "10000032", "s3", "21810506", "230000"),
        ("v5", "10000033", "s4", "21800506", "235959"),
    ]
    write_csv(
        tmp_path / "mimic-cxr-2.0.0-metadata.csv", [["dicom_id", "subject_id", "study_id", "StudyDate", "StudyTime"], *map(list, views)]
    )
    put(tmp_path, *(f"files/p10/p{subject}/s{study}/{name}.jpg" for name, subject, study, _, _ in views))
    rows = by_id(rows_of(MIMIC_IV_STAY, tmp_path))
    assert {key: said(row) for key, row in rows.items()} == {"a": "0 to 4 days", "b": "more than 12 days", "c": "0 to 4 days"}
    assert (len(rows["a"].images), rows["b"].context) == (2, "Patient: female, 53 years old. Admission: ew emer.")
    assert {row.row: row.gold["value"] for row in rows_of(MIMIC_IV_SURVIVAL, tmp_path)} == {"a": "yes", "b": "yes", "c": "no"}
    (tmp_path / "patients.csv").unlink()
    with pytest.raises(SourceError, match=r"holds no patients\.csv"):
        MIMIC_IV_STAY.parts(tmp_path, "all")
