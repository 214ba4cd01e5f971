"""What a card says of identifiers of persons."""

from collections.abc import Mapping
from typing import Any

from pipeline.publish.markdown import code, table
from schemas.manifest import Manifest

SCAN = "scan"
MASK = "mask"
LETTERS = "letters"
_DONE = {
    "report": "Rows whose text holds any but `biometric` and `photo` are sent to no remote teacher{}; their text is published as it is.",
    "mask": "In questions and contexts all but `biometric` and `photo` are replaced by their kind, as `[REDACTED:name]`; "
    "rows that hold any in options or gold are left out{}.",
    "drop": "Rows that hold any but `biometric` and `photo` are left out{}.",
}


def privacy_section(lock: Mapping[str, Any], manifest: Manifest) -> str:
    """How many rows hold identifiers, by kind and source, and what was done about them."""
    asked = manifest.privacy.identifiers
    if asked == "off":
        return "Texts were not scanned for identifiers of persons."
    counts = {(source, kind): count for stage, source, kind, count in lock["tallies"] if stage == SCAN}
    too = f" Presidio looked too, with {code(manifest.privacy.presidio)}." if manifest.privacy.presidio else ""
    said = f"Rules looked for the eighteen kinds of HIPAA's Safe Harbor in the texts of all rows that were read.{too}"
    if not counts:
        return f"{said} They found 0."
    sources, kinds = sorted({source for source, _ in counts}), sorted({kind for _, kind in counts})
    rows = [(code(kind), *(counts.get((source, kind), 0) for source in sources)) for kind in kinds]
    exempt = ", ".join(code(one.name) for one in manifest.source if one.may_send)
    masked = sum(count for stage, _, _, count in lock["tallies"] if stage == MASK)
    done = _DONE[asked].format(f", but for {exempt}, where the manifest permits it" if exempt else "")
    if asked == "mask":
        done += f" Text was masked in {masked:,} of the published questions."
    return f"{said} {done}\n\n" + table(("rows that hold", *map(code, sources)), rows)


def letters_said(lock: Mapping[str, Any], manifest: Manifest) -> str:
    """What was done about pictures with letters; '' where the manifest asks nothing."""
    if manifest.privacy.pictures == "mask":
        painted = sum(count for stage, _, _, count in lock["tallies"] if stage == LETTERS)
        return (
            f" Rows of letters near their borders are painted black, as names and dates are burned in there: in {painted:,} of the pictures "
            "that were read. Handwriting, single letters and letters elsewhere stay."
        )
    left = " Pictures with rows of letters near their borders are left out, with their questions."
    return left if manifest.privacy.pictures == "drop" else ""
