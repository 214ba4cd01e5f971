"""Duplicate clusters of a folder or a table: a row for every image, and a reason for what is no picture."""

import csv
import os
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from PIL import Image

from jobs.dedup import dedup, summary
from pipeline.dedup import DuplicateImage, dedup_images, images_of
from schemas.errors import SourceError, StoreError, UsageError
from tests.fixtures.pictures import drawn, encoded


@pytest.fixture
def folder(tmp_path):
    root = tmp_path / "images"
    (root / "deep").mkdir(parents=True)
    first = encoded(drawn(1, (400, 300)), quality=90)
    (root / "a.jpg").write_bytes(first)
    (root / "deep" / "copy.jpg").write_bytes(first)
    (root / "b.png").write_bytes(encoded(drawn(1, (400, 300)).resize((300, 225)), "PNG"))
    (root / "c.jpg").write_bytes(encoded(drawn(2, shape=2)))
    (root / "empty.jpg").write_bytes(b"")
    (root / "notes.txt").write_text("no image")
    (root / "torn.jpg").write_bytes(first[:4000])
    return root


def by_path(table: pa.Table) -> dict[str, dict]:
    assert table.schema.equals(DuplicateImage.schema)
    return {row["path"]: row for row in table.to_pylist()}


def test_every_file_of_a_folder_has_a_row(folder):
    rows = by_path(dedup_images(images_of(folder)))
    assert list(rows) == ["a.jpg", "b.png", "c.jpg", "deep/copy.jpg", "empty.jpg", "notes.txt", "torn.jpg"]
    assert {path: (row["keeper"], row["reason"]) for path, row in rows.items()} == {
        "a.jpg": ("a.jpg", ""),
        "b.png": ("a.jpg", "same picture"),
        "c.jpg": ("c.jpg", ""),
        "deep/copy.jpg": ("a.jpg", "same bytes"),
        "empty.jpg": (None, "empty file"),
        "notes.txt": (None, "not an image"),
        "torn.jpg": (None, "truncated image"),
    }
    assert rows["a.jpg"]["cluster"] == rows["b.png"]["cluster"] == rows["deep/copy.jpg"]["cluster"] != rows["c.jpg"]["cluster"]
    assert rows["torn.jpg"]["cluster"] is rows["torn.jpg"]["distance"] is None
    assert rows["a.jpg"]["distance"] == rows["c.jpg"]["distance"] == 0


def test_workers_do_not_change_the_table(folder):
    assert dedup_images(images_of(folder), workers=4).equals(dedup_images(images_of(folder)))


def test_exact_distances_are_those_of_imagehash(folder):
    imagehash = pytest.importorskip("imagehash")
    one, two = (imagehash.phash(Image.open(folder / name)) for name in ("a.jpg", "b.png"))
    rows = by_path(dedup_images(images_of(folder), exact=True))
    assert rows["b.png"]["distance"] == one - two
    assert rows["b.png"]["keeper"] == "a.jpg"


@pytest.mark.parametrize("shape", ["struct", "bytes", "paths", "lists"])
def test_reads_an_image_column_of_any_usual_shape(folder, shape):
    files = [folder / "a.jpg", folder / "b.png", folder / "c.jpg"]
    data = [file.read_bytes() for file in files]
    column = {
        "struct": [{"bytes": one, "path": file.name} for one, file in zip(data, files, strict=True)],
        "bytes": data,
        "paths": [file.name for file in files],
        "lists": [[{"bytes": data[0], "path": None}, {"bytes": data[1], "path": None}], [{"bytes": data[2], "path": None}]],
    }[shape]
    table = pa.table({"id": list(range(len(column))), "images" if shape == "lists" else "image": column})
    pq.write_table(table, folder / "rows.parquet")
    rows = dedup_images(images_of(folder / "rows.parquet")).to_pylist()
    assert [row["reason"] for row in rows] == ["", "same picture", ""]
    expected = {
        "bytes": ["rows.parquet#0", "rows.parquet#1", "rows.parquet#2"],
        "lists": ["rows.parquet#0.0", "rows.parquet#0.1", "rows.parquet#1.0"],
    }
    assert [row["path"] for row in rows] == expected.get(shape, ["a.jpg", "b.png", "c.jpg"])


def test_a_cell_without_an_image_has_a_row(tmp_path):
    table = pa.table(
        {"image": pa.array([None, {"bytes": None, "path": "gone.jpg"}], pa.struct({"bytes": pa.binary(), "path": pa.string()}))}
    )
    pq.write_table(table, tmp_path / "rows.parquet")
    rows = dedup_images(images_of(tmp_path / "rows.parquet")).to_pylist()
    assert [(row["path"], row["reason"]) for row in rows] == [
        ("rows.parquet#0", "cannot be read: no image"),
        ("gone.jpg", "cannot be read: no such file or directory"),
    ]


def test_says_what_is_no_image_column(tmp_path):
    pq.write_table(pa.table({"question": ["q"]}), tmp_path / "rows.parquet")
    with pytest.raises(SourceError, match="no image column among question"):
        images_of(tmp_path / "rows.parquet")
    with pytest.raises(SourceError, match="neither a folder nor a file"):
        images_of(tmp_path / "gone")


def test_the_command_writes_what_it_returns(folder, tmp_path):
    table = dedup(folder, out=tmp_path / "out" / "clusters.parquet")
    assert pq.read_table(tmp_path / "out" / "clusters.parquet").equals(table)
    assert summary(table) == "7 images: 2 pictures, 1 of them more than once; 3 images do not decode."
    assert summary(table.slice(0, 1)) == "1 image: 1 picture, 0 of them more than once; 0 images do not decode."
    dedup(folder, out=tmp_path / "clusters.csv")
    with (tmp_path / "clusters.csv").open() as file:
        assert [row["path"] for row in csv.DictReader(file)] == table["path"].to_pylist()


def test_the_command_tells_a_wrong_radius_and_a_wrong_place(folder, tmp_path):
    with pytest.raises(UsageError, match="A radius of 50 bits"):
        dedup(folder, 50)
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreError, match="cannot be written"):
        dedup(folder, out=tmp_path / "file" / "clusters.parquet")
    with pytest.raises(UsageError, match="neither Parquet"):
        dedup(folder, out=tmp_path / "clusters.txt")


def test_files_with_any_name_and_things_that_are_no_files_have_a_row(tmp_path):
    root = tmp_path / "images"
    root.mkdir()
    picture = encoded(drawn(1), quality=90)
    Path(os.fsdecode(os.fsencode(root) + b"/caf\xe9.jpg")).write_bytes(picture)
    (root / "a.jpg").write_bytes(picture)
    (root / "gone.jpg").symlink_to(root / "nowhere.jpg")
    os.mkfifo(root / "pipe.jpg")
    rows = by_path(dedup(root, out=tmp_path / "clusters.csv"))
    assert {path: (row["cluster"] is None, row["reason"]) for path, row in rows.items()} == {
        "a.jpg": (False, ""),
        "caf\\xe9.jpg": (False, "same bytes"),
        "gone.jpg": (True, "cannot be read: no such file or directory"),
        "pipe.jpg": (True, "cannot be read: neither a file nor a folder"),
    }
    assert len((tmp_path / "clusters.csv").read_text().splitlines()) == 5


@pytest.mark.skipif(os.geteuid() == 0, reason="no file is shut to the superuser")
def test_what_may_not_be_read_is_told(folder, tmp_path):
    (folder / "a.jpg").chmod(0)
    (folder / "deep").chmod(0)
    try:
        rows = by_path(dedup_images(images_of(folder)))
    finally:
        (folder / "deep").chmod(0o700)
    assert rows["a.jpg"]["reason"] == rows["deep"]["reason"] == "cannot be read: permission denied"


def test_a_broken_table_is_told_in_one_sentence(folder, tmp_path):
    pq.write_table(pa.table({"image": [(folder / name).read_bytes() for name in ("a.jpg", "c.jpg")]}), tmp_path / "rows.parquet")
    whole = (tmp_path / "rows.parquet").read_bytes()
    for broken in (whole[:-9], whole[:4] + bytes(100) + whole[104:], b"", b"PAR1"):
        (tmp_path / "rows.parquet").write_bytes(broken)
        with pytest.raises(SourceError, match=r"rows\.parquet cannot be read as Parquet \(.*\): write it again"):
            images_of(tmp_path / "rows.parquet")


def test_a_place_that_cannot_be_written_is_told_before_anything_is_read(tmp_path):
    (tmp_path / "file").write_text("")
    for out in (tmp_path / "file" / "clusters.csv", tmp_path / "file" / "deep" / "clusters.parquet"):
        with pytest.raises(StoreError, match="cannot be written"):
            dedup(tmp_path / "no images", out=out)
    (tmp_path / "folder.csv").mkdir()
    with pytest.raises(StoreError, match="it is a folder"):
        dedup(tmp_path / "no images", out=tmp_path / "folder.csv")
