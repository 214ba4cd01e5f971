"""Decoding: from bytes to upright pixels, every fault told in a few words and none raised."""

import hashlib
import threading
import warnings
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from io import BytesIO
from typing import NamedTuple

from PIL import Image, ImageOps, UnidentifiedImageError

MEASURE_VERSION = 1
# Beyond it Pillow warns of a bomb. One bound for every reader: what one takes, the others must not refuse later.
MAX_PIXELS = 89_478_485
FORMATS = ("JPEG", "PNG", "GIF", "TIFF", "WEBP", "BMP")

_lock = threading.Lock()
_saved: list[ExitStack] = []


class Measured(NamedTuple):
    """What is measured of one image; empty and 0 where there is a fault."""

    pixels_digest: str
    width: int
    height: int
    fault: str


def measure(data: bytes) -> Measured:
    """Digest and size of the upright pixels.

    The digest is the sha256 of "WxH" and the RGB bytes; deeper grey images enter with all their bits
    (RGB would clip them: of 48 16-bit images 8 would be taken for another).
    """
    try:
        with pillow_warnings_as_errors():
            image = upright(data)
            pixels = image.tobytes()
    except MemoryError:
        raise
    except Exception as error:
        return Measured("", 0, 0, fault_of(error))
    size = f"{image.width}x{image.height}".encode()
    return Measured(hashlib.sha256(size + pixels).hexdigest(), image.width, image.height, "")


def upright(data: bytes) -> Image.Image:
    """The first frame, decoded whole, turned upright: RGB, or I or F where a channel has more than 8 bits.

    Raises: whatever Pillow does of bytes that are no whole image.
    """
    with Image.open(BytesIO(data), formats=FORMATS) as opened:
        opened.load()
        image = ImageOps.exif_transpose(opened)
    if image.mode.startswith("I"):
        return image.convert("I")
    if image.mode == "F":
        return image
    if image.mode in ("P", "PA"):
        image = image.convert("RGBA")
    return image.convert("RGB")


def fault_of(error: Exception) -> str:
    """An exception from decoding, in a few words."""
    text = str(error).lower()
    if isinstance(error, (Image.DecompressionBombError, Image.DecompressionBombWarning)):
        return "too many pixels"
    if isinstance(error, UnidentifiedImageError):
        return "not an image"
    if text.startswith("conversion from"):
        return "colour space not supported"
    if "truncated" in text or isinstance(error, EOFError):
        return "truncated image"
    return "broken image"


@contextmanager
def pillow_warnings_as_errors() -> Iterator[None]:
    """Raises what Pillow warns of, but for odd TIFF tags, which do not touch pixels; hushes the readers of DICOM and NIfTI.

    Warning filters belong to the process: the first thread in sets them, the last one out puts them back.
    """
    with _lock:
        _saved.append(ExitStack())
        if len(_saved) == 1:
            _saved[0].enter_context(warnings.catch_warnings())
            warnings.filterwarnings("error", module=r"PIL\.")
            warnings.filterwarnings("ignore", category=UserWarning, module=r"PIL\.TiffImagePlugin")
            warnings.filterwarnings("ignore", module=r"(pydicom|nibabel|pylibjpeg|pipeline\.images)\b")
    try:
        yield
    finally:
        with _lock:
            _saved.pop().close() if len(_saved) == 1 else _saved.pop()


def eight_bits(image: Image.Image) -> Image.Image:
    """An upright image of at most eight bits a channel, deeper values stretched over them."""
    if image.mode not in ("I", "F"):
        return image
    low, high = image.convert("F").getextrema()
    scale = 255 / (float(high) - float(low)) if high > low else 0.0  # pyright: ignore[reportArgumentType, reportOperatorIssue]
    offset = -float(low) * scale  # pyright: ignore[reportArgumentType]
    return image.convert("F").point(lambda value: value * scale + offset).convert("L")
