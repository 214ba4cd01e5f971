"""What the bodies of both APIs share: images on the way there, and values on the way back that may be anything."""

import base64
from collections.abc import Sequence
from io import BytesIO
from typing import Any

from pipeline.images.decode import eight_bits, upright
from pipeline.images.strip import PNG_MAGIC
from pipeline.models.generate import Picture, Request

MOST_TOKENS = 2**31 - 1
# Depth and colour type in the header of a PNG of 16-bit grey.
_DEEP_GREY = b"\x10\x00"
_MIME = {"jpg": "jpeg", "tif": "tiff"}


class UnfinishedAnswerError(ValueError):
    """A body that holds no final answer: cut off, an error in disguise, or no answer of this API at all."""


def data_url(picture: Picture, request: Request) -> str:
    """A picture of a request as a URL that holds it; 16-bit grey stretched over eight bits, which servers would clip to white."""
    whole = request.pictures[picture.digest]
    data = base64.b64encode(_eight_bits(whole) if whole[:8] == PNG_MAGIC and whole[24:26] == _DEEP_GREY else whole).decode()
    return f"data:image/{_MIME.get(picture.format, picture.format)};base64,{data}"


def _eight_bits(data: bytes) -> bytes:
    made = BytesIO()
    try:
        eight_bits(upright(data)).save(made, "PNG")
    except (OSError, ValueError, SyntaxError):
        return data  # no whole picture: whoever is asked says so
    return made.getvalue()


def scalar_text(text: str) -> str:
    """The text with every lone surrogate replaced: UTF-8, and so Arrow, has none."""
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def told_error(body: Any) -> str:
    """The error that a body tells of; '' where there is none."""
    told = body.get("error") if isinstance(body, dict) else None
    if isinstance(told, dict):
        return f"error {told.get('code')}: {told.get('message')}"
    return f"error: {told}" if told else ""


def mappings(body: Any, name: str) -> list[dict[str, Any]]:
    """The mappings in a list."""
    value = body.get(name) if isinstance(body, dict) else None
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def mapping(body: dict[str, Any], name: str) -> dict[str, Any]:
    """A mapping; an empty one where there is none."""
    value = body.get(name)
    return value if isinstance(value, dict) else {}


def words(body: dict[str, Any], name: str) -> str:
    """A text; '' where there is none."""
    value = body.get(name)
    return value if isinstance(value, str) else ""


def number(usage: dict[str, Any], name: str) -> int:
    """The tokens that are reported, within what a trace can hold."""
    value = usage.get(name)
    return min(max(value, 0), MOST_TOKENS) if isinstance(value, int) and not isinstance(value, bool) else 0


def shared_out(amount: int, weights: Sequence[int]) -> list[int]:
    """A whole amount in whole shares that add up to it."""
    total, before, shares = sum(weights) or len(weights), 0, list[int]()
    for weight in weights if sum(weights) else [1] * len(weights):
        shares.append(amount * (before + weight) // total - amount * before // total)
        before += weight
    return shares
