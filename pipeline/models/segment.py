"""Segments of the ledger: append-only files of framed records, each record readable on its own."""

import errno
import os
import struct
import zlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import BinaryIO, NamedTuple

SUFFIX = ".segment"
# 0xff and 0xfe never occur in UTF-8, so no stored JSON can look like the start of a record.
MAGIC = b"\xffML\xfe"
# A record that is found under several keys: a response with so many choices.
MANY = b"\xffMN\xfe"
# No answer has this key: a compacted segment begins with a record that says what it was made of.
NO_KEY = bytes(32)
_HEADER = struct.Struct("<4sII32s16s")
_MANY_HEADER = struct.Struct("<4sII16sH")
_KEY_BYTES = 32
_CRC_FROM = 8
_CHUNK_BYTES = 1 << 20
# Measured: half the CPU time of the default level, for records 6 % larger.
_QUICK = 1
_NOTHING_TO_SYNC = (errno.EROFS, errno.EINVAL, errno.EBADF)


class Frame(NamedTuple):
    """One record: its keys (32 bytes each), the digest of its content (16 bytes), the content, compressed, and its bytes in all."""

    keys: tuple[bytes, ...]
    digest: bytes
    packed: bytes
    size: int

    def content(self) -> bytes:
        """The content as it was given.

        Raises: zlib.error.
        """
        return zlib.decompress(self.packed)


class Placed(NamedTuple):
    """A whole record and where it starts."""

    offset: int
    frame: Frame


class Damage(NamedTuple):
    """A stretch that holds no whole record.

    `torn`: it is the start of a record at the end of the segment, what a crash or a write in progress leaves.
    `last`: no whole record comes after it.
    """

    start: int
    stop: int
    torn: bool
    last: bool


class Record(NamedTuple):
    """One record as it is appended."""

    keys: tuple[bytes, ...]
    digest: bytes
    data: bytes


def pack(keys: Sequence[bytes], digest: bytes, content: bytes) -> Record:
    """A record: magic, crc32 of all that comes after it, length of the packed content, keys and digest, packed content."""
    packed = zlib.compress(content, _QUICK)
    if len(keys) == 1:
        header = _HEADER.pack(MAGIC, 0, len(packed), keys[0], digest)
    else:
        header = _MANY_HEADER.pack(MANY, 0, len(packed), digest, len(keys)) + b"".join(keys)
    crc = zlib.crc32(packed, zlib.crc32(header[_CRC_FROM:]))
    return Record(tuple(keys), digest, header[:4] + crc.to_bytes(4, "little") + header[_CRC_FROM:] + packed)


def frame_in(data: bytes) -> Frame | None:
    """The record that the bytes begin with; None where they begin with no whole one."""
    size = _size_told(data)
    if size is None or size > len(data):
        return None
    crc = int.from_bytes(data[4:8], "little")
    if zlib.crc32(memoryview(data)[_CRC_FROM:size]) != crc:
        return None
    if data.startswith(MAGIC):
        _, _, _, key, digest = _HEADER.unpack_from(data)
        return Frame((key,), digest, data[_HEADER.size : size], size)
    _, _, _, digest, count = _MANY_HEADER.unpack_from(data)
    stop = _MANY_HEADER.size + count * _KEY_BYTES
    keys = tuple(data[at : at + _KEY_BYTES] for at in range(_MANY_HEADER.size, stop, _KEY_BYTES))
    return Frame(keys, digest, data[stop:size], size)


def read_frame(file: BinaryIO, offset: int, size: int) -> Frame | None:
    """The record at an offset of a segment of `size` bytes; None where there is no whole one."""
    file.seek(offset)
    header = file.read(_HEADER.size)
    told = _size_told(header)
    if told is None or offset + told > size:
        return None
    return frame_in(header + file.read(max(told - len(header), 0)))


def _size_told(header: bytes) -> int | None:
    """Bytes of the record that a header begins, as it says; None where it is none."""
    if header.startswith(MAGIC) and len(header) >= _HEADER.size:
        return _HEADER.size + int.from_bytes(header[8:12], "little")
    if header.startswith(MANY) and len(header) >= _MANY_HEADER.size:
        count = int.from_bytes(header[28:30], "little")
        return _MANY_HEADER.size + count * _KEY_BYTES + int.from_bytes(header[8:12], "little")
    return None


def scan(file: BinaryIO, start: int, size: int) -> Iterator[Placed | Damage]:
    """Every whole record from `start` on and every stretch between them that is none, in order."""
    offset = start
    while offset < size:
        frame = read_frame(file, offset, size)
        if frame is not None:
            yield Placed(offset, frame)
            offset += frame.size
            continue
        following = _next_whole(file, offset + 1, size)
        if following is None:
            yield Damage(offset, size, torn=_is_torn(file, offset, size), last=True)
            return
        yield Damage(offset, following, torn=False, last=False)
        offset = following


def append(fd: int, data: bytes) -> None:
    """Writes all of it at the end of an open segment, not yet durably.

    Raises: OSError.
    """
    rest = memoryview(data)
    while rest:
        rest = rest[os.write(fd, rest) :]


def sync(fd: int) -> None:
    """Makes what was written durable; where a file system cannot be written there is nothing to do.

    Raises: OSError.
    """
    try:
        os.fsync(fd)
    except OSError as error:
        if error.errno not in _NOTHING_TO_SYNC:
            raise


def sync_folder(folder: Path) -> None:
    """Makes the names in a folder durable.

    Raises: OSError.
    """
    fd = os.open(folder, os.O_RDONLY)
    try:
        sync(fd)
    finally:
        os.close(fd)


def _next_whole(file: BinaryIO, start: int, size: int) -> int | None:
    offset = start
    while offset < size:
        file.seek(offset)
        chunk = file.read(min(_CHUNK_BYTES, size - offset))
        for at in _starts(chunk):
            if read_frame(file, offset + at, size) is not None:
                return offset + at
        if len(chunk) < len(MAGIC):
            return None
        offset += len(chunk) - len(MAGIC) + 1
    return None


def _starts(chunk: bytes) -> list[int]:
    """Where records may begin."""
    found: list[int] = []
    for magic in (MAGIC, MANY):
        at = chunk.find(magic)
        while at >= 0:
            found.append(at)
            at = chunk.find(magic, at + 1)
    return sorted(found)


def _is_torn(file: BinaryIO, offset: int, size: int) -> bool:
    if size - offset < _HEADER.size:
        return True
    file.seek(offset)
    told = _size_told(file.read(_HEADER.size))
    return told is not None and offset + told > size
