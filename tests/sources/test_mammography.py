"""Mammograms: the gravest lesion of an image, and patients whose two breasts differ."""

from pathlib import Path

from sources.mammography import CBIS_DDSM, CMMD
from tests.fixtures.pictures import drawn, encoded
from tests.fixtures.upstream import by_id, rows_of, write_csv

JPEG = encoded(drawn(1))


def test_an_image_has_the_category_of_its_gravest_lesion(tmp_path: Path) -> None:
    head = ["patient_id", "assessment", "pathology", "image file path"]
    one, other = (f"Mass-Training_P_0000{number}_LEFT_CC/1.3/1.3.{number}/000000.dcm" for number in (1, 2))
    lines = [["P_00001", "2", "BENIGN", one], ["P_00001", "4", "MALIGNANT", one], ["P_00002", "0", "BENIGN", other]]
    write_csv(tmp_path / "csv" / "mass_case_description_train_set.csv", [head, *lines])
    write_csv(tmp_path / "csv" / "calc_case_description_train_set.csv", [head, ["P_00003", "5", "", "Calc/1.3/1.3.3/0.dcm"]])
    for number, name in ((1, "1-263.jpg"), (2, "1-001.jpg"), (2, "2-001.jpg")):
        image = tmp_path / "jpeg" / f"1.3.{number}" / name
        image.parent.mkdir(parents=True, exist_ok=True)
        image.write_bytes(JPEG)
    rows = by_id(rows_of(CBIS_DDSM, tmp_path))
    known = rows[one]
    assert known.options[known.gold["index"]] == "BI-RADS 4"
    # Two files in the folder of a series: which of them is the mammogram is not told.
    assert rows[other].fault == "image named unclearly"
    assert rows["Calc/1.3/1.3.3/0.dcm"].fault == "image missing"


def test_a_patient_whose_breasts_differ_is_told_so(tmp_path: Path) -> None:
    lines = [["D1-0001", "R", "Benign"], ["D1-0002", "L", "Malignant"], ["D1-0003", "L", "Benign"], ["D1-0003", "R", "Malignant"]]
    write_csv(tmp_path / "CMMD_clinicaldata_revision.csv", [["ID1", "LeftRight", "classification"], *lines])
    for name in ("D1-0001", "D1-0002", "D1-0003"):
        for view in (1, 2):
            image = tmp_path / "CMMD" / name / "07-18-2010" / f"1-{view}.dcm"
            image.parent.mkdir(parents=True, exist_ok=True)
            image.write_bytes(JPEG)
    rows = by_id(rows_of(CMMD, tmp_path))
    assert [rows[name].gold["index"] for name in ("D1-0001", "D1-0002")] == [0, 1]
    assert (rows["D1-0003"].fault, len(rows["D1-0001"].images)) == ("breasts differ", 2)
