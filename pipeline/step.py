"""Steps: stages placed in a graph, with what they read, write and need."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any, NamedTuple, Protocol

import pyarrow as pa

from pipeline.fingerprint import fingerprint
from pipeline.models.limits import Limits
from schemas.contract import Contract
from sources.source import Part

Tables = Mapping[str, pa.Table]


class Fan(StrEnum):
    """How a step's inputs become work units.

    FILES: one unit a part of upstream files. REDUCE: one unit over all shards; its rows carry `_shard` and are cut
    by it. GATHER: one unit a shard, of row ranges of ingested tables, as a `Partition` table says.
    MAP: one unit a shard of its first read. GROUP: one unit a group of shards of at most `group_bytes`, over all their
    tables, or `by_shard`: called once for each shard, its tables appended.
    """

    FILES = "files"
    REDUCE = "reduce"
    GATHER = "gather"
    MAP = "map"
    GROUP = "group"


@dataclass(frozen=True)
class Read:
    """One table that a step reads: an output of another step, or some of its columns.

    `name` is the argument under which the stage receives it; reads of one name are concatenated. A unit of a MAP reads
    its own shard of the other step, or with `whole` all that the step made: a benchmark that every shard is held against.
    Of images, `named_by` another read of the unit, only those are read whose digests it holds.
    What a REDUCE reads of all shards and need not hold in memory is `on_disk` while the unit runs.
    """

    name: str
    step: str
    output: str
    columns: tuple[str, ...] | None = None
    whole: bool = False
    named_by: str = ""
    on_disk: bool = False


@dataclass(frozen=True)
class Needs:
    """What a unit takes of a machine. Never part of an identity.

    Of a step with a handle, `in_flight` units share one; `actors`: how many handles are open at once, where units run in several
    processes.
    """

    cpus: float = 1.0
    gpus: float = 0.0
    in_flight: int = 4
    actors: int = 1


@dataclass(frozen=True)
class Context:
    """What a handle may know of where it runs; `limits`: what all handles share, where they are in several processes."""

    store: Path
    ledger: Path
    limits: Limits | None = None


class Answered(NamedTuple):
    """What a model behind a handle was asked for and did not find in the ledger, what it answered of that so far, and at which cost.

    `cost_nanousd` leaves out answers whose price is not known: `unpriced` of them. `in_flight`: requests that are under way.
    """

    wanted: int = 0
    answered: int = 0
    cost_nanousd: int = 0
    unpriced: int = 0
    in_flight: int = 0


class Handle(Protocol):
    """Something opened once per worker and shared by its units."""

    def close(self) -> None:
        """Gives back what was opened."""
        ...


@dataclass(frozen=True)
class Step:
    """A stage in the graph.

    `run` is called with one table per read (by its name), `recipe`, and `handle` where `open` is given; it
    returns one table per write. Steps cross process boundaries: `run` and `open` are module-level functions
    or partials of such. Steps that name the same in `shares` have one handle together, opened by the first that asks.
    """

    name: str
    version: int
    fan: Fan
    run: Callable[..., Tables]
    recipe: Any
    reads: tuple[Read, ...]
    writes: Mapping[str, type[Contract]]
    needs: Needs = Needs()
    open: Callable[[Any, Context], Handle] | None = None
    parts: tuple[Part, ...] = ()
    parquet: Mapping[str, Mapping[str, Any]] = field(default_factory=dict[str, Mapping[str, Any]])
    group_bytes: int = 0
    by_shard: bool = False
    shares: str = ""

    def fingerprint(self) -> str:
        """What of a unit's key does not depend on its inputs."""
        signatures = {name: contract.signature() for name, contract in self.writes.items()}
        physical = {name: {key: str(value) for key, value in options.items()} for name, options in self.parquet.items()}
        return fingerprint(self.folder, self.version, self.recipe, signatures, physical)

    @property
    def handle(self) -> str:
        """The name of its handle; '' where it has none."""
        return (self.shares or self.name) if self.open is not None else ""

    @property
    def folder(self) -> str:
        """The stage's name: what stands before a bracket, `judge` of `judge[r1]`."""
        return self.name.partition("[")[0]
