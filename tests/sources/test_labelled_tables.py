"""Skin lesions and pneumonias: upstream's words in QoQ-Med's classes."""

from pathlib import Path

from sources.coronahack import SOURCE as CORONAHACK
from sources.pad_ufes import SOURCE as PAD_UFES
from tests.fixtures.pictures import drawn, encoded
from tests.fixtures.upstream import by_id, rows_of, write_csv

JPEG = encoded(drawn(1))


def test_actinic_keratosis_and_squamous_cell_carcinoma_are_one_class(tmp_path: Path) -> None:
    kinds = {"a.png": "ACK", "b.png": "SCC", "c.png": "NEV", "d.png": "SEK", "e.png": "XYZ"}
    write_csv(tmp_path / "metadata.csv", [["patient_id", "diagnostic", "img_id"], *(["p", kind, name] for name, kind in kinds.items())])
    (tmp_path / "images").mkdir()
    for name in kinds:
        (tmp_path / "images" / name).write_bytes(JPEG)
    rows = by_id(rows_of(PAD_UFES, tmp_path))
    assert rows["a.png"].gold == rows["b.png"].gold
    assert [rows[name].options[rows[name].gold["index"]] for name in ("c.png", "d.png")] == ["nevus", "other"]
    assert (rows["e.png"].fault, rows["a.png"].group) == ("unknown label", "p")


def test_pneumonia_of_another_cause_is_of_no_class(tmp_path: Path) -> None:
    head = ["", "X_ray_image_name", "Label", "Dataset_type", "Label_2_Virus_category", "Label_1_Virus_category"]
    lines = [["0", "a.jpeg", "Normal", "TRAIN", "", ""], ["1", "b.jpeg", "Pnemonia", "TRAIN", "", "bacteria"]]
    lines += [["2", "c.jpeg", "Pnemonia", "TRAIN", "COVID-19", "Virus"], ["3", "d.jpeg", "Pnemonia", "TRAIN", "", "Stress-Smoking"]]
    lines += [["4", "e.jpeg", "Normal", "TEST", "", ""]]
    write_csv(tmp_path / "Chest_xray_Corona_Metadata.csv", [head, *lines])
    for line in lines:
        (tmp_path / line[1]).write_bytes(JPEG)
    rows = by_id(rows_of(CORONAHACK, tmp_path, "train"))
    assert {name: row.gold.get("index", row.fault) for name, row in rows.items()} == {
        "a.jpeg": 0,
        "b.jpeg": 1,
        "c.jpeg": 2,
        "d.jpeg": "no gold",
    }
