"""IU-Xray: one report, all views of its study."""

from pathlib import Path

from sources.iu_xray import SOURCE
from tests.fixtures.pictures import drawn, encoded
from tests.fixtures.upstream import by_id, rows_of, write_csv


def test_a_report_is_asked_of_all_views_the_frontal_one_first(tmp_path: Path) -> None:
    views = [
        ["1", "1_b.dcm.png", "Lateral"],
        ["1", "1_a.dcm.png", "Frontal"],
        ["2", "2_a.dcm.png", "Frontal"],
        ["3", "gone.png", "Frontal"],
    ]
    write_csv(tmp_path / "indiana_projections.csv", [["uid", "filename", "projection"], *views])
    head = ["uid", "MeSH", "Problems", "image", "indication", "comparison", "findings", "impression"]
    reports = [["1", "", "normal", "", "", "", "Clear\nlungs.", "Normal."], ["2", "", "", "", "", "", "", ""], ["3", *[""] * 6, "Normal."]]
    write_csv(tmp_path / "indiana_reports.csv", [head, *reports])
    folder = tmp_path / "images" / "images_normalized"
    folder.mkdir(parents=True)
    for number, name in enumerate(("1_a.dcm.png", "1_b.dcm.png", "2_a.dcm.png")):
        (folder / name).write_bytes(encoded(drawn(number), "PNG"))
    rows = by_id(rows_of(SOURCE, tmp_path))
    assert rows["1"].gold == {"values": ["Findings: Clear lungs.\nImpression: Normal."]}
    assert rows["1"].images == (encoded(drawn(0), "PNG"), encoded(drawn(1), "PNG"))
    assert (rows["2"].fault, rows["3"].fault) == ("no gold", "image missing")
