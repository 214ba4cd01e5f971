"""Thumbnails: small pictures to be looked at, coded anew."""

from io import BytesIO

from pipeline.images.decode import pillow_warnings_as_errors, upright

THUMBNAIL_VERSION = 1
SIDE = 320
QUALITY = 72


def shrink(data: bytes) -> bytes:
    """A JPEG of at most 320 pixels a side; empty where the bytes are no whole picture."""
    try:
        with pillow_warnings_as_errors():
            image = upright(data)
            if image.mode in ("I", "F"):
                low, high = image.convert("F").getextrema()
                scale = 255 / (float(high) - float(low)) if high > low else 0.0  # pyright: ignore[reportArgumentType, reportOperatorIssue]
                offset = -float(low) * scale  # pyright: ignore[reportArgumentType]
                image = image.convert("F").point(lambda value: value * scale + offset).convert("L")
            image.thumbnail((SIDE, SIDE))
            made = BytesIO()
            image.save(made, "JPEG", quality=QUALITY)
    except MemoryError:
        raise
    except Exception:
        return b""
    return made.getvalue()
