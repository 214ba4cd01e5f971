"""VQA-RAD: questions on images, in a JSON list beside a folder or embedded in Parquet."""

from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from schemas.errors import SourceError
from schemas.example import AnswerType
from sources.vqa_rad import SOURCE
from tests.fixtures.upstream import by_id, real, rows_of, write_json, write_parquet

JPEG = b"\xff\xd8not decoded here"


def question(qid: int, answer: Any, kind: str = "CLOSED", **other: Any) -> dict[str, Any]:
    row = {"qid": qid, "phrase_type": "freeform", "image_name": "synpic1.jpg", "image_organ": "CHEST"}
    return row | {"question": "Is there a mass?\t", "answer": answer, "answer_type": kind} | other


def lay_out(root: Path, rows: list[dict[str, Any]]) -> Path:
    write_json(root / "VQA_RAD Dataset Public.json", rows)
    folder = root / "VQA_RAD Image Folder"
    folder.mkdir()
    (folder / "synpic1.jpg").write_bytes(JPEG)
    (folder / "synpic2.jpg").write_bytes(JPEG + b"2")
    return root


@pytest.mark.parametrize(
    ("answer", "kind", "answer_type", "gold"),
    [
        ("Yes", "CLOSED", AnswerType.YESNO, {"value": "yes"}),
        ("NO ", "CLOSED ", AnswerType.YESNO, {"value": "no"}),
        ("left", "CLOSED", AnswerType.OPEN, {"values": ["left"]}),
        ("Yes", "OPEN", AnswerType.OPEN, {"values": ["Yes"]}),
        (4, "OPEN", AnswerType.OPEN, {"values": ["4"]}),
    ],
)
def test_closed_yes_and_no_are_yesno_all_else_is_open(tmp_path: Path, answer: Any, kind: str, answer_type: AnswerType, gold: Any) -> None:
    (row,) = rows_of(SOURCE, lay_out(tmp_path, [question(1, answer, kind)]))
    assert (row.answer_type, row.gold, row.question) == (answer_type, gold, "Is there a mass?")
    assert (row.row, row.group, row.modality, row.subject, row.images) == ("1", "synpic1.jpg", "radiology", "CHEST", (JPEG,))


def test_the_part_names_the_images_of_its_split(tmp_path: Path) -> None:
    rows = [question(1, "Yes"), question(2, "No", phrase_type="test_freeform", image_name="synpic2.jpg")]
    lay_out(tmp_path, rows)
    (train,) = SOURCE.parts(tmp_path, "train")
    (test,) = SOURCE.parts(tmp_path, "test")
    assert [file.name for file in train.files[1:]] == ["synpic1.jpg"]
    assert [file.name for file in test.files[1:]] == ["synpic2.jpg"]
    assert list(by_id(rows_of(SOURCE, tmp_path, "test"))) == ["2"]


@pytest.mark.parametrize("name", ["synpic9.jpg", "../synpic1.jpg", "/synpic1.jpg", ""])
def test_an_image_that_is_not_there_is_a_fault(tmp_path: Path, name: str) -> None:
    lay_out(tmp_path, [question(1, "Yes", image_name=name), question(2, "Yes")])
    rows = by_id(rows_of(SOURCE, tmp_path))
    assert (rows["1"].fault, rows["1"].detail, rows["2"].fault) == ("image missing", name, "")


def test_a_row_with_a_lost_field_is_a_fault(tmp_path: Path) -> None:
    lost = question(1, "Yes")
    del lost["question"]
    (row, _) = rows_of(SOURCE, lay_out(tmp_path, [lost, question(2, "Yes")]))
    assert (row.row, row.fault, row.detail) == ("1", "missing field", "question")


def test_hub_parquet_embeds_its_images(tmp_path: Path) -> None:
    rows = [
        {"image": {"bytes": JPEG, "path": None}, "question": "Is there a mass?", "answer": "yes"},
        {"image": {"bytes": JPEG, "path": None}, "question": "Where?", "answer": "left lobe"},
        {"image": {"bytes": None, "path": "gone.jpg"}, "question": "Where?", "answer": "left lobe"},
    ]
    write_parquet(tmp_path / "data" / "train-00000-of-00001-eb88.parquet", rows)
    first, second, third = rows_of(SOURCE, tmp_path)
    assert first.row == "train-00000-of-00001-eb88:0"
    assert (first.answer_type, second.answer_type) == (AnswerType.YESNO, AnswerType.OPEN)
    assert first.group == second.group != ""
    assert (third.fault, third.detail) == ("image missing", "gone.jpg")


def test_real_rows_read_without_a_fault() -> None:
    path = real("vqa_rad")
    train, test = by_id(rows_of(SOURCE, path)), by_id(rows_of(SOURCE, path, "test"))
    assert Counter((row.fault, row.answer_type.value) for row in train.values()) == {("", "yesno"): 597, ("", "open"): 529}
    assert Counter((row.fault, row.answer_type.value) for row in test.values()) == {("", "yesno"): 163, ("", "open"): 124}
    assert len({row.group for row in (*train.values(), *test.values())}) == 202
    assert train["1"].gold == {"value": "no"}
    assert (train | test)["1511"].gold == {"values": ["4"]}
    assert all(row.images[0].startswith(b"\xff\xd8") for row in train.values())


def test_a_real_folder_of_images_alone_is_refused() -> None:
    with pytest.raises(SourceError, match="no layout of its train split fits"):
        SOURCE.parts(real("vqa_rad_republished"), None)
