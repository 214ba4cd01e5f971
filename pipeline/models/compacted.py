"""The record that a compacted segment begins with: the segments it was made of, whose answers count once."""

import hashlib
import json
import zlib
from collections.abc import Sequence

from pipeline.models.segment import NO_KEY, Frame, Record, pack


def head_of(replaces: Sequence[str]) -> Record:
    """The record that names what a segment was made of."""
    text = json.dumps({"replaces": sorted(replaces)}, separators=(",", ":")).encode()
    return pack([NO_KEY], hashlib.sha256(text).digest()[:16], text)


def replaced_by(frame: Frame) -> tuple[str, ...]:
    """The names in such a record; none where it cannot be read."""
    try:
        return tuple(json.loads(frame.content())["replaces"])
    except (zlib.error, ValueError, KeyError, TypeError):
        return ()
