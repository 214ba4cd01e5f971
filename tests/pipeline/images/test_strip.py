"""What tells whose picture it is stays behind, wherever a format has a place for words."""

from io import BytesIO

import pytest
from PIL import Image

from pipeline.images.bound import bounded
from pipeline.images.clean import clean
from pipeline.images.strip import BrokenImage, strip_jpeg, strip_png
from tests.fixtures.identified import FILES, TOLD, chunk, identified, segment, tells
from tests.fixtures.pictures import drawn, encoded

PIXEL_SEGMENTS = {0xC0, 0xC1, 0xC2, 0xC4, 0xDA, 0xDB, 0xDD, 0xE0, 0xE2, 0xEE}
PIXEL_CHUNKS = {b"IHDR", b"PLTE", b"IDAT", b"IEND", b"tRNS", b"gAMA", b"cHRM", b"sRGB", b"iCCP", b"sBIT", b"bKGD", b"pHYs"}


def markers(jpeg: bytes) -> set[int]:
    """The segments before the first scan's data."""
    found: set[int] = set()
    at = 2
    while 0xDA not in found:
        found.add(jpeg[at + 1])
        at += 2 + int.from_bytes(jpeg[at + 2 : at + 4], "big")
    return found


def chunks(png: bytes) -> set[bytes]:
    found: set[bytes] = set()
    at = 8
    while at < len(png):
        found.add(png[at + 4 : at + 8])
        at += 12 + int.from_bytes(png[at : at + 4], "big")
    return found


@pytest.mark.parametrize("name", FILES)
def test_no_file_that_is_published_tells_whose_picture_it_is(name: str) -> None:
    data = identified(name)
    assert tells(data)
    cleaned = clean(data)
    assert cleaned.fault == ""
    smaller = bounded(cleaned.bytes, 500)
    assert smaller
    for data in (cleaned.bytes, smaller):
        assert not tells(data)
        assert (markers(data) <= PIXEL_SEGMENTS) if cleaned.format == "jpeg" else (chunks(data) <= PIXEL_CHUNKS)
        with Image.open(BytesIO(data)) as image:
            image.load()
            assert not image.getexif()
            assert not image.info.keys() - {"jfif", "jfif_version", "jfif_unit", "jfif_density", "progressive", "progression", "dpi"}


@pytest.mark.parametrize("marker", [0xF0, 0xF3, 0xFD, 0x02, 0xBF, 0xDE])
def test_segments_that_no_pixel_is_read_by_are_dropped(marker: int) -> None:
    plain = encoded(drawn(1))
    assert strip_jpeg(plain[:2] + segment(marker, TOLD.encode()) + plain[2:]).data == plain


def test_words_behind_the_colour_transform_are_cut_off() -> None:
    plain = encoded(drawn(1).convert("CMYK"))
    at = plain.index(b"\xff\xee")
    assert strip_jpeg(plain).data == plain
    assert strip_jpeg(plain[:at] + segment(0xEE, plain[at + 4 : at + 16] + TOLD.encode()) + plain[at + 16 :]).data == plain


@pytest.mark.parametrize("kind", [b"tEXt", b"iTXt", b"zTXt", b"eXIf", b"tIME", b"dSIG", b"prVt"])
def test_chunks_that_no_pixel_is_read_by_are_dropped(kind: bytes) -> None:
    plain = encoded(drawn(1), "PNG")
    assert strip_png(plain[:33] + chunk(kind, TOLD.encode()) + plain[33:]).data == plain


def test_an_unknown_chunk_that_pixels_need_is_refused() -> None:
    plain = encoded(drawn(1), "PNG")
    with pytest.raises(BrokenImage, match="broken PNG"):
        strip_png(plain[:33] + chunk(b"PrVt", TOLD.encode()) + plain[33:])
