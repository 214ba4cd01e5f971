"""Cleaning: an upstream image as it is published, upright and without metadata."""

from collections.abc import Callable
from functools import partial
from io import BytesIO
from typing import NamedTuple

from PIL import Image, ImageOps

from pipeline.images.decode import FORMATS, MAX_PIXELS, fault_of, pillow_warnings_as_errors
from pipeline.images.dicom import dicom_image, is_dicom
from pipeline.images.frames import Frame, animated_png, seek
from pipeline.images.nifti import is_nifti, nifti_image
from pipeline.images.strip import JPEG_MAGIC, PNG_MAGIC, BrokenImage, Stripped, strip_jpeg, strip_png

CLEAN_VERSION = 3
MAX_BYTES = 256_000_000

_TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
_REENCODED = (PNG_MAGIC, b"GIF87a", b"GIF89a", b"II*\0", b"MM\0*", b"BM")
_PNG_MODES = ("1", "L", "LA", "P", "RGB", "RGBA", "I;16")


class Cleaned(NamedTuple):
    """An image as published (jpeg or png); bytes and format empty where there is a fault."""

    bytes: bytes
    format: str
    fault: str


def clean(data: bytes, frame: Frame = Frame.FIRST) -> Cleaned:
    """The image upright and without metadata, its coded pixels untouched where its format and orientation allow.

    JPEG and PNG lose segments only; GIF, TIFF, WebP and BMP become a PNG of the frame that is asked for, DICOM one of
    that frame as its window shows it, NIfTI always one of its middle axial slice. What is turned upright is coded again:
    JPEG at quality 95 without chroma subsampling, PNG losslessly.
    """
    try:
        return _clean(data, frame)
    except BrokenImage as error:
        return Cleaned(b"", "", str(error))
    except MemoryError:
        raise
    except Exception as error:
        return Cleaned(b"", "", fault_of(error))


def _clean(data: bytes, frame: Frame) -> Cleaned:
    if not data:
        raise BrokenImage("empty file")
    if len(data) > MAX_BYTES:
        raise BrokenImage("too many bytes")
    if data.startswith(JPEG_MAGIC):
        return Cleaned(_upright(_bounded(strip_jpeg(data)), "JPEG"), "jpeg", "")
    if data.startswith(PNG_MAGIC) and (frame is Frame.FIRST or not animated_png(data)):
        return Cleaned(_upright(_bounded(strip_png(data)), "PNG"), "png", "")
    if is_dicom(data):
        return Cleaned(_frame_as_png(partial(dicom_image, frame=frame), data), "png", "")
    if is_nifti(data):
        return Cleaned(_frame_as_png(partial(nifti_image, whole=frame is Frame.REFUSE), data), "png", "")
    if known_elsewhere(data):
        raise BrokenImage("format not supported")
    if data.startswith(_REENCODED) or (data.startswith(b"RIFF") and data[8:12] == b"WEBP"):
        return Cleaned(_as_png(data, frame), "png", "")
    raise BrokenImage("not an image")


def _bounded(stripped: Stripped) -> Stripped:
    if stripped.width * stripped.height > MAX_PIXELS:
        raise BrokenImage("too many pixels")
    return stripped


def _upright(stripped: Stripped, format: str) -> bytes:
    if stripped.orientation == 1:
        return stripped.data
    with pillow_warnings_as_errors(), Image.open(BytesIO(stripped.data), formats=(format,)) as image:
        turned = image.transpose(_TURNS[stripped.orientation])
        if format == "PNG":
            return _png(turned)
        out = BytesIO()
        turned.save(out, "JPEG", quality=95, subsampling=0, icc_profile=image.info.get("icc_profile"))
    return strip_jpeg(out.getvalue()).data


def _as_png(data: bytes, frame: Frame) -> bytes:
    """The frame that is asked for as PNG. Raises: BrokenImage where PNG cannot hold its depth."""
    with pillow_warnings_as_errors(), Image.open(BytesIO(data), formats=FORMATS) as image:
        seek(image, frame)
        if image.width * image.height > MAX_PIXELS:
            raise BrokenImage("too many pixels")
        image.load()
        turned = ImageOps.exif_transpose(image)
        if turned.mode == "F":
            raise BrokenImage("pixel depth not supported")
        if turned.mode.startswith("I"):
            turned = _sixteen_bits(turned.convert("I"))
        elif turned.mode not in _PNG_MODES:
            turned = turned.convert("RGBA" if turned.mode in ("PA", "RGBa", "La") else "RGB")
        return _png(turned)


def _frame_as_png(read: Callable[[bytes], Image.Image], data: bytes) -> bytes:
    with pillow_warnings_as_errors():
        return _png(read(data))


def _sixteen_bits(image: Image.Image) -> Image.Image:
    if any(not isinstance(value, (int, float)) or not 0 <= value <= 0xFFFF for value in image.getextrema()):
        raise BrokenImage("pixel depth not supported")
    return image.convert("I;16")


def _png(image: Image.Image) -> bytes:
    out = BytesIO()
    image.save(out, "PNG")
    return strip_png(out.getvalue()).data


def known_elsewhere(data: bytes) -> bool:
    """Whether the bytes are JPEG 2000, HEIC or AVIF."""
    return data.startswith((b"\0\0\0\x0cjP  ", b"\xff\x4f\xff\x51")) or data[4:8] == b"ftyp"
