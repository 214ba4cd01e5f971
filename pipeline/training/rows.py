"""Rows of a published corpus for a trainer: read by place, a bounded number of row groups held."""

from collections import OrderedDict
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq

from pipeline.publish.corpus import Corpus, CorpusShard, first_line
from pipeline.publish.layout import IMAGE_BYTES
from pipeline.training.order import Group, Order, Place
from schemas.corpus import CONFIGS
from schemas.errors import CorpusError, TrainingError
from schemas.training import Data

Row = dict[str, Any]
COLUMNS = {"sft": ("id", "prompt", "completion", "images"), "sft_text": ("id", "prompt", "completion")}
COLUMNS["rl"] = ("id", "prompt", "images", "answer", "answer_type", "options_json", "grading_json", "domain", "source", "pass_rate")


class Rows(Sequence[Row]):
    """Rows of shards in an order; a process that gets a copy opens the files anew."""

    def __init__(
        self, shards: Sequence[CorpusShard], columns: Sequence[str], groups: Sequence[Group], order: Sequence[Place], held: int
    ) -> None:
        self._shards, self._columns, self._groups = tuple(shards), tuple(columns), tuple(groups)
        self.order, self._most = order, held + max((group.nbytes for group in groups), default=0)
        self._held: OrderedDict[int, pa.Table] = OrderedDict()

    def __len__(self) -> int:
        return len(self.order)

    def __getitem__(self, place: int) -> Row:  # type: ignore[override]
        """The row shown at a place. Raises: IndexError behind the last; CorpusError where a file is gone or damaged."""
        return self.at(self.order[place])

    def at(self, place: Place) -> Row:
        """The row that lies at a place, whenever it is shown."""
        return self._table(place.group).slice(place.row, 1).to_pylist()[0]

    @property
    def digests(self) -> list[str]:
        """The digests of the shards."""
        return [shard.digest for shard in self._shards]

    def __getstate__(self) -> dict[str, Any]:
        return self.__dict__ | {"_held": OrderedDict()}

    def _table(self, number: int) -> pa.Table:
        if number in self._held:
            self._held.move_to_end(number)
            return self._held[number]
        group = self._groups[number]
        shard = self._shards[group.shard]
        try:
            with pq.ParquetFile(shard.path, read_dictionary=[IMAGE_BYTES] if "images" in self._columns else None) as file:
                table = file.read_row_group(group.group, columns=list(self._columns), use_threads=False)
        except (OSError, pa.ArrowException) as error:
            raise CorpusError(f"{shard.path} cannot be read: {first_line(error)}. Get the corpus again, or rebuild it.") from error
        self._held[number] = table
        while len(self._held) > 1 and sum(self._groups[one].nbytes for one in self._held) > self._most:
            self._held.popitem(last=False)
        return table


def groups_of(shards: Sequence[CorpusShard], columns: Sequence[str]) -> list[Group]:
    """The row groups of shards, and what some of their columns take in memory."""
    found = []
    for number, shard in enumerate(shards):
        try:
            metadata = pq.read_metadata(shard.path)
        except (OSError, pa.ArrowException) as error:
            raise CorpusError(f"{shard.path} cannot be read: {first_line(error)}. Get the corpus again, or rebuild it.") from error
        for group in range(metadata.num_row_groups):
            told = metadata.row_group(group)
            leaves = [told.column(place) for place in range(told.num_columns)]
            size = sum(leaf.total_uncompressed_size for leaf in leaves if leaf.path_in_schema.split(".")[0] in columns)
            found.append(Group(number, group, told.num_rows, size))
    return found


def open_rows(corpus: Corpus, data: Data, config: str, *, seed: int, epochs: float, batch: int) -> Rows:
    """The training rows of a corpus as they are shown.

    Raises: TrainingError where the corpus has none, or the mixture names what it does not hold.
    """
    shards = shards_of(corpus, config, "train")
    columns = COLUMNS[config]
    groups = groups_of(shards, columns)
    weights = weights_of(shards, data)
    held = data.shuffle_mb << 20
    order = Order(groups, seed=seed, epochs=epochs, batch=batch, weights=weights, window_bytes=held)
    if not len(order):
        raise TrainingError(f"{corpus.path} shows no rows of {config}: every weight is 0. Raise [data.mix], or set weights = false.")
    return Rows(shards, columns, groups, order, held)


def open_heldout(corpus: Corpus, data: Data, config: str) -> Rows | None:
    """Some rows that are held out, the same ones every time; None where there are none or none are wanted."""
    shards = [shard for shard in corpus.of(config, "heldout") if shard.rows]
    if not shards or not data.heldout_rows:
        return None
    columns = COLUMNS[config]
    groups = groups_of(shards, columns)
    order = Order(groups, seed=0, window_bytes=data.shuffle_mb << 20)
    return Rows(shards, columns, groups, [order[place] for place in range(min(len(order), data.heldout_rows))], data.shuffle_mb << 20)


def weights_of(shards: Sequence[CorpusShard], data: Data) -> list[npt.NDArray[np.float64]] | None:
    """For each row group, how often an epoch shows each of its rows: its own weight times what the mixture says; None: each once.

    Raises: TrainingError where the mixture names a word that no row has.
    """
    if not data.weights and data.mix is None:
        return None
    seen: set[str] = set()
    found = []
    for shard in shards:
        for table in shard.tables(["weight", *([data.mix.by] if data.mix else [])]):
            weights = table["weight"].to_numpy().astype(np.float64) if data.weights else np.ones(len(table))
            if data.mix:
                words = table[data.mix.by].to_pylist()
                seen.update(words)
                weights = weights * np.array([data.mix.times.get(word, data.mix.other) for word in words], np.float64)
            found.append(weights)
    unknown = sorted(set(data.mix.times) - seen) if data.mix else []
    if unknown and data.mix:
        raise TrainingError(
            f"[data.mix] names the {data.mix.by} {', '.join(unknown)}, which no training row has; there are {', '.join(sorted(seen))}."
        )
    return found


def shards_of(corpus: Corpus, config: str, split: str) -> list[CorpusShard]:
    """The shards of a split that hold rows. Raises: TrainingError where there are none, a column is missing, or pictures are withheld."""
    if "images" in COLUMNS[config] and (withheld := sorted(corpus.lock.get("withheld") or ())):
        raise TrainingError(
            f"The pictures of {', '.join(withheld)} are not in {corpus.path}, and questions about them teach nothing without. "
            f"Put them back: medtrace fill {corpus.path} {' '.join(f'--source {name}=PATH' for name in withheld)}, then train on the filled copy."
        )
    shards = [shard for shard in corpus.of(config, split) if shard.rows]
    if not shards:
        held = sorted({shard.config for shard in corpus.shards if shard.rows and shard.split == split})
        raise TrainingError(
            f"{corpus.path} has no {split} rows of {config}; it has {', '.join(held) or 'none'}. "
            "Name another corpus, or say [data] config (sft_text for a model without eyes)."
        )
    for shard in shards:
        _check_columns(shard)
    return shards


def _check_columns(shard: CorpusShard) -> None:
    """Raises: CorpusError where a shard cannot be read; TrainingError where a column is missing or of another type."""
    try:
        held = pq.read_schema(shard.path)
    except (OSError, pa.ArrowException) as error:
        raise CorpusError(f"{shard.path} cannot be read: {first_line(error)}. Get the corpus again, or rebuild it.") from error
    known = CONFIGS[shard.config].schema
    for name in COLUMNS[shard.config]:
        if name not in known.names or name not in held.names:
            raise TrainingError(f"{shard.path} has no column {name}. It was published by another medtrace: build it again.")
        if _plain(held.field(name).type) != _plain(known.field(name).type):
            raise TrainingError(
                f"{shard.path} has the column {name} of type {held.field(name).type}, not {known.field(name).type}. "
                "It was published by another medtrace: build it again."
            )


def _plain(kind: pa.DataType) -> str:
    """A type by the kind of its values: how lists and texts are laid out, and what their items are called, is the writer's."""
    if pa.types.is_list(kind) or pa.types.is_large_list(kind):
        return f"[{_plain(kind.value_type)}]"
    if pa.types.is_struct(kind):
        return f"{{{', '.join(sorted(f'{field.name}: {_plain(field.type)}' for field in kind))}}}"
    return str(kind.value_type if pa.types.is_dictionary(kind) else kind).removeprefix("large_")
