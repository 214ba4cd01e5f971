"""What the commands on provider batches print."""

from dataclasses import asdict
from typing import TYPE_CHECKING

from rich.markup import escape

from jobs.show.tables import print_json, print_line, print_tables, table_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from jobs.batches import Round


def rounds(found: "Sequence[Round]", *, as_json: bool) -> None:
    """What was sent, how far it is, or what came of it."""
    if as_json:
        print_json([_plain(one) for one in found])
        return
    table = table_of("teacher", "batch", "status", "requests", "answered", "failed")
    for one in found:
        for sent in one.sent:
            table.add_row(escape(one.teacher), escape(sent.batch), "sent", f"{sent.requests:,}", "", "")
        for state in one.states:
            counts = (f"{count:,}" for count in (state.sent.requests, state.done, state.failed))
            table.add_row(escape(one.teacher), escape(state.sent.batch), escape(state.status), *counts)
    if table.row_count:
        print_tables(table)
    for one in found:
        if one.held_back:
            print_line(
                f"{one.teacher}: {one.held_back:,} requests wait for the budget; what ended batches did not use makes room. {one.over}"
            )
        if one.cancelled:
            print_line(f"{one.teacher}: {one.cancelled:,} batches are asked to end.")
        if one.collected.batches:
            left = f", {one.collected.left:,} requests are left to send" if one.collected.left else ""
            print_line(f"{one.teacher}: {one.collected.answered:,} answers of {one.collected.batches:,} batches are in the ledger{left}.")
            for reason, count in one.collected.reasons:
                print_line(f"  {count:,} x {reason}")
    if not table.row_count and not any(one.collected.batches or one.cancelled or one.held_back for one in found):
        print_line("Nothing is under way.")


def _plain(one: "Round") -> dict[str, object]:
    states = [{**asdict(state.sent), "status": state.status, "done": state.done, "failed": state.failed} for state in one.states]
    return {
        "teacher": one.teacher,
        "sent": [asdict(sent) for sent in one.sent],
        "states": states,
        "collected": asdict(one.collected),
        "cancelled": one.cancelled,
        "held_back": one.held_back,
    }
