"""Cleaning images: what goes, what stays to the byte, and which faults are told."""

import os
import struct
import sys
import zlib
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from pipeline.images.clean import Cleaned, clean
from pipeline.images.decode import measure

GPS = 0x8825
ORIENTATION = 0x0112


def picture(mode: str = "RGB", size: tuple[int, int] = (48, 32)) -> Image.Image:
    across, down = size
    ramp = np.add.outer(np.arange(down) * 5, np.arange(across) * 3).astype(np.uint8)
    image = Image.fromarray(np.stack([ramp, ramp[::-1], 255 - ramp], axis=-1))
    return image.convert(mode)


def encoded(image: Image.Image, format: str, **options: object) -> bytes:
    out = BytesIO()
    image.save(out, format, **options)  # pyright: ignore[reportArgumentType]
    return out.getvalue()


def opened(data: bytes) -> Image.Image:
    image = Image.open(BytesIO(data))
    image.load()
    return image


def exif(orientation: int = 1) -> Image.Exif:
    tags = Image.Exif()
    tags[ORIENTATION] = orientation
    tags[0x010E] = "Jane Doe 1970-01-01"
    tags.get_ifd(GPS)[1] = "N"
    tags.get_ifd(GPS)[2] = (48.0, 8.0, 12.0)
    return tags


def segment(marker: int, payload: bytes) -> bytes:
    return struct.pack(">BBH", 0xFF, marker, len(payload) + 2) + payload


def chunk(kind: bytes, payload: bytes) -> bytes:
    return len(payload).to_bytes(4, "big") + kind + payload + zlib.crc32(kind + payload).to_bytes(4, "big")


def entropy(data: bytes) -> bytes:
    return data[data.index(b"\xff\xda") : data.rindex(b"\xff\xd9")]


def pixels(data: bytes) -> bytes:
    return opened(data).tobytes()


def test_jpeg_loses_exif_gps_comments_and_private_segments_but_no_coded_byte() -> None:
    plain = encoded(picture(), "JPEG", exif=exif(), comment=b"ward 3", icc_profile=b"profile")
    private = segment(0xED, b"Photoshop 3.0\0name") + segment(0xE1, b"http://ns.adobe.com/xap/1.0/\0<x/>") + segment(0xE2, b"MPF\0secret")
    cleaned = clean(plain[:2] + private + plain[2:])
    assert (cleaned.format, cleaned.fault) == ("jpeg", "")
    assert entropy(cleaned.bytes) == entropy(plain)
    for gone in (b"Jane", b"Exif", b"ward", b"Photoshop", b"xap", b"MPF"):
        assert gone not in cleaned.bytes
    assert b"ICC_PROFILE\0" in cleaned.bytes
    assert not opened(cleaned.bytes).getexif()
    assert pixels(cleaned.bytes) == pixels(plain)


def test_progressive_jpeg_keeps_every_scan_and_loses_a_comment_between_them() -> None:
    plain = encoded(picture(size=(200, 120)), "JPEG", progressive=True)
    second = plain.index(b"\xff\xda", plain.index(b"\xff\xda") + 2)
    table = plain.rindex(b"\xff\xc4", 0, second)
    cleaned = clean(plain[:table] + segment(0xFE, b"between") + plain[table:])
    assert cleaned.bytes == plain


def test_jpeg_thumbnail_in_the_jfif_header_is_cut_off() -> None:
    plain = encoded(picture(), "JPEG")
    thumbnail = segment(0xE0, b"JFIF\0\x01\x01\0\0\x01\0\x01\x01\x01" + b"\x77\x78\x79")
    cleaned = clean(plain[:2] + thumbnail + plain[plain.index(b"\xff\xdb") :])
    assert cleaned.fault == ""
    assert b"\x77\x78\x79" not in cleaned.bytes[:40]
    assert pixels(cleaned.bytes) == pixels(plain)


@pytest.mark.parametrize("format", ["JPEG", "PNG"])
@pytest.mark.parametrize("orientation", range(2, 9))
def test_turned_images_are_stored_upright(format: str, orientation: int) -> None:
    data = encoded(picture(), format, exif=exif(orientation))
    cleaned = clean(data)
    assert cleaned.fault == ""
    assert cleaned.format == format.lower()
    assert not opened(cleaned.bytes).getexif()
    before, after = measure(data), measure(cleaned.bytes)
    assert (after.width, after.height) == (before.width, before.height)
    assert (after.width, after.height) == ((32, 48) if orientation > 4 else (48, 32))
    assert format == "JPEG" or after.pixels_digest == before.pixels_digest


def test_turning_a_jpeg_keeps_colours_near_and_the_profile() -> None:
    data = encoded(picture(), "JPEG", quality=95, exif=exif(6), icc_profile=b"profile")
    cleaned = clean(data)
    wanted = np.asarray(opened(data).transpose(Image.Transpose.ROTATE_270), dtype=int)
    assert np.abs(np.asarray(opened(cleaned.bytes), dtype=int) - wanted).max() <= 16
    assert b"ICC_PROFILE\0" in cleaned.bytes
    assert clean(data) == cleaned


@pytest.mark.parametrize("format", ["JPEG", "PNG"])
def test_bytes_behind_the_end_are_dropped(format: str) -> None:
    plain = encoded(picture(), format)
    assert clean(plain + b"PK\x03\x04 patient.zip") == Cleaned(plain, format.lower(), "")


def test_png_loses_text_time_and_private_chunks_but_no_coded_byte() -> None:
    plain = encoded(picture(), "PNG", dpi=(300, 300))
    end = plain.index(b"IEND") - 4
    noise = [
        chunk(b"tEXt", b"Name\0Jane"),
        chunk(b"zTXt", b"a\0\0x"),
        chunk(b"iTXt", b"XML"),
        chunk(b"tIME", b"\0" * 7),
        chunk(b"caNv", b"1"),
    ]
    assert clean(plain[:end] + b"".join(noise) + plain[end:]).bytes == plain
    assert clean(plain[:33] + b"".join(noise) + plain[33:]).bytes == plain


def test_animated_png_becomes_its_first_frame() -> None:
    first, second = picture(), picture().rotate(180)
    data = encoded(first, "PNG", save_all=True, append_images=[second])
    cleaned = clean(data)
    assert b"acTL" in data
    assert b"acTL" not in cleaned.bytes
    assert pixels(cleaned.bytes) == first.tobytes()


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGBA", "I;16"])
def test_png_of_every_mode_is_left_as_it_is(mode: str) -> None:
    image = picture("L").convert("I").convert("I;16") if mode == "I;16" else picture("RGBA" if mode == "LA" else "RGB").convert(mode)
    plain = encoded(image, "PNG")
    assert clean(plain) == Cleaned(plain, "png", "")
    assert measure(plain).fault == ""


def test_turned_palette_and_16_bit_png_keep_their_values() -> None:
    deep = Image.fromarray(np.arange(48 * 32, dtype=np.uint16).reshape(32, 48) * 40)
    for image in (picture("P"), deep):
        data = encoded(image, "PNG", exif=exif(6))
        cleaned = opened(clean(data).bytes)
        assert cleaned.mode == image.mode
        assert np.array_equal(np.asarray(cleaned), np.rot90(np.asarray(image), -1))


def test_cmyk_jpeg_keeps_its_adobe_segment_and_colours() -> None:
    data = encoded(picture("CMYK"), "JPEG", exif=exif())
    cleaned = clean(data)
    assert b"Adobe" in cleaned.bytes
    assert pixels(cleaned.bytes) == pixels(data)
    assert measure(cleaned.bytes).pixels_digest == measure(data).pixels_digest
    assert clean(encoded(picture("CMYK"), "JPEG", exif=exif(6))).fault == ""


@pytest.mark.parametrize(("format", "options"), [("GIF", {}), ("TIFF", {}), ("WEBP", {"lossless": True}), ("BMP", {})])
def test_other_formats_become_png_with_the_same_pixels(format: str, options: dict[str, object]) -> None:
    data = encoded(picture(), format, **options)
    cleaned = clean(data)
    assert (cleaned.format, cleaned.fault) == ("png", "")
    assert measure(cleaned.bytes) == measure(data)


def test_first_frame_of_an_animation_is_taken() -> None:
    data = encoded(picture("L"), "GIF", save_all=True, append_images=[picture("L").rotate(180)])
    assert opened(clean(data).bytes).convert("L").tobytes() == picture("L").tobytes()


def test_turned_tiff_is_stored_upright() -> None:
    data = encoded(picture(), "TIFF", tiffinfo={ORIENTATION: 6})
    cleaned = clean(data)
    assert opened(cleaned.bytes).size == (32, 48)
    assert measure(cleaned.bytes) == measure(data)


def test_deep_tiff_keeps_16_bits_and_refuses_what_png_cannot_hold() -> None:
    deep = np.arange(48 * 32, dtype=np.uint16).reshape(32, 48) * 40
    assert np.array_equal(np.asarray(opened(clean(encoded(Image.fromarray(deep), "TIFF")).bytes)), deep)
    for unfit in (np.full((4, 4), 70_000, np.int32), np.full((4, 4), -1, np.int32), np.full((4, 4), 0.5, np.float32)):
        assert clean(encoded(Image.fromarray(unfit), "TIFF")) == Cleaned(b"", "", "pixel depth not supported")


def test_damaged_exif_does_not_cost_the_image() -> None:
    plain = encoded(picture(), "JPEG")
    damaged = (
        segment(0xE1, b"Exif\0\0II*\0\xff\xff\xff\x7f") + segment(0xE1, b"Exif\0\0XX") + segment(0xE1, b"Exif\0\0MM\0*\0\0\0\x08\0\x09")
    )
    assert clean(plain[:2] + damaged + plain[2:]).bytes == plain


@pytest.mark.parametrize(
    ("data", "fault"),
    [
        (b"", "empty file"),
        (b"Figure 3 shows the chest film.", "not an image"),
        (b"\xff\xd8\xff", "truncated JPEG"),
        (b"\x89PNG\r\n\x1a\n", "truncated PNG"),
        (b"GIF89a", "not an image"),
        (b"\x1f\x8b\x08\0", "truncated NIfTI"),
        (b"\0\0\0\x0cjP  ", "format not supported"),
        (b"%PDF-1.7", "not an image"),
        (b"\xff\xd8\xff\xd9", "broken JPEG"),
    ],
)
def test_what_is_no_image_is_a_fault(data: bytes, fault: str) -> None:
    assert clean(data) == Cleaned(b"", "", fault)


@pytest.mark.parametrize(("format", "fault"), [("JPEG", "truncated JPEG"), ("PNG", "truncated PNG")])
def test_a_file_cut_anywhere_is_a_fault(format: str, fault: str) -> None:
    plain = encoded(picture(), format)
    for end in range(16, len(plain) - 1, 37):
        assert clean(plain[:end]) == Cleaned(b"", "", fault)


@pytest.mark.parametrize("format", ["GIF", "TIFF", "WEBP", "BMP"])
def test_other_formats_cut_anywhere_raise_nothing(format: str) -> None:
    plain = encoded(picture(), format)
    for end in range(0, len(plain) - 1, 61):
        cleaned = clean(plain[:end])
        assert cleaned.fault or measure(cleaned.bytes).fault == ""
    assert clean(plain[: len(plain) // 2]).bytes == b""


def test_flipped_bytes_raise_nothing() -> None:
    rng = np.random.default_rng(7)
    for format in ("JPEG", "PNG", "GIF", "TIFF", "WEBP", "BMP"):
        plain = encoded(picture(), format)
        for _ in range(40):
            damaged = bytearray(plain)
            for place in rng.integers(0, len(plain), 3):
                damaged[place] = int(rng.integers(0, 256))
            cleaned = clean(bytes(damaged))
            assert bool(cleaned.fault) != bool(cleaned.bytes)
            measure(cleaned.bytes)


def test_damaged_png_chunk_is_a_fault() -> None:
    plain = bytearray(encoded(picture(), "PNG"))
    plain[plain.index(b"IDAT") + 10] ^= 1
    assert clean(bytes(plain)).fault == "broken PNG"


@pytest.mark.parametrize("side", [9_500, 20_000])
def test_too_many_pixels_are_a_fault_before_decoding(side: int) -> None:
    plain = encoded(picture(), "PNG")
    header = struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0)
    assert clean(plain[:8] + chunk(b"IHDR", header) + plain[33:]).fault == "too many pixels"
    jpeg = bytearray(encoded(picture(), "JPEG"))
    frame = jpeg.index(b"\xff\xc0")
    jpeg[frame + 5 : frame + 9] = struct.pack(">HH", side, side)
    assert clean(bytes(jpeg)).fault == "too many pixels"
    bitmap = bytearray(encoded(picture(), "BMP"))
    bitmap[18:26] = struct.pack("<ii", side, side)
    assert clean(bytes(bitmap)).fault == "too many pixels"


def test_real_radiographs_keep_their_pixels() -> None:
    root = os.environ.get("MEDTRACE_DATA")
    if not root:
        pytest.skip("MEDTRACE_DATA names no folder of real data")
    images = sorted((Path(root) / "vqa_rad").rglob("*.jpg"))[:40]
    assert images
    for path in images:
        data = path.read_bytes()
        cleaned = clean(data)
        assert cleaned.fault == ""
        assert len(cleaned.bytes) <= len(data)
        assert measure(cleaned.bytes) == measure(data)


@pytest.mark.parametrize(
    ("data", "fault"),
    [
        (b"\0" * 128 + b"DICM" + b"\0" * 40, "DICOM needs the imaging extra"),
        (b"\0" * 344 + b"n+1\0", "NIfTI needs the imaging extra"),
    ],
)
def test_a_format_whose_package_is_absent_is_told(data: bytes, fault: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("pydicom", "nibabel"):
        monkeypatch.setitem(sys.modules, name, None)
    assert clean(data) == Cleaned(b"", "", fault)
