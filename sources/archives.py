"""Members of zip and tar archives, read in place: each is looked at before one byte of it is unpacked."""

import bz2
import gzip
import lzma
import stat
import tarfile
import tempfile
import weakref
import zipfile
import zlib
from contextlib import ExitStack
from functools import lru_cache
from pathlib import Path, PurePosixPath
from threading import Lock
from typing import IO, Protocol

from schemas.errors import SourceError
from sources.formats import brief

ZIPS = frozenset((".zip",))
TARS = frozenset((".tar", ".tgz", ".gz", ".xz", ".bz2"))
MAX_MEMBER_BYTES = 1 << 30
MAX_UNPACKED_BYTES = 400_000_000_000
MAX_RATIO = 200
SMALL_BYTES = 16 << 20
_BROKEN = (zipfile.BadZipFile, tarfile.TarError, zlib.error, lzma.LZMAError, gzip.BadGzipFile, EOFError, RuntimeError, NotImplementedError)


class Archive(Protocol):
    """An opened archive."""

    names: tuple[str, ...]

    def read(self, name: str) -> bytes:
        """The bytes of a member. Raises: SourceError where they are not what the archive says."""
        ...


def is_archive(path: Path) -> bool:
    """Whether a file is an archive, by its suffix."""
    suffix = path.suffix.lower()
    return suffix in ZIPS or suffix in (".tar", ".tgz") or (suffix in TARS and path.stem.lower().endswith(".tar"))


def open_archive(path: Path) -> Archive:
    """The archive, its members checked; the last few stay open.

    Raises: SourceError where it is broken, or a member leads outside, is a link, is encrypted, is there twice or
    would unpack to more than its like can hold.
    """
    try:
        told = path.stat()
        return _opened(path, told.st_mtime_ns, told.st_size)
    except _BROKEN as error:
        raise SourceError(f"{path} is no whole archive: {brief(error)}. Fetch it again, or unpack it yourself.") from error
    except OSError as error:
        raise SourceError(f"{path} cannot be read: {brief(error)}. Check its permissions, or fetch it again.") from error


@lru_cache(maxsize=8)
def _opened(path: Path, changed: int, size: int) -> Archive:
    return _Zip(path) if path.suffix.lower() in ZIPS else _Tar(path)


class _Zip:
    def __init__(self, path: Path) -> None:
        self._path = path
        self._file = zipfile.ZipFile(path)
        weakref.finalize(self, self._file.close)
        members = [member for member in self._file.infolist() if not member.is_dir()]
        for member in members:
            if stat.S_ISLNK(member.external_attr >> 16):
                raise refused(path, member.filename, "is a link")
            if member.flag_bits & 1:
                raise refused(path, member.filename, "is encrypted")
            if member.file_size > SMALL_BYTES and member.file_size > MAX_RATIO * max(member.compress_size, 1):
                raise refused(path, member.filename, f"would unpack {member.compress_size:,} bytes to {member.file_size:,}")
        _check(path, [(member.filename, member.file_size) for member in members])
        self.names = tuple(sorted(member.filename for member in members))

    def read(self, name: str) -> bytes:
        member = self._file.getinfo(name)
        try:
            with self._file.open(member) as opened:
                return _whole(self._path, name, opened, member.file_size)
        except (*_BROKEN, OSError) as error:
            raise SourceError(f"{self._path}: the member {name!r} cannot be unpacked: {brief(error)}. Fetch the archive again.") from error


class _Tar:
    """A tar archive; a compressed one is unpacked once into an unnamed file, so that members can be read in any order."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = Lock()
        plain: IO[bytes] = path.open("rb") if path.suffix.lower() == ".tar" else _unpacked(path)
        weakref.finalize(self, plain.close)
        self._file = tarfile.open(fileobj=plain, mode="r:")  # noqa: SIM115
        members: list[tarfile.TarInfo] = []
        for member in self._file:
            if member.isdir():
                continue
            if not member.isfile():
                raise refused(path, member.name, "is a link or a device")
            members.append(member)
        _check(path, [(member.name, member.size) for member in members])
        self._members = {member.name: member for member in members}
        self.names = tuple(sorted(self._members))

    def read(self, name: str) -> bytes:
        with self._lock:
            opened = self._file.extractfile(self._members[name])
            if opened is None:
                raise refused(self._path, name, "is no file")
            return _whole(self._path, name, opened, self._members[name].size)


def _unpacked(path: Path) -> IO[bytes]:
    """The tar inside a compressed one."""
    opener = {".xz": lzma.open, ".bz2": bz2.open}.get(path.suffix.lower(), gzip.open)
    packed_bytes = path.stat().st_size
    with ExitStack() as held:
        plain = held.enter_context(tempfile.TemporaryFile())
        with opener(path, "rb") as packed:
            while block := packed.read(1 << 20):
                plain.write(block)
                if plain.tell() > max(SMALL_BYTES, MAX_RATIO * packed_bytes):
                    raise SourceError(f"{path} unpacks to more than {MAX_RATIO} times its {packed_bytes:,} bytes. Do not use this archive.")
        plain.seek(0)
        held.pop_all()
        return plain


def _whole(path: Path, name: str, opened: IO[bytes], size: int) -> bytes:
    content = opened.read(size + 1)
    if len(content) != size:
        raise refused(path, name, f"is not the {size:,} bytes long that the archive says")
    return content


def _check(path: Path, members: list[tuple[str, int]]) -> None:
    seen: set[str] = set()
    for name, size in members:
        if not stays_inside(name):
            raise refused(path, name, "leads out of the folder")
        if name in seen:
            raise refused(path, name, "is there twice")
        if size > MAX_MEMBER_BYTES:
            raise refused(path, name, f"is {size:,} bytes large")
        seen.add(name)
    total = sum(size for _, size in members)
    if total > MAX_UNPACKED_BYTES:
        raise SourceError(f"{path} unpacks to {total:,} bytes, over the limit of {MAX_UNPACKED_BYTES:,}. Do not use this archive.")


def refused(path: Path, member: str, why: str) -> SourceError:
    """The error of an archive with a member that is not read."""
    return SourceError(f"{path} has the member {member[:200]!r}, which {why}. Do not use this archive.")


def stays_inside(name: str) -> bool:
    """Whether a relative path with forward slashes stays in the folder it is joined to."""
    parts = PurePosixPath(name).parts
    return bool(parts) and not name.startswith("/") and ".." not in parts and "\\" not in name and ":" not in parts[0] and "\0" not in name
