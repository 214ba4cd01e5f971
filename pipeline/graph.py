"""The graph of steps, what runs its units, and what became of them."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Protocol

from pipeline.step import Answered, Fan, Step
from pipeline.store import Ref
from pipeline.work import Receipt, Took, Work
from schemas.contract import Contract
from schemas.errors import MedtraceError, UsageError, WiringError
from sources.source import Part


@dataclass(frozen=True)
class Graph:
    """Steps in an order in which each reads only earlier ones; `part_digests` identify the upstream files."""

    steps: tuple[Step, ...]
    part_digests: Mapping[Part, str]

    def check(self) -> None:
        """Raises: WiringError naming every read that nothing writes."""
        written: dict[tuple[str, str], type[Contract]] = {}
        faults: list[str] = []
        named: set[str] = set()
        for step in self.steps:
            if step.name in named:
                faults.append(f"two steps are called {step.name}")
            named.add(step.name)
            if any(read.whole for read in step.reads) and (step.fan is not Fan.MAP or step.reads[0].whole):
                faults.append(f"{step.name} reads a whole table beside no shard of its own")
            for read in step.reads:
                if read.named_by and (read.named_by not in {other.name for other in step.reads} or step.fan is not Fan.MAP):
                    faults.append(f"{step.name} reads of {read.output} what {read.named_by} names, which it does not read")
                contract = written.get((read.step, read.output))
                if contract is None:
                    faults.append(f"{step.name} reads {read.output} of {read.step}, which no earlier step writes")
                    continue
                absent = [column for column in read.columns or () if column not in contract.columns]
                faults += [f"{step.name} reads {column} of {read.step}, which does not write it" for column in absent]
            written |= {(step.name, output): contract for output, contract in step.writes.items()}
        if faults:
            raise WiringError(f"The graph does not fit together: {'; '.join(faults)}.")

    def until(self, name: str) -> "Graph":
        """The steps up to one, and only those it needs.

        Raises: UsageError where there is no such step.
        """
        named = {step.name: step for step in self.steps}
        wanted = {step.name for step in self.steps if name in (step.name, step.folder)}
        if not wanted:
            raise UsageError(f"There is no step {name}. The steps are {', '.join(named)}.")
        for step in reversed(self.steps):
            if step.name in wanted:
                wanted |= {read.step for read in step.reads}
        return Graph(tuple(step for step in self.steps if step.name in wanted), self.part_digests)


@dataclass(frozen=True)
class Done:
    """A unit that ended, well or not."""

    work: Work
    outcome: Receipt | MedtraceError


class Runner(Protocol):
    """Where units are done."""

    def room(self, step: Step) -> bool:
        """Whether another unit of this step may be handed over now."""
        ...

    def submit(self, work: Work) -> None:
        """Hands a unit over."""
        ...

    def wait(self) -> Done:
        """The next unit to end."""
        ...

    def answers(self) -> Mapping[str, Answered]:
        """What the models that are open were asked for and answered so far, by handle."""
        ...

    def close(self) -> None:
        """Ends the workers."""
        ...


@dataclass
class Ran:
    """What became of one step."""

    step: Step
    units: int = 0
    cached: int = 0
    done: int = 0
    failed: int = 0
    rows: dict[str, int] = field(default_factory=dict[str, int])
    took: Took = field(default_factory=Took)
    labels_done: list[str] = field(default_factory=list[str])

    @property
    def left(self) -> int:
        """Units known and neither stored nor done nor failed."""
        return self.units - self.cached - self.done - self.failed


@dataclass
class Execution:
    """What a run of a graph left: per step what was done, its outputs in order, and what failed."""

    ran: dict[str, Ran]
    outputs: dict[str, dict[int, Mapping[str, Ref]]]
    prefixes: list[str]
    groups: list[str]
    errors: list[MedtraceError]

    def refs(self, step: str, output: str) -> list[Ref]:
        """An output of all units of a step, in order."""
        made = self.outputs.get(step, {})
        return [made[index][output] for index in sorted(made) if output in made[index]]


Watch = Callable[[Execution, Work, bool], None]
# Hands over what tells how far the models are.
Counting = Callable[[Callable[[], Mapping[str, Answered]]], None]
