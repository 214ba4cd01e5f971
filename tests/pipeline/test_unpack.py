"""Unpacking archives: what is refused, and what a crash leaves."""

import stat
import zipfile
from pathlib import Path

import pytest

from pipeline.unpack import unpack, unpack_beside
from schemas.errors import FetchError


def archive(path: Path, members: dict[str, bytes]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as out:
        for name, data in members.items():
            out.writestr(name, data)
    return path


@pytest.mark.parametrize("name", ["/etc/x", "../x", "a/../../x", "C:/x", "a\\..\\x"])
def test_members_that_lead_outside_are_refused_before_anything_is_written(tmp_path: Path, name: str) -> None:
    packed = archive(tmp_path / "a.zip", {"good.txt": b"1", name: b"2"})
    with pytest.raises(FetchError, match="leads out of the folder"):
        unpack(packed, tmp_path / "out")
    assert [path.name for path in tmp_path.iterdir()] == ["a.zip"]


def test_links_are_refused(tmp_path: Path) -> None:
    link = zipfile.ZipInfo("link")
    link.external_attr = (stat.S_IFLNK | 0o777) << 16
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as out:
        out.writestr(link, "/etc/passwd")
    with pytest.raises(FetchError, match="is a link"):
        unpack(tmp_path / "a.zip", tmp_path / "out")


def test_archives_over_the_limit_are_refused(tmp_path: Path) -> None:
    packed = archive(tmp_path / "a.zip", {"zeros": bytes(100_000)})
    with pytest.raises(FetchError, match="unpacks to 100000 bytes, over the limit of 99999"):
        unpack(packed, tmp_path / "out", max_bytes=99_999)
    unpack(packed, tmp_path / "out", max_bytes=100_000)
    assert (tmp_path / "out/zeros").stat().st_size == 100_000


@pytest.mark.parametrize("damage", ["start", "end", "middle"])
def test_damaged_archives_are_told(tmp_path: Path, damage: str) -> None:
    whole = archive(tmp_path / "a.zip", {"words": bytes(range(256)) * 50}).read_bytes()
    damaged = {"start": whole[40:], "end": whole[:40], "middle": whole[:40] + bytes(8) + whole[48:]}[damage]
    (tmp_path / "a.zip").write_bytes(damaged)
    with pytest.raises(FetchError, match=r"is no whole zip archive|begins before the archive"):
        unpack(tmp_path / "a.zip", tmp_path / "out")


def test_unpacking_that_was_cut_short_is_done_again(tmp_path: Path) -> None:
    packed = archive(tmp_path / "a.zip", {"x": b"1"})
    (tmp_path / ".a.zip.unpacked").write_text("")
    (tmp_path / "a").mkdir()
    unpack_beside(packed, "d1")
    assert (tmp_path / "a/x").read_bytes() == b"1"
    assert sorted(path.name for path in tmp_path.iterdir()) == [".a.zip.unpacked", "a", "a.zip"]


def test_a_folder_of_someone_else_is_not_written_over(tmp_path: Path) -> None:
    packed = archive(tmp_path / "a.zip", {"x": b"1"})
    (tmp_path / "a").mkdir()
    with pytest.raises(FetchError, match="which is already there"):
        unpack_beside(packed, "d1")


def test_a_new_archive_replaces_what_the_old_one_held(tmp_path: Path) -> None:
    unpack_beside(archive(tmp_path / "a.zip", {"old": b"1"}), "d1")
    unpack_beside(archive(tmp_path / "a.zip", {"new": b"1"}), "d2")
    assert [path.name for path in (tmp_path / "a").iterdir()] == ["new"]


def test_a_file_where_a_folder_should_be_is_told(tmp_path: Path) -> None:
    packed = archive(tmp_path / "a.zip", {"x": b"1", "x/y": b"2"})
    with pytest.raises(FetchError, match="cannot be unpacked into"):
        unpack(packed, tmp_path / "out")


def test_a_name_that_no_disk_takes_is_told(tmp_path: Path) -> None:
    packed = archive(tmp_path / "a.zip", {"n" * 300: b"1"})
    with pytest.raises(FetchError, match="File name too long"):
        unpack(packed, tmp_path / "out")


def test_an_unknown_packing_is_told(tmp_path: Path) -> None:
    packed = archive(tmp_path / "a.zip", {"x": b"1" * 100})
    whole = bytearray(packed.read_bytes())
    for marker, place in ((b"PK\x03\x04", 8), (b"PK\x01\x02", 10)):
        at = whole.index(marker) + place
        whole[at : at + 2] = (97).to_bytes(2, "little")
    packed.write_bytes(whole)
    with pytest.raises(FetchError, match="is packed in a way that is not read here"):
        unpack(packed, tmp_path / "out")
