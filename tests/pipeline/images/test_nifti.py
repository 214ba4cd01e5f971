"""NIfTI: which slice is shown, which way up, and what is refused."""

import gzip
from io import BytesIO

import numpy as np
import pytest
from PIL import Image

from pipeline.images import nifti
from pipeline.images.clean import clean
from pipeline.images.frames import Frame

nibabel = pytest.importorskip("nibabel")


def volume(kind=np.int16, axes="RAS", shape=(6, 8, 5)):
    """A volume whose voxels tell their place: 100 right + 10 anterior + 1 superior."""
    right, anterior, superior = np.meshgrid(*(np.arange(side) for side in shape), indexing="ij")
    image = nibabel.Nifti1Image((20 * right + 2 * anterior + superior).astype(kind), np.eye(4))
    turns = nibabel.orientations.axcodes2ornt(axes)
    return image.as_reoriented(nibabel.orientations.ornt_transform(nibabel.io_orientation(image.affine), turns))


def pixels(data):
    found = clean(data)
    assert (found.fault, found.format) == ("", "png")
    return np.asarray(Image.open(BytesIO(found.bytes)))


@pytest.mark.parametrize("axes", ["RAS", "LAS", "LPS", "PIR", "SAR", "ASL"])
def test_shows_the_middle_axial_slice_anterior_up_and_right_at_the_left(axes):
    shown = pixels(volume(np.uint8, axes).to_bytes())
    right, anterior = np.meshgrid(np.arange(5, -1, -1), np.arange(7, -1, -1))
    np.testing.assert_array_equal(shown, 20 * right + 2 * anterior + 2)


def test_deeper_voxels_are_stretched_over_sixteen_bits():
    shown = pixels(volume(np.float32).to_bytes())
    assert (shown.min(), shown.max()) == (0, 0xFFFF)
    assert len(np.unique(shown)) == 48


def test_gzip_and_time_series_are_read():
    series = nibabel.Nifti1Image(np.stack([volume().get_fdata().astype(np.uint8)] * 3, axis=-1), np.eye(4))
    np.testing.assert_array_equal(pixels(gzip.compress(series.to_bytes())), pixels(volume(np.uint8).to_bytes()))


def test_voxels_that_are_no_numbers_do_no_harm():
    values = np.full((4, 4, 3), np.nan, np.float32)
    values[1, 2] = 5
    assert pixels(nibabel.Nifti1Image(values, np.eye(4)).to_bytes()).max() == 0xFFFF


@pytest.mark.parametrize(
    ("data", "fault"),
    [
        (gzip.compress(b"text"), "not an image"),
        (gzip.compress(volume().to_bytes())[:-40], "truncated NIfTI"),
        (b"\x1f\x8b\x08\0", "truncated NIfTI"),
        (volume().to_bytes()[:-100], "truncated NIfTI"),
    ],
)
def test_a_broken_file_is_told(data, fault):
    assert clean(data).fault == fault


def test_a_bomb_is_refused(monkeypatch):
    monkeypatch.setattr(nifti, "MAX_BYTES", 100_000)
    assert clean(gzip.compress(bytes(10_000_000))).fault == "too many bytes"
    monkeypatch.setattr(nifti, "MAX_PIXELS", 10)
    assert clean(volume().to_bytes()).fault == "too many pixels"


def test_a_volume_is_no_single_frame_and_a_slice_is():
    assert clean(volume().to_bytes(), Frame.REFUSE).fault == "more than one frame"
    assert clean(volume(shape=(6, 8, 1)).to_bytes(), Frame.REFUSE).fault == ""
    assert clean(volume().to_bytes(), Frame.MIDDLE) == clean(volume().to_bytes())
