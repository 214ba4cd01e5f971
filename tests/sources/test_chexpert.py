"""CheXpert (Plus) and MIMIC-CXR: which labels of a row are its gold, and which report is a study's."""

from pathlib import Path

import pytest

from sources.chexpert import LABELS
from sources.chexpert import SOURCE as CHEXPERT
from sources.chexpert_plus import SOURCE as CHEXPERT_PLUS
from sources.mimic_cxr import MIMIC_CXR, MIMIC_CXR_REPORTS, sections
from sources.rows import Fault
from tests.fixtures.pictures import drawn, encoded
from tests.fixtures.upstream import by_id, rows_of, write_csv

JPEG = encoded(drawn(1))


def chexpert(tmp_path: Path, **cells: str) -> list[object]:
    name = "CheXpert-v1.0-small/train/patient00001/study1/view1_frontal.jpg"
    head = ["Path", "Sex", "Age", "Frontal/Lateral", "AP/PA", *LABELS]
    row = [name, "Female", "68", "Frontal", "AP", *(cells.get(label.replace(" ", "_"), "") for label in LABELS)]
    write_csv(tmp_path / "CheXpert-v1.0-small" / "train.csv", [head, row])
    image = tmp_path / name
    image.parent.mkdir(parents=True, exist_ok=True)
    image.write_bytes(JPEG)
    found = rows_of(CHEXPERT, tmp_path)[0]
    return found.gold["labels"] if not found.fault else [found.fault]


def test_only_what_is_certain_is_a_label(tmp_path: Path) -> None:
    assert chexpert(tmp_path, Edema="1.0", Pneumonia="-1.0", Fracture="0.0") == ["Edema"]


def test_a_tube_may_stand_beside_no_finding_and_a_disease_may_not(tmp_path: Path) -> None:
    assert chexpert(tmp_path, No_Finding="1.0", Support_Devices="1.0") == ["No Finding", "Support Devices"]
    assert chexpert(tmp_path, No_Finding="1.0", Edema="1.0") == ["gold contradicts itself"]


def test_a_row_without_a_positive_label_is_not_called_healthy(tmp_path: Path) -> None:
    assert chexpert(tmp_path, Edema="-1.0") == ["no label"]
    assert chexpert(tmp_path, Edema="yes") == ["gold not 1, 0 or -1"]


def test_the_same_view_of_another_patient_is_another_image(tmp_path: Path) -> None:
    """All images of the set are called view1_frontal.jpg, and its paths begin with the set's own folder, which people leave out."""
    names = [f"CheXpert-v1.0-small/train/patient0000{number}/study1/view1_frontal.jpg" for number in (1, 2)]
    marks = ["1.0", *[""] * 13]
    write_csv(
        tmp_path / "train.csv",
        [["Path", "Sex", "Age", "Frontal/Lateral", "AP/PA", *LABELS], *([name, "", "", "", "", *marks] for name in names)],
    )
    for number, name in enumerate(names):
        image = tmp_path / name.partition("/")[2]
        image.parent.mkdir(parents=True)
        image.write_bytes(encoded(drawn(number)))
    rows = rows_of(CHEXPERT, tmp_path)
    assert [row.images[0] for row in rows] == [encoded(drawn(0)), encoded(drawn(1))]
    assert [row.group for row in rows] == ["patient00001", "patient00002"]


def mimic(tmp_path: Path) -> None:
    labels = sorted(LABELS)
    marks = ["1.0" if label == "Edema" else "-1.0" if label == "Pneumonia" else "" for label in labels]
    write_csv(
        tmp_path / "mimic-cxr-2.0.0-chexpert.csv",
        [["subject_id", "study_id", *labels], ["10000032", "50414267", *marks], ["10000033", "50414268", *[""] * 14]],
    )
    views = [["a", "50414267", "10000032", "train"], ["b", "50414267", "10000032", "train"], ["c", "50414268", "10000033", "test"]]
    write_csv(tmp_path / "mimic-cxr-2.0.0-split.csv", [["dicom_id", "study_id", "subject_id", "split"], *views])
    folder = tmp_path / "files/p10/p10000032/s50414267"
    folder.mkdir(parents=True)
    for number, name in enumerate("ab"):
        (folder / f"{name}.jpg").write_bytes(encoded(drawn(number)))
    folder.with_suffix(".txt").write_text(
        " FINAL REPORT\n EXAMINATION: CHEST\n\n FINDINGS:  Lungs are\n clear. RATIO: fine.\n\n IMPRESSION: No acute process.\n"
    )


def test_every_view_has_the_labels_of_its_study(tmp_path: Path) -> None:
    mimic(tmp_path)
    rows = by_id(rows_of(MIMIC_CXR, tmp_path, "train"))
    assert {name: row.gold["labels"] for name, row in rows.items()} == {"a": ["Edema"], "b": ["Edema"]}
    assert [row.fault for row in rows_of(MIMIC_CXR, tmp_path, "test")] == ["no label"]
    assert {row.group for row in rows.values()} == {"10000032"}


def test_a_study_s_report_is_asked_of_all_its_views(tmp_path: Path) -> None:
    mimic(tmp_path)
    rows = rows_of(MIMIC_CXR_REPORTS, tmp_path, "train")
    assert [len(row.images) for row in rows] == [2]
    assert rows[0].gold == {"values": ["Findings: Lungs are clear. RATIO: fine.\nImpression: No acute process."]}


def test_a_report_without_its_sections_is_no_gold() -> None:
    with pytest.raises(Fault, match="no gold"):
        sections(b" FINAL REPORT\n Comparison is made. No change.\n")
    assert sections(b"impression: Normal.") == "Impression: Normal."


def test_a_report_of_chexpert_plus_is_of_all_views_of_its_study_and_split(tmp_path: Path) -> None:
    head = ["path_to_image", "deid_patient_id", "section_findings", "section_impression"]
    study = "train/patient1/study1"
    lines = [
        [f"{study}/view1_frontal.jpg", "patient1", "Clear\nlungs.", ""],
        [f"{study}/view2_lateral.jpg", "patient1", "Clear lungs.", ""],
    ]
    lines += [
        ["train/patient1/study2/view1_frontal.jpg", "patient1", "", " "],
        ["valid/patient2/study1/view1_frontal.jpg", "patient2", "A", "B"],
    ]
    write_csv(tmp_path / "df_chexpert_plus_240401.csv", [head, *lines])
    for name in (f"{study}/view1_frontal.png", f"{study}/view2_lateral.jpg", "train/patient1/study2/view1_frontal.png"):
        (tmp_path / "PNG" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "PNG" / name).write_bytes(JPEG)
    rows = by_id(rows_of(CHEXPERT_PLUS, tmp_path))
    assert (rows[study].gold["values"], len(rows[study].images), rows[study].group) == (["Findings: Clear lungs."], 2, "patient1")
    assert (set(rows), rows["train/patient1/study2"].fault) == ({study, "train/patient1/study2"}, "no gold")
