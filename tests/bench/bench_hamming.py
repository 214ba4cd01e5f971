"""CPU seconds and memory of all pairs within a radius, beside faiss where it is installed, and the growth with size.

python -m tests.bench.bench_hamming [rows ...]
"""

import importlib
import importlib.util
import math
import resource
import sys
import time
from typing import Any

import numpy as np

from pipeline.images.hamming import distinct, iter_near_pairs
from pipeline.images.tiles import Words

CASES = ((1, 4), (1, 8), (4, 10), (4, 24))
QUERIES = 2000
TRIED = 20_000
MOST_MULTIHASH = 101_000


def hashes(rows: int, words: int, repeated: int = 200) -> Words:
    """Random hashes, a tenth of them near another, and one hash many times."""
    rng = np.random.default_rng(rows)
    base = rng.integers(0, 2**64 - 1, (rows, words), dtype=np.uint64)
    near = rows // 10
    base[rows - near :] = base[:near]
    for _ in range(4):
        base[np.arange(rows - near, rows), rng.integers(0, words, near)] ^= np.uint64(1) << rng.integers(0, 64, near).astype(np.uint64)
    return np.concatenate([base, np.repeat(base[:1], repeated, axis=0)])


def spent(words: Words, radius: int) -> tuple[float, int]:
    began = time.process_time()
    pairs = sum(len(found.left) for found in iter_near_pairs(distinct(words).words, radius))
    return time.process_time() - began, pairs


def settings(words: Words, radius: int) -> list[tuple[int, int, int]]:
    """Tables, bits and flips with which MultiHash is exact: of as many blocks one differs by no more than the radius' share."""
    total = 64 * words.shape[1]
    found = [(tables, min(total // tables, 24), radius // tables) for tables in range(2, radius + 2)]
    return [one for one in found if one[1] >= 8 and sum(math.comb(one[1], flips) for flips in range(one[2] + 1)) <= 5000]


def by_multihash(faiss: Any, words: Words, radius: int, tables: int, bits: int, flips: int) -> float:
    codes = words.view(np.uint8)
    multi = faiss.IndexBinaryMultiHash(codes.shape[1] * 8, tables, bits)
    multi.nflip = flips
    began = time.process_time()
    multi.add(codes)
    multi.range_search(codes, radius + 1)
    return time.process_time() - began


def by_faiss(words: Words, radius: int) -> tuple[float, float] | None:
    """Flat (scaled up from some queries), and MultiHash (up to 100,000 rows) with the exact settings that are quickest on a part."""
    if importlib.util.find_spec("faiss") is None:
        return None
    faiss = importlib.import_module("faiss")
    faiss.omp_set_num_threads(1)
    codes = words.view(np.uint8)
    flat = faiss.IndexBinaryFlat(codes.shape[1] * 8)
    flat.add(codes)
    began = time.process_time()
    flat.range_search(codes[:QUERIES], radius + 1)
    quadratic = (time.process_time() - began) * len(codes) / min(QUERIES, len(codes))
    if len(words) > MOST_MULTIHASH:
        return quadratic, 0.0
    quick = min(settings(words, radius), key=lambda one: by_multihash(faiss, words[-TRIED:], radius, *one))
    return quadratic, by_multihash(faiss, words, radius, *quick)


def main() -> None:
    sizes = [int(one) for one in sys.argv[1:]] or [20_000, 100_000]
    before: dict[tuple[int, int], float] = {}
    for rows in sizes:
        for words, radius in CASES:
            given = hashes(rows, words)
            seconds, pairs = spent(given, radius)
            grown = (
                math.log(seconds / before[words, radius]) / math.log(rows / sizes[sizes.index(rows) - 1])
                if before.get((words, radius))
                else 0
            )
            before[words, radius] = seconds
            line = f"{rows:9} x {64 * words:3} bits, radius {radius:2}: {seconds:7.2f} s, {pairs:8} pairs, exponent {grown:4.2f}"
            known = by_faiss(given, radius) if rows <= 500_000 and radius <= 10 else None
            if known:
                line += f"; faiss Flat {known[0]:.1f} s ({known[0] / seconds:.0f}x)"
                line += f", MultiHash {known[1]:.2f} s ({known[1] / seconds:.1f}x)" if known[1] else ""
            print(line, f"; {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024} MiB at most", flush=True)
    few, many = hashes(sizes[0], 1, 0), hashes(sizes[0], 1, 10_000)
    print(f"{sizes[0]} hashes, radius 8: {spent(few, 8)[0]:.3f} s; with 10,000 blanks besides {spent(many, 8)[0]:.3f} s")


if __name__ == "__main__":
    main()
