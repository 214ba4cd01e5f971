"""All pairs within a radius: exact against the quadratic scan, whatever the bits are like."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.images.blocks import plan
from pipeline.images.hamming import as_words, distinct, iter_near_pairs, near_pairs
from pipeline.images.tiles import Thinning
from schemas.errors import UsageError


def by_scanning(words, radius):
    found = []
    for left in range(len(words)):
        distance = np.bitwise_count(words[left] ^ words[left + 1 :]).sum(axis=1)
        found += [(left, left + 1 + int(at), int(distance[at])) for at in np.flatnonzero(distance <= radius)]
    return found


def triples(pairs):
    return list(zip(pairs.left.tolist(), pairs.right.tolist(), pairs.distance.tolist(), strict=True))


def planted(rng, rows, words, noise):
    """Hashes, half of them another with a few bits turned; the higher `noise`, the more bits are equal in all."""
    base = rng.integers(0, 2**63, (rows, words), dtype=np.uint64) << np.uint64(1)
    for _ in range(noise):
        base &= rng.integers(0, 2**63, (rows, words), dtype=np.uint64) << np.uint64(1)
    near = base.copy()
    for _ in range(int(rng.integers(1, 12))):
        near[np.arange(rows), rng.integers(0, words, rows)] ^= np.uint64(1) << rng.integers(0, 64, rows).astype(np.uint64)
    return np.concatenate([base, near])


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 2**32), st.integers(0, 31), st.sampled_from([1, 4]), st.integers(0, 3), st.integers(1, 120))
def test_finds_every_pair_once_with_its_distance(seed, radius, words, noise, rows):
    hashes = distinct(planted(np.random.default_rng(seed), rows, words, noise)).words
    assert triples(near_pairs(hashes, radius)) == by_scanning(hashes, radius)


@pytest.mark.parametrize(("words", "radius"), [(1, 8), (1, 18), (4, 10), (4, 24)])
def test_finds_every_pair_of_some_thousands(words, radius):
    hashes = distinct(planted(np.random.default_rng(radius), 700, words, 0)).words
    assert triples(near_pairs(hashes, radius)) == by_scanning(hashes, radius)


def test_rows_that_share_every_block_are_compared_in_bounded_pieces():
    hashes = np.arange(1500, dtype=np.uint64)[:, None]
    batches = list(iter_near_pairs(hashes, 2))
    assert max(len(pairs.left) for pairs in batches) <= 1 << 16
    assert sum(len(pairs.left) for pairs in batches) == len(by_scanning(hashes, 2))


def test_repeats_collapse_to_one_row():
    hashes = as_words([b"same----"] * 10_000 + [b"other---"])
    found = distinct(hashes)
    assert found.words.shape == (2, 1)
    np.testing.assert_array_equal(found.words[found.places], hashes)


def test_words_keep_the_order_of_bits():
    assert as_words([bytes(7) + b"\x01", b"\x80" + bytes(7)]).tolist() == [[1], [2**63]]


def test_blocks_keep_the_pigeonhole():
    for radius in (0, 1, 2, 5, 8, 13, 18, 24, 31):
        for rows in (10, 3000):
            blocks = plan(np.random.default_rng(0).integers(0, 2**63, (rows, 1), dtype=np.uint64), radius)
            assert sum(block.turned + 1 for block in blocks) == radius + 1
            ends = [block.start + block.bits for block in blocks]
            assert all(end <= block.start for end, block in zip(ends, blocks[1:], strict=False))
            assert ends[-1] <= 64


@pytest.mark.parametrize("radius", [-1, 32])
def test_a_radius_that_says_nothing_is_refused(radius):
    with pytest.raises(UsageError, match=f"A radius of {radius} bits"):
        near_pairs(as_words([bytes(8), bytes(8)]), radius)


def test_no_hashes_have_no_pairs():
    assert triples(near_pairs(as_words([]), 4)) == []


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 2**32), st.integers(0, 24), st.integers(0, 127), st.integers(0, 3), st.integers(1, 200))
def test_a_second_hash_keeps_the_pairs_within_both_radii(seed, radius, second, noise, rows):
    both = distinct(planted(np.random.default_rng(seed), rows, 5, noise)).words
    first, more = both[:, :1], both[:, 1:]
    found = [triple for pairs in iter_near_pairs(first, radius, Thinning(more, second)) for triple in triples(pairs)]
    close = {(left, right) for left, right, _ in by_scanning(more, second)}
    assert sorted(found) == [triple for triple in by_scanning(first, radius) if triple[:2] in close]


@pytest.mark.parametrize(("rows", "noise"), [(1500, 0), (1000, 1), (3000, 0)])
def test_full_buckets_are_compared_whole(rows, noise):
    hashes = distinct(planted(np.random.default_rng(rows), rows, 1, noise)).words
    assert any(block.full for block in plan(hashes, 18))
    near = near_pairs(hashes, 18)
    assert len(near.left) == len(set(zip(near.left.tolist(), near.right.tolist(), strict=True)))
    apart = [np.bitwise_count(hashes[place, 0] ^ hashes[place + 1 :, 0]) for place in range(len(hashes))]
    assert len(near.left) == sum(int((distance <= 18).sum()) for distance in apart)


def test_second_hashes_that_do_not_fit_are_refused():
    hashes = as_words([bytes(8), bytes(7) + b"\x01"])
    with pytest.raises(UsageError, match="1 second hashes do not fit 2 rows"):
        list(iter_near_pairs(hashes, 3, Thinning(hashes[:1], 3)))
    with pytest.raises(UsageError, match="A radius of 200 bits does not fit hashes of 64 bits"):
        list(iter_near_pairs(hashes, 3, Thinning(hashes, 200)))
