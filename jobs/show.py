"""What the command line prints: tables for people, JSON for machines, always on stdout."""

import json
import sys
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from rich import box
from rich.console import Console
from rich.markup import escape
from rich.table import Table

if TYPE_CHECKING:
    from pathlib import Path

    import pyarrow as pa

    from jobs.build import Built
    from jobs.ledgers import Holding, Soundness
    from jobs.overlap import Overlaps
    from jobs.preview import Plan
    from jobs.scores import Scored
    from jobs.store import Collected, Verified
    from pipeline.publish.audit import Audit
    from pipeline.publish.diff import Diff
    from sources.check import Checked
    from sources.source import Source

WIDE = 160


def plan(found: "Plan", *, as_json: bool) -> None:
    """What a build would do."""
    if as_json:
        _json(found.to_json())
        return
    table = _table("step", "units", "stored", "to run", "waits for")
    for step in found.steps:
        units = "unknown" if step.units is None else str(step.units)
        table.add_row(escape(step.step), units, str(step.cached), "?" if step.to_run is None else str(step.to_run), escape(step.waits_for))
    _print(table)
    for teacher in found.teachers:
        if teacher.waits_for:
            line = f"requests unknown until {teacher.waits_for} has run: run build --until '{teacher.waits_for}', then plan again"
        elif teacher.requests is None:
            line = "requests unknown until the sources are ingested: run build --until choose, then plan again"
        else:
            bound = "" if teacher.exact else "at most "
            line = f"{bound}{teacher.questions:,} questions, {bound}{teacher.requests:,} requests to send ({teacher.in_ledger:,} in the ledger), "
            line += f"at most {teacher.max_tokens:,} completion tokens"
        _line(f"Teacher {teacher.teacher} ({teacher.model}): {line}.")


def built(found: "Built", *, as_json: bool) -> None:
    """What a build did."""
    if as_json:
        _json(found.to_json())
        return
    table = _table("step", "units", "stored", "ran", "failed", "left", "rows")
    for name, ran in found.execution.ran.items():
        rows = ", ".join(f"{count:,} {output}" for output, count in sorted(ran.rows.items()) if count)
        table.add_row(escape(name), *(str(n) for n in (ran.units, ran.cached, ran.done, ran.failed, ran.left)), escape(rows))
    _print(table)
    if found.out:
        counts = ", ".join(f"{count:,} {config}" for config, count in found.counts.items())
        _line(f"{found.manifest.name}: {counts or 'no rows'} in {found.out}. Read {found.out / 'README.md'}; prove it with medtrace audit.")


def audit(found: "Audit", *, as_json: bool) -> None:
    """What an audit found."""
    if as_json:
        _json(found.to_json())
        return
    table = _table("check", "status", "detail")
    for check in found.checks:
        table.add_row(escape(check.name), check.status, escape(check.detail))
    _print(table)
    _line("The corpus has faults." if found.failed else "The corpus is what it says.")


def scored(found: "Scored", *, as_json: bool, lines: bool) -> None:
    """The verdicts where they were not written to a file, and the rates: as JSON alone where that is asked."""
    if as_json:
        _json(found.to_json())
        return
    if lines:
        from jobs.scores import result_lines

        for line in result_lines(found):
            _line(line)
    table = _table("task", "rate", "rows", "of", "share", "95 % interval")
    for task, rates in found.rates.items():
        for rate in rates:
            table.add_row(task, rate.name, f"{rate.hits:,}", f"{rate.total:,}", f"{rate.share:.1%}", f"{rate.low:.1%} to {rate.high:.1%}")
    for name, mean in found.compat.items():
        table.add_row(escape(name), "accuracy", "", "", f"{mean:.1%}", "")
    console = Console(stderr=lines)
    (console if console.is_terminal else Console(width=WIDE, stderr=lines)).print(table)


def deduplicated(found: "pa.Table", out: "Path | None", *, as_json: bool) -> None:
    """The clusters of pictures: every row where they are not written to a file, and the sum."""
    from jobs.dedup import summary

    if as_json:
        _json(found.to_pylist())
        return
    if out is None:
        table = _table(*found.column_names)
        for row in found.to_pylist():
            table.add_row(*("" if value is None else escape(str(value)) for value in row.values()))
        _print(table)
    _line(summary(found))


def overlapping(found: "Overlaps", out: "Path | None", *, as_json: bool) -> None:
    """What two sets of questions share."""
    if as_json:
        _json(found._asdict())
        return
    if out is None:
        for row in found.rows:
            _line(json.dumps(row, ensure_ascii=False))
    table = _table("candidates", "benchmark rows", "leak", "for a person to decide")
    table.add_row(f"{found.candidates:,}", f"{found.benchmark:,}", f"{found.leaked:,}", f"{found.reported:,}")
    console = Console(stderr=out is None)
    (console if console.is_terminal else Console(width=WIDE, stderr=out is None)).print(table)


def diff(found: "Diff", *, as_json: bool) -> None:
    """What differs."""
    if as_json:
        _json(found.to_json())
        return
    if found.same:
        _line("The corpora hold the same rows in the same shards.")
        return
    rows = _table("config", "source", "added", "removed", "changed")
    for row in found.rows:
        rows.add_row(row.config, escape(row.source), f"{row.added:,}", f"{row.removed:,}", f"{row.changed:,}")
    counts = _table("count", "value", "old", "new")
    for count in found.counts:
        counts.add_row(escape(count.where), escape(count.value), f"{count.old:,}", f"{count.new:,}")
    keys = _table("manifest key", "old", "new")
    for key in found.manifest:
        keys.add_row(escape(key.key), escape(str(key.old)), escape(str(key.new)))
    _print(*(table for table in (rows, counts, keys) if table.row_count))
    shards = found.shards
    _line(
        f"{shards.identical} shards are the same, {len(shards.old_only)} are only in the old corpus, {len(shards.new_only)} only in the new."
    )


def sources(*, as_json: bool) -> None:
    """The datasets."""
    from sources import SOURCES

    if as_json:
        _json([_facts(source) for source in SOURCES])
        return
    table = _table("name", "task", "modality", "rows", "licence", "access")
    for source in SOURCES:
        table.add_row(
            *(escape(word) for word in (source.name, source.task, source.modality, source.rows, source.license, source.access.value))
        )
    _print(table)
    _line('Besides: kind = "table" and kind = "imagefolder" for your own files. See medtrace sources show NAME.')


def source(found: "Source", *, as_json: bool) -> None:
    """One dataset."""
    if as_json:
        _json(_facts(found))
        return
    for name, value in _facts(found).items():
        shown = ", ".join(value) if isinstance(value, (list, tuple)) else value
        if shown:
            _line(f"{name + ':':<15}{shown}")


def checked(found: "Checked", *, as_json: bool) -> None:
    """Whether files fit a dataset."""
    if as_json:
        _json(asdict(found))
        return
    _line(
        f"{found.source} {found.split}: layout {found.layout}, {found.parts} parts, {found.rows:,} rows read{'' if found.complete else ' (there are more)'}."
    )
    table = _table("fault", "rows", "first", "detail")
    for fault in found.faults:
        table.add_row(escape(fault.reason), f"{fault.count:,}", escape(fault.row), escape(fault.detail))
    if found.faults:
        _print(table)
    if found.first is not None:
        for name, value in asdict(found.first).items():
            if value and name != "images":
                _line(f"  {name + ':':<13}{value}")


def verified(found: "Verified", *, as_json: bool) -> None:
    """What re-hashing found."""
    if as_json:
        _json(found.to_json())
        return
    for damage in found.damaged:
        _line(f"{damage.path}: {damage.reason}")
    advice = " Delete the damaged files and build again: only their units are redone." if found.damaged else ""
    _line(f"{found.files:,} files, {len(found.damaged):,} damaged.{advice}")


def collected(found: "Collected", *, as_json: bool) -> None:
    """What a collection removed."""
    if as_json:
        _json(found.to_json())
        return
    done = "would go" if found.dry_run else "removed"
    _line(f"{found.removed:,} files {done} ({found.nbytes / 2**20:,.1f} MiB), {found.kept:,} stay. The ledger is never collected.")


def held(found: "list[Holding]", *, as_json: bool) -> None:
    """What a ledger holds."""
    if as_json:
        _json([asdict(holding) for holding in found])
        return
    table = _table("model", "ended", "answers", "prompt tokens", "completion tokens")
    for holding in found:
        counts = (f"{count:,}" for count in (holding.answers, holding.prompt_tokens, holding.completion_tokens))
        table.add_row(escape(holding.model), escape(holding.finish_reason), *counts)
    _print(table)


def sound(found: "Soundness", *, as_json: bool) -> None:
    """Whether a ledger is sound."""
    if as_json:
        _json(asdict(found))
        return
    for damage in found.damages:
        _line(damage)
    _line(f"{found.answers:,} answers can be read, {len(found.damages):,} places are damaged.")


def exported(count: int, out: "Path", *, as_json: bool) -> None:
    """What was exported."""
    if as_json:
        _json({"answers": count, "out": str(out)})
        return
    _line(f"{count:,} answers in {out}.")


def _facts(source: "Source") -> dict[str, Any]:
    facts = {
        name: getattr(source, name)
        for name in (
            "name",
            "title",
            "homepage",
            "license",
            "task",
            "modality",
            "rows",
            "splits",
            "default_split",
            "repo",
            "note",
            "citation",
        )
    }
    facts["access"] = source.access.value
    facts["layouts"] = [layout.name for layout in source.layouts]
    facts["raw_row"] = source.raw_row
    return facts


def _table(*columns: str) -> Table:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for column in columns:
        table.add_column(
            column, overflow="fold", justify="right" if column in ("units", "stored", "to run", "ran", "failed", "left") else "left"
        )
    return table


def _print(*tables: Table) -> None:
    console = Console()
    if not console.is_terminal:
        console = Console(width=WIDE)
    for table in tables:
        console.print(table)


def _line(text: str) -> None:
    sys.stdout.write(text + "\n")


def _json(value: Any) -> None:
    json.dump(value, sys.stdout, ensure_ascii=False, indent=2, default=_plain)
    sys.stdout.write("\n")


def _plain(value: Any) -> Any:
    if isinstance(value, bytes):
        return f"{len(value)} bytes"
    if isinstance(value, Iterable) and not isinstance(value, (str, bytes)):
        return list(value) if not isinstance(value, Sequence) else [*value]
    return str(value)
