"""The tables of docs/images.md: which real files decode, why the rest do not, and what near-duplicate search finds.

MEDTRACE_DATA=DIR python -m tests.bench.images_report [every=1] [docs/images.md]
"""

import os
import sys
from collections import Counter
from io import BytesIO
from pathlib import Path

from PIL import Image

from pipeline.images.clean import clean
from pipeline.images.cluster import RADIUS
from pipeline.images.confirm import Same, Sketch, compare, sketch
from pipeline.images.decode import measure
from pipeline.images.phash import perceptual_hashes
from tests.bench.bench_dedup_real import OTHER, SAME, Change, bits

SETS = ("vqa_rad", "vqa_rad_republished", "bccd", "pydicom_test_files")
_PICTURES = (".jpg", ".jpeg", ".png", ".dcm", ".gif", ".bmp", ".tif", ".tiff", ".webp", "")
_BEGIN, _END = "<!-- measured: begin -->", "<!-- measured: end -->"
_FAMILIES = {
    "recompression": ("JPEG quality", "JPEG progressive"),
    "resize": ("resize",),
    "format and mode": ("PNG", "JPEG CMYK", "WebP", "BMP", "GIF"),
    "crop": ("crop",),
    "pad": ("pad",),
    "brightness and contrast": ("brightness", "contrast"),
    "small text": ("small text",),
}


def fault(path: Path) -> str:
    """Why a file is no image that can be published; '' where it is one."""
    cleaned = clean(path.read_bytes())
    return cleaned.fault or measure(cleaned.bytes).fault


def decoding(root: Path) -> list[str]:
    """A row a set, and a line for each file that does not decode."""
    rows = ["| set | files | decode | do not |", "| --- | ---: | ---: | ---: |"]
    told: list[str] = []
    for name in SETS:
        files = sorted(path for path in (root / name).rglob("*") if path.is_file() and path.suffix.lower() in _PICTURES)
        faults = {path: fault(path) for path in files}
        broken = {path: reason for path, reason in faults.items() if reason}
        rows.append(f"| {name} | {len(files)} | {len(files) - len(broken)} | {len(broken)} |")
        told += [f"| `{path.name}` | {reason} |" for path, reason in broken.items()]
    return [*rows, "", "| file | reason |", "| --- | --- |", *told]


def found(files: list[bytes], hashes: list[bytes], sketches: list[Sketch], change: Change) -> int:
    """How many changed images are joined with their original."""
    same = 0
    for data, known, drawn in zip(files, hashes, sketches, strict=True):
        changed = change(Image.open(BytesIO(data)).convert("RGB"))
        near = bits(perceptual_hashes(changed).phash64, known) <= RADIUS
        same += near and compare(drawn, sketch(changed)).same is Same.YES
    return same


def duplicates(root: Path, every: int) -> list[str]:
    """Recall by family and by transform of every so manieth image, and what of all distinct pairs is merged."""
    every_file = [path.read_bytes() for path in sorted((root / "vqa_rad").rglob("*.jpg"))]
    every_hash, every_sketch = [perceptual_hashes(data).phash64 for data in every_file], [sketch(data) for data in every_file]
    pairs = [(left, right) for left in range(len(every_file)) for right in range(left)]
    near = [(left, right) for left, right in pairs if bits(every_hash[left], every_hash[right]) <= RADIUS]
    merged = sum(compare(every_sketch[left], every_sketch[right]).same is Same.YES for left, right in near)
    files, hashes, sketches = every_file[::every], every_hash[::every], every_sketch[::every]
    recall = {name: found(files, hashes, sketches, change) for name, change in SAME.items()}
    wrong = {name: found(files, hashes, sketches, change) for name, change in OTHER.items()}
    joined = sum(recall.values())
    rows = ["| change | images | recall |", "| --- | ---: | ---: |"]
    for family, starts in _FAMILIES.items():
        names = [name for name in SAME if name.startswith(starts)]
        counts = Counter({name: recall[name] for name in names})
        rows.append(f"| **{family}** | {len(names) * len(files)} | **{counts.total() / (len(names) * len(files)):.3f}** |")
        rows += [f"| {name} | {len(files)} | {recall[name] / len(files):.3f} |" for name in names]
    rows += [f"| *{name} (another picture)* | {len(files)} | *{times} joined* |" for name, times in wrong.items()]
    precision = joined / max(joined + merged + sum(wrong.values()), 1)
    return [
        *rows,
        "",
        f"All {len(every_file)} radiographs of VQA-RAD: {len(pairs):,} distinct pairs, {len(near)} of them within {RADIUS} bits, {merged} merged. "
        f"Precision over all planted and distinct pairs {precision:.4f}.",
    ]


def main() -> None:
    every = int(sys.argv[1]) if len(sys.argv) > 1 else 1
    root = Path(os.environ["MEDTRACE_DATA"])
    told = "\n".join(["### Files that decode", "", *decoding(root), "", "### Duplicates that are found", "", *duplicates(root, every)])
    if len(sys.argv) < 3:
        print(told)
        return
    page = Path(sys.argv[2])
    before, _, rest = page.read_text(encoding="utf-8").partition(_BEGIN)
    page.write_text(f"{before}{_BEGIN}\n\n{told}\n\n{_END}{rest.partition(_END)[2]}", encoding="utf-8")


if __name__ == "__main__":
    main()
