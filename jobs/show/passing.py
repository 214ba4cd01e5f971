"""What the commands that pass a corpus on print."""

from typing import TYPE_CHECKING

from jobs.show.tables import print_json, print_line

if TYPE_CHECKING:
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
