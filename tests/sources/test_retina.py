"""Grades of retinopathy count from 0, and an image may end otherwise than its table says."""

from pathlib import Path

from sources.retina import APTOS, MESSIDOR2
from tests.fixtures.pictures import drawn, encoded
from tests.fixtures.upstream import by_id, rows_of, write_csv

JPEG = encoded(drawn(1))


def test_grade_two_of_aptos_is_moderate(tmp_path: Path) -> None:
    write_csv(tmp_path / "train.csv", [["id_code", "diagnosis"], ["000c1434d8d7", "2"], ["x", "5"]])
    (tmp_path / "train_images").mkdir()
    (tmp_path / "train_images" / "000c1434d8d7.png").write_bytes(JPEG)
    rows = by_id(rows_of(APTOS, tmp_path))
    known = rows["000c1434d8d7"]
    assert known.options[known.gold["index"]].startswith("moderate")
    assert rows["x"].fault == "gold out of range"


def test_messidor_s_ungradable_images_have_no_gold_and_other_endings_are_found(tmp_path: Path) -> None:
    lines = [["20051020_1_PP.png", "4", "0", "1"], ["IM002385.jpg", "", "", "0"], ["IM3.jpg", "1.0", "0", "1"]]
    write_csv(tmp_path / "messidor_data.csv", [["image_id", "adjudicated_dr_grade", "adjudicated_dme", "adjudicated_gradable"], *lines])
    (tmp_path / "IMAGES").mkdir()
    for name in ("20051020_1_PP.png", "IM3.JPG"):
        (tmp_path / "IMAGES" / name).write_bytes(JPEG)
    rows = by_id(rows_of(MESSIDOR2, tmp_path))
    assert rows["20051020_1_PP.png"].gold == {"index": 4}
    assert (rows["IM002385.jpg"].fault, rows["IM3.jpg"].gold) == ("no gold", {"index": 1})
