"""One work unit: reads its inputs from the store, runs its stage, puts what it made."""

import time
from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pipeline.fingerprint import fingerprint
from pipeline.mapped import mapped
from pipeline.step import Fan, Handle, Step, Tables
from pipeline.store import Adding, Ref, Store
from schemas.errors import MedtraceError, UnitError
from schemas.example import Example
from schemas.graph import SHARD
from schemas.image import Image
from sources.source import Part


@dataclass(frozen=True)
class Piece:
    """A stored table that a unit reads: its place among the shards, and its rows where not all."""

    index: int
    ref: Ref
    columns: tuple[str, ...] | None = None
    start: int = 0
    stop: int = -1

    def identity(self) -> list[Any]:
        """What of this piece goes into the unit's key."""
        return [self.ref.digest(self.columns), self.start, self.stop]


@dataclass(frozen=True)
class Work:
    """A unit to be done: plain data, small enough to cross processes."""

    step: Step
    index: int
    label: str
    inputs: Mapping[str, tuple[Piece, ...]]
    part: Part | None = None
    part_digest: str = ""
    shards: int = 0

    @property
    def unit(self) -> str:
        """The unit's name, as errors and progress show it."""
        return f"{self.step.name} {self.label}".rstrip()

    @cached_property
    def key(self) -> str:
        """Where its outputs lie in the store."""
        placed = self.step.fan is Fan.REDUCE
        inputs = [
            [name, [([piece.index] if placed else []) + piece.identity() for piece in pieces]]
            for name, pieces in sorted(self.inputs.items())
        ]
        return fingerprint(self.step.fingerprint(), inputs, self.part_digest)

    def outputs(self) -> list[str]:
        """The names of the stored outputs; a reduce whose rows carry `_shard` has one a shard."""
        names: list[str] = []
        for name, contract in self.step.writes.items():
            cut = self.step.fan is Fan.REDUCE and SHARD in contract.columns
            names += [f"{name}-{shard:05d}" for shard in range(self.shards)] if cut else [name]
        return names


class Took(NamedTuple):
    """Seconds, in the stage and in all."""

    stage_s: float = 0.0
    wall_s: float = 0.0
    stage_cpu_s: float = 0.0
    cpu_s: float = 0.0

    def plus(self, other: "Took") -> "Took":
        """Both together."""
        return Took(*(mine + theirs for mine, theirs in zip(self, other, strict=True)))


@dataclass(frozen=True)
class Receipt:
    """What a unit left in the store, and what it took: seconds of the clock and of a CPU, in the stage and in all."""

    outputs: Mapping[str, Ref]
    took: Took


def found(work: Work, store: Store) -> Receipt | None:
    """The receipt of a unit that was done before; none where an output is missing."""
    refs: dict[str, Ref] = {}
    for output in work.outputs():
        ref = store.find(work.step.folder, work.key, output)
        if ref is None:
            return None
        refs[output] = ref
    return Receipt(refs, Took())


def do(work: Work, store: Store, handle: Handle | None = None) -> Receipt:
    """Does a unit.

    Raises: UnitError naming the unit where its stage breaks; MedtraceError as the stage raised it.
    """
    begun, begun_cpu = time.perf_counter(), time.thread_time()
    step = work.step
    arguments: dict[str, Any] = {"recipe": step.recipe}
    if work.part is not None:
        arguments["part"] = work.part
    if step.open is not None:
        arguments["handle"] = handle
    came_from = sorted({f"{piece.ref.step}/{piece.ref.key}.{piece.ref.output}" for pieces in work.inputs.values() for piece in pieces})
    stage = _Stage(work, arguments)
    if step.by_shard:
        refs = _appended(work, store, stage, came_from)
        return Receipt(refs, Took(stage.wall_s, time.perf_counter() - begun, stage.cpu_s, time.thread_time() - begun_cpu))
    made = stage.run(_gathered(work, store) if step.fan is Fan.GATHER else _tables(work.step, work.inputs, store))
    refs = {}
    for name, contract in step.writes.items():
        table = contract.conform(made[name], work.unit)
        options = step.parquet.get(name)
        if step.fan is Fan.REDUCE and SHARD in contract.columns:
            for shard, piece in enumerate(_cut(table, work.shards)):
                output = f"{name}-{shard:05d}"
                refs[output] = store.put(step.folder, work.key, output, piece, came_from, options)
        else:
            refs[name] = store.put(step.folder, work.key, name, table, came_from, options)
    return Receipt(refs, Took(stage.wall_s, time.perf_counter() - begun, stage.cpu_s, time.thread_time() - begun_cpu))


class _Stage:
    """A unit's stage, with the time that it takes."""

    def __init__(self, work: Work, arguments: Mapping[str, Any]) -> None:
        self._work = work
        self._arguments = arguments
        self.wall_s = self.cpu_s = 0.0

    def run(self, tables: Mapping[str, pa.Table]) -> Tables:
        """What the stage makes of some tables.

        Raises: UnitError naming the unit where it breaks; MedtraceError as it raised it.
        """
        begun, begun_cpu = time.perf_counter(), time.thread_time()
        try:
            return self._work.step.run(**self._arguments, **tables)
        except MedtraceError:
            raise
        except MemoryError:
            raise
        except Exception as error:
            raise UnitError(
                f"{self._work.unit} failed: {type(error).__name__}: {error}. This is a fault in medtrace; what was finished is kept."
            ) from error
        finally:
            self.wall_s += time.perf_counter() - begun
            self.cpu_s += time.thread_time() - begun_cpu


def _appended(work: Work, store: Store, stage: _Stage, came_from: Sequence[str]) -> dict[str, Ref]:
    """What the stage makes of each shard of a group, one after the other: the tables of one alone are in memory."""
    step = work.step
    reads = Counter(read.name for read in step.reads)
    shards = max((len(pieces) // reads[name] for name, pieces in work.inputs.items()), default=0)
    adding: dict[str, Adding] = {}
    with ExitStack() as stack:
        for shard in range(shards):
            made = stage.run(_tables(step, {name: pieces[shard::shards] for name, pieces in work.inputs.items()}, store))
            for name, contract in step.writes.items():
                table = contract.conform(made[name], work.unit)
                if name not in adding:
                    opened = store.adding(step.folder, work.key, name, table.schema, came_from, step.parquet.get(name))
                    adding[name] = stack.enter_context(opened)
                adding[name].add(table)
    return {name: one.ref for name, one in adding.items()}


def _tables(step: Step, inputs: Mapping[str, Sequence[Piece]], store: Store) -> dict[str, pa.Table]:
    """What the unit reads, by name; images that another read names come last."""
    named_by = {read.name: read.named_by for read in step.reads if read.named_by}
    on_disk = {read.name for read in step.reads if read.on_disk}
    tables = {name: _table(step, pieces, store, name in on_disk) for name, pieces in inputs.items() if name not in named_by}
    for name, other in named_by.items():
        wanted = pc.unique(tables[other][Image.digest].combine_chunks())
        tables[name] = pa.concat_tables([_images(piece, wanted, store) for piece in inputs[name]])
    return tables


def _table(step: Step, pieces: Sequence[Piece], store: Store, on_disk: bool = False) -> pa.Table:
    if on_disk:
        parts = (_placed(step, piece, part) for piece in pieces for part in store.read_groups(piece.ref, piece.columns))
        return mapped(parts, store.root)
    tables = [_placed(step, piece, store.read(piece.ref, piece.columns)) for piece in pieces]
    return tables[0] if len(tables) == 1 else pa.concat_tables(tables)


def _placed(step: Step, piece: Piece, table: pa.Table) -> pa.Table:
    """Rows of a reduce say which shard they are of."""
    if step.fan is not Fan.REDUCE:
        return table
    return table.append_column(SHARD.field(), pa.array(np.full(table.num_rows, piece.index, np.int32)))


def _cut(table: pa.Table, shards: int) -> list[pa.Table]:
    """The rows of each shard in order, without the column that says which."""
    owner = table[SHARD].to_numpy()
    order = np.argsort(owner, kind="stable")
    bounds = np.searchsorted(owner[order], np.arange(shards + 1))
    ordered = table.drop_columns([SHARD]).take(pa.array(order)).combine_chunks()
    return [ordered.slice(bounds[shard], bounds[shard + 1] - bounds[shard]) for shard in range(shards)]


def _gathered(work: Work, store: Store) -> dict[str, pa.Table]:
    """The rows of the shard's ranges, and every image that they name."""
    examples = pa.concat_tables([store.read_rows(piece.ref, piece.start, piece.stop) for piece in work.inputs["examples"]])
    wanted = pc.unique(pc.list_flatten(examples[Example.images]))
    images = [_images(piece, wanted, store) for piece in work.inputs["images"]] if len(wanted) else []
    return {"examples": examples, "images": pa.concat_tables(images) if images else Image.empty()}


def _images(piece: Piece, wanted: pa.Array, store: Store) -> pa.Table:
    digests = store.read(piece.ref, [Image.digest])[Image.digest]
    rows = np.flatnonzero(pc.is_in(digests, wanted).to_numpy(zero_copy_only=False))
    if not len(rows):
        return Image.empty().select(piece.columns or Image.columns)
    table = store.read_rows(piece.ref, int(rows[0]), int(rows[-1]) + 1)
    return table.select(piece.columns or Image.columns).take(pa.array(rows - rows[0]))
