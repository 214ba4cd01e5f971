"""How many pictures with burned-in letters are found, and how many without are taken for such: `python -m tests.bench.bench_burned`.

Every picture of VQA-RAD here bears a watermark at its top and most a caption with a name at their foot: of 96 drawn by hash, all were
looked at. Their middle 60 % are taken to hold no letter, and so are the fields of BCCD.
"""

import hashlib
import os
import statistics
import time
from collections.abc import Iterable, Iterator
from io import BytesIO
from pathlib import Path

import numpy as np
from PIL import Image

from pipeline.images.burned import burned_lines
from pipeline.images.mask import masked

SHARE = 0.2


def drawn(folder: Path, many: int) -> list[Path]:
    """Pictures of a folder in the order of the hashes of their names."""
    return sorted(folder.rglob("*.jpg"), key=lambda path: hashlib.sha256(path.name.encode()).hexdigest())[:many]


def middles(paths: Iterable[Path]) -> Iterator[Image.Image]:
    """What lies within the outer fifths of pictures."""
    for path in paths:
        with Image.open(path) as image:
            wide, high = image.size
            yield image.crop((int(wide * SHARE), int(high * SHARE), int(wide * (1 - SHARE)), int(high * (1 - SHARE))))


def main() -> None:
    """Prints the figures."""
    data = Path(os.environ["MEDTRACE_DATA"])
    lettered = drawn(data / "vqa_rad" / "osfstorage" / "VQA_RAD Image Folder", 96)
    begun = time.process_time()
    found = sum(bool(burned_lines(Image.open(path))) for path in lettered)
    spent = time.process_time() - begun
    false = sum(bool(burned_lines(image)) for image in middles(lettered))
    cells = drawn(data / "bccd", 60)
    wrong = sum(bool(burned_lines(Image.open(path))) for path in cells)
    print(
        f"with letters: {found} of {len(lettered)} found (recall {found / len(lettered):.3f}), {1000 * spent / len(lettered):.0f} ms of CPU a picture"
    )
    print(f"without: {false} of {len(lettered)} middles and {wrong} of {len(cells)} fields of cells are taken for lettered")
    print(f"precision {found / (found + false + wrong):.3f}")
    begun, left, shares = time.process_time(), 0, []
    for path in lettered:
        before = Image.open(path).convert("L")
        made = masked(path.read_bytes())
        after = Image.open(BytesIO(made[0])).convert("L") if made else before
        left += bool(burned_lines(after))
        black = np.asarray(after) < 8
        shares.append(float((black & (np.asarray(before) >= 24)).mean()))
    spent = time.process_time() - begun
    print(
        f"masked: {left} of {len(lettered)} still show a row of letters; painted over in the median {100 * statistics.median(shares):.1f} %, "
        f"at most {100 * max(shares):.1f} % of pixels that were not black; {1000 * spent / len(lettered):.0f} ms of CPU a picture"
    )


if __name__ == "__main__":
    main()
