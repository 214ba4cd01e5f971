"""DICOM: how a frame is shown, what is not kept, and what is refused."""

import importlib
import os
import zlib
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from pipeline.images import dicom
from pipeline.images.clean import clean
from pipeline.images.frames import Frame

pydicom = pytest.importorskip("pydicom")
RAMP = np.arange(48, dtype=np.int16).reshape(6, 8) * 20 - 300


def written(frame: np.ndarray, syntax: str = "1.2.840.10008.1.2.1", **tags: object) -> bytes:
    """A DICOM file of the frame."""
    uid = importlib.import_module("pydicom.uid")
    file = pydicom.Dataset()
    file.file_meta = pydicom.dataset.FileMetaDataset()
    file.file_meta.TransferSyntaxUID = uid.UID(syntax)
    file.file_meta.MediaStorageSOPClassUID = uid.SecondaryCaptureImageStorage
    file.file_meta.MediaStorageSOPInstanceUID = "1.2.3"
    file.PatientName, file.PatientID = "Doe^Jane", "secret-4711"
    colours = frame.ndim == 3 and frame.shape[-1] == 3
    file.SamplesPerPixel = 3 if colours else 1
    file.PhotometricInterpretation = "RGB" if colours else "MONOCHROME2"
    if colours:
        file.PlanarConfiguration = 0
    file.Rows, file.Columns = frame.shape[-3:-1] if colours else frame.shape[-2:]
    file.BitsAllocated = file.BitsStored = 8 * frame.dtype.itemsize
    file.HighBit = file.BitsStored - 1
    file.PixelRepresentation = int(frame.dtype.kind == "i")
    file.PixelData = frame.tobytes() + b"\0" * (frame.nbytes % 2)
    for name, value in tags.items():
        setattr(file, name, value)
    out = BytesIO()
    pydicom.dcmwrite(out, file, enforce_file_format=True)
    return out.getvalue()


def pixels(data: bytes) -> np.ndarray:
    found = clean(data)
    assert (found.fault, found.format) == ("", "png")
    return np.asarray(Image.open(BytesIO(found.bytes)))


def test_a_window_shows_its_range_in_eight_bits():
    shown = pixels(written(RAMP, WindowCenter=["100", "0"], WindowWidth=["201", "1"], RescaleSlope="2", RescaleIntercept="0"))
    values = 2.0 * RAMP
    np.testing.assert_array_equal(shown, np.rint(255 * ((values - 99.5) / 200 + 0.5).clip(0, 1)))


@pytest.mark.parametrize("function", ["LINEAR_EXACT", "SIGMOID"])
def test_other_window_functions_rise_with_the_values(function):
    shown = pixels(written(RAMP, WindowCenter="100", WindowWidth="300", VOILUTFunction=function)).ravel().astype(int)
    assert (np.diff(shown) >= 0).all()
    assert abs(int(shown[np.abs(RAMP.ravel() - 100).argmin()]) - 128) <= 1


def test_monochrome1_is_shown_white_at_the_least():
    frame = np.arange(48, dtype=np.uint8).reshape(6, 8)
    np.testing.assert_array_equal(pixels(written(frame, PhotometricInterpretation="MONOCHROME1")), 255 - frame)
    deep = pixels(written(RAMP, PhotometricInterpretation="MONOCHROME1"))
    assert (deep[0, 0], deep[-1, -1]) == (0xFFFF, 0)


def test_signed_values_without_a_window_are_stretched_and_padding_is_black():
    frame = RAMP.copy()
    frame[0, :2] = -2000
    shown = pixels(written(frame, PixelPaddingValue=-2000))
    assert shown.dtype == np.uint16
    assert (shown[0, :2] == 0).all()
    assert (shown[0, 2], shown[-1, -1]) == (0, 0xFFFF)
    assert (np.diff(shown.ravel()[2:].astype(int)) > 0).all()


def test_the_first_frame_of_many_is_shown():
    frames = np.stack([np.full((4, 6), value, np.uint8) for value in (9, 200)])
    np.testing.assert_array_equal(pixels(written(frames, NumberOfFrames=2)), frames[0])


def test_colours_come_out_as_rgb():
    frame = np.random.default_rng(0).integers(0, 255, (4, 6, 3), dtype=np.uint8)
    np.testing.assert_array_equal(pixels(written(frame)), frame)
    grey = np.full((4, 6, 3), 128, np.uint8)
    assert (pixels(written(grey, PhotometricInterpretation="YBR_FULL")) == 128).all()


def test_no_tag_is_kept():
    data = written(RAMP)
    assert b"secret-4711" in data
    assert b"secret" not in clean(data).bytes
    assert b"Doe" not in clean(data).bytes


def test_what_may_show_a_name_is_refused():
    assert clean(written(RAMP, BurnedInAnnotation="YES")).fault == "patient data may be burned into the pixels"


def test_a_file_without_an_image_is_told():
    file = pydicom.dcmread(BytesIO(written(RAMP)))
    del file.PixelData
    out = BytesIO()
    file.save_as(out)
    assert clean(out.getvalue()).fault == "DICOM without an image"


@pytest.mark.parametrize(
    ("tags", "fault"),
    [
        ({"Rows": 60_000, "Columns": 60_000}, "too many pixels"),
        ({"Rows": 600, "Columns": 600}, "truncated image"),
        ({"Rows": 0}, "broken DICOM"),
    ],
)
def test_sizes_that_do_not_fit_are_told(tags, fault):
    assert clean(written(RAMP, **tags)).fault == fault


def test_a_deflated_file_is_read_and_a_deflated_bomb_refused(monkeypatch):
    plain = written(RAMP)
    start = 144 + int.from_bytes(plain[140:144], "little")
    head = written(RAMP, "1.2.840.10008.1.2.1.99")
    head = head[: 144 + int.from_bytes(head[140:144], "little")]

    def deflated(body):
        squeezer = zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS)
        return head + squeezer.compress(body) + squeezer.flush()

    np.testing.assert_array_equal(pixels(deflated(plain[start:])), pixels(plain))
    monkeypatch.setattr(dicom, "MAX_BYTES", 10_000)
    assert clean(deflated(plain[start:] + bytes(1_000_000))).fault == "too many bytes"


def test_a_stream_larger_than_its_header_is_not_decoded():
    encaps = importlib.import_module("pydicom.encaps")
    out = BytesIO()
    Image.new("L", (4000, 3000)).save(out, "JPEG")
    data = written(np.zeros((6, 8), np.uint8))
    file = pydicom.dcmread(BytesIO(data))
    file.file_meta.TransferSyntaxUID = pydicom.uid.JPEGBaseline8Bit
    file.PixelData = encaps.encapsulate([out.getvalue()])
    file["PixelData"].is_undefined_length = True
    out = BytesIO()
    file.save_as(out)
    assert clean(out.getvalue()).fault == "broken pixel data"


def test_one_picture_in_other_transfer_syntaxes_has_the_same_pixels():
    root = os.environ.get("MEDTRACE_DATA")
    if not root:
        pytest.skip("MEDTRACE_DATA names no folder of real data")
    folder = Path(root) / "pydicom_test_files/test_files"
    names = ("MR_small.dcm", "MR_small_bigendian.dcm", "MR_small_RLE.dcm")
    assert len({pixels((folder / name).read_bytes()).tobytes() for name in names}) == 1


def test_of_several_frames_the_one_that_is_asked_for_is_shown_by_its_own_window() -> None:
    frames = np.stack([np.full((6, 8), value, np.int16) for value in (0, 100, 200, 300)])
    groups = []
    for centre in (0, 100, 200, 400):
        window = pydicom.Dataset()
        window.WindowCenter, window.WindowWidth = centre, 201
        group = pydicom.Dataset()
        group.FrameVOILUTSequence = [window]
        groups.append(group)
    data = written(frames, NumberOfFrames="4", PerFrameFunctionalGroupsSequence=groups)
    assert set(pixels(data).ravel()) == {128}
    middle = np.asarray(Image.open(BytesIO(clean(data, Frame.MIDDLE).bytes)))
    assert set(middle.ravel()) == {128}
    assert clean(data, Frame.REFUSE).fault == "more than one frame"
    assert clean(written(frames[0]), Frame.REFUSE).fault == ""
    for wrong in ("-4", "99", "0"):
        assert not clean(written(frames[0], NumberOfFrames=wrong), Frame.MIDDLE).bytes or wrong == "0"
