"""Drawings on disk: what a second read of many images gave, of which memory holds where each lies."""

from typing import IO, NamedTuple

import numpy as np

from pipeline.images.cluster import Drawn
from pipeline.images.confirm import Sketch


class _Place(NamedTuple):
    at: int
    shape: tuple[int, ...]
    width: int
    height: int


class Spill:
    """Drawings by digest, their sketches in a file that is open for reading and writing."""

    def __init__(self, file: IO[bytes]) -> None:
        self.pixels: dict[str, str] = {}
        self._places: dict[str, _Place] = {}
        self._file = file
        self._end = 0

    def put(self, digest: str, drawn: Drawn) -> None:
        """Keeps a drawing."""
        self.pixels[digest] = drawn.pixels
        if drawn.sketch is not None:
            grey, width, height = drawn.sketch
            self._file.seek(self._end)
            self._file.write(grey.tobytes())
            self._places[digest] = _Place(self._end, grey.shape, width, height)
            self._end += grey.nbytes

    def draw(self, digest: str) -> Drawn:
        """A drawing that was put."""
        place = self._places.get(digest)
        if place is None:
            return Drawn(self.pixels[digest], None)
        self._file.seek(place.at)
        grey = np.frombuffer(self._file.read(int(np.prod(place.shape))), np.uint8).reshape(place.shape)
        return Drawn(self.pixels[digest], Sketch(grey, place.width, place.height))
