"""Small pictures for a page: re-encoded, each once, within a budget of bytes."""

import base64
import hashlib

from pipeline.images.thumbnail import SIDE, shrink

__all__ = ["BUDGET_BYTES", "SIDE", "Thumbnails"]

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
        return name if name in self.held else self._hold(name, shrink(data))

    def of_small(self, data: bytes) -> str:
        """The name of a thumbnail that was made before; '' where there is none."""
        name = hashlib.sha256(data).hexdigest()[:16]
        return name if name in self.held else self._hold(name, data)

    def _hold(self, name: str, small: bytes) -> str:
        if not small or self._spent + len(small) > BUDGET_BYTES:
            self.left_out += 1
            return ""
        self._spent += len(small)
        self.held[name] = "data:image/jpeg;base64," + base64.b64encode(small).decode()
        return name
