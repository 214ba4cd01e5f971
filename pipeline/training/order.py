"""The order in which rows of a corpus are shown: a function of corpus, mixture and seed, that can be asked at any place.

Row groups are shuffled, as many as fit into `window_bytes` are held together, and their rows are shuffled among each other. So a
place in the order is found without reading what stands before it, with memory for one window, by any number of processes.
"""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt


class Place(NamedTuple):
    """Where a row lies: the number of its row group among all of the corpus, and of the row within."""

    group: int
    row: int


class Group(NamedTuple):
    """A row group of a shard: its rows and how large they are in memory."""

    shard: int
    group: int
    rows: int
    nbytes: int


class _Epoch(NamedTuple):
    windows: list[npt.NDArray[np.int64]]
    starts: npt.NDArray[np.int64]
    counts: list[npt.NDArray[np.int64]] | None


class Order(Sequence[Place]):
    """All rows as often as epochs and weights say; `len` is a multiple of `batch`: the last one is filled from what would come next."""

    def __init__(
        self,
        groups: Sequence[Group],
        *,
        seed: int,
        epochs: float = 1.0,
        batch: int = 1,
        weights: Sequence[npt.NDArray[np.float64]] | None = None,
        window_bytes: int = 512 << 20,
    ) -> None:
        self._groups = tuple(groups)
        self._weights = None if weights is None or all((one == 1.0).all() for one in weights) else tuple(weights)
        self._seed = seed
        self._window_bytes = window_bytes
        self._epochs: dict[int, _Epoch] = {}
        self._window: tuple[tuple[int, int], npt.NDArray[np.int64]] | None = None
        whole = int(epochs)
        self._ends = self._epoch_ends(whole + 1)
        rows = (self._ends[whole - 1] if whole else 0) + round(
            (epochs - whole) * (self._ends[whole] - (self._ends[whole - 1] if whole else 0))
        )
        self.rows = int(rows)
        self._length = -(-self.rows // batch) * batch
        while self._ends[-1] < self._length and self._ends[-1]:
            self._ends = self._epoch_ends(len(self._ends) + 1)

    def __len__(self) -> int:
        return self._length

    def __getitem__(self, place: int) -> Place:  # type: ignore[override]
        """The row at a place. Raises: IndexError behind the last."""
        if not 0 <= place < self._length:
            raise IndexError(place)
        epoch = int(np.searchsorted(self._ends, place, side="right"))
        within = place - (self._ends[epoch - 1] if epoch else 0)
        plan = self._plan(epoch)
        window = int(np.searchsorted(plan.starts, within, side="right")) - 1
        group, row = self._shuffled(epoch, window)[within - plan.starts[window]]
        return Place(int(group), int(row))

    def epoch_of(self, place: int) -> int:
        """Which pass over the rows a place belongs to, from 0."""
        return int(np.searchsorted(self._ends, place, side="right"))

    def _epoch_ends(self, epochs: int) -> list[int]:
        total, ends = 0, []
        for epoch in range(epochs):
            counts = self._counts(epoch)
            total += sum(group.rows for group in self._groups) if counts is None else int(sum(int(one.sum()) for one in counts))
            ends.append(total)
        return ends

    def _counts(self, epoch: int) -> list[npt.NDArray[np.int64]] | None:
        """How often each row is shown in an epoch: its weight, the fraction by a draw of its own."""
        if self._weights is None:
            return None
        draw = np.random.Generator(np.random.Philox(key=[self._seed, 2 * epoch + 1]))
        return [np.floor(weights + draw.random(len(weights))).astype(np.int64) for weights in self._weights]

    def _plan(self, epoch: int) -> _Epoch:
        if epoch not in self._epochs:
            counts = self._counts(epoch)
            order = np.random.Generator(np.random.Philox(key=[self._seed, 2 * epoch])).permutation(len(self._groups))
            windows = list(self._windows(order))
            sizes = [sum(int(counts[one].sum()) if counts else self._groups[one].rows for one in window) for window in windows]
            self._epochs = {epoch: _Epoch(windows, np.concatenate([[0], np.cumsum(sizes)[:-1]]).astype(np.int64), counts)}
        return self._epochs[epoch]

    def _windows(self, order: npt.NDArray[np.int64]) -> Iterator[npt.NDArray[np.int64]]:
        start, held = 0, 0
        for place, group in enumerate(order):
            nbytes = self._groups[group].nbytes
            if place > start and held + nbytes > self._window_bytes:
                yield order[start:place]
                start, held = place, 0
            held += nbytes
        yield order[start:]

    def _shuffled(self, epoch: int, window: int) -> npt.NDArray[np.int64]:
        """The (group, row) pairs of a window, in the order in which they are shown."""
        if self._window is None or self._window[0] != (epoch, window):
            plan = self._plan(epoch)
            pairs = []
            for group in plan.windows[window]:
                rows = np.arange(self._groups[group].rows)
                rows = np.repeat(rows, plan.counts[group]) if plan.counts else rows
                pairs.append(np.stack([np.full(len(rows), group), rows], axis=1))
            draw = np.random.Generator(np.random.Philox(key=[self._seed, (epoch + 1 << 32) + window]))
            self._window = (epoch, window), draw.permutation(np.concatenate(pairs), axis=0)
        return self._window[1]
