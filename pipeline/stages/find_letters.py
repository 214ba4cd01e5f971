"""Find letters: which pictures of a shard show rows of letters near their borders, as names and dates are burned in."""

from dataclasses import dataclass

import pyarrow as pa

from pipeline.images.burned import burned_lines
from pipeline.images.decode import eight_bits, pillow_warnings_as_errors, upright
from schemas.image import Image, Lettered


@dataclass(frozen=True)
class LettersRecipe:
    """The version of the search."""

    burned: int


def find_letters(images: pa.Table, recipe: LettersRecipe) -> dict[str, pa.Table]:
    """`lettered`: the pictures with such rows, in order, and how many; what does not decode has none."""
    rows = []
    for digest, data in zip(images[Image.digest].to_pylist(), images[Image.bytes], strict=True):
        count = _count(data.as_py())
        if count:
            rows.append({Lettered.digest: digest, Lettered.lines: count})
    return {"lettered": Lettered.from_rows(rows)}


def _count(data: bytes) -> int:
    try:
        with pillow_warnings_as_errors():
            return len(burned_lines(eight_bits(upright(data))))
    except MemoryError:
        raise
    except Exception:
        return 0
