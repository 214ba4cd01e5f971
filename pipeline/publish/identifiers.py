"""What an audit finds of identifiers of persons in published questions."""

from collections import Counter
from typing import Any

from pipeline.publish.corpus import CorpusShard
from pipeline.publish.findings import Findings
from pipeline.texts.identifiers import find_identifiers

_SHOWN = 5


class Identifiers:
    """What the questions hold that identifies persons: counted and told by place, never a fault and never repeated."""

    def __init__(self) -> None:
        self.findings = Findings("identifiers", "questions")
        self._places: list[str] = []
        self._counts: Counter[str] = Counter()

    def feed(self, shard: CorpusShard, row: dict[str, Any]) -> None:
        """Looks at one question, where it stands once."""
        if shard.config != "rl":
            return
        self.findings.seen += 1
        found = find_identifiers(row["problem"])
        self._counts.update({f"{row['source']}: {one.kind}" for one in found})
        self._places += [f"{one.kind} of {row['id']} at {one.start} to {one.stop}" for one in found[: _SHOWN - len(self._places)]]
        if found:
            told = ", ".join(f"{what} ({count:,})" for what, count in sorted(self._counts.items()))
            self.findings.note = f"rows that hold {told}, as {'; '.join(self._places)}"
