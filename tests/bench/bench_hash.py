"""Hashes a second on one core beside imagehash and the bare scaled decode, interleaved in one run.

MEDTRACE_DATA=DIR python -m tests.bench.bench_hash [rounds=3]
"""

import importlib
import os
import statistics
import sys
import time
from collections import Counter
from collections.abc import Callable
from io import BytesIO
from pathlib import Path

import numpy as np
from PIL import Image

from pipeline.images import scaled
from pipeline.images.phash import exact_phash64, perceptual_hashes
from pipeline.images.scaled import scaled_grey

imagehash = importlib.import_module("imagehash")


def real() -> list[bytes]:
    return [path.read_bytes() for path in sorted((Path(os.environ["MEDTRACE_DATA"]) / "vqa_rad").rglob("*.jpg"))]


def resized(files: list[bytes], side: int) -> list[bytes]:
    found = []
    for data in files:
        out = BytesIO()
        Image.open(BytesIO(data)).convert("RGB").resize((side, side)).save(out, "JPEG", quality=85)
        found.append(out.getvalue())
    return found


def deep(files: list[bytes]) -> list[bytes]:
    found = []
    for data in files:
        out = BytesIO()
        grey = np.asarray(Image.open(BytesIO(data)).convert("L").resize((1024, 1024)), np.uint16)
        noise = np.random.default_rng(0).integers(0, 16, grey.shape, dtype=np.uint16)
        Image.fromarray(grey * 100 + noise).save(out, "PNG")
        found.append(out.getvalue())
    return found


def opened(data: bytes) -> Image.Image:
    return Image.open(BytesIO(data))


def packed(found: object) -> bytes:
    return np.packbits(found.hash).tobytes()  # pyright: ignore[reportAttributeAccessIssue]


def by_pillow(function: Callable[[bytes], object]) -> Callable[[bytes], object]:
    def without(data: bytes) -> object:
        turbo, scaled._turbo = scaled._turbo, None
        try:
            return function(data)
        finally:
            scaled._turbo = turbo

    return without


CASES: dict[str, Callable[[bytes], object]] = {
    "imagehash.phash": lambda data: imagehash.phash(opened(data)),
    "own, all three hashes": perceptual_hashes,
    "bare scaled decode": scaled_grey,
    "own by Pillow": by_pillow(perceptual_hashes),
    "bare by Pillow": by_pillow(scaled_grey),
    "own exact phash64": exact_phash64,
    "bare whole decode": lambda data: opened(data).load(),
}


def told(name: str, files: list[bytes], rounds: int) -> None:
    spent: dict[str, list[float]] = {case: [] for case in CASES}
    for _ in range(rounds):
        for case, function in CASES.items():
            began = time.process_time()
            for data in files:
                function(data)
            spent[case].append(time.process_time() - began)
    base = statistics.median(spent["imagehash.phash"])
    print(f"\n{name}: {len(files)} images")
    for case, times in spent.items():
        low, middle, high = (len(files) / value for value in (max(times), statistics.median(times), min(times)))
        print(f"  {case:24}{low:8.0f} / {middle:6.0f} / {high:6.0f} a second{base / statistics.median(times):7.2f}x")


def agreement(name: str, files: list[bytes]) -> None:
    pairs: dict[str, Counter[int]] = {case: Counter() for case in ("phash64", "phash256", "dhash64", "exact phash64")}
    for data in files:
        own = perceptual_hashes(data)
        known = (imagehash.phash(opened(data)), imagehash.phash(opened(data), 16), imagehash.dhash(opened(data)))
        found = (own.phash64, own.phash256, own.dhash64, exact_phash64(data))
        for case, one, two in zip(pairs, found, (*known, known[0]), strict=True):
            pairs[case][(int.from_bytes(one) ^ int.from_bytes(packed(two))).bit_count()] += 1
    print(f"\n{name}: bits from imagehash")
    for case, counts in pairs.items():
        print(f"  {case:16}", dict(sorted(counts.items())))


def main() -> None:
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 3
    files = real()
    agreement("VQA-RAD", files)
    told("VQA-RAD", files, rounds)
    told("JPEG 512", resized(files[:100], 512), rounds)
    told("JPEG 2048", resized(files[:16], 2048), rounds)
    sixteen = deep(files[:24])
    told("PNG of 16 bits, 1024", sixteen, rounds)
    known = {packed(imagehash.phash(opened(data))) for data in sixteen}
    own = {perceptual_hashes(data).phash64 for data in sixteen}
    print(f"  distinct hashes of {len(sixteen)}: imagehash {len(known)}, own {len(own)}")


if __name__ == "__main__":
    main()
