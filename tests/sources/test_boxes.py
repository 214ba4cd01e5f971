"""Boxes of CT slices, wrists and sequences of images: their pixels, their window, their image."""

import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from sources.deeplesion import SOURCE as DEEPLESION
from sources.grazpedwri import SOURCE as GRAZPEDWRI
from sources.images import size_of
from sources.medsg import SOURCE as MEDSG
from sources.rows import Fault
from tests.fixtures.pictures import drawn, encoded
from tests.fixtures.upstream import by_id, rows_of, write_csv, write_json

HEAD = ["File_name", "Patient_index", "Bounding_boxes", "Possibly_noisy", "Image_size", "DICOM_windows", "Train_Val_Test"]


def test_a_slice_is_shown_as_its_window_says_with_all_its_lesions(tmp_path: Path) -> None:
    def line(name: str, box: str, noisy: str = "0", kind: str = "1") -> list[str]:
        return [name, "7", box, noisy, "4, 4", "-175, 275", kind]

    lines = [
        line("000001_01_01_109.png", "0, 1, 2, 3"),
        line("000001_01_01_109.png", "1.25, 1, 3, 2"),
        line("000002_01_01_001.png", "0, 0, 1, 1", "1"),
    ]
    lines += [line("000003_01_01_001.png", "0, 0, 9, 1"), line("000004_01_01_001.png", "0, 0, 1, 1", kind="3")]
    write_csv(tmp_path / "DL_info.csv", [HEAD, *lines])
    units = np.full((4, 4), -1024, np.int32)
    units[0, 0], units[0, 1], units[0, 2] = 50, 275, 3000
    held = io.BytesIO()
    Image.fromarray((units + 32_768).astype(np.uint16)).save(held, "PNG")
    folder = tmp_path / "Images_png" / "000001_01_01"
    folder.mkdir(parents=True)
    (folder / "109.png").write_bytes(held.getvalue())
    rows = by_id(rows_of(DEEPLESION, tmp_path, "train"))
    assert rows["000001_01_01_109.png"].gold["boxes"] == [[0, 1, 2, 3], [1.25, 1, 3, 2]]
    shown = np.asarray(Image.open(io.BytesIO(rows["000001_01_01_109.png"].images[0])))
    # 50 of -175 to 275 is the middle; what lies beyond is white or black.
    assert shown[0].tolist() == [128, 255, 255, 0]
    assert [rows[f"00000{number}_01_01_001.png"].fault for number in (2, 3)] == ["box possibly wrong", "box outside the image"]
    assert "000004_01_01_001.png" not in rows


def test_shares_of_a_wrist_become_pixels_and_a_side_s_letters_are_no_finding(tmp_path: Path) -> None:
    for folder in ("images", "yolov5/labels"):
        (tmp_path / folder).mkdir(parents=True)
    for name, lines in (("0001_1", "8 0.9 0.1 0.1 0.1\n3 0.5 0.5 0.5 0.25\n"), ("0002_1", "8 0.9 0.1 0.1 0.1\n"), ("0003_1", "12 0 0 1 1")):
        (tmp_path / "images" / f"{name}.png").write_bytes(encoded(drawn(1).resize((200, 80)), "PNG"))
        (tmp_path / "yolov5" / "labels" / f"{name}.txt").write_text(lines)
    rows = by_id(rows_of(GRAZPEDWRI, tmp_path))
    assert rows["0001_1"].gold == {"boxes": [[50, 30, 150, 50]], "labels": ["fracture"], "width": 200, "height": 80}
    assert (rows["0002_1"].fault, rows["0003_1"].fault) == ("no box", "boxes unreadable")


def test_a_box_names_the_image_that_it_stands_in(tmp_path: Path) -> None:
    def turns(*pairs: tuple[str, str]) -> list[dict[str, str]]:
        return [turn for asked, answered in pairs for turn in ({"from": "human", "value": asked}, {"from": "gpt", "value": answered})]

    named = "Identify the bounding box of <|object_ref_start|>RightVentricle<|object_ref_end|>."
    said = turns(
        (f"<image>\n<image>\n{named}", "It's in the second image. <|box_start|>(92,50),(164,124)<|box_end|>"),
        (named, "It's in the fourth image. <|box_start|>(1,1),(2,2)<|box_end|>"),
        (named, "I cannot say."),
    )
    images = [f"/upstream/Task8/{name}.png" for name in "ab"]
    write_json(tmp_path / "Task8.json", [{"id": "referring/ACDC/MRI_x", "task": "referring", "images": images, "conversations": said}])
    (tmp_path / "Task8").mkdir()
    for name in "ab":
        (tmp_path / "Task8" / f"{name}.png").write_bytes(encoded(drawn(1).resize((336, 336)), "PNG"))
    rows = rows_of(MEDSG, tmp_path)
    assert rows[0].gold == {"boxes": [[92, 50, 164, 124]], "labels": ["RightVentricle in image 2"], "width": 336, "height": 336}
    assert rows[0].question == "Identify the bounding box of RightVentricle."
    assert (rows[0].modality, len(rows[0].images)) == ("mri", 2)
    assert [row.fault for row in rows[1:]] == ["gold out of range", "no box"]


def test_the_size_of_an_image_stands_in_its_header() -> None:
    for format in ("PNG", "JPEG"):
        assert size_of(encoded(drawn(1).resize((123, 45)), format)) == (123, 45)
    for broken in (b"", b"GIF89a", b"\xff\xd8\xff\xe0\x00"):
        with pytest.raises(Fault, match="image size unknown"):
            size_of(broken)
