"""Removing metadata from JPEG and PNG files segment by segment, the coded pixels left as they are."""

import re
import struct
import zlib
from dataclasses import dataclass

JPEG_MAGIC = b"\xff\xd8\xff"
PNG_MAGIC = b"\x89PNG\r\n\x1a\n"

_FRAMES = frozenset({*range(0xC0, 0xD0)} - {0xC4, 0xC8, 0xCC})
# Frames; tables of Huffman and arithmetic codes and of quantisers; scans, lines, restarts.
_PIXEL_SEGMENTS = _FRAMES | {0xC4, 0xCC, 0xDA, 0xDB, 0xDC, 0xDD}
_SCAN_END = re.compile(rb"\xff+[^\x00\xd0-\xd7\xff]")
_ORIENTATION = 0x0112
_SHORT = 3
_ADOBE_BYTES = 12

_PIXEL_CHUNKS = frozenset({b"IHDR", b"PLTE", b"IDAT", b"IEND", b"tRNS", b"gAMA", b"cHRM", b"sRGB", b"iCCP", b"sBIT", b"bKGD", b"pHYs"})


class BrokenImage(Exception):
    """The bytes do not keep their format; the text is the fault in a few words."""


@dataclass(frozen=True)
class Stripped:
    """A file without metadata, its size as stored, and the orientation (1 to 8) that the metadata asked for."""

    data: bytes
    width: int
    height: int
    orientation: int


def strip_jpeg(data: bytes) -> Stripped:
    """The JPEG up to its end marker with only the segments that pixels are read by.

    JFIF (its thumbnail cut off), ICC profiles and Adobe's colour transform stay: pixels are read by them.
    Raises: BrokenImage.
    """
    out = [b"\xff\xd8"]
    width = height = 0
    orientation = 1
    scanned = False
    at = 2
    while True:
        marker, at = _next_marker(data, at)
        if marker == 0xD9:
            break
        if marker == 0x01 or 0xD0 <= marker <= 0xD8:
            continue
        payload = _payload(data, at)
        at += 2 + len(payload)
        if marker in _FRAMES:
            if len(payload) < 6:
                raise BrokenImage("broken JPEG")
            height, width = struct.unpack(">HH", payload[1:5])
        if marker == 0xE1 and payload.startswith(b"Exif\0"):
            orientation = exif_orientation(payload[6:])
        kept = _kept(marker, payload)
        if kept is not None:
            out.append(struct.pack(">BBH", 0xFF, marker, len(kept) + 2) + kept)
        if marker == 0xDA:
            end = _SCAN_END.search(data, at)
            if end is None:
                raise BrokenImage("truncated JPEG")
            out.append(data[at : end.start()])
            at = end.start()
            scanned = True
    if not (scanned and width and height):
        raise BrokenImage("broken JPEG")
    out.append(b"\xff\xd9")
    return Stripped(b"".join(out), width, height, orientation)


def _next_marker(data: bytes, at: int) -> tuple[int, int]:
    """The next marker and the place behind it; what lies before it belongs to no segment and is dropped."""
    found = _SCAN_END.search(data, at)
    if found is None:
        raise BrokenImage("truncated JPEG")
    return data[found.end() - 1], found.end()


def _payload(data: bytes, at: int) -> bytes:
    size = int.from_bytes(data[at : at + 2], "big")
    if at + 2 > len(data) or at + size > len(data):
        raise BrokenImage("truncated JPEG")
    if size < 2:
        raise BrokenImage("broken JPEG")
    return data[at + 2 : at + size]


def _kept(marker: int, payload: bytes) -> bytes | None:
    """What is written of a segment; None where it is dropped."""
    if marker == 0xE0:
        return payload[:12] + b"\0\0" if payload.startswith(b"JFIF\0") and len(payload) >= 14 else None
    if marker == 0xE2:
        return payload if payload.startswith(b"ICC_PROFILE\0") else None
    if marker == 0xEE:
        return payload[:_ADOBE_BYTES] if payload.startswith(b"Adobe") else None
    return payload if marker in _PIXEL_SEGMENTS else None


def strip_png(data: bytes) -> Stripped:
    """The PNG up to its end chunk with only the chunks that pixels are read by; of an animation, its still image.

    Raises: BrokenImage.
    """
    out = [PNG_MAGIC]
    width = height = 0
    orientation = 1
    at = len(PNG_MAGIC)
    seen: set[bytes] = set()
    while b"IEND" not in seen:
        if at + 12 > len(data):
            raise BrokenImage("truncated PNG")
        size = int.from_bytes(data[at : at + 4], "big")
        kind = data[at + 4 : at + 8]
        end = at + 12 + size
        if end > len(data):
            raise BrokenImage("truncated PNG")
        payload = data[at + 8 : end - 4]
        if kind in _PIXEL_CHUNKS:
            if zlib.crc32(payload, zlib.crc32(kind)) != int.from_bytes(data[end - 4 : end], "big"):
                raise BrokenImage("broken PNG")
            out.append(data[at:end])
        elif kind == b"eXIf":
            orientation = exif_orientation(payload)
        elif not kind[0] & 0x20:
            raise BrokenImage("broken PNG")
        if kind == b"IHDR" and size == 13:
            width, height = struct.unpack(">II", payload[:8])
        seen.add(kind)
        at = end
    if b"IDAT" not in seen or not (width and height):
        raise BrokenImage("broken PNG")
    return Stripped(b"".join(out), width, height, orientation)


def exif_orientation(tiff: bytes) -> int:
    """The orientation in an EXIF block (1 to 8); 1 where there is none or the block is damaged."""
    order = {b"II": "<", b"MM": ">"}.get(tiff[:2])
    if order is None or len(tiff) < 8:
        return 1
    try:
        (start,) = struct.unpack_from(order + "I", tiff, 4)
        (count,) = struct.unpack_from(order + "H", tiff, start)
        for entry in range(count):
            tag, kind, _, value = struct.unpack_from(order + "HHIH", tiff, start + 2 + 12 * entry)
            if tag == _ORIENTATION and kind == _SHORT:
                return value if 1 <= value <= 8 else 1
    except struct.error:
        return 1
    return 1
