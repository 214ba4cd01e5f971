"""A benchmark's numbers: accuracy with intervals, votes, pass@k, rates of what could not be read, measures, and by part."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from statistics import fmean
from typing import Any

from pipeline.evaluation.answers import Answered
from pipeline.evaluation.intervals import Share, mean_share, pass_at
from schemas.trace import Verdict

ALL, CLOSED, OPEN = "all", "closed", "open"
MOST_CLASSES = 30
LEAST_OF_A_SUBJECT = 10
_UNPARSED = (Verdict.NO_ANSWER, Verdict.AMBIGUOUS, Verdict.CONFLICT, Verdict.MALFORMED)
_LABELS = ("found", "wrong", "missed")


@dataclass(frozen=True)
class Part:
    """The numbers of a benchmark or of a part of it: its closed or open questions, or a subject.

    `accuracy` is the mean over questions of the share of their answers that are right; `vote` that of the answer that
    most samples give, None where there is one sample; `chance` what guessing would reach. `macro_f1` and
    `balanced_accuracy` are over classes that all questions share, None where they share none. `measures` are means over
    answers, `kit` another kit's.
    """

    questions: int
    samples: int
    accuracy: Share
    chance: float
    vote: Share | None
    pass_at: Mapping[int, float]
    unparsed: float
    refused: float
    truncated: float
    macro_f1: float | None
    balanced_accuracy: float | None
    measures: Mapping[str, float]
    kit: Mapping[str, float]
    tokens: int
    cost_nanousd: int


@dataclass(frozen=True)
class Summary:
    """A benchmark's numbers, in all and by part: closed and open where there are both, and its subjects."""

    benchmark: str
    parts: Mapping[str, Part]
    subjects: Mapping[str, Part] = field(default_factory=dict[str, Part])

    @property
    def all(self) -> Part:
        """The numbers of the whole benchmark."""
        return self.parts[ALL]


def summarise(questions: Iterable[Answered]) -> list[Summary]:
    """One summary a benchmark, by name."""
    grouped: defaultdict[str, list[Answered]] = defaultdict(list)
    for question in questions:
        grouped[question.benchmark].append(question)
    return [_summary(name, grouped[name]) for name in sorted(grouped)]


def _summary(name: str, questions: Sequence[Answered]) -> Summary:
    closed, open = [one for one in questions if one.closed], [one for one in questions if not one.closed]
    parts = {ALL: part_of(questions)}
    if closed and open:
        parts |= {CLOSED: part_of(closed), OPEN: part_of(open)}
    subjects: defaultdict[str, list[Answered]] = defaultdict(list)
    for question in questions:
        subjects[question.subject].append(question)
    large = {subject: each for subject, each in sorted(subjects.items()) if subject and len(each) >= LEAST_OF_A_SUBJECT}
    return Summary(name, parts, {subject: part_of(each) for subject, each in large.items()} if len(large) > 1 else {})


def part_of(questions: Sequence[Answered]) -> Part:
    """The numbers of some questions of one benchmark."""
    verdicts = Counter(verdict for question in questions for verdict in question.verdicts)
    samples = max(len(question.verdicts) for question in questions)
    classes = _classes(questions)
    return Part(
        questions=len(questions),
        samples=samples,
        accuracy=mean_share([question.rate for question in questions]),
        chance=fmean(question.chance for question in questions),
        vote=mean_share([float(question.voted_right) for question in questions]) if samples > 1 else None,
        pass_at=_pass_at(questions),
        unparsed=sum(verdicts[verdict] for verdict in _UNPARSED) / verdicts.total(),
        refused=verdicts[Verdict.REFUSED] / verdicts.total(),
        truncated=verdicts[Verdict.TRUNCATED] / verdicts.total(),
        macro_f1=_macro_f1(questions, classes) if classes else None,
        balanced_accuracy=_balanced(questions, classes) if classes else None,
        measures=_measures(questions),
        kit=_means([scores for question in questions for scores in question.kit]),
        tokens=sum(question.tokens for question in questions),
        cost_nanousd=sum(question.cost_nanousd for question in questions),
    )


def _pass_at(questions: Sequence[Answered]) -> dict[int, float]:
    """pass@k for the powers of two that every question has samples for; none where there is one sample."""
    least = min(len(question.verdicts) for question in questions)
    ks = [1 << power for power in range(least.bit_length()) if 1 << power <= least] if least > 1 else []
    return {k: fmean(pass_at(len(question.verdicts), question.correct, k) for question in questions) for k in ks}


def _classes(questions: Sequence[Answered]) -> tuple[str, ...]:
    """The classes that all questions choose among: yes and no, or the same options in any order; none where they differ."""
    if not all(question.closed for question in questions):
        return ()
    sets = {frozenset(question.predicted_among) for question in questions}
    if len(sets) != 1:
        return ()
    (classes,) = sets
    return tuple(sorted(classes)) if 1 < len(classes) <= MOST_CLASSES else ()


def _macro_f1(questions: Sequence[Answered], classes: Sequence[str]) -> float:
    """The mean of the classes' F1, over the classes that some gold names; the questions' answers count alike."""
    found, wrong, missed = (defaultdict[str, float](float) for _ in _LABELS)
    for question in questions:
        weight = 1 / len(question.said)
        for sample in range(len(question.said)):
            said = question.predicted(sample)
            if said == question.right:
                found[said] += weight
            else:
                wrong[said] += weight
                missed[question.right] += weight
    named = [one for one in classes if found[one] + missed[one]]
    return fmean(2 * found[one] / (2 * found[one] + wrong[one] + missed[one]) for one in named)


def _balanced(questions: Sequence[Answered], classes: Sequence[str]) -> float:
    """The mean over the classes of how often questions of that class are answered right."""
    rates: defaultdict[str, list[float]] = defaultdict(list)
    for question in questions:
        rates[question.right].append(question.rate)
    return fmean(fmean(rates[one]) for one in classes if one in rates)


def _measures(questions: Sequence[Answered]) -> dict[str, float]:
    """Means over the answers; of label sets also macro F1 over the labels that golds name, and micro F1."""
    each = [measures for question in questions for measures in question.measures]
    means = _means([{name: value for name, value in one.items() if name not in _LABELS} for one in each])
    counts = {name: Counter[str]() for name in _LABELS}
    for one in each:
        for name in _LABELS:
            counts[name].update(one.get(name, ()))
    named = sorted(set(counts["found"]) | set(counts["missed"]))
    if named:
        means["label_macro_f1"] = fmean(_f1(*(counts[name][label] for name in _LABELS)) for label in named)
        means["label_micro_f1"] = _f1(*(counts[name].total() for name in _LABELS))
    return means


def _means(each: Sequence[Mapping[str, Any]]) -> dict[str, float]:
    values: defaultdict[str, list[float]] = defaultdict(list)
    for one in each:
        for name, value in one.items():
            values[name].append(float(value))
    return {name: fmean(values[name]) for name in sorted(values)}


def _f1(found: int, wrong: int, missed: int) -> float:
    return 2 * found / (2 * found + wrong + missed) if found + wrong + missed else 0.0
