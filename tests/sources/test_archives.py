"""Archives are read in place, and nothing in one is trusted."""

import io
import tarfile
import zipfile
from pathlib import Path

import pytest

from schemas.errors import SourceError
from sources.archives import open_archive
from sources.pictures import Pictures, picture_files
from sources.rows import Fault


def a_zip(path: Path, members: dict[str, bytes], *, compress: int = zipfile.ZIP_STORED) -> Path:
    with zipfile.ZipFile(path, "w", compress) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return path


def a_tar(path: Path, *members: tarfile.TarInfo, mode: str = "w") -> Path:
    with tarfile.open(path, mode) as archive:  # type: ignore[call-overload]
        for member in members:
            archive.addfile(member, io.BytesIO(bytes(member.size)))
    return path


def member(name: str, size: int = 3, kind: bytes = tarfile.REGTYPE, link: str = "") -> tarfile.TarInfo:
    told = tarfile.TarInfo(name)
    told.size, told.type, told.linkname = size, kind, link
    return told


@pytest.mark.parametrize("name", ["x.tar", "x.tar.gz", "x.tgz", "x.tar.xz", "x.tar.bz2"])
def test_members_of_a_tar_read_in_any_order(tmp_path: Path, name: str) -> None:
    mode = {"gz": "w:gz", "tgz": "w:gz", "xz": "w:xz", "bz2": "w:bz2"}.get(name.rpartition(".")[2], "w")
    archive = open_archive(a_tar(tmp_path / name, member("a/1.png"), member("a/2.png", 4), mode=mode))
    assert archive.names == ("a/1.png", "a/2.png")
    assert (archive.read("a/2.png"), archive.read("a/1.png")) == (bytes(4), bytes(3))


@pytest.mark.parametrize("name", ["../x.png", "/x.png", "a/../../x.png", "C:/x.png", "a\\x.png"])
def test_a_member_that_leads_outside_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(SourceError, match=r"x\.zip has the member .* leads out of the folder"):
        open_archive(a_zip(tmp_path / "x.zip", {name: b"1"}))
    with pytest.raises(SourceError, match=r"x\.tar has the member .* leads out of the folder"):
        open_archive(a_tar(tmp_path / "x.tar", member(name)))


@pytest.mark.parametrize("kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.FIFOTYPE, tarfile.CHRTYPE])
def test_links_and_devices_are_refused(tmp_path: Path, kind: bytes) -> None:
    with pytest.raises(SourceError, match="is a link or a device"):
        open_archive(a_tar(tmp_path / "x.tar", member("x.png", 0, kind, "/etc/passwd")))


def test_a_link_in_a_zip_is_refused(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "x.zip", "w") as archive:
        link = zipfile.ZipInfo("x.png")
        link.external_attr = 0o120777 << 16
        archive.writestr(link, "/etc/passwd")
    with pytest.raises(SourceError, match="is a link"):
        open_archive(tmp_path / "x.zip")


def test_a_bomb_is_refused_before_it_is_unpacked(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match=r"would unpack .* bytes to 33,554,432"):
        open_archive(a_zip(tmp_path / "x.zip", {"x.png": bytes(32 << 20)}, compress=zipfile.ZIP_DEFLATED))
    with pytest.raises(SourceError, match="more than 200 times"):
        open_archive(a_tar(tmp_path / "x.tar.gz", member("x.png", 64 << 20), mode="w:gz"))


def test_a_repeated_member_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="is there twice"):
        open_archive(a_tar(tmp_path / "x.tar", member("x.png"), member("x.png")))


@pytest.mark.parametrize("name", ["x.zip", "x.tar", "x.tar.gz"])
def test_a_broken_archive_is_told(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_bytes(b"no archive at all, but long enough to be looked at" * 20)
    with pytest.raises(SourceError, match="is no whole archive"):
        open_archive(tmp_path / name)


def test_an_archive_in_an_archive_is_told(tmp_path: Path) -> None:
    inner = a_zip(tmp_path / "inner.zip", {"x.png": b"1"}).read_bytes()
    outer = a_zip(tmp_path / "outer.zip", {"inner.zip": inner})
    with pytest.raises(SourceError, match=r"outer\.zip holds no images but the archive 'inner\.zip'\. Unpack outer\.zip once"):
        Pictures(tmp_path, (outer,))


def test_pictures_are_found_by_name_end_and_folder(tmp_path: Path) -> None:
    a_zip(tmp_path / "imgs.zip", {"imgs/a/source.jpg": b"a", "imgs/b/source.jpg": b"b", "imgs/empty.jpg": b""})
    (tmp_path / "more").mkdir()
    (tmp_path / "more" / "c.png").write_bytes(b"c")
    pictures = Pictures(tmp_path, picture_files(tmp_path))
    assert [pictures.read(name) for name in ("a/source.jpg", "imgs/b/source.jpg", "c.png", "data/v2/b/source.jpg")] == [
        b"a",
        b"b",
        b"c",
        b"b",
    ]
    for name, why in (("source.jpg", "named unclearly"), ("d.png", "image missing"), ("empty.jpg", "image empty"), ("", "image missing")):
        with pytest.raises(Fault, match=why):
            pictures.read(name)
    for name in ("../more/c.png", "/more/c.png", "C:/c.png", "..\\c.png"):
        with pytest.raises(Fault, match="image path refused"):
            pictures.read(name)


def test_a_link_out_of_the_folder_is_no_picture(tmp_path: Path) -> None:
    (tmp_path / "secret.png").write_bytes(b"x")
    root = tmp_path / "set"
    root.mkdir()
    (root / "a.png").symlink_to(tmp_path / "secret.png")
    assert picture_files(root) == ()
