"""Scaled grey decoding: what it keeps, what it cuts, and what it refuses."""

import numpy as np
import pytest
from PIL import Image

from pipeline.images import scaled
from pipeline.images.phash import perceptual_hashes
from pipeline.images.scaled import scaled_grey
from pipeline.images.strip import BrokenImage
from tests.fixtures.pictures import drawn, encoded, exif


@pytest.mark.parametrize(("size", "part"), [((320, 260), 2), ((1200, 1040), 8), ((200, 150), 1), ((301, 259), 2)])
def test_scales_a_jpeg_to_the_least_size_that_is_asked(size, part):
    found = scaled_grey(encoded(drawn(1, size)))
    assert found.box == (0, 0, size[0] / part, size[1] / part)
    assert found.pixels.shape == (-(-size[1] // part), -(-size[0] // part))
    assert (found.width, found.height) == size


def test_either_jpeg_decoder_gives_the_same_pixels(monkeypatch):
    pytest.importorskip("simplejpeg")
    data = [encoded(drawn(seed, (301 + 7 * seed, 259)).convert("RGB"), quality=80) for seed in range(4)]
    quick = [scaled_grey(one) for one in data]
    monkeypatch.setattr(scaled, "_turbo", None)
    for one, fast in zip(data, quick, strict=True):
        slow = scaled_grey(one)
        assert slow.box == fast.box
        np.testing.assert_array_equal(slow.pixels, fast.pixels)


@pytest.mark.parametrize("orientation", range(1, 9))
def test_turns_upright_with_the_padded_edge_kept_outside(orientation):
    stored = drawn(3, (301, 259)).convert("RGB")
    turns = {2: 0, 3: 3, 4: 1, 5: 5, 6: 4, 7: 6, 8: 2}
    upright = stored.transpose(Image.Transpose(turns[orientation])) if orientation > 1 else stored
    found = scaled_grey(encoded(stored, quality=95, exif=exif(orientation)))
    left, top, right, bottom = found.box
    assert (found.width, found.height) == upright.size
    assert right - left == upright.width / 2
    assert bottom - top == upright.height / 2
    assert 0 <= left < right <= found.pixels.shape[1]
    across = np.asarray(upright.convert("L").resize((8, 8), Image.Resampling.BOX), float)
    box = Image.fromarray(np.ascontiguousarray(found.pixels)).resize((8, 8), Image.Resampling.BOX, box=found.box)
    assert np.abs(across - np.asarray(box, float)).max() < 3


def test_sixteen_bits_are_stretched_not_clipped():
    deep = (np.asarray(drawn(1), np.uint16) * 200 + 4000).astype(np.uint16)
    found = scaled_grey(encoded(Image.fromarray(deep), "PNG"))
    assert found.pixels.dtype == np.float32
    assert (found.pixels.min(), found.pixels.max()) == (0, 255)
    assert len(np.unique(found.pixels)) > 100


@pytest.mark.parametrize("kind", [np.uint16, np.int32])
def test_deep_pixels_are_means_over_blocks_of_which_the_last_are_smaller(kind):
    deep = np.random.default_rng(0).integers(0, 65536, (600, 771), dtype=kind)
    found = scaled_grey(encoded(Image.fromarray(deep), "TIFF"))
    means = np.array([[deep[y : y + 2, x : x + 2].mean() for x in range(0, 771, 2)] for y in range(0, 600, 2)])
    assert found.box == (0, 0, 771 / 2, 300)
    np.testing.assert_allclose(found.pixels, (means - means.min()) / (means.max() - means.min()) * 255, atol=1e-3)


def test_floats_that_are_no_numbers_do_no_harm():
    values = np.asarray(drawn(1), np.float32).copy()
    values[3, 4], values[5, 6] = np.nan, np.inf
    assert np.isfinite(scaled_grey(encoded(Image.fromarray(values), "TIFF")).pixels).all()


def test_refuses_too_many_scans(monkeypatch):
    monkeypatch.setattr(scaled, "MAX_SCANS", 3)
    with pytest.raises(BrokenImage, match="too many scans"):
        scaled_grey(encoded(drawn(1).convert("RGB"), progressive=True))


def test_refuses_too_many_pixels_before_decoding(monkeypatch):
    monkeypatch.setattr(scaled, "MAX_PIXELS", 10_000)
    for format in ("JPEG", "PNG"):
        with pytest.raises(BrokenImage, match="too many pixels"):
            scaled_grey(encoded(drawn(1), format))


@pytest.mark.parametrize("exact", [False, True])
@pytest.mark.parametrize("clear", [7, bytes(range(0, 256, 4))])
def test_a_palettes_opacity_is_no_fault_and_changes_no_shade(clear, exact):
    picture = drawn(1, (96, 80)).convert("RGB").quantize(64)
    plain, clear_too = encoded(picture, "PNG"), encoded(picture, "PNG", transparency=clear)
    assert perceptual_hashes(clear_too, exact=exact) == perceptual_hashes(plain, exact=exact)
    assert perceptual_hashes(clear_too, exact=exact).fault == ""
