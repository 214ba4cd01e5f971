"""Packing: several short rows as one sequence of at most the longest length, the same ones whenever they are asked for."""

import hashlib
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from pipeline.training.order import Place
from pipeline.training.rows import Row, Rows

Lengths = npt.NDArray[np.int32]
_TOGETHER = 1024


class Packed(Sequence[list[Row]]):
    """Rows in packs, in an order that follows theirs: of 1,024 at a time the longest first, each into the fullest pack that holds it.

    Rows longer than `most` are left out; `too_long` says how many. `len` is a multiple of `batch`: the last one is filled from the first packs.
    """

    def __init__(self, rows: Rows, lengths: dict[Place, int], most: int, batch: int) -> None:
        self._rows = rows
        shown = [lengths[rows.order[place]] for place in range(len(rows))]
        self.too_long = sum(length > most for length in shown)
        found = list(packs_of(shown, most))
        self._packs = [found[place % len(found)] for place in range(-(-len(found) // batch) * batch)] if found else []

    def __len__(self) -> int:
        return len(self._packs)

    def __getitem__(self, place: int) -> list[Row]:  # type: ignore[override]
        """The rows of a pack. Raises: IndexError behind the last."""
        return [self._rows[one] for one in self._packs[place]]


def packs_of(lengths: Sequence[int], most: int) -> Iterator[list[int]]:
    """The places of rows that go together, none of them longer than `most` in sum."""
    for start in range(0, len(lengths), _TOGETHER):
        places = [place for place in range(start, min(start + _TOGETHER, len(lengths))) if lengths[place] <= most]
        packs: list[list[int]] = []
        room: list[int] = []
        for place in sorted(places, key=lambda one: (-lengths[one], one)):
            fitting = [number for number, left in enumerate(room) if left >= lengths[place]]
            if fitting:
                number = min(fitting, key=lambda one: (room[one], one))
                packs[number].append(place)
                room[number] -= lengths[place]
            else:
                packs.append([place])
                room.append(most - lengths[place])
        # Long rows come into packs first: in that order every window would begin with them.
        yield from sorted((sorted(pack) for pack in packs), key=lambda pack: pack[0])


def measured(rows: Rows, count: Callable[[Row], int], kept: Path, made_by: str) -> dict[Place, int]:
    """The tokens of every row that an order shows; counted once, and read from `kept` where the same was counted before."""
    places = sorted({rows.order[place] for place in range(len(rows))})
    key = hashlib.sha256(f"{made_by}\0{len(places)}\0{places[0]}\0{places[-1]}".encode()).hexdigest()[:16]
    file = kept / f"lengths-{key}.npy"
    if file.is_file():
        lengths: Lengths = np.load(file, allow_pickle=False)
    else:
        lengths = np.array([count(rows.at(place)) for place in places], np.int32)
        kept.mkdir(parents=True, exist_ok=True)
        partial = kept / f".{file.name}"
        with partial.open("wb") as opened:
            np.save(opened, lengths, allow_pickle=False)
        partial.replace(file)
    return dict(zip(places, (int(one) for one in lengths), strict=True))


def fingerprint_of(tokenizer: Any, digests: Sequence[str]) -> str:
    """What decides about the tokens of rows: the shards, the vocabulary and the template."""
    return "\0".join([*digests, str(tokenizer.chat_template), str(len(tokenizer)), tokenizer.__class__.__name__])
