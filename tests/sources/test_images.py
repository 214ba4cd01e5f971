"""Image cells and paths: bytes in, nothing from outside the folder."""

from pathlib import Path
from typing import Any

import pytest

from sources.images import images_below, names_in, pictures, safe_path
from sources.rows import Fault


@pytest.fixture
def root(tmp_path: Path) -> Path:
    folder = tmp_path / "root"
    (folder / "sub").mkdir(parents=True)
    (folder / "a.png").write_bytes(b"a")
    (folder / "sub" / "b.JPG").write_bytes(b"b")
    (folder / "empty.png").write_bytes(b"")
    (folder / "notes.txt").write_bytes(b"t")
    (tmp_path / "secret.png").write_bytes(b"s")
    return folder


@pytest.mark.parametrize(
    ("value", "content"),
    [
        ("a.png", [b"a"]),
        (["a.png", "sub/b.JPG"], [b"a", b"b"]),
        (b"x", [b"x"]),
        ({"bytes": b"x", "path": "elsewhere.png"}, [b"x"]),
        ({"path": "./a.png"}, [b"a"]),
        ([{"image_path": "a.png"}, {"file_name": "sub/b.JPG"}], [b"a", b"b"]),
        ([{"bytes": b"x", "path": None}, "a.png"], [b"x", b"a"]),
        (None, []),
        ("", []),
        ([], []),
    ],
)
def test_a_cell_holds_images_in_many_shapes(root: Path, value: Any, content: list[bytes]) -> None:
    assert list(pictures(value, root)) == content


@pytest.mark.parametrize("name", ["../secret.png", "sub/../../secret.png", "/secret.png", "C:\\a.png", "a\0.png"])
def test_a_path_out_of_the_folder_is_refused(root: Path, name: str) -> None:
    with pytest.raises(Fault, match="image path refused"):
        safe_path(root, name)


def test_a_link_out_of_the_folder_is_refused(root: Path) -> None:
    (root / "link.png").symlink_to(root.parent / "secret.png")
    (root / "inner.png").symlink_to(root / "a.png")
    with pytest.raises(Fault, match="image path refused"):
        safe_path(root, "link.png")
    assert list(pictures("inner.png", root)) == [b"a"]


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        ("gone.png", "image missing"),
        ("sub", "image missing"),
        ("x" * 5000, "image missing"),
        ({"bytes": None, "path": "a.png"}, "image missing"),
        ("empty.png", "image empty"),
        (b"", "image empty"),
        (7, "image missing"),
    ],
)
def test_an_image_that_is_not_there_is_a_fault(root: Path, value: Any, reason: str) -> None:
    with pytest.raises(Fault) as raised:
        list(pictures(value, root))
    assert raised.value.reason == reason


def test_a_loop_of_links_is_a_missing_image(root: Path) -> None:
    (root / "x.png").symlink_to(root / "y.png")
    (root / "y.png").symlink_to(root / "x.png")
    with pytest.raises(Fault, match="image"):
        safe_path(root, "x.png")


def test_only_images_that_lie_inside_are_listed(root: Path) -> None:
    (root / "link.png").symlink_to(root.parent / "secret.png")
    (root / ".hidden").mkdir()
    (root / ".hidden" / "c.png").write_bytes(b"c")
    assert [path.relative_to(root).as_posix() for path in images_below(root)] == ["a.png", "empty.png", "sub/b.JPG"]


def test_the_files_that_a_cell_names_are_told() -> None:
    assert names_in(["a.png", {"path": "b.png"}, {"bytes": b"x", "path": "c.png"}, None]) == ("a.png", "b.png")
