"""PhysioNet's waveform files: a header (.hea) with the signals beside it, in the formats 16 and 212, behind a .mat's head of 24 bytes too."""

import re
from collections.abc import Collection
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np

from sources.rows import Fault

RECORD = re.compile(r"(\S+?)(?:/(\d+))?\s+(\d+)(?:\s+([\d.]+)\S*)?(?:\s+(\d+))?")
FORMAT = re.compile(r"(\d+)(?:x(\d+))?(?::(\d+))?(?:\+(\d+))?")
GAIN = re.compile(r"(-?[\d.eE+-]+)(?:\((-?\d+)\))?(?:/(\S+))?")
DEFAULT_GAIN = 200.0
TO_MV = {"mv": 1.0, "uv": 0.001, "µv": 0.001, "v": 1000.0, "": 1.0}
MOST_BYTES = 256 << 20
BROKEN = {"16": -(1 << 15), "212": -(1 << 11)}


@dataclass(frozen=True)
class Lead:
    """One signal of a header: its file, how it is written there, and its scale."""

    file: str
    format: str
    offset: int
    gain: float
    baseline: int
    unit: str
    name: str


@dataclass(frozen=True)
class Header:
    """What a header says of its record."""

    record: str
    rate_hz: float
    samples: int
    leads: tuple[Lead, ...]


def read_header(text: str) -> Header:
    """The header of a single-segment record.

    Raises: Fault where it is none, or says what is not read here (segments, several samples a frame, skew).
    """
    lines = [line.strip() for line in text.splitlines() if line.strip() and not line.startswith("#")]
    found = RECORD.match(lines[0]) if lines else None
    if not found:
        raise Fault("header unreadable", lines[0][:80] if lines else "empty")
    if found[2]:
        raise Fault("header unreadable", f"{found[2]} segments")
    count = int(found[3])
    if len(lines) < count + 1:
        raise Fault("header unreadable", f"{len(lines) - 1} signals, not {count}")
    leads = tuple(_lead(line) for line in lines[1 : count + 1])
    return Header(found[1], float(found[4] or 250.0), int(found[5] or 0), leads)


def _lead(line: str) -> Lead:
    cells = line.split(maxsplit=8)
    written = FORMAT.fullmatch(cells[1]) if len(cells) > 1 else None
    if not written:
        raise Fault("header unreadable", line[:80])
    if written[1] not in BROKEN or written[2] not in (None, "1") or written[3] not in (None, "0"):
        raise Fault("signal format not read", cells[1])
    scale = GAIN.fullmatch(cells[2]) if len(cells) > 2 else None
    try:
        gain = float(scale[1]) if scale else 0.0
        zero = int(cells[4]) if len(cells) > 4 else 0
    except ValueError:
        raise Fault("header unreadable", line[:80]) from None
    baseline = int(scale[2]) if scale and scale[2] else zero
    unit = (scale[3] if scale and scale[3] else "mV").casefold()
    return Lead(
        cells[0], written[1], int(written[4] or 0), gain or DEFAULT_GAIN, baseline, unit, cells[8].strip() if len(cells) > 8 else ""
    )


def signal_file(header: Path, name: str) -> Path:
    """The file of a signal beside its header.

    Raises: Fault where the name leads elsewhere, or there is no such file.
    """
    if len(PurePosixPath(name).parts) != 1 or name in (".", "..") or "\\" in name or "\0" in name:
        raise Fault("signal path refused", name[:120])
    path = header.with_name(name)
    if not path.is_file():
        raise Fault("signal missing", name[:120])
    if path.is_symlink() and not path.resolve().is_relative_to(header.parent.resolve()):
        raise Fault("signal path refused", name[:120])
    return path


def read_signals(path: Path, header: Header, names: Collection[str] | None = None) -> np.ndarray[Any, Any]:
    """The samples in mV of the leads of some names (None: of all), (leads, samples); NaN where upstream marks a sample as missing.

    Raises: Fault where a signal file is missing, too short, or in another unit than volts.
    """
    wanted = [lead for lead in header.leads if names is None or lead.name.upper() in names]
    rows = [_millivolts(_digital(path, header, lead), lead) for lead in wanted]
    return np.stack(rows) if rows else np.zeros((0, header.samples))


def _millivolts(digital: np.ndarray[Any, Any], lead: Lead) -> np.ndarray[Any, Any]:
    if lead.unit not in TO_MV:
        raise Fault("signal not in volts", f"{lead.name} in {lead.unit}")
    return np.where(digital == BROKEN[lead.format], np.nan, (digital - lead.baseline) * (TO_MV[lead.unit] / lead.gain))


def _digital(path: Path, header: Header, lead: Lead) -> np.ndarray[Any, Any]:
    """The samples of one lead as they are written; the leads of a file take turns."""
    beside = [other for other in header.leads if other.file == lead.file]
    if len({(other.format, other.offset) for other in beside}) != 1:
        raise Fault("signal format not read", f"{lead.file} in several formats")
    file = signal_file(path, lead.file)
    stamp = file.stat()
    if stamp.st_size > MOST_BYTES:
        raise Fault("signal too long", f"{stamp.st_size:,} bytes")
    flat = _flat(file, lead.format, lead.offset, stamp.st_mtime_ns)
    samples = header.samples or len(flat) // len(beside)
    if len(flat) < samples * len(beside):
        raise Fault("signal cut off", f"{len(flat) // len(beside)} samples, not {samples}")
    return flat[: samples * len(beside)].reshape(samples, len(beside))[:, beside.index(lead)]


@lru_cache(maxsize=2)
def _flat(file: Path, format: str, offset: int, changed: int) -> np.ndarray[Any, Any]:
    content = file.read_bytes()[offset:]
    return _sixteen(content) if format == "16" else _two_twelve(content)


def _sixteen(content: bytes) -> np.ndarray[Any, Any]:
    return np.frombuffer(content[: len(content) // 2 * 2], "<i2").astype(np.int64)


def _two_twelve(content: bytes) -> np.ndarray[Any, Any]:
    """Two samples of twelve bits in three bytes: the low bytes, the high halves in the second."""
    threes = np.frombuffer(content[: len(content) // 3 * 3], np.uint8).reshape(-1, 3).astype(np.int64)
    first = threes[:, 0] | (threes[:, 1] & 0x0F) << 8
    second = threes[:, 2] | (threes[:, 1] & 0xF0) << 4
    flat = np.stack([first, second], axis=1).reshape(-1)
    if len(content) % 3 == 2:
        flat = np.append(flat, content[-2] | (content[-1] & 0x0F) << 8)
    return np.where(flat > 2047, flat - 4096, flat)
