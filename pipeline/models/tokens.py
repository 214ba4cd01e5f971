"""Tokens of a prompt before it is sent: what it will take by rule of thumb, and what it cannot exceed."""

import io
import re
from collections.abc import Callable
from typing import NamedTuple

from pipeline.models.generate import Request, Text

# Characters a token: English medical prose in cl100k, o200k, Llama 3 and Qwen vocabularies lies between 3.9 and 4.7;
# scripts without spaces between 0.7 and 1.4; Cyrillic, Greek, Arabic, Devanagari and the like between 2 and 3.5.
_LATIN, _DENSE, _OTHER = 4.0, 1.1, 2.5
_DENSE_SIGNS = re.compile(r"[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af\uf900-\ufaff]")
_OTHER_SIGNS = re.compile(r"[\u0370-\u0dff\u10a0-\u137f]")
_MESSAGE_TOKENS = 8
# What a chat template may add: roles and turns, and the system prompt of its own that some have.
_TEMPLATE_BOUND, _MESSAGE_BOUND = 512, 16
# The finest patches in use are of 14 × 14 pixels, one token each where nothing merges them.
_FINEST_PATCH = 14 * 14
_IMAGE_BOUND = 1536
_IMAGE_MARGIN = 1.25


class Size(NamedTuple):
    """Pixels of an image."""

    width: int
    height: int


def _tiles(base: int, tile: int) -> Callable[[Size], int]:
    """OpenAI's rule: fitted into 2048 × 2048, the short side brought to 768, then tiles of 512."""

    def count(size: Size) -> int:
        shrunk = min(1.0, 2048 / max(size), 768 / min(size))
        width, height = (max(1, round(side * shrunk)) for side in size)
        return base + tile * (-(-width // 512)) * (-(-height // 512))

    return count


def _patches(pixels: int, most: int) -> Callable[[Size], int]:
    """A token for so many pixels, up to what an image is shrunk to."""
    return lambda size: min(most, -(-size.width * size.height // pixels))


# By the model's name; the last is the rule of Qwen's and most other open models.
_IMAGE_RULES: tuple[tuple[re.Pattern[str], Callable[[Size], int]], ...] = (
    (re.compile(r"gpt-4o-mini"), _tiles(2833, 5667)),
    (re.compile(r"gpt-4o|gpt-4\.1(?!-(mini|nano))|gpt-4-turbo|gpt-4\.5"), _tiles(85, 170)),
    (re.compile(r"gpt-4\.1-(mini|nano)|gpt-5|o4-mini"), _patches(32 * 32, 1536 * 3)),
    (re.compile(r"\bo[13]\b"), _tiles(75, 150)),
    (re.compile(r"claude"), _patches(750, 1600)),
    (re.compile(r"gemini"), lambda size: 258 * max(1, -(-size.width // 768) * -(-size.height // 768))),
    (re.compile(r""), _patches(28 * 28, 16384)),
)


def estimate(request: Request) -> int:
    """Tokens that the prompt will take, by the script of its texts and the size of its images."""
    texts, images = _content(request)
    told = sum(_text_tokens(text) for text in texts) + sum(_image_tokens(request.model, size) for size in images)
    return told + _MESSAGE_TOKENS * len(request.messages)


def bound(request: Request) -> int:
    """Tokens that the prompt cannot exceed: no vocabulary takes more than one for a byte."""
    texts, images = _content(request)
    told = sum(len(text.encode("utf-8", "surrogatepass")) for text in texts)
    for size in images:
        rule = int(_IMAGE_MARGIN * _image_tokens(request.model, size))
        told += max(_IMAGE_BOUND, size.width * size.height // _FINEST_PATCH, rule)
    return told + _TEMPLATE_BOUND + _MESSAGE_BOUND * len(request.messages)


def _content(request: Request) -> tuple[list[str], list[Size]]:
    texts: list[str] = []
    images: list[Size] = []
    for part in (part for message in request.messages for part in message.parts):
        if isinstance(part, Text):
            texts.append(part.text)
        else:
            images.append(_size(request.pictures[part.digest]))
    return texts, images


def _text_tokens(text: str) -> int:
    dense = len(_DENSE_SIGNS.findall(text))
    other = len(_OTHER_SIGNS.findall(text))
    return round((len(text) - dense - other) / _LATIN + dense / _DENSE + other / _OTHER)


def _image_tokens(model: str, size: Size) -> int:
    name = model.lower()
    return next(rule(size) for pattern, rule in _IMAGE_RULES if pattern.search(name))


def _size(data: bytes) -> Size:
    """The size that an image's header tells."""
    from PIL import Image

    with Image.open(io.BytesIO(data)) as image:
        return Size(*image.size)
