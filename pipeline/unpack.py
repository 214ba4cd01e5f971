"""Unpacking fetched zip archives, after every member has been looked at."""

import stat
import struct
import zipfile
import zlib
from pathlib import Path, PurePosixPath
from shutil import copyfileobj, rmtree
from tempfile import mkdtemp

from schemas.errors import FetchError

MAX_UNPACKED_BYTES = 400_000_000_000


def unpack_beside(archive: Path, digest: str) -> None:
    """Unpacks `images.zip` into `images/`, once: a marker beside names the archive's digest.

    Raises: FetchError.
    """
    target = archive.with_suffix("")
    marker = archive.with_name(f".{archive.name}.unpacked")
    if target.is_dir() and marker.is_file() and marker.read_text() == digest:
        return
    if target.exists() and not marker.is_file():
        raise FetchError(f"{archive} would be unpacked over {target}, which is already there. Move that folder away and build again.")
    marker.write_text("")
    rmtree(target, ignore_errors=True)
    partial = Path(mkdtemp(prefix=f".{archive.name}.", dir=archive.parent))
    try:
        unpack(archive, partial)
        partial.chmod(0o755)
        partial.rename(target)
    finally:
        rmtree(partial, ignore_errors=True)
    marker.write_text(digest)


def unpack(archive: Path, folder: Path, max_bytes: int = MAX_UNPACKED_BYTES) -> None:
    """Unpacks a zip archive into a folder, after all its members have been looked at.

    Raises: FetchError for members that lead outside, links, encrypted or repeated members, or more than max_bytes.
    """
    try:
        with zipfile.ZipFile(archive) as opened:
            members = [member for member in opened.infolist() if not member.is_dir()]
            _check_members(archive, members, max_bytes)
            for member in members:
                path = folder / member.filename
                path.parent.mkdir(parents=True, exist_ok=True)
                with opened.open(member) as packed, path.open("xb") as out:
                    copyfileobj(packed, out, 1 << 20)
    except NotImplementedError as error:
        raise FetchError(
            f"{archive} is packed in a way that is not read here: {error}. Unpack it yourself and name the folder as `path`."
        ) from error
    except OSError as error:
        raise FetchError(
            f"{archive} cannot be unpacked into {folder.parent}: {error.strerror or error}. Make room there or name a `path`."
        ) from error
    except (zipfile.BadZipFile, zlib.error, RuntimeError, EOFError, ValueError, struct.error) as error:
        raise FetchError(f"{archive} is no whole zip archive: {error}. Delete it and build again.") from error


def _check_members(archive: Path, members: list[zipfile.ZipInfo], max_bytes: int) -> None:
    size = sum(member.file_size for member in members)
    if size > max_bytes:
        raise FetchError(
            f"{archive} unpacks to {size} bytes, over the limit of {max_bytes}. Unpack it yourself and name the folder as `path`."
        )
    seen: set[str] = set()
    for member in members:
        fault = ""
        if not stays_inside(member.filename):
            fault = "leads out of the folder"
        elif stat.S_ISLNK(member.external_attr >> 16):
            fault = "is a link"
        elif member.flag_bits & 1:
            fault = "is encrypted"
        elif member.filename in seen:
            fault = "is there twice"
        elif member.header_offset < 0:
            fault = "begins before the archive"
        if fault:
            raise FetchError(f"{archive} has the member {member.filename!r}, which {fault}. Do not use this archive.")
        seen.add(member.filename)


def stays_inside(path: str) -> bool:
    """Whether a relative path with forward slashes stays in the folder it is joined to."""
    parts = PurePosixPath(path).parts
    return bool(parts) and not path.startswith("/") and ".." not in parts and "\\" not in path and ":" not in parts[0] and "\0" not in path
