"""What the commands that pass a corpus on print."""

from typing import TYPE_CHECKING

from jobs.show.tables import print_json, print_line

if TYPE_CHECKING:
    from jobs.fill import Filled
    from jobs.redact import Redacted
    from pipeline.publish.send.run import Sent

_SHOWN = 20


def sent(found: "Sent", *, as_json: bool) -> None:
    """What was sent, or would be."""
    if as_json:
        print_json(found.to_json())
        return
    if found.dry_run:
        for name in found.sent[:_SHOWN]:
            print_line(f"would send {name}")
        if len(found.sent) > _SHOWN:
            print_line(f"and {len(found.sent) - _SHOWN:,} more")
        for name in found.removed[:_SHOWN]:
            print_line(f"would remove {name}")
        print_line(f"{len(found.sent):,} of {found.files:,} files ({found.sent_bytes:,} bytes) would go to {found.dest}.")
        return
    commit = f" as commit {found.result}" if found.result else ""
    print_line(
        f"{found.dest}: {len(found.sent):,} of {found.files:,} files sent ({found.sent_bytes:,} bytes), {len(found.removed):,} removed{commit}; "
        f"all {found.verified:,} are there with the digests of the lock."
    )


def redacted(found: "Redacted", *, as_json: bool) -> None:
    """What a redaction did."""
    if as_json:
        print_json(found.to_json())
        return
    rows = ", ".join(f"{count:,} {config}" for config, count in found.rows.items()) or "no"
    print_line(f"{found.out} is now version {found.version}: {found.questions:,} questions of {found.source} went, with {rows} rows.")
    print_line(
        f"{found.pictures:,} pictures are no longer published. {found.answers:,} answers left the ledger, {found.units:,} files the store."
    )
    if found.sharing:
        print_line(f"{len(found.sharing):,} questions that stay show a picture of one that went: {', '.join(found.sharing[:_SHOWN])}.")
    if found.unmet:
        print_line(f"{len(found.unmet):,} of the ids were met nowhere: {', '.join(found.unmet[:_SHOWN])}.")
    if found.takedown is None:
        print_line("No --manifest was named: a build of the original manifest brings these rows back. The new corpus's lock has the list.")
    print_line(
        "Copies elsewhere, fetched upstream files, provider's logs and backups are not reached. Prove the corpus with medtrace audit."
    )


def filled(done: "Filled", *, as_json: bool) -> None:
    """What came back."""
    if as_json:
        print_json(done.to_json())
        return
    print_line(f"{done.images:,} pictures of {', '.join(done.sources)} are back, in {done.out}. Do not pass this copy on.")
