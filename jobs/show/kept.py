"""What the commands on store and ledger print."""

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from rich.markup import escape

from jobs.show.tables import print_json, print_line, print_tables, table_of
from pipeline.models.prices import usd

if TYPE_CHECKING:
    from pathlib import Path

    from jobs.ledgers import Held, Soundness, Unsettled
    from jobs.store import Collected, Verified
    from pipeline.models.compact import Compacted


def verified(found: "Verified", *, as_json: bool) -> None:
    """What re-hashing found."""
    if as_json:
        print_json(found.to_json())
        return
    for damage in found.damaged:
        print_line(f"{damage.path}: {damage.reason}")
    advice = " Delete the damaged files and build again: only their units are redone." if found.damaged else ""
    print_line(f"{found.files:,} files, {len(found.damaged):,} damaged.{advice}")


def collected(found: "Collected", *, as_json: bool) -> None:
    """What a collection removed."""
    if as_json:
        print_json(found.to_json())
        return
    done = "would go" if found.dry_run else "removed"
    print_line(f"{found.removed:,} files {done} ({found.nbytes / 2**20:,.1f} MiB), {found.kept:,} stay. The ledger is never collected.")


def held(found: "Held", *, as_json: bool) -> None:
    """What a ledger holds."""
    if as_json:
        print_json(asdict(found))
        return
    table = table_of("model", "ended", "answers", "prompt tokens", "completion tokens", "cost", "without a known price")
    for holding in found.answers:
        money = (
            "" if holding.unpriced == holding.answers else usd(holding.cost_nanousd),
            f"{holding.unpriced:,}" if holding.unpriced else "",
        )
        counts = (f"{count:,}" for count in (holding.answers, holding.prompt_tokens, holding.completion_tokens))
        table.add_row(escape(holding.model), escape(holding.finish_reason), *counts, *money)
    print_tables(table)
    print_line(f"{found.segments:,} segment{'' if found.segments == 1 else 's'}, {found.nbytes / 2**20:,.1f} MiB, in {found.where}.")
    for open in found.unsettled:
        print_line(unsettled_line(open))
    for one in found.shares:
        print_line(f"Corpus {one.corpus}: machine {one.machine} holds {usd(one.nanousd)} and {one.tokens:,} tokens of its budget.")


def unsettled_line(open: "Unsettled") -> str:
    """What a person is told of requests without a known answer."""
    requests = f"{open.requests:,} request{'' if open.requests == 1 else 's'}"
    most = f"at most {usd(open.nanousd)} and {open.tokens:,} tokens, all of which the budget counts"
    return f"Corpus {open.corpus}: the answers to {requests} are not known (cut off when a build died, or in flight now): {most}."


def sound(found: "Soundness", *, as_json: bool) -> None:
    """Whether a ledger is sound."""
    if as_json:
        print_json(asdict(found))
        return
    for damage in found.damages:
        print_line(damage)
    print_line(f"{found.answers:,} answers can be read, {len(found.damages):,} places are damaged.")


def exported(count: int, out: "Path", *, as_json: bool) -> None:
    """What was exported."""
    if as_json:
        print_json({"answers": count, "out": str(out)})
        return
    print_line(f"{count:,} answers in {out}.")


def answer(found: dict[str, Any], *, as_json: bool) -> None:
    """One answer."""
    if as_json:
        print_json(found)
        return
    for name, value in found.items():
        if name not in ("text", "raw"):
            print_line(f"{name}: {value}")
    for text in (found["text"], "The response as it came:", found["raw"]):
        # A terminal takes UTF-8, which has no lone surrogates.
        print_line(f"\n{text.encode('utf-8', 'replace').decode()}")


def compacted(found: "Compacted", *, as_json: bool) -> None:
    """What a compaction did."""
    if as_json:
        print_json(asdict(found))
        return
    for name in found.damaged:
        print_line(f"{name} is damaged and was left alone: medtrace ledger verify says where.")
    if found.busy:
        print_line("Another process compacts this ledger now.")
    elif found.merged:
        print_line(f"{found.merged:,} segments became {found.made:,}, with {found.answers:,} answers.")
    else:
        print_line("There is nothing to merge.")
