"""What an audit finds of identifiers of persons in published texts."""

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any

from pipeline.publish.corpus import CorpusShard
from pipeline.publish.findings import SHOWN, Findings
from pipeline.texts.identifiers import Identifier, find_identifiers
from schemas.example import AnswerType

AROUND = 40


class Identifiers:
    """What questions, open golds and traces hold that identifies persons: counted by source and kind, shown masked, never a fault."""

    def __init__(self) -> None:
        self.findings = Findings("identifiers", "texts")
        self._counts: Counter[str] = Counter()
        self._traces: set[str] = set()

    def feed(self, shard: CorpusShard, row: dict[str, Any]) -> None:
        """Looks at the texts of one row, each where it stands once."""
        for column in self._columns(shard, row):
            self.findings.seen += 1
            found = find_identifiers(row[column])
            self.findings.asides.update({f"{row['source']}: {one.kind.value}" for one in found})
            for one, excerpt in zip(found, masked_excerpts(row[column], found), strict=True):
                kind = f"{row['source']}: {one.kind.value}"
                if self._counts[kind] < SHOWN:
                    self.findings.examples.append(f"{kind} in {column} of {row['id']} at {one.start} to {one.stop}: {excerpt}")
                self._counts[kind] += 1

    def _columns(self, shard: CorpusShard, row: dict[str, Any]) -> list[str]:
        if shard.config == "rl":
            return ["problem", "answer"] if row["answer_type"] == AnswerType.OPEN else ["problem"]
        if row["id"] in self._traces:
            return []
        self._traces.add(row["id"])
        return ["response"] if row["teacher"] else []


def masked_excerpts(text: str, found: Sequence[Identifier]) -> Iterator[str]:
    """What surrounds each identifier, all of them replaced by their kinds, on one line."""
    masked, places, at = "", list[tuple[int, int]](), 0
    for one in found:
        masked += text[at : one.start]
        places.append((len(masked), len(masked) + len(one.kind.value) + 2))
        masked += f"[{one.kind.value}]"
        at = one.stop
    masked += text[at:]
    for start, stop in places:
        left, right = max(0, start - AROUND), stop + AROUND
        said = " ".join(masked[left:right].split())
        yield f"{'…' if left else ''}{said}{'…' if right < len(masked) else ''}"
