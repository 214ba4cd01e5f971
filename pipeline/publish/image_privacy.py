"""What an audit finds of persons in published pictures: tags that a file still carries, and letters burned into the pixels."""

from io import BytesIO

from PIL import ExifTags, Image

from pipeline.images.burned import burned_lines
from pipeline.images.decode import FORMATS, eight_bits, pillow_warnings_as_errors, upright
from pipeline.publish.findings import SHOWN, Findings

BURNED = "pictures with rows of letters near their borders, which no one has read: look whether they name a person"
# What says how pixels are to be read or shown, and nothing of a person.
_PLAIN = frozenset(
    [
        "jfif",
        "jfif_version",
        "jfif_unit",
        "jfif_density",
        "dpi",
        "adobe",
        "adobe_transform",
        "progressive",
        "progression",
        "gamma",
        "srgb",
        "chromaticity",
        "transparency",
        "icc_profile",
        "interlace",
        "version",
        "background",
        "duration",
        "extension",
        "loop",
        "compression",
        "aspect",
        "timestamp",
        "mp_offset",
        "bits",
        "raw",
        "blend_op",
        "disposal",
    ]
)


class ImagePrivacy:
    """No published picture carries tags (EXIF, XMP, comments, text chunks, DICOM); those with letters near their borders are counted."""

    def __init__(self) -> None:
        self.findings = Findings("picture privacy", "pictures")
        self._shown = 0

    def look(self, data: bytes, where: str) -> None:
        """Looks at one picture; what does not decode is told by another check."""
        self.findings.seen += 1
        try:
            tags = tags_of(data)
            with pillow_warnings_as_errors():
                lines = burned_lines(eight_bits(upright(data)))
        except MemoryError:
            raise
        except Exception:
            return
        for tag in tags:
            self.findings.add("picture with a tag", f"{tag}, first in {where}")
        if lines:
            self.findings.asides[BURNED] += 1
            if self._shown < SHOWN:
                first = lines[0]
                box = f"{first.left},{first.top} to {first.right},{first.bottom}"
                self.findings.examples.append(
                    f"rows of letters near a border: {len(lines)}, one of {first.letters} letters at {box}, first in {where}"
                )
            self._shown += 1


def tags_of(data: bytes) -> list[str]:
    """Names of what a picture's file says besides its pixels."""
    if data[128:132] == b"DICM":
        return ["a DICOM file with its tags"]
    with pillow_warnings_as_errors(), Image.open(BytesIO(data), formats=FORMATS) as opened:
        exif = [f"EXIF {ExifTags.TAGS.get(tag, tag)}" for tag in opened.getexif()]
        named = [f"{name!s:.40}" for name in opened.info if str(name).lower() not in _PLAIN and name != "exif"]
    return sorted(exif) + sorted(named)
