"""What is done about a finding: the search's word, or the manifest's where a rule of it says otherwise."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any, NamedTuple

from pipeline.texts.decide import Decision
from schemas.graph import Finding
from schemas.manifest import Manifest


@dataclass(frozen=True)
class Ruling:
    """One `[[overlap]]` of a manifest: what a finding must be ('' and None: anything), the decision and its reason."""

    decision: Decision
    why: str
    benchmark: str = ""
    source: str = ""
    kind: str = ""
    rule: str = ""
    row: str = ""
    id: str = ""
    below: float | None = None
    at_least: float | None = None

    def meets(self, finding: Mapping[str, Any]) -> bool:
        """Whether it speaks of a finding, given as the columns of `Finding`."""
        named = (Finding.benchmark, Finding.source, Finding.kind, Finding.rule, Finding.row, Finding.id)
        if any(getattr(self, column) not in ("", finding[column]) for column in named):
            return False
        score = finding[Finding.score]
        return (self.below is None or score < self.below) and (self.at_least is None or score >= self.at_least)


class Ruled(NamedTuple):
    """A decision, and why the manifest made it; '' where the search did."""

    decision: Decision
    why: str


def rulings_of(manifest: Manifest) -> tuple[Ruling, ...]:
    """The manifest's rules, in order."""
    names = {field.name for field in fields(Ruling)} - {"decision", "why"}
    return tuple(
        Ruling(
            Decision.LEAK if one.decision == "drop" else Decision.REPORT,
            one.why,
            **{name: value for name in names if (value := getattr(one, name)) is not None},
        )
        for one in manifest.overlap
    )


def decide(finding: Mapping[str, Any], rulings: Sequence[Ruling]) -> Ruled:
    """The decision about a finding: the first rule that speaks of it, or what was found."""
    place = first_of(finding, rulings)
    return Ruled(Decision(finding[Finding.found]), "") if place is None else Ruled(rulings[place].decision, rulings[place].why)


def first_of(finding: Mapping[str, Any], rulings: Sequence[Ruling]) -> int | None:
    """The place of the first rule that speaks of a finding; none where no rule does."""
    return next((place for place, ruling in enumerate(rulings) if ruling.meets(finding)), None)
