"""Image bytes as upstream ships them: files below a folder, or cells of a table. Pixels are never decoded here."""

from collections.abc import Iterator, Mapping
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import Any

from schemas.errors import SourceError
from sources.formats import brief, check_name
from sources.rows import Fault

IMAGE_SUFFIXES = frozenset((".jpg", ".jpeg", ".png", ".gif", ".webp", ".tif", ".tiff", ".bmp"))
PATHS = ("path", "image_path", "file_name")


def images_below(folder: Path) -> tuple[Path, ...]:
    """The image files in a folder and its folders, sorted by path; hidden ones and links out of it left out.

    Raises: SourceError where a name is not UTF-8.
    """
    home = folder.resolve()
    found = tuple(
        path
        for path in sorted(folder.rglob("*"))
        if path.suffix.lower() in IMAGE_SUFFIXES
        and not any(part.startswith(".") for part in path.relative_to(folder).parts)
        and path.is_file()
        and path.resolve().is_relative_to(home)
    )
    for path in found:
        check_name(path)
    return found


def safe_path(root: Path, name: str) -> Path:
    """The file of that name below the root.

    Raises: Fault where the name leads out of the root, or there is no such file.
    """
    relative = PurePosixPath(name)
    if relative.is_absolute() or PureWindowsPath(name).drive or ".." in relative.parts or "\0" in name:
        raise Fault("image path refused", name[:120])
    path = root / relative
    try:
        inside = path.resolve().is_relative_to(root.resolve())
        found = path.is_file()
    except (OSError, RuntimeError):
        raise Fault("image missing", name[:120]) from None
    if not inside:
        raise Fault("image path refused", name[:120])
    if not found:
        raise Fault("image missing", name[:120])
    return path


def load(path: Path, name: str = "") -> bytes:
    """The bytes of an image file.

    Raises: Fault where it is empty; SourceError where it may not be read.
    """
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        raise Fault("image missing", name or path.name) from None
    except OSError as error:
        raise SourceError(f"{path} cannot be read: {brief(error)}. Give read access to it, or take it out of the folder.") from error
    if not content:
        raise Fault("image empty", name or path.name)
    return content


def pictures(value: Any, root: Path) -> Iterator[bytes]:
    """The images in a cell: bytes, a struct of bytes and path, a file name below the root, or a list of these.

    Raises: Fault where one is missing, empty, or outside the root.
    """
    for item in value if isinstance(value, (list, tuple)) else (value,):
        name = named(item)
        if name:
            yield load(safe_path(root, name), name)
        elif item is not None and item != "":
            yield embedded(item)


def embedded(item: Any) -> bytes:
    """The image that a cell holds: bytes, or a struct of bytes and path.

    Raises: Fault where it holds none.
    """
    held, path = (item.get("bytes"), item.get("path")) if isinstance(item, Mapping) else (item, None)
    if isinstance(held, bytes) and held:
        return held
    raise Fault("image empty" if held == b"" else "image missing", str(path or "")[:120])


def named(item: Any) -> str:
    """The file that an item of a cell names; '' where it holds the bytes, or nothing."""
    if isinstance(item, str):
        return item.strip()
    if isinstance(item, Mapping) and "bytes" not in item:
        return next((path.strip() for key in PATHS if isinstance(path := item.get(key), str)), "")
    return ""


def names_in(value: Any) -> tuple[str, ...]:
    """The files that a cell names."""
    items = value if isinstance(value, (list, tuple)) else (value,)
    return tuple(name for item in items if (name := named(item)))


def size_of(data: bytes) -> tuple[int, int]:
    """Width and height that a PNG's or JPEG's header tells, before any turning.

    Raises: Fault where it tells none.
    """
    if data.startswith(b"\x89PNG\r\n\x1a\n") and len(data) >= 24:
        return int.from_bytes(data[16:20], "big"), int.from_bytes(data[20:24], "big")
    at = 2
    while data.startswith(b"\xff\xd8") and at + 9 <= len(data) and data[at] == 0xFF:
        kind = data[at + 1]
        if 0xC0 <= kind <= 0xCF and kind not in (0xC4, 0xC8, 0xCC):
            return int.from_bytes(data[at + 7 : at + 9], "big"), int.from_bytes(data[at + 5 : at + 7], "big")
        at += 2 + int.from_bytes(data[at + 2 : at + 4], "big") if kind != 0xFF else 1
    raise Fault("image size unknown", "neither PNG nor JPEG")
