"""VinDr: what most readers saw, and a breast's own category."""

from pathlib import Path

from jobs.standins.clinical import dicom
from sources.vindr import VINDR_CXR, VINDR_MAMMO
from tests.fixtures.pictures import drawn
from tests.fixtures.upstream import by_id, rows_of, write_csv

HEAD = ["image_id", "rad_id", "Cardiomegaly", "COPD", "Lung tumor", "Pneumonia", "Tuberculosis", "Other diseases", "No finding"]


def picture(file: Path) -> None:
    import numpy as np

    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(dicom(np.asarray(drawn(1).convert("L"))))


def test_a_diagnosis_counts_where_most_readers_made_it(tmp_path: Path) -> None:
    lines = [
        ["a", "R1", "1", "0", "0", "1", "1", "0", "0"],
        ["a", "R2", "1", "0", "0", "1", "0", "0", "0"],
        ["b", "R1", "0", "0", "0", "0", "0", "0", "1"],
        ["a", "R3", "1", "0", "0", "0", "0", "0", "1"],
        ["b", "R2", "0", "0", "0", "1", "0", "0", "0"],
        ["b", "R3", "0", "0", "0", "0", "1", "0", "0"],
    ]
    write_csv(tmp_path / "annotations" / "image_labels_train.csv", [HEAD, *lines])
    for name in "ab":
        picture(tmp_path / "train" / f"{name}.dicom")
    rows = by_id(rows_of(VINDR_CXR, tmp_path))
    assert rows["a"].gold["labels"] == ["Pneumonia"]
    assert rows["b"].fault == "readers disagree"


def test_a_breast_has_its_own_category(tmp_path: Path) -> None:
    head = ["study_id", "series_id", "image_id", "laterality", "breast_birads", "split"]
    lines = [
        ["s", "x", "a", "L", "BI-RADS 5", "training"],
        ["s", "x", "b", "R", "BI-RADS 1", "training"],
        ["t", "x", "c", "L", "BI-RADS 2", "test"],
    ]
    write_csv(tmp_path / "breast-level_annotations.csv", [head, *lines])
    for study, name in ("sa", "sb", "tc"):
        picture(tmp_path / "images" / study / f"{name}.dicom")
    rows = by_id(rows_of(VINDR_MAMMO, tmp_path, "train"))
    assert {name: row.options[row.gold["index"]] for name, row in rows.items()} == {"a": "BI-RADS 5", "b": "BI-RADS 1"}
    assert [row.row for row in rows_of(VINDR_MAMMO, tmp_path, "test")] == ["c"]
