"""Find near texts: which examples may ask the same in nearly the same words, across all sources."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from pipeline.texts.minhash import BANDS, Keys, candidates
from schemas.example import Example
from schemas.graph import SHARD
from schemas.picture import Picture
from schemas.similar import NearText, TextPair, TextSketch


@dataclass(frozen=True)
class NearTextsRecipe:
    """From which similarity on two texts are near, and which search."""

    threshold: float
    sketch_version: int


def find_near_texts(examples: pa.Table, sketches: pa.Table, pictures: pa.Table, recipe: NearTextsRecipe) -> dict[str, pa.Table]:
    """`near` by shard: the examples whose words have to be compared; `pairs`: with which others.

    Examples of other pictures are never near. Of those that are equal (find_duplicates tells them) the lowest id is compared.
    """
    if not examples[Example.id].equals(sketches[TextSketch.id]):
        raise ValueError("examples and sketches are not in the same order")
    ids = examples[Example.id].to_pylist()
    shown = dict(zip(pictures[Picture.digest].to_pylist(), pictures[Picture.picture].to_pylist(), strict=True))
    keys = sketches[TextSketch.least].combine_chunks().flatten().to_numpy().reshape(len(ids), BANDS)
    chosen = _first_of_equal(examples, ids, shown)
    keys = _apart_by_pictures(keys[chosen], examples[Example.images].take(pa.array(chosen)), shown)
    found = candidates(keys, recipe.threshold)
    one, two = ([ids[place] for place in chosen[side].tolist()] for side in found)
    asked = {*one, *two}
    shards = zip(examples[SHARD].to_pylist(), ids, strict=True)
    return {
        "near": NearText.from_rows({SHARD: shard, NearText.id: id} for shard, id in shards if id in asked),
        "pairs": TextPair.from_rows({TextPair.one: left, TextPair.two: right} for left, right in zip(one, two, strict=True)),
    }


def _first_of_equal(examples: pa.Table, ids: list[str], shown: Mapping[str, str]) -> np.ndarray:
    """The places of examples of distinct content, in the order of their ids."""
    contents, images = examples[Example.content].to_pylist(), examples[Example.images].to_pylist()
    first: dict[tuple[str, ...], int] = {}
    for place in sorted(range(len(ids)), key=ids.__getitem__):
        first.setdefault((contents[place], *(shown.get(digest, digest) for digest in images[place])), place)
    return np.array(list(first.values()), np.int64)


def _apart_by_pictures(keys: Keys, images: pa.ChunkedArray, shown: Mapping[str, str]) -> Keys:
    """The keys, turned by a hash of the pictures where there are any: only rows of the same pictures meet."""
    turned = keys.copy()
    for place, digests in enumerate(images.to_pylist()):
        if digests and keys[place].any():
            told = "\n".join(shown.get(digest, digest) for digest in digests)
            turned[place] ^= np.frombuffer(hashlib.blake2b(told.encode(), digest_size=8).digest(), "<u8")[0]
    return turned
