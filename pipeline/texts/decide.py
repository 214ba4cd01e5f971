"""What the measures between two questions mean: a leak, something to look at, or nothing."""

from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

from pipeline.texts.features import Features


class Decision(StrEnum):
    """What a finding asks for."""

    LEAK = "leak"
    REPORT = "report"


@dataclass(frozen=True)
class Thresholds:
    """Shares of rarity-weighted words at which two questions are the same, measured on seven real sets.

    Different questions of MMLU, MedQA, MedXpertQA, HEAD-QA and MedMCQA share at most 0.50 of their stems (Dice) where those weigh over 60
    (vignettes), but up to 0.77 where they weigh 22 to 33 (one sentence) and all of them below: the less a stem says, the more must be there.
    """

    near: float = 0.9
    short_stem: float = 0.85
    long_stem: float = 0.55
    # Of the benchmark's stem: below `rich` (about six words that one row in a hundred holds) only a whole text counts.
    rich: float = 22.0
    long: float = 66.0
    options: float = 0.6
    with_options: float = 0.42
    # Short questions of one field share their options: "Chemotactic cytokine is", "Cytokines of periapical lesions", both IL-1 to TNF.
    short_with_options: float = 0.6
    other_options: float = 0.35
    against: float = 0.1
    # Of 51 pairs of questions with equal options in MedMCQA, HEAD-QA and MMLU all that share 0.35 of their stems ask the same, but for two
    # whose gold differs and one with other numbers; of those below 0.24 none does. An equal gold is chance in a quarter of them.
    told: float = 15.0
    told_stem: float = 0.42
    told_gold_stem: float = 0.24
    # Options that weigh this much (three sentences) stand under no two questions of those sets but the same one, asked anew; other
    # questions have up to 35. A stem that says nothing ("Which statement is false?") is told by them alone.
    told_much: float = 45.0
    told_much_stem: float = 0.25
    told_some: float = 25.0
    # A case told in one line: of the shorter stem, where the longer says this much.
    told_line: float = 0.45
    case: float = 39.0
    gold_options_stem: float = 0.5
    # Without options nothing but the stem speaks, and siblings share up to 0.9 of a short one and 0.54 of a case: from here a person looks.
    # Of 2,000 stems of another set that holds none of them at most fifteen share so much.
    bare_short: float = 0.6
    bare_short_weight: float = 10.0
    bare_line: float = 0.6
    bare_line_weight: float = 18.0
    bare_case: float = 0.36
    bare_case_weight: float = 24.0
    inside: float = 0.85
    all_of_it: float = 0.95
    part: float = 0.3
    # Of the numbers of a stem that says much; one that says little must hold all of them.
    numbers: float = 0.5
    doubt: float = 0.15

    def needed(self, weight: float) -> float:
        """The share of both stems that makes a leak where options say nothing."""
        way = min(max((weight - self.rich) / (self.long - self.rich), 0.0), 1.0)
        return self.short_stem + way * (self.long_stem - self.short_stem)


THRESHOLDS = Thresholds()


class Verdict(NamedTuple):
    """A rule's name, how sure it is, and what it asks for."""

    rule: str
    score: float
    decision: Decision


def decide(found: Features, limits: Thresholds) -> Verdict | None:
    """The first rule that holds; a finding whose numbers or options speak against it is reported, not a leak."""
    verdict = _rule(found, limits) or _bare(found, limits)
    if found.told >= limits.told and found.stems.both < limits.near:
        verdict = _same_options(found, limits, verdict)
    if verdict is None or verdict.decision is Decision.REPORT:
        return verdict
    # Numbers are compared as written one way (1,000 and 1000, 5.0 and 5): equal options do not make another number the same question.
    if found.numbers is not None and found.numbers < (limits.numbers if found.stems.left >= limits.rich else 1.0):
        return verdict._replace(rule="other numbers", decision=Decision.REPORT)
    if found.turned and found.stems.left < 2 * limits.rich:
        return verdict._replace(rule="other signs", decision=Decision.REPORT)
    if found.negated and found.stems.left < 2 * limits.rich and not (found.told >= limits.told and found.golds):
        return verdict._replace(rule="other polarity", decision=Decision.REPORT)
    return verdict


def _rule(found: Features, limits: Thresholds) -> Verdict | None:
    stems, said, options = found.stems.both, found.stems.left, found.options
    if not said:
        return None
    against = options is not None and options < limits.other_options
    if options is not None and options >= limits.options:
        if stems >= limits.near:
            return Verdict("near", stems, Decision.LEAK)
        sure = stems >= (limits.with_options if said >= limits.rich else limits.short_with_options)
        if sure or (said >= limits.rich and found.stems.of_right >= limits.inside):
            return Verdict("options", stems, Decision.LEAK)
        if found.stems.of_left >= limits.all_of_it and said >= limits.rich / 3:
            return Verdict("inside", found.stems.of_left, Decision.LEAK)
        if stems >= limits.gold_options_stem and found.golds:
            return Verdict("options", stems, Decision.LEAK)
        if stems >= limits.with_options:
            return Verdict("options", stems, Decision.REPORT)
    if said < limits.rich:
        return None if against else _short(found, limits)
    needed = limits.needed(said)
    if against:
        needed = needed + limits.against if said >= limits.long else limits.near
    if stems >= needed:
        return Verdict("near" if stems >= limits.near else "paraphrase", stems, Decision.LEAK)
    return _one_sided(found, limits, against) or (Verdict("paraphrase", stems, Decision.REPORT) if stems >= needed - limits.doubt else None)


def _same_options(found: Features, limits: Thresholds, verdict: Verdict | None) -> Verdict | None:
    """All options are the same and tell much: little of the stem must be, less where the gold is the same too."""
    stems = found.stems.both
    if verdict is not None and verdict.decision is Decision.LEAK:
        other = found.golds is False and verdict.rule == "options"
        return Verdict("other gold", stems, Decision.REPORT) if other else verdict
    if found.golds is not False and (
        stems >= (limits.told_gold_stem if found.golds else limits.told_stem)
        or (found.told >= limits.told_much and (stems >= limits.told_much_stem or (found.golds and found.stems.left < limits.rich / 2)))
        or _one_line(found, limits)
    ):
        return Verdict("same options", stems, Decision.LEAK)
    if verdict is None and (found.golds or stems >= limits.told_gold_stem or (found.golds is None and found.told >= limits.told_some)):
        return Verdict("same options", stems, Decision.REPORT)
    return verdict


def _one_line(found: Features, limits: Thresholds) -> bool:
    """Whether one stem is a case and the other tells it in a line."""
    ours, theirs = found.stems.left, found.stems.right
    return max(ours, theirs) >= limits.case and (found.stems.of_left if ours < theirs else found.stems.of_right) >= limits.told_line


def _bare(found: Features, limits: Thresholds) -> Verdict | None:
    """What is shown to a person where one side has no options."""
    stems = found.stems
    if found.options is not None:
        return None
    if stems.left < 2 * limits.rich:
        share, needed, weight = stems.both, limits.bare_short, limits.bare_short_weight
    elif stems.right < limits.bare_line * stems.left:
        share, needed, weight = stems.of_right, limits.bare_line, limits.bare_line_weight
    else:
        share, needed, weight = stems.both, limits.bare_case, limits.bare_case_weight
    return Verdict("paraphrase", share, Decision.REPORT) if share >= needed and stems.shared >= weight else None


def _one_sided(found: Features, limits: Thresholds, against: bool) -> Verdict | None:
    """One stem lies whole in the other text: a quotation in a longer one, or the part that was left of it."""
    decision = Decision.REPORT if against or found.stems.left < 2 * limits.rich else Decision.LEAK
    if found.inside.of_left >= limits.inside and not (against and decision is Decision.REPORT):
        return Verdict("inside", found.inside.of_left, decision)
    if found.stems.of_right >= limits.inside and found.stems.right >= max(limits.rich, limits.part * found.stems.left):
        return Verdict("part", found.stems.of_right, decision)
    return None


def _short(found: Features, limits: Thresholds) -> Verdict | None:
    """A stem that says little: its whole text must be there."""
    stems = found.stems.both
    if stems >= limits.near:
        sure = found.options is None and found.stems.left >= limits.rich / 2
        return Verdict("near", stems, Decision.LEAK if sure else Decision.REPORT)
    return Verdict("paraphrase", stems, Decision.REPORT) if stems >= limits.near - limits.doubt else None
