"""Text as it is compared across sources."""

import hashlib
import re
import unicodedata
from collections.abc import Sequence

from pipeline.fingerprint import canonical_json

_BLANK = re.compile(r"\s+")


def normalise(text: str) -> str:
    """A text as it is compared across sources: NFKC, case folded, blanks collapsed."""
    return _BLANK.sub(" ", unicodedata.normalize("NFKC", text).casefold()).strip()


def content_hash(question: str, context: str, options: Sequence[str]) -> str:
    """What is asked, whatever the source, the case and the order of the options (32 hex digits)."""
    asked = [normalise(question), normalise(context), sorted(normalise(option) for option in options)]
    return hashlib.sha256(canonical_json(asked).encode("utf-8", "surrogatepass")).hexdigest()[:32]
