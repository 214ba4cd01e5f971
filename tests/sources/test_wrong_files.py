"""Files as people really have them: each fault is one clear sentence with the file, and with the row where a row is to blame."""

import io
import json
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from jobs.standins import write_standin
from schemas.errors import SourceError
from sources import by_name
from sources.check import Checked, check

Spoil = Callable[[Path], object]


def spoiled(tmp_path: Path, name: str, spoil: Spoil) -> Checked:
    write_standin(name, tmp_path / "set", rows=8)
    spoil(tmp_path / "set")
    return check(by_name(name), tmp_path / "set")


def edit(file: str, old: str, new: str, count: int = -1) -> Spoil:
    def spoil(folder: Path) -> None:
        path = next(folder.rglob(file))
        text = path.read_text(encoding="utf-8")
        assert old in text
        path.write_text(text.replace(old, new, count), encoding="utf-8")

    return spoil


def put(file: str, content: bytes) -> Spoil:
    return lambda folder: next(folder.rglob(file)).write_bytes(content)


def without(file: str) -> Spoil:
    return lambda folder: [path.unlink() for path in folder.rglob(file)]


def json_rows(file: str, change: Callable[[list[dict[str, object]]], object]) -> Spoil:
    def spoil(folder: Path) -> None:
        path = next(folder.rglob(file))
        rows = json.loads(path.read_text(encoding="utf-8"))
        change(rows)
        path.write_text(json.dumps(rows), encoding="utf-8")

    return spoil


def rezip(file: str, members: dict[str, bytes]) -> Spoil:
    def spoil(folder: Path) -> None:
        with zipfile.ZipFile(next(folder.rglob(file)), "w") as archive:
            for name, content in members.items():
                archive.writestr(name, content)

    return spoil


def linked_tar(folder: Path) -> None:
    member = tarfile.TarInfo("images/00000000_000.png")
    member.type, member.linkname = tarfile.SYMTYPE, "/etc/passwd"
    with tarfile.open(folder / "images_001.tar.gz", "w:gz") as archive:
        archive.addfile(member)


def pickled_npz(folder: Path) -> None:
    held = io.BytesIO()
    np.savez(held, train_images=np.array([{"a": 1}], object), train_labels=np.zeros((1, 1), np.uint8))
    (folder / "bloodmnist.npz").write_bytes(held.getvalue())


def linked_out(folder: Path) -> None:
    (folder.parent / "secret.jpg").write_bytes(b"\xff\xd8")
    image = next(folder.rglob("ROCO_00000.jpg"))
    image.unlink()
    image.symlink_to(folder.parent / "secret.jpg")


# What stops the reading: the source, what was done to its stand-in, and what the one sentence says.
STOPS: list[tuple[str, str, Spoil, str]] = [
    ("renamed column", "medmcqa", edit("train.json", '"opa"', '"option_a"'), r"no layout of its train split fits .*train\.json \(columns"),
    ("counts from 0", "medmcqa", edit("train.json", '"cop": 1', '"cop": 0'), "medmcqa row .* cop 0 stands where golds should count from 1"),
    (
        "Latin-1",
        "medmcqa",
        put("train.json", '{"question": "Ménière", "id": 1}\n'.encode("latin-1")),
        r"train\.json \(unreadable: is not UTF-8: byte 0xe9",
    ),
    (
        "Latin-1 in CSV",
        "pmc_vqa",
        put("train.csv", "Figure_path,Ménière\nx,y".encode("latin-1")),
        r"train\.csv is not UTF-8: byte 0xe9 at byte 13",
    ),
    ("UTF-16", "slake", put("train.json", '[{"qid": 1}]'.encode("utf-16")), r"train\.json is not UTF-8: byte 0xff"),
    ("cut JSON", "frenchmedmcqa", put("train.json", b'[{"id": "1", '), r"train\.json is not JSON: line 1"),
    ("renamed CSV column", "medcalc_bench", edit("train_data.csv", "Output Type", "Type"), "no layout of its train split fits"),
    (
        "another split's file",
        "slake",
        lambda folder: next(folder.rglob("train.json")).rename(folder / "test.json"),
        "no layout of its train split .* Or name another split, whose files are there: test",
    ),
    (
        "absolute path in a zip",
        "slake",
        rezip("imgs.zip", {"/etc/x.jpg": b"1"}),
        r"imgs\.zip has the member '/etc/x\.jpg', which leads out of",
    ),
    ("../ in a zip", "pmc_vqa", rezip("images.zip", {"../x.jpg": b"1"}), r"images\.zip has the member '\.\./x\.jpg', which leads out of"),
    ("nested zip", "pmc_vqa", rezip("images.zip", {"inner.zip": b"1"}), r"images\.zip holds no images but the archive 'inner\.zip'"),
    ("no zip at all", "slake", put("imgs.zip", b"<html>not found</html>"), r"imgs\.zip is no whole archive"),
    ("link in a tar", "nih_cxr14", linked_tar, r"images_001\.tar\.gz has the member .* is a link or a device"),
    ("cut tar", "nih_cxr14", put("images_001.tar.gz", b"\x1f\x8b\x08 cut"), r"images_001\.tar\.gz is no whole archive"),
    ("pickle in an npz", "bloodmnist", pickled_npz, r"bloodmnist\.npz: train_images holds object .*, not rows of bytes"),
    ("no npz", "bloodmnist", put("bloodmnist.npz", b"no zip"), r"bloodmnist\.npz is no \.npz file"),
    ("list without licences", "roco", without("licences.txt"), r"licences\.txt does not exist, which says each figure's licence"),
    (
        "list of images leads out",
        "bccd",
        edit("train.txt", "BloodImage_00000", "../../x"),
        r"bccd: the list of images names 'Annotations/\.\./\.\./x\.xml'",
    ),
    (
        "one class of four",
        "brain_tumor",
        lambda folder: [file.unlink() for file in folder.rglob("glioma*.jpg")],
        "no layout of its train split",
    ),
    ("HTML for Parquet", "path_vqa", put("train-00000-of-00001.parquet", b"<html>"), r"parquet is not readable as Parquet"),
]


@pytest.mark.parametrize(("name", "spoil", "told"), [case[1:] for case in STOPS], ids=[case[0] for case in STOPS])
def test_a_file_that_cannot_be_read_stops_with_one_sentence(tmp_path: Path, name: str, spoil: Spoil, told: str) -> None:
    with pytest.raises(SourceError, match=told) as stopped:
        spoiled(tmp_path, name, spoil)
    assert "\n" not in str(stopped.value)


def unzipped(folder: Path) -> None:
    with zipfile.ZipFile(folder / "imgs.zip") as archive:
        archive.extractall(folder)


def hot(rows: list[dict[str, object]]) -> None:
    rows[2]["option_A"] = rows[2]["option_B"] = rows[2]["gt_answer"]


def last_letter(folder: Path) -> None:
    path = next(folder.rglob("train.csv"))
    lines = path.read_text(encoding="utf-8").splitlines()
    lines[1] = lines[1][:-1] + "E"
    path.write_text("\n".join(lines), encoding="utf-8")


# What rejects a row: the source, what was done, the reason, and the first row that it names.
REJECTS: list[tuple[str, str, Spoil, str, str]] = [
    ("missing image", "slake", json_rows("train.json", lambda rows: rows[3].update(img_name="gone/x.jpg")), "image missing", "3"),
    ("absolute image", "slake", json_rows("train.json", lambda rows: rows[0].update(img_name="/etc/passwd")), "image path refused", "0"),
    ("image above", "slake", json_rows("train.json", lambda rows: rows[0].update(img_name="../x.jpg")), "image path refused", "0"),
    ("empty answer", "slake", json_rows("train.json", lambda rows: rows[1].update(answer="")), "no gold", "1"),
    ("link out of the set", "roco", linked_out, "image missing", "ROCO_00000"),
    ("unknown licence", "roco", edit("licences.txt", "CC BY-NC", "all rights"), "licence unknown", "ROCO_00001"),
    ("letter beyond the options", "pmc_vqa", last_letter, "gold out of range", "train:0"),
    ("options under other letters", "pmc_vqa", edit("train.csv", " A:", " B:", 1), "option under another letter", "train:0"),
    (
        "letter and index differ",
        "frenchmedmcqa",
        json_rows("train.json", lambda rows: rows[0].update(nbr_correct_answers=9)),
        "gold contradicts itself",
        "stand-in-0",
    ),
    (
        "options as text",
        "frenchmedmcqa",
        json_rows("train.json", lambda rows: rows[4].update(answers="a, b")),
        "options unreadable",
        "stand-in-4",
    ),
    ("two options read alike", "omnimedvqa", json_rows("ACRIMA.json", hot), "gold not among options", "ACRIMA_0002"),
    ("gold outside its limits", "medcalc_bench", edit("train_data.csv", ",7,7,7,", ",7,8,9,", 1), "gold outside its limits", "1"),
    ("no such day", "medcalc_bench", edit("train_data.csv", "08/09/2004,08", "31/31/2004,08", 1), "gold not a date", "2"),
    (
        "two classes at once",
        "ham10000",
        edit("*GroundTruth.csv", "ISIC_0000000,1.0,0.0", "ISIC_0000000,1.0,1.0"),
        "not one class",
        "ISIC_0000000",
    ),
    (
        "a label that is no number",
        "ham10000",
        edit("*GroundTruth.csv", "ISIC_0000001,0.0", "ISIC_0000001,no"),
        "gold not 0 or 1",
        "ISIC_0000001",
    ),
    ("box without area", "bccd", edit("BloodImage_00001.xml", "<xmax>", "<xmax>-"), "box without area", "BloodImage_00001"),
    ("box outside", "bccd", edit("BloodImage_00001.xml", "<xmax>", "<xmax>9"), "box outside the image", "BloodImage_00001"),
    (
        "entities in XML",
        "bccd",
        edit("BloodImage_00002.xml", "<annotation>", '<!DOCTYPE x [<!ENTITY a "b">]><annotation>'),
        "boxes unreadable",
        "BloodImage_00002",
    ),
    ("no XML", "bccd", without("BloodImage_00003.xml"), "boxes missing", "BloodImage_00003"),
    ("unknown finding", "nih_cxr14", edit("Data_Entry_2017.csv", "Cardiomegaly", "Cardiomegalie", 1), "unknown label", "Data_Entry_2017:1"),
    (
        "no finding and one",
        "nih_cxr14",
        edit("Data_Entry_2017.csv", "No Finding", "No Finding|Mass", 1),
        "gold contradicts itself",
        "Data_Entry_2017:2",
    ),
    ("ECG without its data", "ptb_xl", without("00001_hr.dat"), "signal missing", "1"),
    ("ECG cut off", "ptb_xl", put("00002_hr.dat", bytes(100)), "signal cut off", "2"),
    ("ECG at another rate", "ptb_xl", edit("00003_hr.hea", " 500 ", " 100 ", 1), "other sampling rate", "3"),
    ("unknown statement", "ptb_xl", edit("ptbxl_database.csv", "NORM", "NORMAL", 1), "unknown label", "0"),
    ("damaged line", "medqa", edit("*train.jsonl", '{"question"', '"question"', 1), "unreadable line", "phrases_no_exclude_train:0"),
    ("two lines in one", "medcalc_bench", edit("train_data.csv", "\n1,2,Body", "\n1,2,3,Body", 1), "unreadable line", "train_data:1"),
]


@pytest.mark.parametrize(("name", "spoil", "reason", "row"), [case[1:] for case in REJECTS], ids=[case[0] for case in REJECTS])
def test_a_row_that_cannot_be_read_is_named_and_the_others_are_read(tmp_path: Path, name: str, spoil: Spoil, reason: str, row: str) -> None:
    found = spoiled(tmp_path, name, spoil)
    told = {fault.reason: fault for fault in found.faults}
    assert [key for key in told if key.startswith(reason)], told
    first = next(fault for key, fault in told.items() if key.startswith(reason))
    assert first.row.endswith(row)
    assert sum(fault.count for fault in found.faults) < found.rows
    assert found.first is not None


# What people's editors do to files, and what does no harm.
HARMLESS: list[tuple[str, str, Spoil]] = [
    ("BOM in JSON", "slake", lambda folder: _prefix(folder, "train.json")),
    ("BOM in CSV", "pmc_vqa", lambda folder: _prefix(folder, "train.csv")),
    ("BOM in JSON Lines", "medqa", lambda folder: _prefix(folder, "*train.jsonl")),
    ("Windows line ends", "medcalc_bench", lambda folder: _windows(folder, "train_data.csv")),
    ("an unpacked zip beside", "slake", unzipped),
    ("files of a Mac", "slake", lambda folder: (folder / "._train.json").write_bytes(b"\0")),
]


def _prefix(folder: Path, file: str) -> None:
    path = next(folder.rglob(file))
    path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes())


def _windows(folder: Path, file: str) -> None:
    path = next(folder.rglob(file))
    path.write_bytes(path.read_bytes().replace(b"\n", b"\r\n"))


@pytest.mark.parametrize(("name", "spoil"), [case[1:] for case in HARMLESS], ids=[case[0] for case in HARMLESS])
def test_what_editors_and_systems_leave_does_no_harm(tmp_path: Path, name: str, spoil: Spoil) -> None:
    found = spoiled(tmp_path, name, spoil)
    assert (found.rows, found.faults) == (8, ())
