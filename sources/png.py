"""Pixels as PNG files: for sets that publish arrays and signals instead of pictures. The same pixels give the same bytes everywhere."""

import struct
import zlib
from typing import Any

import numpy as np

BLOCK = 65_535


def png(pixels: np.ndarray[Any, Any]) -> bytes:
    """A PNG of booleans (black where false), of grey values (height, width) or of colours (height, width, 3), stored and not compressed.

    A compressor's output differs between builds of zlib, and with it an image's digest and every id made of it.
    """
    height, width = pixels.shape[:2]
    if pixels.dtype == np.bool_:
        depth, kind, rows = 1, 0, np.packbits(pixels, axis=1)
    else:
        depth, kind = 8, 2 if pixels.ndim == 3 else 0
        rows = np.ascontiguousarray(pixels, np.uint8).reshape(height, -1)
    lines = np.zeros((height, rows.shape[1] + 1), np.uint8)
    lines[:, 1:] = rows
    header = struct.pack(">IIBBBBB", width, height, depth, kind, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + _chunk(b"IHDR", header) + _chunk(b"IDAT", _stored(lines.tobytes())) + _chunk(b"IEND", b"")


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def _stored(data: bytes) -> bytes:
    """A zlib stream of stored blocks."""
    blocks = [data[start : start + BLOCK] for start in range(0, len(data), BLOCK)] or [b""]
    last = len(blocks) - 1
    body = b"".join(struct.pack("<BHH", place == last, len(block), len(block) ^ 0xFFFF) + block for place, block in enumerate(blocks))
    return b"\x78\x01" + body + struct.pack(">I", zlib.adler32(data))
