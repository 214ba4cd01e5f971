"""What the commands on a corpus print."""

from typing import TYPE_CHECKING

from rich.markup import escape

from jobs.show.kept import unsettled_line
from jobs.show.pilot import pilot_lines
from jobs.show.tables import print_json, print_line, print_lines, print_tables, size_told, table_of

if TYPE_CHECKING:
    from pathlib import Path

    from jobs.build import Built
    from jobs.declared import DeclaredPlan
    from jobs.estimates import Estimate
    from jobs.loop import Looped
    from jobs.pilots import Pilot
    from jobs.preview import Plan
    from pipeline.publish.audit import Audit
    from pipeline.publish.diff import Diff
    from pipeline.publish.exports.write import Exported


def plan(found: "Plan", *, as_json: bool) -> None:
    """What a build would do."""
    if as_json:
        print_json(found.to_json())
        return
    table = table_of("step", "units", "stored", "to run", "waits for")
    for step in found.steps:
        units = "unknown" if step.units is None else str(step.units)
        table.add_row(escape(step.step), units, str(step.cached), "?" if step.to_run is None else str(step.to_run), escape(step.waits_for))
    print_tables(table)
    for teacher in found.teachers:
        if teacher.waits_for:
            line = f"requests unknown until {teacher.waits_for} has run: run build --until '{teacher.waits_for}', then plan again"
        elif teacher.requests is None:
            line = "requests unknown until the sources are ingested: run build --until choose, then plan again"
        else:
            bound = "" if teacher.exact else "at most "
            line = f"{bound}{teacher.questions:,} questions, {bound}{teacher.requests:,} requests to send ({teacher.in_ledger:,} in the ledger), "
            line += f"at most {teacher.max_tokens:,} completion tokens"
        print_line(f"Teacher {teacher.teacher} ({teacher.model}): {line}.")
        if teacher.estimate and teacher.requests:
            print_line(f"  {_estimated(teacher.estimate)}")
    if found.pilot:
        print_lines(pilot_lines(found.pilot))
    if found.identifiers:
        told = ", ".join(f"{source} {kind} {count:,}" for (source, kind), count in sorted(found.identifiers.items()))
        print_line(f"Rows that hold identifiers of persons: {told}.")


def declared(found: "DeclaredPlan", *, as_json: bool) -> None:
    """What a manifest asks for by what its sources declare."""
    if as_json:
        print_json(found.to_json())
        return
    table = table_of("source", "split", "access", "rows", "images", "answered by")
    for source in found.sources:
        rows = "not declared" if source.rows is None else f"{source.rows:,}"
        answered = source.answers or "nobody sees it"
        table.add_row(*(escape(word) for word in (source.name, source.split, source.access, rows, f"{source.images:,}", answered)))
    table.add_row("in all", "", "", f"{found.rows:,}", f"{found.images:,}", "")
    print_tables(table)
    for teacher in found.teachers:
        money = "price unknown" if teacher.usd is None else f"{teacher.usd:,.0f} USD"
        print_line(
            f"Teacher {teacher.name} ({teacher.model}): {teacher.questions:,} questions, {teacher.requests:,} requests, about "
            f"{teacher.prompt_tokens:,} prompt and {teacher.completion_tokens:,} completion tokens ({money})."
        )
    for stage in found.stages:
        print_line(
            f"Stage {stage.name}: {stage.rows:,} rows an epoch, images of {f'at most {stage.max_pixels:,}' if stage.max_pixels else 'all their'} pixels."
        )
    print_line("At most: duplicates, leaks and unreadable rows are not taken off.")


def _estimated(told: "Estimate") -> str:
    """Tokens and money, expected and at most."""
    from pipeline.models.prices import usd

    costs = ["price unknown" if cost is None else usd(cost) for cost in (told.cost_nanousd, told.most_cost_nanousd)]
    most = f"at most {told.most_prompt_tokens + told.most_completion_tokens:,} tokens ({costs[1]})"
    if told.completion_tokens is None:
        return f"About {told.prompt_tokens:,} prompt tokens; {most}. The ledger holds no answer of this model to expect more by."
    spent = f"{told.prompt_tokens:,} prompt and {told.completion_tokens:,} completion tokens ({costs[0]})"
    return f"Expected by {told.known:,} answers in the ledger: {spent}; {most}."


def built(found: "Built", *, pilot: "Pilot | None" = None, as_json: bool) -> None:
    """What a build did, and how far off its pilot was."""
    if as_json:
        print_json(found.to_json() | {"pilot": pilot.to_json() if pilot else None})
        return
    table = table_of("step", "units", "stored", "ran", "failed", "left", "rows")
    for name, ran in found.execution.ran.items():
        rows = ", ".join(f"{count:,} {output}" for output, count in sorted(ran.rows.items()) if count)
        table.add_row(escape(name), *(str(n) for n in (ran.units, ran.cached, ran.done, ran.failed, ran.left)), escape(rows))
    print_tables(table)
    if found.over:
        print_line(f"Partial: {found.unfinished:,} questions are left out, their answers are not all there. {found.over}")
    if pilot:
        print_lines(pilot_lines(pilot))
    for open in found.unsettled:
        print_line(unsettled_line(open))
    if found.out:
        counts = ", ".join(f"{count:,} {config}" for config, count in found.counts.items())
        print_line(
            f"{found.manifest.name}: {counts or 'no rows'} in {found.out}. Read {found.out / 'README.md'}; prove it with medtrace audit."
        )


def looped(found: "Looped", *, as_json: bool) -> None:
    """What the rounds of a loop gave."""
    if as_json:
        print_json(found.to_json())
        return
    table = table_of("round", "model", "revision", "corpus", "rows")
    for one in found.rounds:
        rows = ", ".join(f"{count:,} {config}" for config, count in one.counts.items())
        table.add_row(str(one.round), escape(one.model), escape(one.revision), escape(one.corpus), rows)
    print_tables(table)
    print_line(f"{found.name}: {len(found.rounds)} rounds in {found.out}.")


def audit(found: "Audit", *, as_json: bool) -> None:
    """What an audit found."""
    if as_json:
        print_json(found.to_json())
        return
    table = table_of("check", "status", "detail")
    for check in found.checks:
        table.add_row(escape(check.name), check.status, escape(check.detail))
    print_tables(table)
    unchecked = ", ".join(check.name for check in found.checks if check.status == "not checked")
    told = f"The corpus is what it says; not checked: {unchecked}." if unchecked else "The corpus is what it says."
    print_line("The corpus has faults." if found.failed else told)


def diff(found: "Diff", *, as_json: bool) -> None:
    """What differs."""
    if as_json:
        print_json(found.to_json())
        return
    made = table_of("made of or with", "old", "new")
    for key in found.made:
        made.add_row(escape(key.key), escape(str(key.old)), escape(str(key.new)))
    if found.same:
        print_tables(*([made] if made.row_count else []))
        print_line("The corpora hold the same rows in the same shards.")
        return
    rows = table_of("config", "source", "added", "removed", "changed")
    for row in found.rows:
        rows.add_row(row.config, escape(row.source), f"{row.added:,}", f"{row.removed:,}", f"{row.changed:,}")
    counts = table_of("count", "value", "old", "new")
    for count in found.counts:
        counts.add_row(escape(count.where), escape(count.value), f"{count.old:,}", f"{count.new:,}")
    keys = table_of("manifest key", "old", "new")
    for key in found.manifest:
        keys.add_row(escape(key.key), escape(str(key.old)), escape(str(key.new)))
    print_tables(*(table for table in (rows, counts, keys, made) if table.row_count))
    shards = found.shards
    print_line(
        f"{shards.identical} shards are the same, {len(shards.old_only)} are only in the old corpus, {len(shards.new_only)} only in the new."
    )


def reported(path: "Path", *, as_json: bool) -> None:
    """Where a report is."""
    if as_json:
        print_json({"out": str(path), "bytes": path.stat().st_size})
        return
    print_line(f"{path} ({path.stat().st_size / 1024:,.0f} KiB): open it in a browser.")


def exported(found: "Exported", *, as_json: bool) -> None:
    """What an export wrote."""
    if as_json:
        files = [{"path": one.path, "rows": one.rows, "bytes": one.size} for one in found.files]
        print_json({"format": found.format, "out": str(found.out), "files": files, "left_out": dict(found.left_out)})
        return
    table = table_of("file", "rows", "size")
    for one in found.files:
        table.add_row(escape(one.path), f"{one.rows:,}", size_told(one.size))
    print_tables(table)
    for why, count in found.left_out.items():
        print_line(f"{count:,} rows were left out: {why}.")
    print_line(f"For {found.format} in {found.out}. Read {found.out / 'README.md'}.")
