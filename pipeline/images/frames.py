"""Frames: which one of an animation, a file of pages or a series is the picture."""

from enum import StrEnum

from PIL import Image

from pipeline.images.decode import MAX_PIXELS
from pipeline.images.strip import BrokenImage

# An animation is drawn from its beginning up to the frame that is asked for.
_MOST_DRAWN = 16 * MAX_PIXELS
_HEAD = 1 << 16


class Frame(StrEnum):
    """Which frame of several is taken: the first, the middle one, or none, the file being refused."""

    FIRST = "first"
    MIDDLE = "middle"
    REFUSE = "refuse"


def place_of(frame: Frame, frames: int) -> int:
    """The frame's place among so many. Raises: BrokenImage where several are refused."""
    if frames > 1 and frame is Frame.REFUSE:
        raise BrokenImage("more than one frame")
    return frames // 2 if frame is Frame.MIDDLE else 0


def seek(image: Image.Image, frame: Frame) -> None:
    """Opens the frame that is asked for. Raises: BrokenImage beyond the limits, or where several are refused."""
    if frame is Frame.FIRST:
        return
    frames = getattr(image, "n_frames", 1)
    place = place_of(frame, frames)
    if place * image.width * image.height > _MOST_DRAWN:
        raise BrokenImage("too many frames")
    if place:
        image.seek(place)


def animated_png(data: bytes) -> bool:
    """Whether a PNG says before its pixels that it is an animation."""
    end = data.find(b"IDAT", 0, _HEAD)
    return data.find(b"acTL", 0, end if end >= 0 else _HEAD) >= 0
