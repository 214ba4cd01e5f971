"""Small pictures for a page: re-encoded, each once, within a budget of bytes."""

import base64
import hashlib
from io import BytesIO

from pipeline.images.decode import pillow_warnings_as_errors, upright

SIDE = 320
QUALITY = 72
BUDGET_BYTES = 4 << 20


class Thumbnails:
    """Thumbnails by name. `held`: data URLs; `left_out`: pictures that were beyond the budget or did not decode."""

    def __init__(self) -> None:
        self.held: dict[str, str] = {}
        self.left_out = 0
        self._spent = 0

    def of(self, data: bytes) -> str:
        """The name of a picture's thumbnail; '' where there is none."""
        name = hashlib.sha256(data).hexdigest()[:16]
        if name in self.held:
            return name
        small = shrink(data)
        if not small or self._spent + len(small) > BUDGET_BYTES:
            self.left_out += 1
            return ""
        self._spent += len(small)
        self.held[name] = "data:image/jpeg;base64," + base64.b64encode(small).decode()
        return name


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
