"""DICOM: one frame as a picture, shown as its window says, with no tag kept.

Pictures are turned no further than the file stores them. Of several windows the first holds; a grey frame without a
window keeps its values up to 8 bits and is stretched over its own range to 16 bits beyond.
"""

import importlib
import struct
import zlib
from io import BytesIO
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from pipeline.images.decode import MAX_PIXELS
from pipeline.images.frames import Frame, place_of
from pipeline.images.strip import BrokenImage

MAX_BYTES = 256_000_000
_DEFLATED = "1.2.840.10008.1.2.1.99"
_RUN_LENGTHS = "1.2.840.10008.1.2.5"
_COLOURS = 3
_OF_FRAMES = "PerFrameFunctionalGroupsSequence"
_J2K = b"\xff\x4f\xff\x51"
_PLAIN_MARKERS = frozenset({0x01, *range(0xD0, 0xD9)})
_SIZE_MARKERS = frozenset({*range(0xC0, 0xD0), 0xF7} - {0xC4, 0xC8, 0xCC})


def is_dicom(data: bytes) -> bool:
    """Whether the bytes begin as a DICOM file, or as one that lost its preamble."""
    bare = data[:2] in (b"\x02\0", b"\x08\0") and data[4:6].isalpha() and data[4:6].isupper()
    return data[128:132] == b"DICM" or bare


def dicom_image(data: bytes, frame: Frame = Frame.FIRST) -> Image.Image:
    """The frame that is asked for: mode L, I;16 or RGB.

    Raises: BrokenImage saying why in a few words; whatever pydicom does of damaged bytes.
    """
    try:
        pydicom = importlib.import_module("pydicom")
        pixels = importlib.import_module("pydicom.pixels")
    except ImportError as error:
        raise BrokenImage("DICOM needs the imaging extra") from error
    dataset = _dataset(data, pydicom)
    try:
        place = place_of(frame, max(1, int(dataset.get("NumberOfFrames") or 1)))
        _check(dataset, pydicom, place)
    except (TypeError, ValueError) as error:
        raise BrokenImage("broken DICOM") from error
    try:
        shown = pixels.pixel_array(dataset, index=place, decoding_plugin=_plugin(dataset))
    except (RuntimeError, NotImplementedError, ValueError, AttributeError) as error:
        raise BrokenImage(_fault(str(error))) from error
    if dataset.get("PhotometricInterpretation") == "PALETTE COLOR":
        return _coloured(pixels.apply_color_lut(shown, dataset), 16)
    if shown.ndim == _COLOURS:
        return _coloured(shown, int(dataset.get("BitsStored") or 8))
    if place and dataset.get(_OF_FRAMES):
        dataset[_OF_FRAMES].value = dataset[_OF_FRAMES].value[place : place + 1]
    return _shown(shown, dataset, pixels)


def _plugin(dataset: Any) -> str:
    """Pydicom's own decoder for run lengths: pylibjpeg's asks for gigabytes where a header is broken, and ends the process."""
    return "pydicom" if dataset.file_meta.TransferSyntaxUID == _RUN_LENGTHS else ""


def _fault(told: str) -> str:
    """Pydicom's reason in a few words."""
    if "missing dependencies" in told or "missing required dependencies" in told:
        return "DICOM codec not installed"
    return "truncated image" if "less than expected" in told else "broken pixel data"


def _dataset(data: bytes, pydicom: Any) -> Any:
    """The data set, a deflated one inflated within the limit. Raises: BrokenImage."""
    meta = data[:4096]
    if data[128:132] == b"DICM" and _DEFLATED.encode() in meta:
        start = _body(data)
        inflater = zlib.decompressobj(-zlib.MAX_WBITS)
        body = inflater.decompress(data[start:], MAX_BYTES)
        if inflater.unconsumed_tail:
            raise BrokenImage("too many bytes")
        plain = _DEFLATED[: -len(".99")].encode()
        # The meta group's own length does not move: the shorter name is padded with zero bytes, as the standard has it.
        data = data[:start].replace(_DEFLATED.encode(), plain.ljust(len(_DEFLATED), b"\0")) + body
    try:
        return pydicom.dcmread(BytesIO(data), force=data[128:132] != b"DICM")
    except (struct.error, ValueError, KeyError, AttributeError) as error:
        raise BrokenImage("broken DICOM") from error


def _body(data: bytes) -> int:
    """Where the data set begins behind the meta group."""
    if data[132:138] != b"\x02\0\0\0UL":
        raise BrokenImage("broken DICOM")
    return 144 + int.from_bytes(data[140:144], "little")


def _check(dataset: Any, pydicom: Any, place: int) -> None:
    if not any(name in dataset for name in ("PixelData", "FloatPixelData", "DoubleFloatPixelData")):
        raise BrokenImage("DICOM without an image")
    rows, columns = int(dataset.get("Rows") or 0), int(dataset.get("Columns") or 0)
    if rows < 1 or columns < 1:
        raise BrokenImage("broken DICOM")
    if rows * columns > MAX_PIXELS:
        raise BrokenImage("too many pixels")
    if dataset.get("BurnedInAnnotation") == "YES":
        raise BrokenImage("patient data may be burned into the pixels")
    syntax = dataset.file_meta.get("TransferSyntaxUID") if hasattr(dataset, "file_meta") else None
    if syntax is None:
        dataset.file_meta = getattr(dataset, "file_meta", None) or pydicom.dataset.FileMetaDataset()
        dataset.file_meta.TransferSyntaxUID = pydicom.uid.ImplicitVRLittleEndian
    elif syntax.is_compressed and "PixelData" in dataset and not syntax.is_deflated:
        frames = int(dataset.get("NumberOfFrames") or 1)
        coded = importlib.import_module("pydicom.encaps").get_frame(dataset.PixelData, place, number_of_frames=frames)
        size = coded_size(coded)
        if size is not None and size != (columns, rows):
            raise BrokenImage("broken pixel data")


def coded_size(coded: bytes) -> tuple[int, int] | None:
    """Width and height that a JPEG, JPEG-LS or JPEG 2000 stream declares for itself, which is what its decoder allocates."""
    at = coded.find(_J2K, 0, 4096)
    if at >= 0 and len(coded) >= at + 24:
        right, bottom, left, top = struct.unpack_from(">IIII", coded, at + 8)
        return right - left, bottom - top
    if coded[:2] != b"\xff\xd8":
        return None
    at = 2
    while at + 9 <= len(coded):
        if coded[at] != 0xFF or coded[at + 1] in _PLAIN_MARKERS or coded[at + 1] == 0xFF:
            at += 1
            continue
        if coded[at + 1] in _SIZE_MARKERS:
            height, width = struct.unpack_from(">HH", coded, at + 5)
            return width, height
        at += 2 + int.from_bytes(coded[at + 2 : at + 4], "big")
    return None


def _coloured(frame: NDArray[Any], bits: int) -> Image.Image:
    """RGB of 8 bits, the high ones of a deeper frame."""
    if frame.dtype.itemsize > 1:
        frame = (frame.astype(np.uint32) >> max(0, bits - 8)).clip(0, 255)
    return Image.fromarray(np.ascontiguousarray(frame[..., :3].astype(np.uint8)))


def _shown(frame: NDArray[Any], dataset: Any, pixels: Any) -> Image.Image:
    """A grey frame as the file asks for it to be shown."""
    inverse = dataset.get("PhotometricInterpretation") == "MONOCHROME1"
    bits = int(dataset.get("BitsStored") or 16)
    padding = _padded(frame, dataset)
    if "VOILUTSequence" in dataset and not _first(dataset, "WindowWidth", "FrameVOILUTSequence"):
        looked_up = pixels.apply_voi_lut(pixels.apply_modality_lut(frame, dataset), dataset)
        return _stretched(looked_up.astype(np.float64), padding, inverse)
    values = _rescaled(frame, dataset, pixels)
    centre = _first(dataset, "WindowCenter", "FrameVOILUTSequence")
    width = _first(dataset, "WindowWidth", "FrameVOILUTSequence")
    if centre is not None and width is not None and width >= 1:
        function = str(dataset.get("VOILUTFunction") or "LINEAR")
        grey = np.rint(255 * _windowed(values, centre, width, function)).astype(np.uint8)
        return Image.fromarray(255 - grey if inverse else grey)
    if bits == 1:
        return Image.fromarray(((frame > 0) ^ inverse).astype(np.uint8) * 255)
    if bits <= 8 and frame.dtype == np.uint8:
        whole = frame if bits == 8 else (frame.astype(np.uint16) * 255 // (2**bits - 1)).astype(np.uint8)
        return Image.fromarray(255 - whole if inverse else whole)
    return _stretched(values, padding, inverse)


def _rescaled(frame: NDArray[Any], dataset: Any, pixels: Any) -> NDArray[np.float64]:
    if "ModalityLUTSequence" in dataset:
        return pixels.apply_modality_lut(frame, dataset).astype(np.float64)
    slope = _first(dataset, "RescaleSlope", "PixelValueTransformationSequence")
    intercept = _first(dataset, "RescaleIntercept", "PixelValueTransformationSequence")
    return frame.astype(np.float64) * (1.0 if slope is None else slope) + (intercept or 0.0)


def _windowed(values: NDArray[np.float64], centre: float, width: float, function: str) -> NDArray[np.float64]:
    """The values between 0 and 1 (DICOM part 3, C.11.2.1.2 and C.11.2.1.3)."""
    if function == "SIGMOID":
        return 1 / (1 + np.exp(np.clip(-4 * (values - centre) / width, -60, 60)))
    if function == "LINEAR_EXACT":
        return ((values - centre) / width + 0.5).clip(0, 1)
    if width == 1:
        return (values > centre - 0.5).astype(np.float64)
    return ((values - (centre - 0.5)) / (width - 1) + 0.5).clip(0, 1)


def _first(dataset: Any, name: str, group: str) -> float | None:
    """A number of the data set, or of its frame's functional group; of several the first."""
    places = [dataset]
    for sequence in (_OF_FRAMES, "SharedFunctionalGroupsSequence"):
        for item in (dataset.get(sequence) or [])[:1]:
            places += (item.get(group) or [])[:1]
    for place in places:
        value = place.get(name)
        if value is None or value == "":
            continue
        number = float(value[0] if hasattr(value, "__len__") and not isinstance(value, str) else value)
        return number if np.isfinite(number) else None
    return None


def _padded(frame: NDArray[Any], dataset: Any) -> NDArray[np.bool_]:
    """Where the frame is no image but padding around one."""
    value = dataset.get("PixelPaddingValue")
    return frame == value if isinstance(value, int) else np.zeros(frame.shape, bool)


def _stretched(values: NDArray[np.float64], padding: NDArray[np.bool_], inverse: bool) -> Image.Image:
    """16-bit grey from the least value (0) to the greatest, padding black."""
    values = np.where(np.isfinite(values), values, 0.0)
    inside = values[~padding] if not padding.all() else values
    low, high = float(inside.min()), float(inside.max())
    share = ((values - low) / (high - low)).clip(0, 1) if high > low else np.zeros_like(values)
    share = 1 - share if inverse else share
    share[padding] = 0
    return Image.fromarray(np.rint(share * 0xFFFF).astype(np.uint16))
