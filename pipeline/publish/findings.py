"""What an audit finds: checks with a status, and what each of them met."""

from collections import Counter
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

SHOWN = 5


class Status(StrEnum):
    """How a check ended."""

    OK = "ok"
    FAILED = "failed"
    NOT_CHECKED = "not checked"


@dataclass(frozen=True)
class Check:
    """One claim about a corpus. `counts`: what was looked at and what was found; `examples`: the first findings."""

    name: str
    status: Status
    detail: str
    counts: dict[str, int]
    examples: tuple[str, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """The check as JSON values."""
        return {
            "name": self.name,
            "status": self.status.value,
            "detail": self.detail,
            "counts": self.counts,
            "examples": list(self.examples),
        }


@dataclass
class Findings:
    """Collects what one check looks at and finds. `asides` are counted and told, and are no violation."""

    name: str
    looked_at: str
    seen: int = 0
    found: Counter[str] = field(default_factory=Counter[str])
    examples: list[str] = field(default_factory=list[str])
    note: str = ""
    asides: Counter[str] = field(default_factory=Counter[str])

    def add(self, kind: str, where: str) -> None:
        """One violation: its kind, which is counted, and where it stands."""
        if self.found[kind] < SHOWN:
            self.examples.append(f"{kind}: {where}")
        self.found[kind] += 1

    def check(self) -> Check:
        """The check as it stands."""
        told = [f"{kind} ({count})" for kind, count in self.found.items()] or [self.note or f"{self.seen:,} {self.looked_at}"]
        told += [f"{kind} ({count})" for kind, count in self.asides.items()]
        counts = {self.looked_at: self.seen, **self.found, **self.asides}
        return Check(self.name, Status.FAILED if self.found else Status.OK, "; ".join(told), counts, tuple(self.examples))


def not_checked(name: str, why: str) -> Check:
    """A check that could not be made."""
    return Check(name, Status.NOT_CHECKED, why, {})
