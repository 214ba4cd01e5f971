"""The execution of a graph: units become ready as their inputs do, and only what is not stored is done."""

from collections import deque
from collections.abc import Iterator, Mapping, Sequence

from pipeline.graph import Done, Execution, Graph, Ran, Runner, Watch
from pipeline.step import Fan, Read, Step
from pipeline.store import Store
from pipeline.work import Piece, Receipt, Work, found
from schemas.graph import Partition
from sources.source import Part


def execute(graph: Graph, store: Store, runner: Runner, watch: Watch | None = None, *, dry: bool = False) -> Execution:
    """Does what is not in the store, units of different steps side by side.

    A unit that fails stops its step and what depends on it; the rest is finished, and the errors come back.
    With `dry`, nothing is done: units that are not stored are left, and those behind them stay unknown.
    """
    graph.check()
    state = _State(graph, store, watch, dry)
    state.start()
    flying = 0
    while True:
        for work in state.ready(runner):
            runner.submit(work)
            flying += 1
        if not flying:
            return state.execution
        done = runner.wait()
        flying -= 1
        state.end(done)


class _State:
    """Which units are known, ready and ended."""

    def __init__(self, graph: Graph, store: Store, watch: Watch | None, dry: bool) -> None:
        self.graph = graph
        self.store = store
        self.watch = watch
        self.dry = dry
        self.steps = {step.name: step for step in graph.steps}
        self.readers: dict[str, list[Step]] = {step.name: [] for step in graph.steps}
        for step in graph.steps:
            for name in dict.fromkeys(read.step for read in step.reads):
                self.readers[name].append(step)
        self.execution = Execution({step.name: Ran(step) for step in graph.steps}, {name: {} for name in self.steps}, [], [], [])
        self.counts: dict[str, int | None] = {}
        self.queues: dict[str, deque[Work]] = {step.name: deque() for step in graph.steps}
        self.queued: set[tuple[str, int]] = set()
        self.failed: set[str] = set()
        self.fresh: deque[tuple[str, int]] = deque()

    def start(self) -> None:
        """Queues what reads no other step."""
        for step in self.graph.steps:
            if step.fan is Fan.FILES:
                self._know(step, len(step.parts))
                for index in range(len(step.parts)):
                    self._queue(step, index)
        for step in self.graph.steps:
            self._offer(step)
        self._settle()

    def ready(self, runner: Runner) -> Iterator[Work]:
        """Units to hand over now: later steps first, so that what is begun is carried through."""
        for step in reversed(self.graph.steps):
            queue = self.queues[step.name]
            while queue and step.name not in self.failed and not self.dry and runner.room(step):
                yield queue.popleft()

    def end(self, done: Done) -> None:
        """Books a unit that ended."""
        ran = self.execution.ran[done.work.step.name]
        if isinstance(done.outcome, Receipt):
            ran.done += 1
            ran.labels_done.append(done.work.label)
            self._book(done.work, done.outcome)
        else:
            ran.failed += 1
            self.failed.add(done.work.step.name)
            if str(done.outcome) not in {str(error) for error in self.execution.errors}:
                self.execution.errors.append(done.outcome)
            if self.watch:
                self.watch(self.execution, done.work, False)
        self._settle()

    def _know(self, step: Step, count: int) -> None:
        self.counts[step.name] = count
        self.execution.ran[step.name].units = count

    def _book(self, work: Work, receipt: Receipt, cached: bool = False) -> None:
        ran = self.execution.ran[work.step.name]
        ran.took = ran.took.plus(receipt.took)
        for output, ref in receipt.outputs.items():
            name = output.rpartition("-")[0] if output not in work.step.writes else output
            ran.rows[name] = ran.rows.get(name, 0) + ref.rows
        made = self.execution.outputs[work.step.name]
        if work.shards and set(receipt.outputs) != set(work.step.writes):
            for shard in range(work.shards):
                made[shard] = {name: receipt.outputs.get(f"{name}-{shard:05d}") or receipt.outputs[name] for name in work.step.writes}
                self.fresh.append((work.step.name, shard))
        else:
            made[work.index] = receipt.outputs
            self.fresh.append((work.step.name, work.index))
        if self.watch:
            self.watch(self.execution, work, cached)

    def _settle(self) -> None:
        """Queues what the newly ended units made ready, until nothing more follows."""
        while self.fresh:
            name, index = self.fresh.popleft()
            for step in self.readers[name]:
                self._offer(step, index, name)

    def _offer(self, step: Step, index: int | None = None, fresh: str = "") -> None:
        """Queues units of a step whose inputs are there: those that the output of the step `fresh` at `index` makes ready, or all."""
        if step.fan is Fan.FILES or (step.fan is not Fan.MAP and not self._whole(step)):
            return
        if step.fan is Fan.MAP:
            self._offer_map(step, index, fresh)
        elif step.fan is Fan.REDUCE:
            if step.name not in self.counts:
                self._know(step, 1)
            self._queue(step, 0)
        elif step.fan is Fan.GATHER:
            self._offer_shards(step)
        elif step.name not in self.counts:
            self.execution.groups = self._group(step)
            self._know(step, len(self.execution.groups))
            for place in range(len(self.execution.groups)):
                self._queue(step, place)

    def _offer_map(self, step: Step, index: int | None, fresh: str) -> None:
        lead = step.reads[0].step
        if step.name not in self.counts and self._size(lead) is not None:
            self._know(step, self._size(lead) or 0)
        if index is None or not self._whole(step, [read for read in step.reads if read.whole]):
            return
        # What is read whole came last, and makes every shard ready that waited for it; else one shard has come.
        for place in sorted(self.execution.outputs[lead]) if any(read.whole and read.step == fresh for read in step.reads) else [index]:
            if all(read.whole or place in self.execution.outputs[read.step] for read in step.reads):
                self._queue(step, place)

    def _offer_shards(self, step: Step) -> None:
        if step.name in self.counts:
            return
        (ref,) = [self.execution.outputs[read.step][0][read.output] for read in step.reads if read.name == "partition"]
        table = self.store.read(ref)
        self.execution.prefixes = list(dict.fromkeys(table[Partition.prefix].to_pylist()))
        self._know(step, len(self.execution.prefixes))
        self.ranges: dict[str, list[tuple[int, int, int]]] = {prefix: [] for prefix in self.execution.prefixes}
        for row in table.to_pylist():
            self.ranges[row[Partition.prefix]].append((row[Partition.unit], row[Partition.start], row[Partition.stop]))
        for place in range(len(self.execution.prefixes)):
            self._queue(step, place)

    def _size(self, name: str) -> int | None:
        """How many outputs a step has, one a unit or one a shard; none while unknown."""
        step = self.steps[name]
        if step.fan is Fan.REDUCE:
            return len(self.execution.prefixes) if self._cut(step) and self.execution.prefixes else self.counts.get(name)
        return self.counts.get(name)

    @staticmethod
    def _cut(step: Step) -> bool:
        return any("_shard" in contract.columns for contract in step.writes.values())

    def _whole(self, step: Step, reads: Sequence[Read] | None = None) -> bool:
        """Whether everything a step reads is there, or all of what some of its reads ask for."""
        for name in dict.fromkeys(read.step for read in (step.reads if reads is None else reads)):
            size = self._size(name)
            if size is None or len(self.execution.outputs[name]) < size:
                return False
        return True

    def _queue(self, step: Step, index: int) -> None:
        """Books a unit as cached where it is stored, else puts it in its queue."""
        if (step.name, index) in self.queued:
            return
        self.queued.add((step.name, index))
        work = self._work(step, index)
        receipt = found(work, self.store)
        if receipt is not None:
            self.execution.ran[step.name].cached += 1
            self._book(work, receipt, cached=True)
        else:
            self.queues[step.name].append(work)

    def _work(self, step: Step, index: int) -> Work:
        if step.fan is Fan.FILES:
            part = step.parts[index]
            return Work(step, index, _part_label(part), {}, part, self.graph.part_digests[part])
        inputs: dict[str, list[Piece]] = {}
        for read in step.reads:
            inputs.setdefault(read.name, []).extend(self._pieces(step, read, index, len(inputs.get(read.name, []))))
        if step.fan is Fan.GATHER:
            inputs = self._ranged(inputs, self.execution.prefixes[index])
        return Work(
            step,
            index,
            self._label(step, index),
            {name: tuple(pieces) for name, pieces in inputs.items()},
            shards=len(self.execution.prefixes),
        )

    def _label(self, step: Step, index: int) -> str:
        """What tells a unit from the others of its step: its files, its prefix or its group."""
        if step.fan is Fan.REDUCE:
            return ""
        if step.fan is Fan.GROUP:
            return self.execution.groups[index]
        lead = step
        while lead.fan is Fan.MAP:
            lead = self.steps[lead.reads[0].step]
        if lead.fan is Fan.FILES:
            return _part_label(lead.parts[index])
        return self.execution.prefixes[index] or "all" if index < len(self.execution.prefixes) else ""

    def _pieces(self, step: Step, read: Read, index: int, offset: int) -> list[Piece]:
        made = self.execution.outputs[read.step]
        if step.fan is Fan.MAP and not read.whole:
            return [Piece(index, made[index][read.output], read.columns)]
        places = self._places(read)
        if step.fan is Fan.GROUP:
            prefix = self.execution.groups[index]
            places = [place for place in places if self._under(self.execution.prefixes[place], prefix)]
        return [Piece(offset + place, made[place][read.output], read.columns) for place in places]

    def _places(self, read: Read) -> list[int]:
        """The shards of what is read; what a reduce does not cut stands once, beside each of its shards."""
        made, writer = sorted(self.execution.outputs[read.step]), self.steps[read.step]
        cut = "_shard" in writer.writes[read.output].columns
        return made[:1] if writer.fan is Fan.REDUCE and not cut else made

    @staticmethod
    def _under(prefix: str, group: str) -> bool:
        return prefix.startswith("" if group == "all" else group)

    def _ranged(self, inputs: Mapping[str, list[Piece]], prefix: str) -> dict[str, list[Piece]]:
        examples, images = inputs["examples"], inputs["images"]
        ranges = self.ranges[prefix]
        return {
            "examples": [Piece(unit, examples[unit].ref, None, start, stop) for unit, start, stop in ranges],
            "images": [images[unit] for unit in dict.fromkeys(unit for unit, _, _ in ranges)],
        }

    def _group(self, step: Step) -> list[str]:
        """The largest subtrees of the trie whose tables stay within the step's bytes."""
        sizes = [0] * len(self.execution.prefixes)
        for read in step.reads:
            for place, made in self.execution.outputs[read.step].items():
                sizes[place] += made[read.output].nbytes
        return subtrees(self.execution.prefixes, sizes, step.group_bytes)


def _part_label(part: Part) -> str:
    return f"{part.files[0].name}:{part.start}" if part.start or part.stop >= 0 else part.files[0].name


def subtrees(prefixes: Sequence[str], sizes: Sequence[int], limit: int) -> list[str]:
    """The largest subtrees of at most `limit` bytes, in order; `all` is the root. A single shard always stands."""

    def split(prefix: str, places: list[int]) -> list[str]:
        if not places:
            return []
        if len(places) == 1 or sum(sizes[place] for place in places) <= limit:
            return [prefix]
        deeper = [[place for place in places if prefixes[place].startswith(prefix + bit)] for bit in "01"]
        return split(prefix + "0", deeper[0]) + split(prefix + "1", deeper[1])

    return [prefix or "all" for prefix in split("", list(range(len(prefixes))))]
