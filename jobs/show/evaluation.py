"""What the commands on models print: evaluate, compare."""

from typing import TYPE_CHECKING

from rich.markup import escape

from jobs.show.tables import print_json, print_line, print_tables, table_of

if TYPE_CHECKING:
    from jobs.compare import Comparison
    from jobs.evaluate import Evaluated


def evaluated(found: "Evaluated", *, as_json: bool) -> None:
    """The numbers of an evaluation."""
    if as_json:
        print_json(found.numbers | {"out": str(found.out) if found.out else None, "errors": [str(error) for error in found.errors]})
        return
    if found.out is None:
        return
    table = table_of(
        "benchmark", "questions", "accuracy", "95 % interval", "chance", "vote", "macro F1", "unparsed", "refused", "truncated"
    )
    measures = table_of("benchmark", "measure", "mean")
    for summary in found.summaries:
        for name, part in summary.parts.items():
            label = summary.benchmark if name == "all" else f"  {name}"
            table.add_row(
                escape(label),
                f"{part.questions:,}" + (f" x {part.samples}" if part.samples > 1 else ""),
                f"{part.accuracy.share:.1%}",
                f"{part.accuracy.low:.1%} to {part.accuracy.high:.1%}",
                f"{part.chance:.1%}",
                "" if part.vote is None else f"{part.vote.share:.1%}",
                "" if part.macro_f1 is None else f"{part.macro_f1:.3f}",
                *(f"{rate:.1%}" for rate in (part.unparsed, part.refused, part.truncated)),
            )
        beside = {**summary.all.measures, **{f"{found.numbers['asked']['kit']} {name}": value for name, value in summary.all.kit.items()}}
        beside |= {f"pass@{k}": value for k, value in summary.all.pass_at.items()}
        if summary.all.balanced_accuracy is not None:
            beside["balanced_accuracy"] = summary.all.balanced_accuracy
        for name, value in beside.items():
            measures.add_row(escape(summary.benchmark), escape(name), f"{value:.3f}")
    print_tables(*(one for one in (table, measures) if one.row_count))
    for name, reason in found.numbers["not_computed"].items():
        print_line(f"{name} is not computed: {reason}.")
    for name, told in found.numbers["benchmarks"].items():
        if told["rejects"]:
            print_line(f"{name}: rows left out: {', '.join(f'{reason} {count:,}' for reason, count in told['rejects'].items())}.")
        if told["not_seen"]:
            print_line(f"{name}: {told['not_seen']:,} questions have an image, which this model does not see, and were not put.")
    print_line(f"{found.name}: every answer with its verdict in {found.out}. Compare models with medtrace compare.")


def compared(found: "Comparison", *, as_json: bool) -> None:
    """Models beside each other."""
    if as_json:
        print_json(found.to_json())
        return
    names = sorted({summary.benchmark for one in found.models for summary in one.summaries})
    table = table_of("benchmark", *(escape(one.name) for one in found.models))
    for name in names:
        shares = [next((summary.all.accuracy for summary in one.summaries if summary.benchmark == name), None) for one in found.models]
        table.add_row(
            escape(name), *("" if share is None else f"{share.share:.1%} ({share.low:.1%} to {share.high:.1%})" for share in shares)
        )
    pairs = table_of("benchmark", "model", "difference", "95 % interval", "only the first right", "only this one right", "p", "p (Holm)")
    for one in found.models[1:]:
        for pair in one.against:
            gained = pair.difference
            pairs.add_row(
                escape(pair.benchmark),
                escape(one.name),
                f"{gained.share:+.1%}",
                f"{gained.low:+.1%} to {gained.high:+.1%}",
                f"{pair.first_only:,}",
                f"{pair.second_only:,}",
                f"{pair.p:.3g}",
                f"{pair.p_holm:.3g}",
            )
    print_tables(table, pairs)
    if found.out is not None:
        print_line(f"Written to {found.out}.")
