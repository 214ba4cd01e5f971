"""The sections of a report: every number from the lock or counted from the shards."""

from collections.abc import Mapping, Sequence
from typing import Any

from pipeline.models.prices import usd
from pipeline.publish.report.charts import bar, histogram, legend, stacked, table, words
from pipeline.publish.report.facts import KEPT, REJECTED, Facts
from schemas.trace import Verdict

Lock = Mapping[str, Any]
VERDICTS = tuple(verdict.value for verdict in Verdict)


def stages_of(lock: Lock, facts: Facts) -> list[tuple[str, int, list[tuple[str, int]]]]:
    """The funnel of questions: what stands after a stage, how many, and what was lost on the way by reason."""
    told: dict[str, dict[str, int]] = {}
    for stage, _, reason, count in lock["tallies"]:
        held = told.setdefault(stage.partition("[")[0], {})
        held[reason] = held.get(reason, 0) + count
    read = told.get("ingest", {}).pop("rows", 0)
    unread = [*told.get("ingest", {}).items(), *told.get("gather", {}).items()]
    dropped = [(reason, count) for reason, count in told.get("choose", {}).items() if reason != "chosen"]
    stages = [
        ("Rows read", read, []),
        ("Readable", read - sum(count for _, count in unread), unread),
        ("Chosen", facts.questions, dropped),
    ]
    if facts.asked:
        unasked: dict[str, int] = {}
        for held in lock["counts"].get("rl", {}).values():
            for reason, count in held.get("no_trace", {}).items():
                if reason:
                    unasked[reason] = unasked.get(reason, 0) + count
        stages.append(("Asked of a teacher", facts.asked, sorted(unasked.items())))
        stages.append(("Answered right at least once", facts.right, [("never right", facts.asked - facts.right)]))
    return [*stages, ("With a kept trace", facts.kept, [])]


def funnel(lock: Lock, facts: Facts) -> str:
    """From rows to questions, from traces to kept ones, with every reason."""
    stages = stages_of(lock, facts)
    most = max((count for _, count, _ in stages), default=0) or 1
    steps = "".join(
        f'<li><div class="step"><b>{name}</b><span class="n">{count:,}</span></div>{bar(count / most)}{_reasons(lost)}</li>'
        for name, count, lost in stages
    )
    fates: dict[str, int] = {}
    for stage, _, reason, count in lock["tallies"]:
        if stage == "select":
            fates[reason] = fates.get(reason, 0) + count
    total = sum(fates.values()) or 1
    order = sorted(fates.items(), key=lambda one: (one[0] != "kept", -one[1], one[0]))
    rows = [[words(name), count, bar(count / total, KEPT if name == "kept" else REJECTED)] for name, count in order]
    traces = "<h3>Traces</h3>" + table(("what became of it", "traces", "share"), rows, "Traces by what became of them") if rows else ""
    return f'<div class="two"><div><h3>Questions</h3><ol class="funnel">{steps}</ol></div><div>{traces}</div></div>'


def _reasons(lost: Sequence[tuple[str, int]]) -> str:
    told = [f"<li>−{count:,} {words(reason)}</li>" for reason, count in sorted(lost, key=lambda one: (-one[1], one[0])) if count]
    return f'<ul class="lost">{"".join(told)}</ul>' if told else ""


def sources(lock: Lock, facts: Facts) -> str:
    """A row a dataset: licence, access, modality, rows."""
    held: dict[tuple[str, str], int] = {}
    for stage, source, reason, count in lock["tallies"]:
        held[source, f"{stage} {reason}"] = held.get((source, f"{stage} {reason}"), 0) + count
    rows = [_dataset(one, facts, held) for one in lock["datasets"]]
    head = ("name", "dataset", "role", "licence", "access", "modality", "rows read", "questions", "kept traces", "rejected")
    parts = [table(head, rows, "Datasets")]
    for facet, title in (("modality", "modality"), ("license", "licence of the row"), ("answer_type", "task")):
        found: dict[str, int] = {}
        for split in lock["counts"].get("rl", {}).values():
            for value, count in split.get(facet, {}).items():
                found[value] = found.get(value, 0) + count
        total = sum(found.values()) or 1
        lines = [[words(name), count, bar(count / total)] for name, count in sorted(found.items(), key=lambda one: (-one[1], one[0]))]
        if lines:
            parts.append(table((title, "questions", "share"), lines, f"Questions by {title}"))
    return parts[0] + f'<div class="three">{"".join(parts[1:])}</div>'


def _dataset(one: Lock, facts: Facts, held: Mapping[tuple[str, str], int]) -> list[str | int]:
    """A benchmark may bear a source's name: it has rows, and no question or trace of its own."""
    name, told = one["name"], [words(one[key]) for key in ("name", "title", "role")]
    told += [words(one["license"] or "not stated"), words(one["access"])]
    if one["role"] == "benchmark":
        return [*told, words(""), held.get((name, "benchmark rows"), 0), "", "", ""]
    modalities = words(", ".join(sorted({modality for source, modality in facts.modalities if source == name})))
    counts = (held.get((name, "ingest rows"), 0), held.get((name, "choose chosen"), 0))
    return [*told, modalities, *counts, facts.traces[name, KEPT], facts.traces[name, REJECTED]]


def distributions(facts: Facts) -> str:
    """Pass rates of questions, lengths of completions."""
    labels = ["0", ">0", *(f"{tenth}0+" for tenth in range(1, 10)), "100"]
    rated = sum(facts.pass_rates)
    rates = (
        histogram(labels, [(KEPT, facts.pass_rates)], "Questions by pass rate") if rated else '<p class="none">No question was sampled.</p>'
    )
    bits = sorted({bit for _, bit in facts.lengths})
    spread = list(range(bits[0], bits[-1] + 1)) if bits else []
    series = [(fate, [facts.lengths[fate, bit] for bit in spread]) for fate in (KEPT, REJECTED)]
    lengths = (
        histogram([f"{_round(1 << (bit - 1))}+" for bit in spread], series, "Traces by completion tokens")
        + legend([(KEPT, "kept"), (REJECTED, "rejected")])
        if bits
        else '<p class="none">No server reported tokens.</p>'
    )
    silent = f" Of {facts.unmeasured:,} traces no tokens were reported." if facts.unmeasured and bits else ""
    return (
        f'<div class="two"><figure><figcaption><h3>Pass rates</h3><p>{rated:,} questions by the share of right answers, in percent.'
        f"{_within(facts)}</p></figcaption>{rates}</figure><figure><figcaption><h3>Lengths</h3><p>Traces by tokens of the completion, its thought included."
        f"{silent}</p></figcaption>{lengths}</figure></div>"
    )


def _within(facts: Facts) -> str:
    """pass@k over the questions, for each k that all of them tell; '' where one sample is all."""
    whole = [total / told for told, total in facts.pass_at if told == facts.pass_at[0][0]]
    if len(whole) < 2:
        return ""
    return " One of k samples is right: " + ", ".join(f"pass@{1 << place} {share:.1%}" for place, share in enumerate(whole)) + "."


def _round(count: int) -> str:
    return f"{count:,}" if count < 1024 else f"{count // 1024}k"


def verdicts(facts: Facts) -> str:
    """The mix of verdicts, a bar a teacher."""
    teachers = sorted({teacher for teacher, _ in facts.verdicts})
    if not teachers:
        return '<p class="none">There are no traces.</p>'
    bars: list[str] = []
    for teacher in teachers:
        counts = [(verdict, facts.verdicts[teacher, verdict]) for verdict in VERDICTS if facts.verdicts[teacher, verdict]]
        told = ", ".join(f"{verdict} {count:,}" for verdict, count in counts)
        total = sum(count for _, count in counts)
        name = words(teacher) if teacher else "none: the gold is the completion"
        bars.append(f'<div class="mix"><div class="step"><b>{name}</b><span class="n">{total:,}</span></div>{stacked(counts, told)}</div>')
    there = [verdict for verdict in VERDICTS if any(facts.verdicts[teacher, verdict] for teacher in teachers)]
    rows = [
        [f'<i class="dot v-{verdict}"></i>{words(verdict)}', *(facts.verdicts[teacher, verdict] for teacher in teachers)]
        for verdict in there
    ]
    return "".join(bars) + table(("verdict", *(teacher or "gold" for teacher in teachers)), rows, "Verdicts by teacher")


def costs(lock: Lock) -> str:
    """What the answers of each teacher cost."""
    told = lock.get("costs") or {}
    if not told:
        return '<p class="none">No answer was paid for.</p>'
    most = max(one["cost_nanousd"] for one in told.values()) or 1
    rows = [
        [
            words(name),
            one["answers"],
            one["prompt_tokens"],
            one["completion_tokens"],
            "not known" if one["unpriced"] == one["answers"] else usd(one["cost_nanousd"]),
            one["unpriced"],
            bar(one["cost_nanousd"] / most),
        ]
        for name, one in told.items()
    ]
    return table(("teacher", "answers", "prompt tokens", "completion tokens", "cost", "unpriced", ""), rows, "Cost by teacher")


def flags(lock: Lock) -> str:
    """What is odd about completions."""
    kept, rejected = (lock["traces"].get(fate, {}).get("flag", {}) for fate in (KEPT, REJECTED))
    names = sorted(set(kept) | set(rejected))
    if not names:
        return '<p class="none">No trace has a flag.</p>'
    most = max(kept.get(name, 0) + rejected.get(name, 0) for name in names)
    rows = [
        [words(name), kept.get(name, 0), rejected.get(name, 0), bar((kept.get(name, 0) + rejected.get(name, 0)) / most, REJECTED)]
        for name in names
    ]
    return table(("flag", "kept", "rejected", ""), rows, "Traces with a quality flag")


def overlaps(lock: Lock, shown: int) -> str:
    """How many findings a benchmark, rule and decision, and where the page lists them."""
    told = lock.get("overlaps")
    if not told:
        return '<p class="none">No benchmark was named: overlaps with test sets were not looked for.</p>'
    if not told["rows"]:
        return '<p class="none">Every question was held against the benchmarks; nothing was found.</p>'
    head = ("benchmark", "shared", "rule", "decision", "findings", "questions", "by the manifest")
    rows = [[*(words(word) for word in row[:4]), *row[4:]] for row in told["counts"]]
    said = f"<p>{shown:,} of {told['rows']:,} findings are shown, drawn from every benchmark, rule and decision; the others are in "
    said += (
        "<code>overlaps.parquet</code>. A <b>leak</b> was left out of the corpus; a <b>report</b> is for a person to look at and stays.</p>"
    )
    return table(head, rows, "Findings of overlap") + said + '<div id="findings" class="cards"></div>'
