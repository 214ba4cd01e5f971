"""Folders of images, one folder a class."""

import os
import pickle
from pathlib import Path

import pytest

from schemas.errors import SourceError
from schemas.manifest import Dataset
from sources.imagefolder import PART_IMAGES, QUESTION, imagefolder_source
from sources.source import Source
from tests.fixtures.upstream import by_id, rows_of


def source(question: str | None = None, split: str | None = None) -> Source:
    facts = {"name": "cells", "kind": "imagefolder", "path": "x", "license": "MIT", "question": question, "split": split}
    return imagefolder_source(Dataset.model_validate(facts))


def lay_out(root: Path, *names: str) -> Path:
    for name in names:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(name.encode())
    return root


def test_every_image_is_a_question_of_its_classes(tmp_path: Path) -> None:
    lay_out(tmp_path, "red_blood_cell/1.jpg", "platelet/2.PNG", "platelet/deep/3.png", "platelet/notes.txt", "loose.png")
    rows = by_id(rows_of(source(), tmp_path))
    assert list(rows) == ["platelet/2.PNG", "platelet/deep/3.png", "red_blood_cell/1.jpg"]
    row = rows["red_blood_cell/1.jpg"]
    assert (row.question, row.options, row.gold) == (QUESTION, ("platelet", "red blood cell"), {"index": 1})
    assert (row.images, row.modality, row.fault) == ((b"red_blood_cell/1.jpg",), "image", "")


def test_the_question_may_be_ones_own(tmp_path: Path) -> None:
    lay_out(tmp_path, "a/1.jpg", "b/2.jpg")
    assert {row.question for row in rows_of(source("Which cell is this?"), tmp_path)} == {"Which cell is this?"}


def test_of_many_classes_ten_are_shown_the_right_one_among_them(tmp_path: Path) -> None:
    classes = [f"class_{index:02}" for index in range(14)]
    lay_out(tmp_path, *(f"{name}/{index}.png" for name in classes for index in range(3)))
    rows = rows_of(source(), tmp_path)
    for row in rows:
        assert len(row.options) == 10
        assert list(row.options) == sorted(row.options)
        assert row.options[row.gold["index"]] == row.row.split("/")[0].replace("_", " ")
    assert len({row.options for row in rows}) > 10
    assert rows == rows_of(source(), tmp_path)


def test_ten_classes_are_all_shown(tmp_path: Path) -> None:
    lay_out(tmp_path, *(f"c{index}/1.png" for index in range(10)))
    assert {len(row.options) for row in rows_of(source(), tmp_path)} == {10}


@pytest.mark.parametrize("names", [("only/1.png", "only/2.png"), ("only/1.png", "texts/readme.txt"), ("1.png",), ()])
def test_fewer_than_two_classes_are_refused(tmp_path: Path, names: tuple[str, ...]) -> None:
    with pytest.raises(SourceError, match="needs images in two class folders"):
        source().parts(lay_out(tmp_path, *names), None)


def test_classes_that_read_alike_are_refused(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="read alike"):
        source().parts(lay_out(tmp_path, "a_b/1.png", "a b/2.png"), None)


def test_a_file_is_no_folder(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="is a file"):
        source().parts(lay_out(tmp_path, "1.png") / "1.png", None)


def test_a_folder_of_the_splits_name_is_taken(tmp_path: Path) -> None:
    lay_out(tmp_path, "train/a/1.png", "train/b/1.png", "test/a/2.png", "test/b/2.png")
    assert list(by_id(rows_of(source(split="test"), tmp_path))) == ["a/2.png", "b/2.png"]


def test_parts_name_their_images_and_all_classes(tmp_path: Path) -> None:
    lay_out(tmp_path, *(f"{name}/{index}.png" for name in ("a", "b") for index in range(PART_IMAGES // 2 + 1)))
    parts = source().parts(tmp_path, None)
    assert [len(part.files) for part in parts] == [PART_IMAGES, 2]
    assert {part.about for part in parts} == {("a", "b")}


def test_an_image_that_went_away_is_a_fault(tmp_path: Path) -> None:
    lay_out(tmp_path, "a/1.png", "b/2.png", "b/3.png")
    layout = pickle.loads(pickle.dumps(source().layout_for(tmp_path, None)))
    (part,) = source().parts(tmp_path, None)
    (tmp_path / "a" / "1.png").unlink()
    (tmp_path / "b" / "2.png").write_bytes(b"")
    assert [(row.row, row.fault) for row in layout.read(part)] == [
        ("a/1.png", "image missing"),
        ("b/2.png", "image empty"),
        ("b/3.png", ""),
    ]


def test_a_name_that_is_not_utf8_is_told(tmp_path: Path) -> None:
    lay_out(tmp_path, "a/1.jpg", "b/2.jpg")
    (tmp_path / os.fsdecode(b"b/\xff.jpg")).write_bytes(b"x")
    with pytest.raises(SourceError, match=r"has a name that is not UTF-8\. Rename it\."):
        source().fit(tmp_path, None)
