"""How far teachers are: answers, verdicts, speed and money, so far and by the end, as one line for each."""

from collections import Counter, deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from pipeline.graph import Execution
from pipeline.models.prices import usd
from pipeline.step import Answered, Step
from pipeline.store import Store
from pipeline.work import Work
from schemas.trace import Judgement, Verdict

WINDOW_S = 60.0


class Handed(NamedTuple):
    """Rows of the units that a step was handed, and of those that wait; None while not all are known."""

    rows: int
    waiting: int | None


class Far(NamedTuple):
    """How far one teacher is. `expected`: answers in all, `left_s`: until then; None where nothing is known yet."""

    told: Answered
    expected: int | None
    per_s: float
    left_s: float | None
    right: int
    judged: int

    @property
    def projected_nanousd(self) -> int | None:
        """What all answers will have cost at the mean of those so far."""
        if self.expected is None or not self.told.answered or self.told.unpriced:
            return None
        return round(self.told.cost_nanousd * self.expected / self.told.answered)


@dataclass
class Teachers:
    """What is known of the steps that ask models; fed by the units that end and by looks at what was answered."""

    store: Store | None = None
    _handed: dict[str, Handed] = field(default_factory=dict[str, Handed])
    _right: Counter[str] = field(default_factory=Counter[str])
    _judged: Counter[str] = field(default_factory=Counter[str])
    _looks: dict[str, deque[tuple[float, int]]] = field(default_factory=dict[str, deque[tuple[float, int]]])

    def ended(self, execution: Execution, work: Work) -> None:
        """A unit ended."""
        for name, ran in execution.ran.items():
            if ran.step.open is not None:
                self._handed[name] = handed(execution, ran.step)
        name = _name(work.step.name)
        last = f"ask_judge[{name}]" if f"ask_judge[{name}]" in execution.ran else f"judge[{name}]"
        made = execution.outputs[work.step.name].get(work.index)
        if work.step.name == last and made is not None and self.store is not None:
            verdicts = Counter(self.store.read(made["judgements"], [Judgement.verdict])[Judgement.verdict].to_pylist())
            self._right[name] += verdicts[Verdict.CORRECT]
            self._judged[name] += verdicts.total()

    def far(self, told: Mapping[str, Answered], now_s: float) -> dict[str, Far]:
        """How far each step is that was asked for anything, by what stands in its brackets; a judge's by its step."""
        return {_label(step): self._far(step, answered, now_s) for step, answered in told.items() if answered.wanted}

    def _far(self, step: str, told: Answered, now_s: float) -> Far:
        looks = self._looks.setdefault(step, deque([(now_s, 0)]))
        while len(looks) > 1 and now_s - looks[1][0] >= WINDOW_S:
            looks.popleft()
        looks.append((now_s, told.answered))
        since_s, before = looks[0]
        per_s = (told.answered - before) / (now_s - since_s) if now_s > since_s else 0.0
        rows = self._handed.get(step, Handed(0, None))
        expected = None if rows.waiting is None or not rows.rows else round(told.wanted * (1 + rows.waiting / rows.rows))
        left_s = (expected - told.answered) / per_s if expected is not None and per_s > 0 else None
        name = _name(step) if step.startswith("sample[") else ""
        return Far(told, expected, per_s, left_s, _all_rounds(self._right, name), _all_rounds(self._judged, name))


def line(name: str, far: Far) -> str:
    """How far a teacher is, in words."""
    told = far.told
    of = f"{told.wanted:,} asked so far" if far.expected is None else f"{'' if far.expected == told.wanted else 'about '}{far.expected:,}"
    parts = [f"{told.answered:,} of {of} answers"]
    if far.judged:
        parts.append(f"{far.right:,} of {far.judged:,} judged are right")
    parts.append(f"{far.per_s:,.1f}/s")
    parts += _money(far)
    if far.left_s is not None and far.expected != told.answered:
        parts.append(f"about {_span(far.left_s)} left")
    return f"{name}: {', '.join(parts)}"


def handed(execution: Execution, step: Step) -> Handed:
    """The rows of a step's units that ended or are under way, in order of their shards, and of those that wait."""
    lead = step.reads[0]
    made, ended = execution.outputs[lead.step], execution.outputs[step.name]
    rows = {place: refs[lead.output].rows for place, refs in made.items() if lead.output in refs}
    waiting = sorted(place for place in rows if place not in ended)[step.needs.in_flight :]
    waits = sum(rows[place] for place in waiting)
    ran = execution.ran[lead.step]
    return Handed(sum(rows.values()) - waits, waits if ran.units and not ran.left else None)


def _money(far: Far) -> list[str]:
    if far.told.unpriced:
        return ["price unknown"]
    if not far.told.cost_nanousd:
        return []
    projected = far.projected_nanousd
    return [f"{usd(far.told.cost_nanousd)} paid" + ("" if projected is None else f" of about {usd(projected)}")]


def _span(seconds: float) -> str:
    minutes = round(seconds / 60)
    if minutes < 1:
        return f"{seconds:.0f} s"
    return f"{minutes} min" if minutes < 60 else f"{minutes // 60} h {minutes % 60:02d} min"


def _all_rounds(counts: Counter[str], name: str) -> int:
    """What is counted under a name and under its rounds, which may have one handle together."""
    return sum(count for one, count in counts.items() if one == name or one.startswith(f"{name}.round"))


def _name(step: str) -> str:
    return step.partition("[")[2].removesuffix("]")


def _label(step: str) -> str:
    return _name(step) if step.startswith("sample[") else step
